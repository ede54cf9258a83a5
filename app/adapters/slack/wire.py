"""One way to call Slack: no automatic resend, ten seconds, every failure named."""

import logging
from collections.abc import Mapping, Sequence

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from app.adapters.slack.failures import CALL_ERRORS, explain
from app.domain.canonical import Json

SLACK_API_URL = "https://slack.com/api/"

Arguments = Mapping[str, Json]


def room_client(token: str, base_url: str = SLACK_API_URL, timeout_s: int = 10) -> WebClient:
    """A client that never resends by itself: a repeated post would be a second message."""
    logger = logging.getLogger("sitrep.slack.wire")
    # The SDK logs each failure; Sitrep raises it instead, and bodies must not reach a log at any level.
    logger.setLevel(logging.CRITICAL)
    return WebClient(token=token, base_url=base_url, timeout=timeout_s, retry_handlers=[], logger=logger)


class Wire:
    """Calls Web API methods by name with JSON arguments."""

    def __init__(self, client: WebClient) -> None:
        self.client = client

    def call(self, method: str, arguments: Arguments, *, repeatable: bool) -> dict[str, Json]:
        """Slack's answer; raises RoomBusy, Unavailable, OutcomeUnknown, NotFound or Refused."""
        try:
            return self.attempt(method, arguments)
        except CALL_ERRORS as problem:
            raise explain(method, problem, repeatable=repeatable) from problem

    def attempt(self, method: str, arguments: Arguments) -> dict[str, Json]:
        """Slack's answer; lets SlackApiError and the network's errors (CALL_ERRORS) through for callers that look at them."""
        answer = self.client.api_call(method, json=dict(arguments)).data
        if isinstance(answer, dict):
            return answer
        msg = f"{method} answered something that is no object"
        raise ValueError(msg)

    def read(self, method: str, arguments: Mapping[str, str | int | bool]) -> dict[str, Json]:
        """Like `call` for methods that only read; some of them take no JSON, so the arguments go as a form."""
        try:
            answer = self.client.api_call(method, params=dict(arguments)).data
        except CALL_ERRORS as problem:
            raise explain(method, problem, repeatable=True) from problem
        return answer if isinstance(answer, dict) else {}


def objects(value: Json) -> Sequence[dict[str, Json]]:
    """The objects in a list that came from Slack; anything else is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Json) -> str:
    """A string that came from Slack, or empty."""
    return value if isinstance(value, str) else ""


def inner(value: Json, *path: str) -> Json:
    """The value at the end of a path of keys, or None."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


__all__ = ["CALL_ERRORS", "SLACK_API_URL", "SlackApiError", "Wire", "inner", "objects", "room_client", "text"]
