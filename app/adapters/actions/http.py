"""Runs an action by one HTTP call to a fixed origin, and reads the state before it the same way."""

import json
import math
import re
from collections.abc import Mapping

import httpx

from app.adapters.actions.exchange import READ_BYTES, Answer, NoAnswer, NothingLeft, exchange
from app.adapters.actions.pinned import NotAllowed, Origin, PinnedTransport, Resolve, Unresolved, resolve_addresses
from app.adapters.actions.templates import RUN_ID_IN_WORDS, fill_json, fill_url, pick, values_for, visible, words
from app.domain.action import ActionSpec, Preview
from app.domain.canonical import Json
from app.domain.errors import ActionRefused, OutcomeUnknown, Unavailable
from app.ports.runner import RunResult

CHANGING = ("POST", "PUT", "PATCH", "DELETE")
OBSERVE_TIMEOUT_S = 10.0

_SECRET = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


class HttpRunner:
    """The `http` executor. Tokens come from `environ` by the name an entry declares; nothing else of it is read."""

    def __init__(self, environ: Mapping[str, str], resolve: Resolve = resolve_addresses) -> None:
        self._environ = environ
        self._resolve = resolve

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        """The entry's fields of the JSON answer; raises Unavailable, or ActionRefused for a call outside the entry."""
        if not spec.observe:
            return {}
        values = values_for(spec, target, parameters)
        request = self._request(spec.observe, "GET", values, {})
        try:
            answer = self._send(spec.observe, request, ("GET",), min(spec.timeout_s, OBSERVE_TIMEOUT_S))
        except (NothingLeft, NoAnswer, Unresolved) as error:
            raise Unavailable(
                f"The state of {target} cannot be read: {error}.", f"Check {request.url.host}, then retry."
            ) from None
        if answer.status != 200:
            said = words(answer.body)[:200]
            raise Unavailable(f"The state of {target} cannot be read: status {answer.status}. {said}".strip(), "Check its token.")
        return self._fields(spec, target, answer)

    def preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Preview:
        """The request as it would be sent, the token by its name; nothing leaves."""
        values = values_for(spec, target, parameters, run_id=RUN_ID_IN_WORDS)
        request = self._request(spec.call, _method(spec), values, {})
        _origin(spec.call)
        lines = [f"{request.method} {request.url}"]
        fixed = spec.call.get("headers")
        lines += [f"{name}: {value}" for name, value in fixed.items()] if isinstance(fixed, dict) else []
        if spec.call.get("token_env"):
            prefix = str(spec.call.get("token_prefix", "Bearer "))
            lines.append(f"{_header(spec.call)}: {prefix}(the secret in {spec.call['token_env']})")
        if spec.is_idempotent:
            lines.append(f"Idempotency-Key: {RUN_ID_IN_WORDS}")
        if "json" in spec.call:
            body = json.dumps(fill_json(spec.call["json"], values), allow_nan=False, ensure_ascii=False)
            lines.append(f"body {body}")
        lines.append(f"time limit {spec.timeout_s:g} s")
        return Preview(visible("\n".join(lines)), is_exact=True)

    def run(
        self,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        run_id: str,
        actor: str,
        seen: Mapping[str, Json] | None = None,  # noqa: ARG002 - HTTP cannot compare and change in one step
    ) -> RunResult:
        """Sends the one call, once."""
        values = values_for(spec, target, parameters, run_id=run_id)
        headers = {"X-Sitrep-Run": run_id, "X-Actor": actor}
        if spec.is_idempotent:
            headers["Idempotency-Key"] = run_id
        request = self._request(spec.call, _method(spec), values, headers)
        try:
            answer = self._send(spec.call, request, CHANGING, spec.timeout_s)
        except (NothingLeft, Unresolved) as error:
            raise Unavailable(f"{target} was not reached, nothing was sent: {error}.", "Check the address, then retry.") from None
        except NoAnswer as error:
            raise OutcomeUnknown(
                f"{spec.name} was sent to {target} and no answer came back: {error}.", "Look at the target before repeating it."
            ) from None
        accepted = answer.status in _statuses(spec.call.get("expect_status"))
        return RunResult(accepted, f"status {answer.status}: {words(answer.body)}"[:2000])

    def _request(
        self, template: Mapping[str, Json], method: str, values: Mapping[str, Json], headers: Mapping[str, str]
    ) -> httpx.Request:
        url = fill_url(str(template.get("url", "")), values)
        fixed = template.get("headers")
        declared = {str(key): str(value) for key, value in fixed.items()} if isinstance(fixed, dict) else {}
        sent = {**declared, "Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "sitrep", **headers}
        sent.update(self._authorization(template))
        content = None
        if "json" in template:
            content = json.dumps(fill_json(template["json"], values), allow_nan=False).encode()
            if not any(name.lower() == "content-type" for name in sent):  # some vendors have their own kind of JSON
                sent["Content-Type"] = "application/json"
        try:
            return httpx.Request(method, url, headers=sent, content=content)
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise ActionRefused(f"The call cannot be built: {error}.", "Correct the catalogue entry.") from None

    def _authorization(self, template: Mapping[str, Json]) -> dict[str, str]:
        name = template.get("token_env")
        if not name:
            return {}
        token = self._environ.get(str(name), "")
        if not token:
            raise ActionRefused(f"The token {name} is not set; nothing was sent.", f"Set {name} and restart Sitrep.")
        if not _SECRET.fullmatch(token):
            raise ActionRefused(f"The token {name} has characters no header can carry; nothing was sent.", f"Correct {name}.")
        return {_header(template): str(template.get("token_prefix", "Bearer ")) + token}

    def _send(self, template: Mapping[str, Json], request: httpx.Request, methods: tuple[str, ...], timeout_s: float) -> Answer:
        transport = PinnedTransport(
            [_origin(template)], methods, allow_private=template.get("allow_private") is True, resolve=self._resolve
        )
        with httpx.Client(transport=transport, trust_env=False, follow_redirects=False) as client:
            try:
                return exchange(client, request, timeout_s)
            except NotAllowed as error:
                hint = "Write the address itself into the entry's url, or allow_private: true for a name inside your network."
                raise ActionRefused(f"Nothing was sent: {error}.", hint) from None

    @staticmethod
    def _fields(spec: ActionSpec, target: str, answer: Answer) -> Mapping[str, Json]:
        fields = spec.observe.get("fields")
        try:
            document: Json = json.loads(answer.body) if len(answer.body) < READ_BYTES else None
        except (ValueError, RecursionError):
            document = None
        try:
            return {name: _scalar(pick(document, str(place))) for name, place in (fields or {}).items()}  # type: ignore[union-attr]  # a mapping by the entry's shape
        except KeyError as error:
            raise Unavailable(
                f"The state of {target} has no {error.args[0]} in its answer.",
                "Compare the entry's observe.fields with the answer.",
            ) from None


def _method(spec: ActionSpec) -> str:
    method = str(spec.call.get("method", ""))
    if method not in CHANGING:
        raise ActionRefused(f"{spec.name} may not use the method '{method}'.", f"Use one of {', '.join(CHANGING)}.")
    return method


def _origin(template: Mapping[str, Json]) -> Origin:
    try:
        return Origin.of(str(template.get("url", "")))
    except ValueError as error:
        raise ActionRefused(f"The call has no fixed origin: {error}.", "Correct the catalogue entry.") from None


def _header(template: Mapping[str, Json]) -> str:
    """Where the token goes: vendors differ, most take `Authorization: Bearer`."""
    return str(template.get("token_header") or "Authorization")


def _scalar(value: Json) -> Json:
    if isinstance(value, str):
        return words(value.encode("utf-8", errors="replace"))
    if isinstance(value, float) and not math.isfinite(value):
        raise KeyError("finite number")
    return value


def _statuses(value: Json) -> frozenset[int]:
    if isinstance(value, list):
        return frozenset(item for item in value if isinstance(item, int))
    return frozenset({200, 201, 202, 204})
