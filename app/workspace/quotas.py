"""Slack's rate limits, kept in strict mode: calls a minute per method, and one message a second per channel."""

import math
from collections import deque

from app.workspace.clocks import WorkspaceClock
from app.workspace.errors import RateLimited

WINDOW = 60.0
# Calls a minute. apps.connections.open counts as tier 3, as its own page says: two sockets at start must be possible.
TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
METHOD_TIERS = {
    2: "conversations.archive conversations.create conversations.list conversations.rename conversations.setPurpose "
    "conversations.setTopic conversations.unarchive users.list usergroups.list usergroups.users.list pins.add pins.list "
    "pins.remove bookmarks.add reactions.remove",
    3: "apps.connections.open conversations.history conversations.info conversations.invite conversations.join "
    "conversations.kick conversations.open conversations.replies chat.update chat.delete reactions.add reactions.get "
    "users.lookupByEmail bookmarks.list",
    4: "chat.postEphemeral views.open views.push views.update views.publish conversations.members users.info "
    "files.getUploadURLExternal files.completeUploadExternal files.info api.test",
}
LIMITS = {method: TIERS[tier] for tier, methods in METHOD_TIERS.items() for method in methods.split()}


class Quotas:
    """Counts calls in sliding windows of workspace time."""

    def __init__(self, clock: WorkspaceClock) -> None:
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self._posts: dict[str, float] = {}

    def take(self, method: str, channel: str | None) -> None:
        """Count one call; raises `RateLimited` when it is one too many."""
        now = self._clock.now()
        if method == "chat.postMessage" and channel:
            self._take_post(channel, now)
            return
        limit = LIMITS.get(method)
        if limit is None:
            return
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(calls) >= limit:
            raise RateLimited(max(1, math.ceil(calls[0] + WINDOW - now)))
        calls.append(now)

    def _take_post(self, channel: str, now: float) -> None:
        free_at = self._posts.get(channel, 0.0)
        if now < free_at:
            raise RateLimited(max(1, math.ceil(free_at - now)))
        self._posts[channel] = now + 1.0
