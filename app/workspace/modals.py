"""Submitting and closing modals: the app may accept, return errors, show another view, or clear them all."""

from typing import Any

from app.workspace.changes import Changes
from app.workspace.delivery import Answer, Delivery
from app.workspace.elements import Placed, chosen, is_empty, placed_elements, state_values
from app.workspace.errors import ApiError, ControlRefused
from app.workspace.limits import check_view
from app.workspace.methods_views import push, replace
from app.workspace.model import APP_ID, TEAM_DOMAIN, TEAM_ID, Json, User, View
from app.workspace.state import State
from app.workspace.tickets import Tickets

REQUIRED = "Please complete this required field."


class Modals:
    """The open modals of each person, as they see them."""

    def __init__(self, state: State, changes: Changes, tickets: Tickets, delivery: Delivery) -> None:
        self._state = state
        self._changes = changes
        self._tickets = tickets
        self._delivery = delivery

    def top(self, user: User) -> View | None:
        """The modal this person sees now."""
        stack = self._state.view_stacks.get(user.id)
        return self._state.views[stack[-1]] if stack else None

    async def submit(self, user: User, values: Json, view_id: str | None = None) -> View | None:
        """Press submit with these values (by block id, action id, or both); returns the modal seen afterwards."""
        view = self._mine(user, view_id)
        self._fill(view, values)
        view.errors, view.notice = _missing(view), ""
        if not view.errors:
            body = view.to_json()
            body["state"] = {"values": state_values(view.body["blocks"], view.values)}
            payload = self._payload("view_submission", user, body, self._tickets.issue_trigger(user.id, view.id))
            payload["response_urls"] = []
            answer = await self._delivery.ask("interactive", payload)
            self._after_submit(user, view, answer)
        self._changes.to_pages({"kind": "view", "user": user.id})
        return self.top(user)

    async def close(self, user: User, *, everything: bool = False) -> View | None:
        """Close the top modal, or all; apps that asked for it are told."""
        view = self._mine(user, None)
        stack = self._state.view_stacks[user.id]
        cleared = everything or bool(view.body.get("clear_on_close"))
        del stack[0 if cleared else -1 :]
        self._changes.to_pages({"kind": "view", "user": user.id})
        if view.body.get("notify_on_close"):
            payload = self._payload("view_closed", user, view.to_json(), None) | {"is_cleared": cleared}
            await self._delivery.ask("interactive", payload)
        return self.top(user)

    def _mine(self, user: User, view_id: str | None) -> View:
        view = self.top(user)
        if view is None or view_id not in {None, view.id}:
            raise ControlRefused("No modal is open for this person. Open one first.", 409)
        return view

    def _fill(self, view: View, values: Json) -> None:
        by_place = {(one.block_id, one.action_id): one for one in placed_elements(view.body["blocks"])}
        for block_id, action_id, value in _flat(values, by_place):
            view.values.setdefault(block_id, {})[action_id] = chosen(by_place[block_id, action_id].element, value)

    def _after_submit(self, user: User, view: View, answer: Answer) -> None:
        stack = self._state.view_stacks.get(user.id, [])
        if not answer.ok:
            view.notice = f"The app did not respond in time ({answer.reason}). Your entries are kept; try again."
            return
        reply = answer.payload if isinstance(answer.payload, dict) else {}
        action = reply.get("response_action")
        try:
            if action == "errors":
                self._show_errors(view, reply.get("errors") or {})
            elif action in {"update", "push"}:
                check_view(reply.get("view") or {})
                replace(self._state, view, reply["view"]) if action == "update" else push(self._state, user.id, reply["view"])
            elif action == "clear":
                stack.clear()
            elif view.id in stack:
                stack.remove(view.id)
        except ApiError as refused:
            details = refused.extra.get("errors", [])
            view.notice = f"The app answered with a view that is not valid: {refused.error} {' '.join(details)}"

    def _show_errors(self, view: View, errors: Json) -> None:
        known = {block["block_id"] for block in view.body["blocks"] if block.get("type") == "input"}
        unknown = sorted(set(errors) - known)
        view.errors = {block_id: str(text) for block_id, text in errors.items() if block_id in known}
        if unknown or not errors:
            view.notice = f"The app returned errors for blocks that are no inputs: {', '.join(unknown) or 'none named'}"

    def _payload(self, kind: str, user: User, view: Json, trigger_id: str | None) -> Json:
        payload: Json = {
            "type": kind,
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "user": {"id": user.id, "username": user.handle, "name": user.handle, "team_id": TEAM_ID},
            "api_app_id": APP_ID,
            "token": "local-verification-token",
            "view": view,
            "is_enterprise_install": False,
            "enterprise": None,
        }
        return payload | ({"trigger_id": trigger_id} if trigger_id else {})


def _flat(values: Json, by_place: dict[tuple[str, str], Placed]) -> list[tuple[str, str, Any]]:
    found = []
    for name, value in values.items():
        if isinstance(value, dict):
            places = [(place, value[place[1]]) for place in by_place if place[0] == name and place[1] in value]
        else:
            places = [(place, value) for place in by_place if name in place]
        if not places:
            known = ", ".join(f"{block}/{action}" for block, action in by_place) or "none"
            raise ControlRefused(f"The modal has no field {name!r}. Its fields: {known}.", 404)
        found += [(block_id, action_id, inner) for (block_id, action_id), inner in places]
    return found


def _missing(view: View) -> dict[str, str]:
    blocks = view.body["blocks"]
    values = state_values(blocks, view.values)
    required = [block for block in blocks if block.get("type") == "input" and not block.get("optional")]
    return {
        block["block_id"]: REQUIRED
        for block in required
        if is_empty(values.get(block["block_id"], {}).get(block["element"].get("action_id"), {}))
    }
