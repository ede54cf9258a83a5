"""What people do in the workspace: write, react, type commands, press buttons and fill in modals."""

from typing import Any

from app.workspace.changes import Changes, Draft
from app.workspace.clocks import WorkspaceClock
from app.workspace.config import WorkspaceConfig
from app.workspace.delivery import Answer, Delivery
from app.workspace.elements import Placed, chosen, find_element, state_values
from app.workspace.errors import ApiError, ControlRefused
from app.workspace.limits import check_message
from app.workspace.model import APP_ID, BOT_USER, TEAM_DOMAIN, TEAM_ID, Channel, Json, Message, User, View
from app.workspace.state import State
from app.workspace.tickets import Tickets
from app.workspace.typed_text import stored_text


class People:
    """Acts as any person. `base_url` is where response addresses point to."""

    def __init__(
        self,
        config: WorkspaceConfig,
        clock: WorkspaceClock,
        state: State,
        changes: Changes,
        tickets: Tickets,
        delivery: Delivery,
    ) -> None:
        self.base_url = "http://127.0.0.1"
        self._config = config
        self._clock = clock
        self._state = state
        self._changes = changes
        self._tickets = tickets
        self._delivery = delivery

    # Writing

    def post(self, user: User, channel: Channel, text: str, thread_ts: str | None = None) -> Message:
        """Write a message, as typed."""
        self._must_be_in(user, channel)
        if not text.strip():
            raise ControlRefused("The message is empty. Type something first.")
        return self._changes.post(channel, user.id, Draft(text=stored_text(self._state, text), thread_ts=thread_ts))

    def edit(self, user: User, channel: Channel, ts: str, text: str) -> Message:
        """Change one's own message."""
        message = self._own(user, channel, ts)
        self._changes.edit(message, Draft(text=stored_text(self._state, text)), editor=user.id)
        return message

    def delete(self, user: User, channel: Channel, ts: str) -> None:
        """Delete one's own message, or dismiss one that only this person sees."""
        message = self._state.message(channel, ts, ephemeral=True)
        if message.ephemeral_to == user.id:
            self._changes.delete(message)
        else:
            self._changes.delete(self._own(user, channel, ts))

    def react(self, user: User, channel: Channel, ts: str, name: str) -> bool:
        """Add a reaction, or take it back when it is already there; returns whether it is there now."""
        self._must_be_in(user, channel)
        message = self._state.message(channel, ts)
        name = name.strip(":")
        if user.id in message.reactions.get(name, []):
            self._changes.unreact(message, name, user.id)
            return False
        self._changes.react(message, name, user.id)
        return True

    def pin(self, user: User, channel: Channel, ts: str) -> bool:
        """Pin a message, or take the pin away; returns whether it is pinned now."""
        self._must_be_in(user, channel)
        message = self._state.message(channel, ts)
        if message.pinned_by:
            self._changes.unpin(message, user.id)
            return False
        self._changes.pin(message, user.id)
        return True

    def join(self, user: User, channel: Channel) -> None:
        """Enter a public channel."""
        if user.id in channel.members:
            return
        if channel.kind != "channel" or user.is_restricted:
            raise ControlRefused(f"{user.real_name} cannot join #{channel.name}. A member has to invite them.", 403)
        self._changes.join(channel, user.id)

    def invite(self, user: User, channel: Channel, invited: User) -> None:
        """Bring somebody else into a channel."""
        self._must_be_in(user, channel)
        if invited.id not in channel.members:
            self._changes.join(channel, invited.id, inviter=user.id)

    def open_direct(self, user: User, other: User) -> Channel:
        """The direct conversation of two people; opening the app's tells the app."""
        pair = [user.id, other.id]
        channel = self._state.direct(pair) or self._changes.create_channel("", user.id, kind="im", members=pair)
        if other.id == BOT_USER:
            self._home_event(user, channel, "messages")
        return channel

    def open_home(self, user: User) -> None:
        """Look at the app's home tab."""
        bot = self._state.users[BOT_USER]
        pair = [user.id, bot.id]
        channel = self._state.direct(pair) or self._changes.create_channel("", user.id, kind="im", members=pair)
        self._home_event(user, channel, "home")

    # Commands, shortcuts and clicks

    async def slash(self, user: User, channel: Channel, command: str, text: str) -> Answer:
        """Type a slash command; what the app answers at once is shown."""
        self._must_be_in(user, channel)
        payload: Json = {
            "token": "local-verification-token",
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.kind == "im" else channel.name,
            "user_id": user.id,
            "user_name": user.handle,
            "command": command,
            "text": stored_text(self._state, text, with_names=True),
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._response_url(channel, user),
            "trigger_id": self._tickets.issue_trigger(user.id),
        }
        answer = await self._delivery.ask("slash_commands", payload)
        if not answer.ok:
            self._warn(user, channel, None, f"{command} failed: the app did not respond in time ({answer.reason}).")
        elif answer.payload:
            reply = answer.payload if isinstance(answer.payload, dict) else {"text": str(answer.payload)}
            self.show_reply(user, channel, reply, None)
        return answer

    async def click(
        self,
        user: User,
        channel: Channel,
        ts: str,
        action_id: str,
        *,
        value: Any = None,
        block_id: str | None = None,
        forged: bool = False,
    ) -> Answer:
        """Press a button or choose from a menu in a message. A forged value is sent although the message does not offer it."""
        message = self._state.message(channel, ts, ephemeral=True)
        if message.ephemeral_to not in {None, user.id}:
            raise ControlRefused("Only somebody else sees that message.", 404)
        blocks = message.blocks + [block for one in message.attachments for block in one.get("blocks", [])]
        placed = find_element(blocks, action_id, block_id, value if isinstance(value, str) else None)
        action = self._action(placed, value, forged=forged)
        if placed.element["type"] != "button":
            message.values.setdefault(placed.block_id, {})[placed.action_id] = chosen(placed.element, value, forged=forged)
        hidden = message.ephemeral_to is not None
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": hidden,
        } | ({"thread_ts": message.thread_ts} if message.thread_ts else {})
        payload = self._interaction("block_actions", user, self._tickets.issue_trigger(user.id)) | {
            "container": container,
            "channel": self._channel_reference(channel),
            "response_url": self._response_url(channel, user, message),
            "state": {"values": state_values(blocks, message.values)},
            "actions": [action],
        }
        if not hidden:
            payload["message"] = self._state.message_json(channel, message)
        answer = await self._delivery.ask("interactive", payload)
        if not answer.ok:
            text = f"That did not reach the app: it did not respond in time ({answer.reason})."
            self._warn(user, channel, message.thread_ts, text)
        return answer

    async def click_view(self, user: User, view: View, action_id: str, value: Any, block_id: str | None) -> Answer:
        """Press a button or choose from a menu in a modal or on the home tab."""
        if view.user != user.id:
            raise ControlRefused("Only somebody else sees that view.", 404)
        blocks = view.body.get("blocks", [])
        placed = find_element(blocks, action_id, block_id, value if isinstance(value, str) else None)
        action = self._action(placed, value, forged=False)
        if placed.element["type"] != "button":
            view.values.setdefault(placed.block_id, {})[placed.action_id] = chosen(placed.element, value)
        body = view.to_json()
        body["state"] = {"values": state_values(blocks, view.values)}
        payload = self._interaction("block_actions", user, self._tickets.issue_trigger(user.id, view.id)) | {
            "container": {"type": "view", "view_id": view.id},
            "view": body,
            "actions": [action],
        }
        answer = await self._delivery.ask("interactive", payload)
        if not answer.ok:
            view.notice = "The app did not respond in time. Try again."
            self._changes.to_pages({"kind": "view", "user": user.id})
        return answer

    async def shortcut(self, user: User, callback_id: str, channel: Channel | None, ts: str | None) -> Answer:
        """Choose a shortcut: of a message when `channel` and `ts` are given, else a global one."""
        kind = "message_action" if channel and ts else "shortcut"
        payload = self._interaction(kind, user, self._tickets.issue_trigger(user.id))
        payload |= {"callback_id": callback_id, "action_ts": f"{self._clock.now():.6f}"}
        if channel and ts:
            message = self._state.message(channel, ts)
            payload |= {
                "channel": self._channel_reference(channel),
                "message_ts": ts,
                "message": self._state.message_json(channel, message),
                "response_url": self._response_url(channel, user, message),
            }
        answer = await self._delivery.ask("interactive", payload)
        if not answer.ok and channel:
            self._warn(user, channel, None, f"The shortcut failed: the app did not respond in time ({answer.reason}).")
        return answer

    # What the app answers

    def show_reply(self, user: User, channel: Channel, reply: Json, thread_ts: str | None) -> Message | None:
        """Show what the app answered to a command or sent to a response address."""
        text, blocks = str(reply.get("text") or ""), reply.get("blocks") or []
        attachments = reply.get("attachments") or []
        if not text and not blocks and not attachments:
            return None
        check_message(text, blocks, attachments)
        private = reply.get("response_type", "ephemeral") != "in_channel"
        draft = Draft(text, blocks, attachments, thread_ts, ephemeral_to=user.id if private else None)
        return self._changes.post(channel, BOT_USER, draft)

    def respond(self, token: str, reply: Json) -> None:
        """What a response address does: answer, or replace or delete the message that was clicked."""
        ticket = self._tickets.redeem_response(token)
        channel, user = self._state.channels[ticket.channel], self._state.users[ticket.user]
        original = None
        if ticket.message_ts and any(one.ts == ticket.message_ts for one in channel.messages):
            original = self._state.message(channel, ticket.message_ts, ephemeral=True)
        if original and reply.get("delete_original"):
            self._changes.delete(original)
        elif original and reply.get("replace_original"):
            text, blocks = str(reply.get("text") or ""), reply.get("blocks") or []
            check_message(text, blocks, reply.get("attachments") or [])
            self._changes.edit(original, Draft(text, blocks, reply.get("attachments") or []), editor=BOT_USER)
        else:
            thread_ts = str(reply.get("thread_ts") or "") or ticket.thread_ts
            self.show_reply(user, channel, reply, thread_ts)

    # Parts

    def _must_be_in(self, user: User, channel: Channel) -> None:
        if user.id not in channel.members:
            raise ControlRefused(f"{user.real_name} is not in #{channel.name}. Join the channel first.", 403)
        if channel.archived:
            raise ControlRefused(f"#{channel.name} is archived.", 409)

    def _own(self, user: User, channel: Channel, ts: str) -> Message:
        message = self._state.message(channel, ts)
        if message.user != user.id:
            raise ControlRefused("Only its author can change that message.", 403)
        return message

    def _warn(self, user: User, channel: Channel, thread_ts: str | None, text: str) -> None:
        try:
            draft = Draft(text=text, thread_ts=thread_ts, ephemeral_to=user.id, warning=True)
            self._changes.post(channel, BOT_USER, draft)
        except ApiError:
            self._changes.to_pages({"kind": "channel", "channel": channel.id})

    def _home_event(self, user: User, channel: Channel, tab: str) -> None:
        event: Json = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": tab}
        view = self._state.views.get(self._state.homes.get(user.id, ""))
        self._changes.event(event | ({"view": view.to_json()} if view and tab == "home" else {}))

    def _response_url(self, channel: Channel, user: User, message: Message | None = None) -> str:
        token = self._tickets.issue_response(
            channel.id,
            user.id,
            message_ts=message.ts if message else None,
            thread_ts=message.thread_ts if message else None,
        )
        return f"{self.base_url}/respond/{token}"

    def _action(self, placed: Placed, value: Any, *, forged: bool) -> Json:
        action = chosen(placed.element, value, forged=forged)
        ids = {"action_id": placed.action_id, "block_id": placed.block_id}
        return action | ids | {"action_ts": f"{self._clock.now():.6f}"}

    def _interaction(self, kind: str, user: User, trigger_id: str) -> Json:
        person = {"id": user.id, "username": user.handle, "name": user.handle, "team_id": TEAM_ID}
        return {
            "type": kind,
            "user": person,
            "api_app_id": APP_ID,
            "token": "local-verification-token",
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": trigger_id,
        }

    def _channel_reference(self, channel: Channel) -> Json:
        return {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name}
