"""Finds the buttons, menus and fields of a message or view, and says what choosing something in one sends to the app."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.workspace.errors import ControlRefused
from app.workspace.model import Json

# Element type -> the key its chosen value has in `state` and in actions.
SINGLE = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
MANY = {
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
ONE_OPTION = {"static_select", "external_select", "radio_buttons", "overflow"}
MANY_OPTIONS = {"multi_static_select", "multi_external_select", "checkboxes"}
TYPED = {"plain_text_input", "number_input", "email_text_input", "url_text_input"}


@dataclass(frozen=True)
class Placed:
    """An element and the block it stands in."""

    block: Json
    element: Json

    @property
    def block_id(self) -> str:
        """The id of its block."""
        return str(self.block.get("block_id", ""))

    @property
    def action_id(self) -> str:
        """Its own id."""
        return str(self.element.get("action_id", ""))


def placed_elements(blocks: list[Json]) -> Iterator[Placed]:
    """Every element a person can act on, in reading order."""
    for block in blocks:
        for element in [*block.get("elements", []), block.get("accessory"), block.get("element"), *block.get("actions", [])]:
            if isinstance(element, dict) and "action_id" in element:
                yield Placed(block, element)


def find_element(blocks: list[Json], action_id: str, block_id: str | None, value: str | None) -> Placed:
    """The element with this action id; the one with this value if several blocks have it."""
    found = [one for one in placed_elements(blocks) if one.action_id == action_id and block_id in {None, one.block_id}]
    if not found:
        known = ", ".join(sorted({one.action_id for one in placed_elements(blocks)})) or "none"
        raise ControlRefused(f"No element has the action id {action_id!r} there. Its elements: {known}.", 404)
    exact = [one for one in found if value is not None and one.element.get("value") == value]
    return (exact or found)[0]


def options(element: Json) -> list[Json]:
    """All options of a menu, groups opened."""
    grouped = [option for group in element.get("option_groups", []) for option in group.get("options", [])]
    return [*element.get("options", []), *grouped]


def chosen(element: Json, value: Any, *, forged: bool = False) -> Json:
    """What this choice looks like on the wire; `value` is an option's value, an id, a date or typed text, or a list of them."""
    kind = element["type"]
    if kind in SINGLE:
        return {"type": kind, SINGLE[kind]: value or None}
    if kind in MANY:
        return {"type": kind, MANY[kind]: _list(value)}
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": _option(element, value, forged=forged) if value else None}
    if kind in MANY_OPTIONS:
        return {"type": kind, "selected_options": [_option(element, one, forged=forged) for one in _list(value)]}
    if kind in TYPED:
        return {"type": kind, "value": None if value in {None, ""} else str(value)}
    return _button(element, value, forged=forged)


def initial(element: Json) -> Json | None:
    """The choice an element starts with; None for elements that hold no value."""
    kind = element["type"]
    if kind in {"button", "image", "overflow", "feedback_buttons", "icon_button"}:
        return None
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in MANY_OPTIONS:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    key = SINGLE.get(kind) or MANY.get(kind)
    if key:
        return {"type": kind, key: element.get(key.replace("selected", "initial"), [] if kind in MANY else None)}
    return {"type": kind, "value": element.get("initial_value")}


def is_empty(value: Json) -> bool:
    """Whether a field was left out."""
    return not any(inner for key, inner in value.items() if key != "type")


def state_values(blocks: list[Json], given: Json) -> Json:
    """`state.values` of a view or message: what was given, else what each element starts with."""
    values: Json = {}
    for one in placed_elements(blocks):
        held = given.get(one.block_id, {}).get(one.action_id) or initial(one.element)
        if held is not None:
            values.setdefault(one.block_id, {})[one.action_id] = held
    return values


def _button(element: Json, value: Any, *, forged: bool) -> Json:
    own = element.get("value")
    if value is not None and value != own and not forged:
        raise ControlRefused(f"The button's value is {own!r}, not {value!r}. Say forged to send it all the same.", 409)
    body = {"type": element["type"], "value": value if value is not None else own}
    for key in ("text", "style"):
        body |= {key: element[key]} if key in element else {}
    return {key: inner for key, inner in body.items() if inner is not None}


def _list(value: Any) -> list[Any]:
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [value]


def _option(element: Json, value: str, *, forged: bool) -> Json:
    found = next((one for one in options(element) if one.get("value") == value), None)
    if found:
        return found
    if not forged:
        raise ControlRefused(f"The menu has no option {value!r}. Say forged to send it all the same.", 409)
    return {"text": {"type": "plain_text", "text": value}, "value": value}
