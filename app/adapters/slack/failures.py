"""What a failed Slack call means for Sitrep: wait, try later, never try blindly, or give up with a reason."""

import http.client
import socket
import ssl
import urllib.error
from collections.abc import Mapping

from slack_sdk.errors import SlackApiError, SlackClientError

from app.domain.errors import NotFound, OutcomeUnknown, Refused, RoomBusy, SitrepError, Unavailable

# What the sync client lets through: its own errors, and urllib's, the sockets' and the parsers'.
CALL_ERRORS = (SlackClientError, OSError, http.client.HTTPException, ValueError)
DEFAULT_WAIT_S = 30.0

_REASONS: Mapping[str, tuple[str, str]] = {
    "channel_not_found": ("Slack does not know this channel, or Sitrep may not see it.", "Invite Sitrep with `/invite @sitrep`."),
    "is_archived": ("The channel is archived.", "Unarchive it, or go on in another channel."),
    "not_in_channel": ("Sitrep is not in the channel and may not join it.", "Invite it with `/invite @sitrep`."),
    "msg_too_long": ("The message is too long for Slack.", "Read it in the console or with `sitrep show`."),
    "msg_blocks_too_long": ("The message is too long for Slack.", "Read it in the console or with `sitrep show`."),
    "message_limit_exceeded": ("The workspace has used up its messages.", "Ask a workspace admin; use the console meanwhile."),
    "message_not_found": ("The message was deleted.", "A new one is posted with the next change."),
    "cant_update_message": ("Slack does not let Sitrep edit this message.", "A new one is posted with the next change."),
    "edit_window_closed": ("The workspace forbids edits this late.", "Read the newest state in the console."),
    "missing_scope": ("The Slack app lacks a permission for this.", "Reinstall it from the manifest (`sitrep manifest`)."),
    "invalid_blocks": ("Slack did not accept the message's layout.", "Read it in the console, and report this as a bug."),
    "user_not_in_channel": ("The person is not in the channel, so a whisper cannot reach them.", "Invite them first."),
}
_LOGIN = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "no_permission"})
_BROKEN_MIDWAY = frozenset({"fatal_error", "internal_error", "request_timeout"})
_DOWN = frozenset({"service_unavailable", "team_added_to_org", "accesslimited"})


def explain(method: str, problem: Exception, *, repeatable: bool) -> SitrepError:
    """The error to raise for a failed call of `method`; `repeatable` says that doing it twice would do no harm."""
    if isinstance(problem, SlackApiError):
        return _from_answer(method, problem, repeatable)
    if _never_left(problem):
        return Unavailable(f"Slack cannot be reached ({_short(problem)}).", "Sitrep tries again; the console works meanwhile.")
    if isinstance(problem, urllib.error.HTTPError) and problem.code == 429:
        return RoomBusy(f"Slack asks us to slow down ({method}).", wait_from(dict(problem.headers.items())))
    return _no_answer(method, _short(problem), repeatable)


def error_code(problem: Exception) -> str:
    """Slack's word for what went wrong (`name_taken`), or empty if Slack gave none."""
    if not isinstance(problem, SlackApiError) or _status(problem) != 200:
        return ""
    code = problem.response.get("error")
    return code if isinstance(code, str) else ""


def wait_from(headers: Mapping[str, str]) -> float:
    """Seconds from a `Retry-After` header, between 1 and 600; 30 if it is missing or senseless."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return min(600.0, max(1.0, float(text))) if text.isdecimal() and len(text) < 6 else DEFAULT_WAIT_S


def _from_answer(method: str, problem: SlackApiError, repeatable: bool) -> SitrepError:
    code, status = error_code(problem), _status(problem)
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return RoomBusy(f"Slack asks us to slow down ({method}).", wait_from(problem.response.headers or {}))
    if status != 200 or code in _BROKEN_MIDWAY or not code.replace("_", "").isalnum():
        return _no_answer(method, f"HTTP {status} {code[:40]}".strip(), repeatable)
    if code in _DOWN:
        return Unavailable(f"Slack is not available ({code}).", "Sitrep tries again; the console works meanwhile.")
    if code in _LOGIN:
        return Unavailable(f"Slack does not accept Sitrep's token ({code}).", "Check SLACK_BOT_TOKEN, or reinstall the app.")
    if code == "user_not_found":
        return NotFound("Slack does not know this person.", "Check the user id.")
    message, hint = _REASONS.get(code, (f"Slack refused {method}: {code}.", "Run `sitrep doctor` to see what is missing."))
    return Refused(message, hint)


def _no_answer(method: str, detail: str, repeatable: bool) -> SitrepError:
    if repeatable:
        return Unavailable(f"Slack did not answer {method} ({detail}).", "Sitrep tries again.")
    return OutcomeUnknown(f"{method} left and its answer never came ({detail}).", "Sitrep looks for it before sending it again.")


def _status(problem: SlackApiError) -> int:
    return int(getattr(problem.response, "status_code", 200) or 200)


def _never_left(problem: Exception) -> bool:
    """True only where no byte of the request can have reached Slack: no connection, no name, no trusted certificate."""
    cause = problem.reason if isinstance(problem, urllib.error.URLError) else problem
    return isinstance(cause, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError)


def _short(problem: Exception) -> str:
    cause = problem.reason if isinstance(problem, urllib.error.URLError) else problem
    return type(cause).__name__ if isinstance(cause, Exception) else "no connection"
