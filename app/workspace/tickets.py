"""Short-lived permissions handed to the app: trigger ids for modals and response addresses for late replies."""

import secrets
from dataclasses import dataclass

from app.workspace.clocks import WorkspaceClock
from app.workspace.errors import ApiError

TRIGGER_SECONDS_STRICT = 3.0
TRIGGER_SECONDS_FRIENDLY = 30.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5


@dataclass
class Trigger:
    """A person did something; until `expires` the app may open one modal for them. `view_id` is the modal they did it in."""

    user: str
    expires: float
    view_id: str | None = None
    used: bool = False


@dataclass
class ResponseTicket:
    """Where a `response_url` leads: a channel, a reader, and the message that was clicked, if any."""

    channel: str
    user: str
    expires: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses_left: int = RESPONSE_USES


class Tickets:
    """Issues and redeems both kinds."""

    def __init__(self, clock: WorkspaceClock, *, strict: bool) -> None:
        self._clock = clock
        self._trigger_seconds = TRIGGER_SECONDS_STRICT if strict else TRIGGER_SECONDS_FRIENDLY
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseTicket] = {}

    def issue_trigger(self, user: str, view_id: str | None = None) -> str:
        """A new trigger id for something this person just did."""
        trigger_id = f"{int(self._clock.now() * 1000)}.{secrets.randbelow(10**9)}.{secrets.token_hex(8)}"
        self._triggers[trigger_id] = Trigger(user, self._clock.now() + self._trigger_seconds, view_id)
        return trigger_id

    def redeem_trigger(self, trigger_id: str) -> Trigger:
        """Use a trigger up; raises `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if self._clock.now() > trigger.expires:
            raise ApiError("expired_trigger_id")
        trigger.used = True
        return trigger

    def issue_response(self, channel: str, user: str, *, message_ts: str | None = None, thread_ts: str | None = None) -> str:
        """The secret part of a new response address."""
        token = secrets.token_urlsafe(18)
        self._responses[token] = ResponseTicket(channel, user, self._clock.now() + RESPONSE_SECONDS, message_ts, thread_ts)
        return token

    def redeem_response(self, token: str) -> ResponseTicket:
        """Count one use of a response address; raises `expired_url` or `used_url`."""
        ticket = self._responses.get(token)
        if ticket is None or self._clock.now() > ticket.expires:
            raise ApiError("expired_url")
        if ticket.uses_left == 0:
            raise ApiError("used_url")
        ticket.uses_left -= 1
        return ticket
