"""Plays the people of a drill through the workspace, as they would: asks, is refused, approves, resolves; keeps a transcript."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.drills.catalogue import APPROVER, ON_CALL
from app.drills.faults import Drill
from app.drills.shop.launcher import Shop
from app.workspace.control import Control

Found = TypeVar("Found")
_ENDING = r"[^\n]*\b(recovered|no change|worse|unknown outcome|did not run|refused|failed)\b[^\n]*"
ALERT_WITHIN_S, CARD_WITHIN_S, VERDICT_WITHIN_S = 90.0, 30.0, 120.0


class DrillFailed(Exception):
    """The service did not recover by the book; says at which step."""


@dataclass
class GameDay:
    """One drill against a running Sitrep. `say` prints a line of the transcript."""

    shop: Shop
    control: Control
    say: Callable[[str], None]
    started: float = field(default_factory=time.monotonic)

    def play(self, drill: Drill) -> None:
        """From the fault to the postmortem; raises DrillFailed where the book is left."""
        self._line(f"Drill {drill.name}: {drill.title}.")
        known = {channel["name"] for channel in self.control.channels()}
        self.shop.inject(drill.name)
        self._line(f"Broken: {drill.description}")
        channel = self._wait(lambda: self._new_channel(known), ALERT_WITHIN_S, "an incident channel")
        self._line(f"#{channel['name']} is open: an alert from the shop's own metrics arrived.")
        room = str(channel["id"])
        self._wait(lambda: self._text_with(room, "Tier:"), CARD_WITHIN_S, "the card with its findings")
        approval = self._wait(lambda: self._approval(room), CARD_WITHIN_S, "an approval card")
        self._line("Sitrep proposes: " + self._headline(approval))
        self._take_lead(room)
        self._ask_for_it(room, drill)
        approval = self._wait(lambda: self._asked_by_alice(room), CARD_WITHIN_S, "the approval card of Alice's request")
        proposal = self._proposal_of(approval)
        self._refused_for_alice(room, approval, proposal)
        self._approved_by_bob(room, approval)
        verdict = self._wait(lambda: self._verdict(room, str(approval["ts"])), VERDICT_WITHIN_S, "the probe's verdict")
        self._line(f"Probe: {verdict}")
        if "recovered" not in verdict.lower():
            raise DrillFailed(f"the probe says: {verdict}")
        self.control.slash(ON_CALL, room, "/inc", "resolve")
        self._wait(lambda: self._text_with(room, "postmortem"), CARD_WITHIN_S, "the postmortem")
        self._line("Alice resolves; the postmortem is drafted.")

    def _new_channel(self, known: set[str]) -> dict[str, Any] | None:
        found = [item for item in self.control.channels() if item["name"].startswith("inc-") and item["name"] not in known]
        return found[-1] if found else None

    def _messages(self, room: str, user: str = ON_CALL) -> list[dict[str, Any]]:
        return list(self.control.messages(room, user=user))

    def _text_with(self, room: str, words: str) -> str | None:
        for message in self._messages(room):
            text = text_of(message)
            if words.lower() in text.lower():
                return text
        return None

    def _approval(self, room: str) -> dict[str, Any] | None:
        return next((message for message in self._messages(room) if button_value(message, "approve")), None)

    def _asked_by_alice(self, room: str) -> dict[str, Any] | None:
        """The card that still waits and names Alice as the one who asked: only now may Bob's click count."""
        for message in self._messages(room):
            if button_value(message, "approve") and f"<@{ON_CALL}>" in text_of(message):
                return message
        return None

    def _proposal_of(self, message: dict[str, Any]) -> str:
        return button_value(message, "approve") or ""

    def _headline(self, message: dict[str, Any]) -> str:
        return text_of(message).strip().splitlines()[0]

    def _take_lead(self, room: str) -> None:
        self.control.slash(ON_CALL, room, "/inc", "lead")
        self._line("Alice takes the lead.")

    def _ask_for_it(self, room: str, drill: Drill) -> None:
        fix = drill.fix
        values = " ".join(
            f"{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in fix.parameters.items()
        )
        self.control.slash(ON_CALL, room, "/inc", f"propose {fix.action} {fix.target} {values}".strip())
        self._wait(lambda: self._text_with(room, "Asked for"), CARD_WITHIN_S, "the answer to Alice's request")
        self._line(f"Alice asks for it: /inc propose {fix.action} {fix.target} {values}")

    def _refused_for_alice(self, room: str, approval: dict[str, Any], proposal: str) -> None:
        if "low" in text_of(approval).lower() and "medium" not in text_of(approval).lower():
            return
        self.control.slash(ON_CALL, room, "/inc", f"approve {proposal}")
        self._wait(lambda: self._text_with(room, "needs a second person"), CARD_WITHIN_S, "the refusal of self-approval")
        self._line("Alice tries to approve her own request and is refused.")

    def _approved_by_bob(self, room: str, approval: dict[str, Any]) -> None:
        self.control.click(APPROVER, room, str(approval["ts"]), "approve")
        self._line("Bob clicks Approve.")

    def _verdict(self, room: str, ts: str) -> str | None:
        for message in self._messages(room):
            if str(message["ts"]) != ts:
                continue
            found = re.search(
                r"[^\n]*\b(recovered|no change|worse|unknown outcome|did not run|refused|failed)\b[^\n]*",
                text_of(message),
                re.IGNORECASE,
            )
            return found.group(0).strip() if found and not button_value(message, "approve") else None
        return None

    def _wait(self, look: Callable[[], Found | None], seconds: float, what: str) -> Found:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.25)
        raise DrillFailed(f"{what} did not come within {seconds:g} s")

    def _line(self, text: str) -> None:
        self.say(f"[{time.monotonic() - self.started:6.1f} s] {text}")


def text_of(message: dict[str, Any]) -> str:
    """Everything a message shows, as plain lines."""
    lines = [str(message.get("text", ""))]
    for block in message.get("blocks") or []:
        lines += _texts(block)
    return "\n".join(lines)


def button_value(message: dict[str, Any], action_id: str) -> str | None:
    """The value of a message's button, if it has that button."""
    for block in message.get("blocks") or []:
        for element in block.get("elements") or []:
            if isinstance(element, dict) and element.get("action_id") == action_id:
                return str(element.get("value", ""))
    return None


def _texts(node: object) -> list[str]:
    if isinstance(node, dict):
        found = [node["text"]] if isinstance(node.get("text"), str) else []
        return found + [
            text for key, value in node.items() if key != "text" or not isinstance(value, str) for text in _texts(value)
        ]
    if isinstance(node, list):
        return [text for item in node for text in _texts(item)]
    return []
