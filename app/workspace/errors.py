"""How the workspace refuses: with the error strings of Slack's Web API.

ApiError            a method refuses; the caller gets {"ok": false, "error": ...}
  RateLimited       too many calls; the caller gets 429 and Retry-After
"""

from typing import Any


class ApiError(Exception):
    """A refused call. `error` is Slack's string; `extra` goes into the response beside it."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


class RateLimited(ApiError):
    """A quota is used up; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


class ControlRefused(Exception):
    """A control call that cannot be done; the message says why and what to do, `status` is the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
