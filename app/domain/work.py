"""Durable work: named tasks in lanes, and things that fall due."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.domain.canonical import Json


class Lane(StrEnum):
    """Work that must not wait for other work: control (approvals, commands, intake), think (investigation),
    act (running approved actions) and send (what goes to the chat).
    """

    CONTROL = "control"
    THINK = "think"
    ACT = "act"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do soon, at least once; handlers are idempotent. Two tasks with one `id` are one task."""

    id: str
    lane: Lane
    name: str
    payload: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Due:
    """Something to do at a time; claimed once. `key` names it, so that planning it again moves it."""

    key: str
    kind: str
    due_at: datetime
    payload: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that came through a door, kept whole until it is handled. `key` is unique per delivery."""

    key: str
    source: str
    payload: Mapping[str, Json]
    received_at: datetime
