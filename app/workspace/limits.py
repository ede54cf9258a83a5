"""Refuses what Slack would refuse: messages, modals and channel names that break its limits."""

import re

from app.workspace.block_kit import BLOCKS, NEVER_IN_MODALS, ONLY_IN_MODALS
from app.workspace.block_rules import Report, Shape, action_ids, anything, count_text, one_of, string, text
from app.workspace.errors import ApiError
from app.workspace.model import Json

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
# Not documented: refused at 11,341 characters, accepted at 9,597.
MESSAGE_CHARACTERS = 11_000
TEXT_CHARACTERS = 40_000
UPDATE_TEXT_CHARACTERS = 4_000
CHANNEL_NAME_CHARACTERS = 80
TOPIC_CHARACTERS = 250
VIEW = Shape(
    {
        "type": anything,
        "title": text(24, plain=True),
        "submit": text(24, plain=True),
        "close": text(24, plain=True),
        "blocks": anything,
        "private_metadata": string(3000),
        "callback_id": string(255),
        "external_id": string(255),
        "clear_on_close": anything,
        "notify_on_close": anything,
        "submit_disabled": anything,
        "app_home": anything,
    },
    ("type", "blocks"),
)


def block_faults(blocks: object, surface: str, most: int) -> list[str]:
    """What is wrong with these blocks on this surface (message, modal or home), in Slack's wording."""
    report = Report(surface)
    if not isinstance(blocks, list):
        return ["must be an array [json-pointer:/blocks]"]
    if len(blocks) > most:
        report.add(f"no more than {most} items allowed", "/blocks")
    known = one_of(BLOCKS, what="block")
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        pointer = f"/blocks/{index}"
        known(report, block, pointer)
        if isinstance(block, dict):
            _check_surface(report, block, pointer)
            _check_ids(report, block, pointer, seen)
    return report.faults


def check_message(text_value: str, blocks: list[Json], attachments: list[Json]) -> None:
    """Refuse a message Slack would refuse; raises `no_text`, `invalid_blocks` or `msg_blocks_too_long`."""
    if not text_value and not blocks and not attachments:
        raise ApiError("no_text")
    if faults := block_faults(blocks, "message", MESSAGE_BLOCKS):
        raise refusal("invalid_blocks", faults)
    for index, attachment in enumerate(attachments):
        inner = block_faults(attachment.get("blocks", []), "message", MESSAGE_BLOCKS)
        if inner:
            raise refusal("invalid_attachments", [fault.replace("/blocks", f"/attachments/{index}/blocks", 1) for fault in inner])
    if count_text(blocks) + count_text(attachments) > MESSAGE_CHARACTERS:
        raise ApiError("msg_blocks_too_long")


def check_view(view: Json, *, home: bool = False) -> None:
    """Refuse a view Slack would refuse; raises `invalid_arguments` naming each place."""
    report = Report("home" if home else "modal")
    VIEW(report, view, "/view")
    if view.get("type") != ("home" if home else "modal"):
        report.add(f"must be {'home' if home else 'modal'}", "/view/type")
    if not home and "title" not in view:
        report.add("missing required field: title", "/view")
    blocks = view.get("blocks", [])
    faults = report.faults + [
        one.replace(":/blocks", ":/view/blocks") for one in block_faults(blocks, report.surface, VIEW_BLOCKS)
    ]
    has_input = any(isinstance(one, dict) and one.get("type") == "input" for one in blocks)
    if not home and has_input and "submit" not in view:
        faults.append("`submit` is required when an `input` block is within blocks array [json-pointer:/view/submit]")
    if faults:
        raise refusal("invalid_arguments", faults)


def refusal(error: str, faults: list[str]) -> ApiError:
    """The error object in which Slack names what is wrong and where."""
    return ApiError(error, errors=faults, response_metadata={"messages": [f"[ERROR] {fault}" for fault in faults]})


def check_channel_name(name: str) -> None:
    """Refuse a name that no channel may have."""
    if not name:
        raise ApiError("invalid_name_required")
    if len(name) > CHANNEL_NAME_CHARACTERS:
        raise ApiError("invalid_name_maxlength")
    if not re.search(r"[^\W_]", name):
        raise ApiError("invalid_name_punctuation")
    if name != name.lower() or re.search(r"[^\w-]", name):
        raise ApiError("invalid_name_specials")


def _check_surface(report: Report, block: Json, pointer: str) -> None:
    kind = block.get("type")
    if report.surface == "modal" and kind in NEVER_IN_MODALS:
        report.add(f"unsupported type: {kind} in modals", f"{pointer}/type")
    if report.surface != "modal" and kind in ONLY_IN_MODALS:
        report.add(f"unsupported type: {kind} outside modals", f"{pointer}/type")
    if kind == "section" and not (block.get("text") or block.get("fields")):
        report.add("missing required field: text or fields", pointer)
    if kind == "image" and not (block.get("image_url") or block.get("slack_file")):
        report.add("missing required field: image_url or slack_file", pointer)


def _check_ids(report: Report, block: Json, pointer: str, seen: set[str]) -> None:
    block_id = block.get("block_id")
    if isinstance(block_id, str) and block_id:
        if block_id in seen:
            report.add(f"block_id already exists: {block_id}", f"{pointer}/block_id")
        seen.add(block_id)
    ids = action_ids(block)
    for action_id in sorted({one for one in ids if ids.count(one) > 1}):
        report.add(f"action_id {action_id!r} already exists in this block", f"{pointer}/elements")
