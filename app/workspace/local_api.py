"""The control door `/_local/...`: drives the workspace as any person. For the page, the terminal, drills and tests only."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.workspace.core import Core
from app.workspace.errors import ApiError, ControlRefused
from app.workspace.faults import Fault
from app.workspace.guard import refuse_strangers
from app.workspace.model import Channel, Json, User, View

Action = Callable[[Json], Awaitable[Json]]


class LocalApi:
    """One method for each thing a person or a test can do."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._actions: dict[str, Action] = {
            "post": self.post,
            "edit": self.edit,
            "delete": self.delete,
            "react": self.react,
            "pin": self.pin,
            "join": self.join,
            "invite": self.invite,
            "read": self.read,
            "slash": self.slash,
            "click": self.click,
            "submit": self.submit,
            "close": self.close,
            "shortcut": self.shortcut,
            "dm": self.direct,
            "home": self.home,
            "drill": self.drill,
            "sockets": self.sockets,
            "clock": self.advance,
            "fault": self.fault,
        }

    def routes(self) -> list[BaseRoute]:
        """The paths of this door."""
        return [
            Route("/_local/{action}", self.act, methods=["POST"]),
            Route("/_local/state", self.show_state),
            Route("/_local/messages", self.show_messages),
            Route("/_local/journal", self.show_journal),
        ]

    async def act(self, request: Request) -> Response:
        """Do one thing; the body is a JSON object."""
        if refusal := refuse_strangers(request):
            return refusal
        action = self._actions.get(request.path_params["action"])
        if action is None:
            return JSONResponse({"ok": False, "error": f"There is no action {request.path_params['action']!r}."}, 404)
        try:
            body = json.loads(await request.body() or b"{}")
            return JSONResponse({"ok": True, **await action(body)})
        except (ValueError, KeyError, AttributeError) as wrong:
            return JSONResponse({"ok": False, "error": f"The request is not understood: {wrong!r}"}, 400)
        except ControlRefused as refused:
            return JSONResponse({"ok": False, "error": str(refused)}, refused.status)
        except ApiError as refused:
            return JSONResponse({"ok": False, "error": refused.error, **refused.extra}, 400)

    # People

    async def post(self, body: Json) -> Json:
        """Write a message: user, channel, text, thread_ts?"""
        user, channel = self._user(body), self._channel(body)
        message = self._core.people.post(user, channel, str(body["text"]), body.get("thread_ts"))
        return {"ts": message.ts, "channel": channel.id}

    async def edit(self, body: Json) -> Json:
        """Change one's message: user, channel, ts, text"""
        message = self._core.people.edit(self._user(body), self._channel(body), body["ts"], str(body["text"]))
        return {"ts": message.ts}

    async def delete(self, body: Json) -> Json:
        """Delete one's message: user, channel, ts"""
        self._core.people.delete(self._user(body), self._channel(body), body["ts"])
        return {}

    async def react(self, body: Json) -> Json:
        """Add or take back a reaction: user, channel, ts, name"""
        return {"present": self._core.people.react(self._user(body), self._channel(body), body["ts"], body["name"])}

    async def pin(self, body: Json) -> Json:
        """Pin or unpin: user, channel, ts"""
        return {"present": self._core.people.pin(self._user(body), self._channel(body), body["ts"])}

    async def join(self, body: Json) -> Json:
        """Enter a channel: user, channel"""
        channel = self._channel(body)
        self._core.people.join(self._user(body), channel)
        return {"channel": channel.id}

    async def invite(self, body: Json) -> Json:
        """Bring somebody into a channel: user, channel, invited"""
        self._core.people.invite(self._user(body), self._channel(body), self._core.state.person(body["invited"]))
        return {}

    async def read(self, body: Json) -> Json:
        """Note what this person has seen: user, channel, ts"""
        self._channel(body).last_read[self._user(body).id] = str(body["ts"])
        return {}

    async def slash(self, body: Json) -> Json:
        """Type a command: user, channel, command, text"""
        people = self._core.people
        answer = await people.slash(self._user(body), self._channel(body), body["command"], str(body.get("text", "")))
        return {"answered": answer.ok, "reason": answer.reason, "answer": answer.payload}

    async def click(self, body: Json) -> Json:
        """Press or choose: user, channel, ts (or view_id), action_id, value?, block_id?, forged?"""
        user, value, block_id = self._user(body), body.get("value"), body.get("block_id")
        if body.get("view_id"):
            view = self._core.state.view(body["view_id"])
            answer = await self._core.people.click_view(user, view, body["action_id"], value, block_id)
        else:
            answer = await self._core.people.click(
                user,
                self._channel(body),
                body["ts"],
                body["action_id"],
                value=value,
                block_id=block_id,
                forged=bool(body.get("forged")),
            )
        return {"answered": answer.ok, "reason": answer.reason}

    async def submit(self, body: Json) -> Json:
        """Submit the open modal: user, values, view_id?"""
        return _view(await self._core.modals.submit(self._user(body), body.get("values") or {}, body.get("view_id")))

    async def close(self, body: Json) -> Json:
        """Close the open modal, or all: user, everything?"""
        return _view(await self._core.modals.close(self._user(body), everything=bool(body.get("everything"))))

    async def shortcut(self, body: Json) -> Json:
        """Choose a shortcut: user, callback_id, channel?, ts?"""
        channel = self._channel(body) if body.get("channel") else None
        answer = await self._core.people.shortcut(self._user(body), body["callback_id"], channel, body.get("ts"))
        return {"answered": answer.ok, "reason": answer.reason}

    async def direct(self, body: Json) -> Json:
        """Open a direct conversation: user, other"""
        return {"channel": self._core.people.open_direct(self._user(body), self._core.state.person(body["other"])).id}

    async def home(self, body: Json) -> Json:
        """Look at the app's home tab: user"""
        self._core.people.open_home(self._user(body))
        return {}

    async def drill(self, body: Json) -> Json:
        """Start a drill: name"""
        if self._core.config.on_drill is None:
            raise ControlRefused("This workspace was started without drills.", 404)
        if body["name"] not in {name for name, _ in self._core.config.drills}:
            raise ControlRefused(f"There is no drill {body['name']!r}.", 404)
        return {"text": await self._core.config.on_drill(body["name"])}

    # The world around

    async def sockets(self, body: Json) -> Json:
        """Break the app's connections: how = close, abort, refresh_requested, warning, link_disabled"""
        how = str(body.get("how", "close"))
        if how not in {"close", "abort", "refresh_requested", "warning", "link_disabled"}:
            raise ControlRefused(f"Sockets cannot be dropped by {how!r}.")
        dropped = await self._core.delivery.drop(how, lambda one: self._abort(one.scope.get("client")))
        return {"dropped": dropped}

    async def advance(self, body: Json) -> Json:
        """Move workspace time forward, in strict mode: seconds"""
        if not self._core.config.strict:
            raise ControlRefused("Time can be moved in strict mode only.", 409)
        self._core.clock.advance(float(body["seconds"]))
        return {"now": self._core.clock.now()}

    async def fault(self, body: Json) -> Json:
        """Let the next calls fail: method, kind, times?, retry_after?; kind "none" clears all"""
        if body.get("kind") == "none":
            self._core.faults.clear()
            return {}
        fault = Fault(body.get("method", "*"), str(body["kind"]), int(body.get("times", 1)), int(body.get("retry_after", 1)))
        self._core.faults.plan(fault)
        return {}

    # Looking

    async def show_state(self, request: Request) -> Response:
        """Channels, people, open modals and the connection, as JSON. With `user` only what that person sees."""
        if refusal := refuse_strangers(request):
            return refusal
        state = self._core.state
        user = request.query_params.get("user")
        channels = state.visible_channels(state.person(user).id) if user else list(state.channels.values())
        stacks = {who: state.views[stack[-1]] for who, stack in state.view_stacks.items() if stack}
        homes = {who: state.views[view_id] for who, view_id in state.homes.items()}
        return JSONResponse(
            {
                "ok": True,
                "mode": self._core.config.mode,
                "now": self._core.clock.now(),
                "connected": self._core.delivery.connected,
                "sockets": len(self._core.delivery.sockets),
                "warnings": self._core.warnings,
                "users": [one.to_json() for one in state.users.values()],
                "channels": [_channel_state(one) for one in channels],
                "views": {who: _view(view)["view"] for who, view in stacks.items()},
                "homes": {who: _view(view)["view"] for who, view in homes.items()},
            }
        )

    async def show_messages(self, request: Request) -> Response:
        """Messages of a channel: channel, user? (as they see it, whispers to them included), thread?"""
        if refusal := refuse_strangers(request):
            return refusal
        state, query = self._core.state, request.query_params
        try:
            user = state.person(query["user"]).id if "user" in query else ""
            name = query.get("channel", "")
            channel = state.channel(name, for_user=user) if user else state.channels.get(name) or state.channel(name)
        except ApiError as refused:
            return JSONResponse({"ok": False, "error": refused.error}, 404)
        found = [one for one in channel.messages if one.ephemeral_to in {None, user} or user == ""]
        if thread := query.get("thread"):
            found = [one for one in found if thread in {one.ts, one.thread_ts}]
        messages = [
            state.message_json(channel, one) | ({"ephemeral_to": one.ephemeral_to} if one.ephemeral_to else {}) for one in found
        ]
        return JSONResponse({"ok": True, "messages": messages})

    async def show_journal(self, request: Request) -> Response:
        """Calls, deliveries and answers: kind?, after?"""
        if refusal := refuse_strangers(request):
            return refusal
        kind, after = request.query_params.get("kind"), request.query_params.get("after", "0")
        return JSONResponse({"ok": True, "records": self._core.journal.records(kind=kind, after=int(after))})

    def _user(self, body: Json) -> User:
        return self._core.state.person(str(body["user"]))

    def _channel(self, body: Json) -> Channel:
        name = str(body["channel"])
        if name.startswith("@"):
            pair = [self._user(body).id, self._core.state.person(name).id]
            found = self._core.state.direct(pair)
            return found or self._core.changes.create_channel("", pair[0], kind="im", members=pair)
        return self._core.state.channel(name, for_user=self._user(body).id)

    def _abort(self, client: Any) -> None:
        self._core.connections.abort(client)


def _view(view: View | None) -> Json:
    return {"view": view.to_json() | {"errors": view.errors, "notice": view.notice} if view else None}


def _channel_state(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "members": list(channel.members),
        "topic": channel.topic["value"],
        "purpose": channel.purpose["value"],
        "archived": channel.archived,
        "pinned": [one.ts for one in channel.messages if one.pinned_by],
        "bookmarks": list(channel.bookmarks),
        "count": len(channel.messages),
    }
