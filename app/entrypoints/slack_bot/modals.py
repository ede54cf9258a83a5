"""The two forms Sitrep opens by itself: declare an incident, and a short menu."""

from app.domain.canonical import Json

DECLARE, MENU = "declare", "menu"
_SEVERITIES = (
    ("1", "SEV1: customers cannot work at all"),
    ("2", "SEV2: an important part is broken"),
    ("3", "SEV3: something is degraded"),
    ("4", "SEV4: look at it tomorrow"),
)
_VERBS = (
    ("declare", "Declare an incident"),
    ("status", "Where this incident stands"),
    ("list", "Open incidents"),
    ("similar", "Past incidents like this one"),
    ("runbook", "The runbook that fits"),
    ("propose", "What could be done"),
    ("timeline", "The last timeline entries"),
    ("help", "All commands"),
)

View = dict[str, Json]


def declare_form(room: str) -> View:
    """Title, severity and service; `room` comes back in `private_metadata`."""
    severities = [_option(value, label) for value, label in _SEVERITIES]
    choice: View = {
        "type": "static_select",
        "action_id": "severity",
        "options": list(severities),
        "initial_option": severities[2],
    }
    title: View = {"type": "plain_text_input", "action_id": "title", "min_length": 3, "max_length": 150, "focus_on_load": True}
    service: View = {"type": "plain_text_input", "action_id": "service", "max_length": 80}
    return _modal(
        DECLARE,
        "Declare an incident",
        "Declare",
        room,
        [
            _input("title", "What is broken?", title, "What people notice, in a few words."),
            _input("severity", "How bad is it?", choice, "If unsure, take the worse one."),
            _input("service", "Which service?", service, "Its name in the inventory, if you know it.", optional=True),
        ],
    )


def menu_form(room: str) -> View:
    """The verbs people need most; the choice is handled like a typed command in `room`."""
    options: list[Json] = [_option(verb, label) for verb, label in _VERBS]
    choice: View = {"type": "radio_buttons", "action_id": "verb", "options": options, "initial_option": options[0]}
    hint = "The same by typing: /inc help"
    return _modal(MENU, "Sitrep", "Go", room, [_input("verb", "What do you need?", choice, hint)])


def _modal(callback_id: str, title: str, submit: str, room: str, blocks: list[Json]) -> View:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": _words(title),
        "submit": _words(submit),
        "close": _words("Cancel"),
        "private_metadata": room,
        "blocks": blocks,
    }


def _input(name: str, label: str, element: View, hint: str, *, optional: bool = False) -> View:
    # Block and element share one name, so that a submitted value is found under it.
    return {
        "type": "input",
        "block_id": name,
        "label": _words(label),
        "hint": _words(hint),
        "element": element,
        "optional": optional,
    }


def _option(value: str, label: str) -> View:
    return {"text": _words(label), "value": value}


def _words(text: str) -> View:
    return {"type": "plain_text", "text": text, "emoji": False}
