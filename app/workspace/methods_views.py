"""Web API methods that show modals and the app's home tab: views.*"""

from app.workspace.call import Call
from app.workspace.changes import with_block_ids
from app.workspace.errors import ApiError
from app.workspace.limits import check_view
from app.workspace.model import Json, View
from app.workspace.state import State

STACK = 3


def open_view(call: Call) -> Json:
    """views.open"""
    body = _body(call)
    trigger = call.tickets.redeem_trigger(call.text("trigger_id"))
    view = new_view(call.state, trigger.user, body, None)
    call.state.view_stacks[trigger.user] = [view.id]
    call.changes.to_pages({"kind": "view", "user": trigger.user})
    return {"view": view.to_json()}


def push_view(call: Call) -> Json:
    """views.push"""
    body = _body(call)
    trigger = call.tickets.redeem_trigger(call.text("trigger_id"))
    if not call.state.view_stacks.get(trigger.user):
        raise ApiError("not_found")
    view = push(call.state, trigger.user, body)
    call.changes.to_pages({"kind": "view", "user": trigger.user})
    return {"view": view.to_json()}


def update_view(call: Call) -> Json:
    """views.update"""
    body = _body(call)
    view = _find(call)
    if call.args.get("hash") and call.text("hash") != view.hash:
        raise ApiError("hash_conflict")
    replace(call.state, view, body)
    call.changes.to_pages({"kind": "view", "user": view.user})
    return {"view": view.to_json()}


def publish(call: Call) -> Json:
    """views.publish"""
    body = _body(call, home=True)
    user = call.state.user(call.text("user_id")).id
    old = call.state.views.get(call.state.homes.get(user, ""))
    if call.args.get("hash") and old and call.text("hash") != old.hash:
        raise ApiError("hash_conflict")
    if old:
        replace(call.state, old, body)
        view = old
    else:
        view = new_view(call.state, user, body, None)
        call.state.homes[user] = view.id
    call.changes.to_pages({"kind": "home", "user": user})
    return {"view": view.to_json()}


def new_view(state: State, user: str, body: Json, below: View | None) -> View:
    """Store a view, on top of another one or alone."""
    view_id = state.next_id("V")
    root = below.root_view_id if below else view_id
    stored = {**body, "blocks": with_block_ids(body.get("blocks", []))}
    view = View(view_id, user, stored, state.next_hash(), root, below.id if below else None)
    state.views[view_id] = view
    return view


def push(state: State, user: str, body: Json) -> View:
    """Put a view on top of this person's open ones; raises `push_limit_reached`."""
    stack = state.view_stacks[user]
    if len(stack) >= STACK:
        raise ApiError("push_limit_reached")
    view = new_view(state, user, body, state.view(stack[-1]))
    stack.append(view.id)
    return view


def replace(state: State, view: View, body: Json) -> None:
    """Show other content in an open view; typed values stay where block and action have the same ids."""
    view.body = {**body, "blocks": with_block_ids(body.get("blocks", []))}
    view.hash = state.next_hash()
    view.errors, view.notice = {}, ""
    ids = {block["block_id"] for block in view.body["blocks"]}
    view.values = {block_id: values for block_id, values in view.values.items() if block_id in ids}


def _body(call: Call, *, home: bool = False) -> Json:
    body = call.object("view")
    if body is None:
        raise ApiError("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]})
    check_view(body, home=home)
    external_id = body.get("external_id")
    if external_id and call.method != "views.update":
        _refuse_duplicate(call.state, external_id)
    return body


def _refuse_duplicate(state: State, external_id: str) -> None:
    for stack in state.view_stacks.values():
        if any(state.views[view_id].body.get("external_id") == external_id for view_id in stack):
            raise ApiError("duplicate_external_id")


def _find(call: Call) -> View:
    if call.args.get("view_id"):
        view = call.state.view(call.text("view_id"))
    else:
        external_id = call.text("external_id")
        found = [one for one in call.state.views.values() if one.body.get("external_id") == external_id]
        if not found:
            raise ApiError("not_found")
        view = found[-1]
    if view.id not in call.state.view_stacks.get(view.user, []) and view.id != call.state.homes.get(view.user):
        raise ApiError("not_found")
    return view


METHODS = {
    "views.open": open_view,
    "views.push": push_view,
    "views.update": update_view,
    "views.publish": publish,
}
