"""A typed client of the control door, for drills and tests: acts as any person and reads what they see."""

import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

import httpx

Found = TypeVar("Found")


class Refused(RuntimeError):
    """The door refused; the message is the door's own, `status` its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """Drives a local workspace over HTTP. People are named by handle or id, channels by name, id or `@handle` (a direct
    conversation). Every method raises `Refused` when the workspace says no."""

    def __init__(self, url: str, timeout_s: float = 15.0) -> None:
        self._client = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the connection."""
        self._client.close()

    # As a person

    def post(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> dict[str, Any]:
        """Says something as a person; returns its `ts` and the `channel` id."""
        return self._act("post", user=user, channel=channel, text=text, thread_ts=thread_ts)

    def edit(self, user: str, channel: str, ts: str, text: str) -> dict[str, Any]:
        """Changes a person's own message."""
        return self._act("edit", user=user, channel=channel, ts=ts, text=text)

    def delete(self, user: str, channel: str, ts: str) -> dict[str, Any]:
        """Deletes a person's own message."""
        return self._act("delete", user=user, channel=channel, ts=ts)

    def react(self, user: str, channel: str, ts: str, name: str) -> dict[str, Any]:
        """Adds a reaction, or takes it back when it is there; `present` says which."""
        return self._act("react", user=user, channel=channel, ts=ts, name=name)

    def pin(self, user: str, channel: str, ts: str) -> dict[str, Any]:
        """Pins a message, or takes the pin away; `present` says which."""
        return self._act("pin", user=user, channel=channel, ts=ts)

    def join(self, user: str, channel: str) -> dict[str, Any]:
        """Enters a public channel."""
        return self._act("join", user=user, channel=channel)

    def slash(self, user: str, channel: str, command: str, text: str = "") -> dict[str, Any]:
        """Types a slash command; returns what the app acknowledged."""
        return self._act("slash", user=user, channel=channel, command=command, text=text)

    def click(
        self, user: str, channel: str, ts: str, action_id: str, value: str | None = None, *, forged: bool = False
    ) -> dict[str, Any]:
        """Presses a button or chooses from a menu of a message. `forged` sends a value the message does not offer."""
        return self._act("click", user=user, channel=channel, ts=ts, action_id=action_id, value=value, forged=forged)

    def click_view(self, user: str, view_id: str, action_id: str, value: str | None = None) -> dict[str, Any]:
        """Presses a button or chooses from a menu of a modal or home tab."""
        return self._act("click", user=user, view_id=view_id, action_id=action_id, value=value)

    def shortcut(self, user: str, callback_id: str, channel: str | None = None, ts: str | None = None) -> dict[str, Any]:
        """Chooses a shortcut, of a message when one is given."""
        return self._act("shortcut", user=user, callback_id=callback_id, channel=channel, ts=ts)

    def submit_view(self, user: str, values: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Submits the modal this person sees, with values by block or action id; returns the modal seen afterwards."""
        view: dict[str, Any] | None = self._act("submit", user=user, values=values or {})["view"]
        return view

    def close_view(self, user: str, *, everything: bool = False) -> dict[str, Any] | None:
        """Closes the modal this person sees, or all of them; returns the one seen afterwards."""
        view: dict[str, Any] | None = self._act("close", user=user, everything=everything)["view"]
        return view

    def direct(self, user: str, other: str) -> str:
        """Opens a direct conversation; returns its channel id."""
        return str(self._act("dm", user=user, other=other)["channel"])

    def home(self, user: str) -> None:
        """Looks at the app's home tab."""
        self._act("home", user=user)

    def drill(self, name: str) -> str:
        """Starts a drill; returns what the page would show."""
        return str(self._act("drill", name=name)["text"])

    # The world around

    def fault(self, method: str, kind: str, times: int = 1, retry_after: int = 1) -> dict[str, Any]:
        """Makes the next calls of a Web API method (`*`: any) fail: 429, 500, 503, timeout, reset,
        reset_after_commit, timeout_after_commit."""
        return self._act("fault", method=method, kind=kind, times=times, retry_after=retry_after)

    def clear_faults(self) -> None:
        """Forgets all failures that were asked for."""
        self._act("fault", kind="none")

    def drop_sockets(self, how: str = "close") -> int:
        """Breaks the app's connections (close, abort, refresh_requested, warning, link_disabled); returns how many."""
        return int(self._act("sockets", how=how)["dropped"])

    def advance(self, seconds: float) -> float:
        """Moves workspace time forward, in strict mode; returns the new time."""
        return float(self._act("clock", seconds=seconds)["now"])

    # Looking

    def state(self) -> dict[str, Any]:
        """Channels, people, open modals, home tabs and the app's connection."""
        return self._read("state")

    def channels(self) -> list[dict[str, Any]]:
        """Every channel."""
        return list(self._read("state")["channels"])

    def view(self, user_id: str) -> dict[str, Any] | None:
        """The modal this person (by id) sees."""
        found: dict[str, Any] | None = self._read("state")["views"].get(user_id)
        return found

    def messages(self, channel: str, user: str = "", thread: str = "") -> list[dict[str, Any]]:
        """What a person sees in a channel or thread, messages for their eyes only included; without a person, everything."""
        query = {"channel": channel, **({"user": user} if user else {}), **({"thread": thread} if thread else {})}
        return list(self._read("messages", query)["messages"])

    def journal(self, kind: str = "", after: int = 0) -> list[dict[str, Any]]:
        """Records of calls from the app (`api`), deliveries to it with their answers (`delivery`), warnings and the rest."""
        query = {"after": str(after), **({"kind": kind} if kind else {})}
        return list(self._read("journal", query)["records"])

    def wait_for(self, look: Callable[[], Found | None], timeout_s: float, what: str) -> Found:
        """The first thing `look` finds; raises TimeoutError naming what did not come."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise TimeoutError(f"{what} did not come within {timeout_s:g} s")

    def _act(self, action: str, **body: Any) -> dict[str, Any]:
        answer = self._client.post(f"/_local/{action}", json={name: value for name, value in body.items() if value is not None})
        return _opened(answer)

    def _read(self, what: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        return _opened(self._client.get(f"/_local/{what}", params=query))


def _opened(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        said = answer.json().get("error", "") if "json" in answer.headers.get("content-type", "") else answer.text
        raise Refused(str(said) or f"The workspace answered {answer.status_code}.", answer.status_code)
    return dict(answer.json())
