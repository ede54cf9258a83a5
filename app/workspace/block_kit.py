"""The blocks and elements the workspace knows, with Slack's limits on each."""

from app.workspace.block_rules import Rule, Shape, anything, items, one_of, string, text, text_or

ID = string(255)
OPTION = Shape(
    {"text": text(75), "value": string(150), "description": text(75), "url": string(3000)},
    ("text", "value"),
)
OPTION_GROUP = Shape({"label": text(75, plain=True), "options": items(OPTION, 100)}, ("label", "options"))
CONFIRM = Shape(
    {
        "title": text(100, plain=True),
        "text": text(300),
        "confirm": text(30, plain=True),
        "deny": text(30, plain=True),
        "style": string(10),
    },
    ("title", "text", "confirm", "deny"),
)
SELECT: dict[str, Rule] = {
    "type": anything,
    "action_id": ID,
    "placeholder": text(150, plain=True),
    "confirm": CONFIRM,
    "focus_on_load": anything,
}
CHOICES: dict[str, Rule] = {"options": items(OPTION, 100), "option_groups": items(OPTION_GROUP, 100)}
MULTI: dict[str, Rule] = {"max_selected_items": anything}
TYPED: dict[str, Rule] = SELECT | {"initial_value": string(3000), "dispatch_action_config": anything}
BUTTON = Shape(
    {
        "type": anything,
        "text": text(75, plain=True),
        "action_id": ID,
        "url": string(3000),
        "value": string(2000),
        "style": string(10),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "agent_prompt": string(4000),
    },
    ("text",),
)
IMAGE_ELEMENT = Shape(
    {"type": anything, "image_url": string(3000), "alt_text": string(2000), "slack_file": anything},
    ("alt_text",),
)


def _options(most: int) -> Shape:
    rules = SELECT | {"options": items(OPTION, most), "initial_options": anything, "initial_option": anything}
    return Shape(rules, ("options",))


def _chooser(**initial: Rule) -> Shape:
    return Shape(SELECT | initial)


ELEMENTS: dict[str, Shape] = {
    "button": BUTTON,
    "image": IMAGE_ELEMENT,
    "overflow": Shape(SELECT | {"options": items(OPTION, 5)}, ("options",)),
    "static_select": Shape(SELECT | CHOICES | {"initial_option": OPTION}),
    "multi_static_select": Shape(SELECT | CHOICES | MULTI | {"initial_options": items(OPTION, 100)}),
    "external_select": _chooser(initial_option=OPTION, min_query_length=anything),
    "multi_external_select": Shape(SELECT | MULTI | {"initial_options": items(OPTION, 100), "min_query_length": anything}),
    "users_select": _chooser(initial_user=anything),
    "multi_users_select": Shape(SELECT | MULTI | {"initial_users": anything}),
    "conversations_select": _chooser(
        initial_conversation=anything, default_to_current_conversation=anything, response_url_enabled=anything, filter=anything
    ),
    "multi_conversations_select": Shape(
        SELECT | MULTI | {"initial_conversations": anything, "default_to_current_conversation": anything, "filter": anything}
    ),
    "channels_select": _chooser(initial_channel=anything, response_url_enabled=anything),
    "multi_channels_select": Shape(SELECT | MULTI | {"initial_channels": anything}),
    "datepicker": _chooser(initial_date=anything),
    "timepicker": _chooser(initial_time=anything, timezone=anything),
    "datetimepicker": _chooser(initial_date_time=anything),
    "checkboxes": _options(10),
    "radio_buttons": _options(10),
    "plain_text_input": Shape(TYPED | {"multiline": anything, "min_length": anything, "max_length": anything}),
    "number_input": Shape(TYPED | {"is_decimal_allowed": anything, "min_value": anything, "max_value": anything}),
    "email_text_input": Shape(TYPED),
    "url_text_input": Shape(TYPED),
    "file_input": Shape(SELECT | {"filetypes": anything, "max_files": anything}),
    "feedback_buttons": Shape(
        {"type": anything, "action_id": ID, "positive_button": anything, "negative_button": anything},
        ("positive_button", "negative_button"),
    ),
    "icon_button": Shape(SELECT | {"icon": anything, "text": text(75, plain=True), "value": string(2000)}),
}
INPUTS = set(ELEMENTS) - {"button", "image", "overflow", "feedback_buttons", "icon_button"}
ACTIONS = set(ELEMENTS) - {"image", "file_input", "feedback_buttons", "icon_button"}
TABLE_CELL = anything

BASE: dict[str, Rule] = {"type": anything, "block_id": ID}
BLOCKS: dict[str, Shape] = {
    "header": Shape(BASE | {"text": text(150, plain=True), "level": anything}, ("text",)),
    "section": Shape(
        BASE
        | {
            "text": text(3000),
            "fields": items(text(2000), 10),
            "accessory": one_of(ELEMENTS, ACTIONS | {"image"}),
            "expand": anything,
        }
    ),
    "context": Shape(BASE | {"elements": items(text_or(one_of(ELEMENTS, {"image"}), 3000, {"image"}), 10)}, ("elements",)),
    "divider": Shape(BASE),
    "actions": Shape(BASE | {"elements": items(one_of(ELEMENTS, ACTIONS), 25)}, ("elements",)),
    "context_actions": Shape(BASE | {"elements": items(one_of(ELEMENTS, {"feedback_buttons", "icon_button"}), 5)}, ("elements",)),
    "image": Shape(
        BASE | {"image_url": string(3000), "slack_file": anything, "alt_text": string(2000), "title": text(2000, plain=True)},
        ("alt_text",),
    ),
    "input": Shape(
        BASE
        | {
            "label": text(2000, plain=True),
            "hint": text(2000, plain=True),
            "element": one_of(ELEMENTS, INPUTS),
            "optional": anything,
            "dispatch_action": anything,
        },
        ("label", "element"),
    ),
    "rich_text": Shape(BASE | {"elements": anything}, ("elements",)),
    "markdown": Shape(BASE | {"text": string(12000)}, ("text",)),
    "table": Shape(BASE | {"rows": items(items(TABLE_CELL, 20), 100), "column_settings": anything}, ("rows",)),
    "file": Shape(BASE | {"external_id": anything, "source": anything}),
    "video": Shape(
        BASE
        | dict.fromkeys(
            (
                "alt_text",
                "author_name",
                "description",
                "provider_icon_url",
                "provider_name",
                "thumbnail_url",
                "title",
                "title_url",
                "video_url",
            ),
            anything,
        )
    ),
    "alert": Shape(BASE | {"text": text(200), "level": anything}, ("text",)),
    "card": Shape(
        BASE
        | dict.fromkeys(("icon", "hero_image", "subtitle", "subtext"), anything)
        | {"title": text(150), "body": text(200), "actions": items(one_of(ELEMENTS, {"button"}), 3)}
    ),
    "carousel": Shape(BASE | {"elements": items(anything, 10)}, ("elements",)),
    "container": Shape(BASE | {"title": text(150, plain=True), "elements": items(anything, 10), "children": items(anything, 10)}),
    "plan": Shape(BASE | {"title": anything, "tasks": anything, "plan_id": anything}),
    "task_card": Shape(BASE | dict.fromkeys(("task_id", "title", "status", "details", "output", "sources"), anything)),
    "data_table": Shape(BASE | dict.fromkeys(("columns", "rows", "caption", "header"), anything)),
    "data_visualization": Shape(BASE | dict.fromkeys(("title", "chart", "series", "categories"), anything)),
}
NEVER_IN_MODALS = {"plan", "task_card", "table", "markdown", "context_actions"}
ONLY_IN_MODALS = {"alert"}
