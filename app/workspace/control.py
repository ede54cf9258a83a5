"""A typed client of the control door, for drills and tests: acts as any person and reads what they see."""

import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

import httpx

Found = TypeVar("Found")


class Control:
    """Drives a local workspace over HTTP; raises httpx.HTTPStatusError with the door's own words when it refuses."""

    def __init__(self, url: str, timeout_s: float = 15.0) -> None:
        self._client = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the connection."""
        self._client.close()

    def post(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> dict[str, Any]:
        """Says something as a person."""
        return self._act("post", user=user, channel=channel, text=text, thread_ts=thread_ts)

    def slash(self, user: str, channel: str, command: str, text: str = "") -> dict[str, Any]:
        """Types a slash command as a person; returns what the app acknowledged."""
        return self._act("slash", user=user, channel=channel, command=command, text=text)

    def click(self, user: str, channel: str, ts: str, action_id: str, value: str | None = None) -> dict[str, Any]:
        """Presses a button of a message as a person."""
        return self._act("click", user=user, channel=channel, ts=ts, action_id=action_id, value=value)

    def fault(self, method: str, kind: str, times: int = 1) -> dict[str, Any]:
        """Makes the next calls of a Web API method fail."""
        return self._act("fault", method=method, kind=kind, times=times)

    def channels(self) -> list[dict[str, Any]]:
        """Every channel."""
        return list(self._read("state")["channels"])

    def messages(self, channel: str, user: str = "", thread: str = "") -> list[dict[str, Any]]:
        """What a person sees in a channel or thread, messages for their eyes only included."""
        query = {"channel": channel, **({"user": user} if user else {}), **({"thread": thread} if thread else {})}
        return list(self._read("messages", query)["messages"])

    def journal(self) -> dict[str, Any]:
        """Every Web API request and every delivery with its acknowledgement."""
        return self._read("journal")

    def wait_for(self, look: Callable[[], Found | None], timeout_s: float, what: str) -> Found:
        """The first thing `look` finds; raises TimeoutError naming what did not come."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.1)
        raise TimeoutError(f"{what} did not come within {timeout_s:g} s")

    def _act(self, action: str, **body: Any) -> dict[str, Any]:
        answer = self._client.post(f"/_local/{action}", json={name: value for name, value in body.items() if value is not None})
        answer.raise_for_status()
        return dict(answer.json())

    def _read(self, what: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        answer = self._client.get(f"/_local/{what}", params=query)
        answer.raise_for_status()
        return dict(answer.json())
