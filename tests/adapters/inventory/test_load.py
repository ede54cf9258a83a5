"""The configuration file becomes the inventory, or one line that says what is wrong and where."""

import re
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.inventory import example, load
from app.adapters.inventory.yaml_text import parse
from app.domain.action import Probe, Risk, Undo
from app.domain.errors import BadInput
from app.domain.series import Bad, MetricKind

TOKEN = {"SITREP_SHOP_TOKEN": "t"}


def write(folder: Path, text: str) -> Path:
    path = folder / "sitrep.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(folder: Path, *changes: tuple[tuple[str | int, ...], Any]) -> Path:
    """The example with other values at some places (`...` removes one)."""
    document: Any = yaml.safe_load(example())
    for place, value in changes:
        inner = document
        for part in place[:-1]:
            inner = inner[part]
        if value is ...:
            del inner[place[-1]]
        else:
            inner[place[-1]] = value
    return write(folder, yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def test_the_example_loads_as_it_is(tmp_path: Path) -> None:
    inventory = load(write(tmp_path, example()), TOKEN)
    assert inventory.environment == "staging"
    assert inventory.responders == ("U0ALICE01",)
    assert inventory.logs_dir == str(tmp_path / "logs")
    assert inventory.platform == {"url": "http://127.0.0.1:9100", "token_env": "SITREP_SHOP_TOKEN"}
    checkout = inventory.service("checkout")
    assert checkout.depends_on == ("database",)
    assert len(checkout.metrics_urls) == 2
    ratio = checkout.metric("error_ratio")
    assert ratio is not None
    assert (ratio.kind, ratio.bad, ratio.threshold) == (MetricKind.RATIO, Bad.ABOVE, 0.05)
    assert ratio.numerator == 'shop_requests_total{service="checkout",code=~"5.."}'
    action = inventory.action("set_config_value")
    assert action.risk is Risk.MEDIUM
    assert action.probe == Probe("error_ratio", 0.02, Bad.ABOVE, "", 60.0, 8.0)
    assert action.undo == Undo("set_config_value", {"key": "{key}", "value": "{before}"})
    assert action.is_reversible
    assert action.call["json"] == {"value": "{value}"}
    assert action.observe["fields"] == {"before": "value"}
    assert inventory.action("clean_up_disk").call["working_dir"] == str(tmp_path)
    assert inventory.approvers[0].up_to is Risk.HIGH


def test_an_empty_file_is_an_empty_inventory(tmp_path: Path) -> None:
    assert load(write(tmp_path, "# nothing yet\n"), {}).services == {}


def test_the_policy_version_follows_the_rules_and_nothing_else(tmp_path: Path) -> None:
    first = load(changed(tmp_path), TOKEN).policy_version
    assert re.fullmatch(r"[0-9a-f]{64}", first)
    assert load(changed(tmp_path, (("services", "checkout", "description"), "else")), TOKEN).policy_version == first
    assert load(changed(tmp_path, (("actions", 0, "description"), "else")), TOKEN).policy_version == first
    for place, value in (
        (("approvers", 0, "up_to"), "low"),
        (("actions", 0, "risk"), "high"),
        (("actions", 0, "parameters", 1, "maximum"), 501),
        (("actions", 0, "call", "url"), "http://127.0.0.1:9101/x/{target}/{key}"),
        (("actions", 0, "probe", "threshold"), 0.03),
        (("actions", 1, "call", "argv", 6), "--younger-than-s"),
    ):
        assert load(changed(tmp_path, (place, value)), TOKEN).policy_version != first, place


MISTAKES: dict[str, tuple[tuple[str | int, ...], Any, str]] = {
    "an unknown key": (("service",), {}, r"service: unknown key\. Did you mean services\?"),
    "an unknown key of a service": (("services", "checkout", "owner"), [], r"checkout\.owner: unknown key\. Did you mean owners"),
    "an unknown key of a metric": (("services", "checkout", "metrics", 0, "metrc"), "x", r"\[0\]\.metrc: unknown key\. Did you"),
    "an unknown key of a call": (("actions", 0, "call", "params"), {}, r"actions\[0\]\.call\.params: unknown key"),
    "an unknown dependency": (("services", "checkout", "depends_on"), ["databse"], "no service is called 'databse'"),
    "a dependency on itself": (("services", "checkout", "depends_on"), ["checkout"], "depends on itself"),
    "an owner that is no user id": (("services", "checkout", "owners"), ["alice"], r"owners\[0\]"),
    "a metric of the wrong kind": (("services", "checkout", "metrics", 2, "kind"), "gauge", "gauge needs exactly metric"),
    "a metric twice": (("services", "checkout", "metrics", 1, "name"), "queue_depth", "stands twice"),
    "a threshold without a side": (("services", "checkout", "metrics", 2, "bad"), "neither", "bad: above"),
    "a threshold as text": (("services", "checkout", "metrics", 2, "threshold"), "high", "must be a number"),
    "a metrics page with a password": (("services", "checkout", "metrics_url"), "http://u:p@127.0.0.1/", "no fixed scheme"),
    "a metrics page on a file": (("services", "checkout", "metrics_url"), "file:///etc/passwd", "no fixed scheme"),
    "an approver for an unknown service": (("approvers", 1, "services"), ["chekout"], "'chekout' is not known"),
    "an approver for an unknown action": (("approvers", 1, "actions"), ["nothing"], "'nothing' is not known"),
    "a risk that is none": (("approvers", 0, "up_to"), "extreme", "'low', 'medium' or 'high'"),
    "a truth value as text": (("actions", 0, "is_idempotent"), "yes", "must be true or false"),
    "an unknown target": (("actions", 0, "targets"), ["basket"], "no service is called 'basket'"),
    "no target": (("actions", 0, "targets"), [], "at least 1 item"),
    "no probe": (("actions", 0, "probe"), ..., r"probe: is missing"),
    "an unknown executor": (("actions", 0, "executor"), "shell", "executor"),
    "an action twice": (("actions", 1, "name"), "set_config_value", "stands twice"),
    "a probe metric nobody has": (("actions", 0, "probe", "metric"), "happiness", "checkout has no metric 'happiness'"),
    "a probe service nobody has": (("actions", 0, "probe", "service"), "basket", "no service is called 'basket'"),
    "a probe held longer than its window": (("actions", 0, "probe", "hold_s"), 90, "longer than window_s"),
    "help for a metric nobody has": (("actions", 0, "helps_with"), ["happiness"], "no service has a metric"),
    "an undo nobody has": (("actions", 0, "undo", "action"), "unset", "no action is called 'unset'"),
    "an undo without a parameter": (("actions", 0, "undo", "parameters"), {"key": "{key}"}, "takes key, value"),
    "an undo with an unknown placeholder": (("actions", 0, "undo", "parameters", "value"), "{after}", "{after} is not known"),
    "an undo with the wrong type": (("actions", 0, "undo", "parameters", "value"), "{key}", "is a string, not a integer"),
    "an undo with a value out of bounds": (("actions", 0, "undo", "parameters", "value"), 0, "not allowed"),
    "reversible without an undo": (("actions", 0, "undo"), ..., "true needs an undo"),
    "an undo that is said not to be": (("actions", 0, "is_reversible"), False, "does not go with an undo"),
    "a number without bounds": (("actions", 0, "parameters", 1, "maximum"), ..., "needs minimum <= maximum"),
    "a string without bounds": (("actions", 0, "parameters", 0, "choices"), ..., "needs either choices or a pattern"),
    "a broken pattern": (("actions", 0, "parameters", 0), {"name": "k", "kind": "string", "pattern": "("}, "regular"),
    "a parameter with a reserved name": (("actions", 0, "parameters", 0, "name"), "target", "a name of Sitrep's own"),
    "a suggestion out of bounds": (("actions", 1, "parameters", 0, "suggested"), 5, "not allowed"),
    "a placeholder in the host": (("actions", 0, "call", "url"), "http://{target}:80/x", "no fixed scheme, host and port"),
    "a placeholder in the scheme": (("actions", 0, "call", "url"), "{key}://127.0.0.1:80/x", "no fixed scheme, host and port"),
    "a placeholder in the port": (("actions", 0, "call", "url"), "http://127.0.0.1:{value}/x", "not a URL|no fixed scheme"),
    "a placeholder in the query": (("actions", 0, "call", "url"), "http://127.0.0.1:80/x?v={value}", "in its query"),
    "an unknown name in the path": (("actions", 0, "call", "url"), "http://127.0.0.1:80/{nobody}", "nobody} is not known"),
    "the run in an observation": (("actions", 0, "observe", "url"), "http://127.0.0.1:80/{run_id}", "{run_id} is not known"),
    "a stray brace": (("actions", 0, "call", "url"), "http://127.0.0.1:80/{", "stray"),
    "text around a placeholder in JSON": (("actions", 0, "call", "json"), {"value": "v{value}"}, "mixes text and placeholders"),
    "a placeholder as a JSON key": (("actions", 0, "call", "json"), {"{key}": 1}, "Keys are fixed|holds a placeholder"),
    "a method that only reads": (("actions", 0, "call", "method"), "GET", "'POST', 'PUT', 'PATCH' or 'DELETE'"),
    "an observation that changes": (("actions", 0, "observe", "method"), "POST", "GET"),
    "a redirect as success": (("actions", 0, "call", "expect_status"), [302], "less than or equal to 299"),
    "a program with a placeholder": (("actions", 1, "call", "argv", 0), "{age_s}", "program is fixed|program holds"),
    "an unknown placeholder in the arguments": (("actions", 1, "call", "argv", 6), "{disk}", "{disk} is not known"),
    "an empty argument": (("actions", 1, "call", "argv", 3), "", "empty"),
    "an unknown placeholder in the title": (("actions", 0, "title"), "Set {colour}", "{colour} is not known"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_with_its_file_its_line_and_what_to_do(tmp_path: Path, case: str) -> None:
    place, value, reason = MISTAKES[case]
    with pytest.raises(BadInput, match=reason) as caught:
        load(changed(tmp_path, (place, value)), TOKEN)
    assert re.match(r"sitrep\.yaml:\d+ [\w.\[\]]+: ", caught.value.message)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_the_line_is_the_line_of_the_mistake(tmp_path: Path) -> None:
    path = write(tmp_path, "environment: drill\nservices:\n  checkout:\n    description: x\n    depend_on: []\n")
    with pytest.raises(BadInput, match=r"^sitrep\.yaml:5 services\.checkout\.depend_on: unknown key\."):
        load(path, {})


HAZARDS = {
    "an alias bomb": ("a: &a [1,1]\nb: &b [*a,*a]\n", "anchors"),
    "an alias": ("environment: *x\n", "alias"),
    "a merge key": ("services: {<<: {a: {}}}\n", "services"),
    "a tag": ("environment: !!python/object/apply:os.system [id]\n", "tag"),
    "a key twice": ("environment: a\nenvironment: b\n", "stands twice"),
    "a key twice, quoted": ("environment: a\n'environment': b\n", "stands twice"),
    "not a number": ("a: .nan\n", "finite"),
    "infinity": ("a: -.INF\n", "finite"),
    "a number beyond floats": ("a: 1e999\n", "finite"),
    "a number beyond exact integers": ("a: 9007199254740993\n", "too large"),
    "deep nesting": ("[" * 20_000, "deeper"),
    "deep nesting of mappings": ("{a: " * 20_000, "deeper"),
    "two documents": ("environment: a\n---\nenvironment: b\n", "second document"),
    "a list as a key": ("? [a]\n: b\n", "key"),
    "a tab": ("a:\n\t- b\n", "YAML"),
    "an open bracket": ("a: [\n", "YAML"),
    "a NUL": ("a: \0\n", "YAML"),
    "a list": ("- a\n", "mapping"),
    "a word": ("hello\n", "mapping"),
    "too many values": ("a: [" + "1," * 21_000 + "]\n", "more than"),
    "too many bytes": ("#" * 300_000, "bytes"),
}


@pytest.mark.parametrize("case", HAZARDS)
def test_a_hazard_of_yaml_is_refused(tmp_path: Path, case: str) -> None:
    text, reason = HAZARDS[case]
    with pytest.raises(BadInput, match=reason) as caught:
        load(write(tmp_path, text), {})
    assert caught.value.hint


def test_words_and_odd_numbers_are_text_and_never_another_type() -> None:
    raw = b"[no, yes, on, off, 012, 0x1F, 1_000, 12:30, 2026-11-24, 'true', \"1\", +1, .5, ~, true, false, null, -3, 2.5, 1e3]"
    assert parse(raw, "f").value == [
        "no", "yes", "on", "off", "012", "0x1F", "1_000", "12:30", "2026-11-24", "true", "1", "+1", ".5",
        None, True, False, None, -3, 2.5, 1000.0,
    ]  # fmt: skip


def test_latin_1_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sitrep.yaml"
    path.write_bytes("environment: é".encode("latin-1"))
    with pytest.raises(BadInput, match="UTF-8"):
        load(path, {})


def test_a_missing_file_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="SITREP_CONFIG"):
        load(tmp_path / "gone.yaml", {})
    with pytest.raises(BadInput, match="no configuration file"):
        load(tmp_path, {})


def test_a_token_that_is_not_set_is_warned_about_once_by_name(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        load(write(tmp_path, example()), {})
    assert [(entry["event"], entry["variable"]) for entry in logs] == [("inventory.token_missing", "SITREP_SHOP_TOKEN")]
    with structlog.testing.capture_logs() as logs:
        load(write(tmp_path, example()), TOKEN)
    assert logs == []


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("a:- \n[]{}&*!|>'\"#?,%@`0.~\t"), max_size=60))
def test_any_text_gives_a_document_or_bad_input(text: str) -> None:
    try:
        found = parse(text.encode(), "f").source
    except BadInput as error:
        found = str(error)[:1]
    assert found == "f"


def test_the_mapping_of_webhooks_is_read_and_unset_places_keep_their_usual_names(tmp_path: Path) -> None:
    webhooks = load(write(tmp_path, example()), TOKEN).webhooks
    assert webhooks.services == {"Checkout API": "checkout", "acme/checkout-api": "checkout"}
    assert (webhooks.generic.name, webhooks.generic.state) == (("check.name",), ("state",))
    assert webhooks.generic.resolved == ("ok", "recovered")
    assert webhooks.generic.description == load(write(tmp_path, "services: {}\n"), {}).webhooks.generic.description


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("webhooks", "services", "Checkout API"), "chekout", "no service is called 'chekout'"),
        (("webhooks", "generic", "nmae"), "x", "unknown key"),
        (("webhooks", "generic", "name"), "a..b", "webhooks.generic.name"),
        (("webhooks", "generic", "severity_words", "fatal"), "worst", "severity_words.fatal"),
        (("webhooks", "generic", "key"), "{a b}", "webhooks.generic.key"),
        (("webhooks", "generic", "resolved", "values"), [], "values"),
    ],
)
def test_a_mistake_in_the_mapping_is_named(tmp_path: Path, place: tuple[str | int, ...], value: Any, said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)) as caught:
        load(changed(tmp_path, (place, value)), TOKEN)
    assert caught.value.hint
