"""The workspace in a terminal: reads a channel live, writes, types commands and presses buttons."""

import argparse
import contextlib
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from app.workspace.control import Control, Refused

HELP = "Type to write · /command text · :click N · :as bob · :join channel · :channels · :help · :quit"
REFERENCE = re.compile(r"<([@#!]?)([^<>|]+)(?:\|@?([^<>]+))?>")


class Terminal:
    """One person in one channel. `show` prints a line."""

    def __init__(self, control: Control, user: str, channel: str, show: Callable[[str], None]) -> None:
        self.user = user
        self.channel = channel
        self._control = control
        self._show = show
        self._seen: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._buttons: list[tuple[str, str, str, str]] = []
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Show what is new or changed since the last look."""
        with self._lock:
            if not self._names:
                self._names = {one["id"]: one["name"] for one in self._control.state()["users"]}
            for message in self._control.messages(self.channel, self.user):
                drawn = self._drawn(message)
                if self._seen.get(message["ts"]) != drawn:
                    changed = message["ts"] in self._seen
                    self._seen[message["ts"]] = drawn
                    self._show(self._numbered(message, drawn, changed=changed))

    def take(self, line: str) -> bool:
        """Do what a typed line says; False ends the session."""
        word, _, rest = line.strip().partition(" ")
        if word == ":quit":
            return False
        try:
            self._obey(word, rest.strip(), line.strip())
        except Refused as refused:
            self._show(f"! {refused}")
        return True

    def _obey(self, word: str, rest: str, line: str) -> None:
        own: dict[str, Callable[[str], None]] = {
            ":click": self._click,
            ":as": self._become,
            ":join": self._enter,
            ":channels": lambda _: self._list(),
            ":help": lambda _: self._show(HELP),
        }
        if word in own:
            own[word](rest)
        elif word.startswith(":") and word[1:].isalpha():
            self._show(f"! There is no {word}. {HELP}")
        elif line.startswith("/"):
            self._control.slash(self.user, self.channel, word, rest)
        elif line:
            self._control.post(self.user, self.channel, line)

    def _click(self, number: str) -> None:
        if not number.isdigit() or not 0 < int(number) <= len(self._buttons):
            self._show(f"! There is no button {number!r}. Buttons have numbers in brackets.")
            return
        channel, ts, action_id, value = self._buttons[int(number) - 1]
        self._control.click(self.user, channel, ts, action_id, value or None)

    def _become(self, user: str) -> None:
        self.user, self._seen = user, {}
        self._show(f"-- you are {user} in #{self.channel}")
        self.refresh()

    def _enter(self, channel: str) -> None:
        name = channel.lstrip("#")
        self._control.join(self.user, name)
        self.channel, self._seen = name, {}
        self._show(f"-- #{name}")
        self.refresh()

    def _list(self) -> None:
        for one in self._control.channels():
            if one["name"]:
                self._show(f"   #{one['name']}  {one['topic'] or one['purpose']}")

    def _drawn(self, message: dict[str, Any]) -> str:
        lines = block_lines(message.get("blocks", [])) or [message.get("text", "")]
        lines += [f"[file] {file['title']}" for file in message.get("files", [])]
        return "\n".join(self._readable(line) for line in lines)

    def _numbered(self, message: dict[str, Any], drawn: str, *, changed: bool) -> str:
        buttons = [one for one in elements(message.get("blocks", [])) if one["type"] == "button"]
        first = len(self._buttons) + 1
        for one in buttons:
            self._buttons.append((self.channel, message["ts"], one.get("action_id", ""), one.get("value", "")))
        pressed = "  ".join(f"[{number}] {one['text']['text']}" for number, one in enumerate(buttons, start=first))
        name = self._names.get(message.get("user", ""), message.get("user", ""))
        when = time.strftime("%H:%M", time.gmtime(float(message["ts"])))
        notes = ["only visible to you"] if message.get("ephemeral_to") else []
        notes += ["edited"] if changed else []
        notes += ["in a thread"] if message.get("thread_ts", message["ts"]) != message["ts"] else []
        head = f"{when} {name}" + (f" ({', '.join(notes)})" if notes else "")
        body = "\n".join("      " + line for line in [*drawn.split("\n"), pressed] if line)
        return f"{head}\n{body}"

    def _readable(self, text: str) -> str:
        def named(match: re.Match[str]) -> str:
            sign = "@" if match[1] == "!" else match[1]
            return sign + (match[3] or self._names.get(match[2], match[2]))

        return REFERENCE.sub(named, text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def block_lines(blocks: list[dict[str, Any]]) -> list[str]:
    """Blocks as plain lines."""
    lines: list[str] = []
    for block in blocks:
        texts = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
        if block["type"] == "divider":
            lines.append("-" * 40)
        for one in texts:
            if isinstance(one, str):
                lines += one.split("\n")
            elif isinstance(one, dict) and isinstance(one.get("text"), str):
                lines += one["text"].split("\n")
        for row in block.get("rows", []):
            lines.append("  ".join(str(cell.get("text", "")) for cell in row))
    return lines


def elements(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every element with an action id, in reading order."""
    found = [one for block in blocks for one in [*block.get("elements", []), block.get("accessory")] if isinstance(one, dict)]
    return [one for one in found if "action_id" in one]


def main(arguments: list[str] | None = None) -> int:
    """Run until `:quit` or the end of input."""
    parser = argparse.ArgumentParser(prog="python -m app.workspace.terminal", description=__doc__)
    parser.add_argument("--url", required=True, help="where the workspace listens, for example http://127.0.0.1:8090")
    parser.add_argument("--as", dest="user", default="alice", help="who you are: alice, bob, carol or gita")
    parser.add_argument("--channel", default="general", help="the channel to start in")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    with Control(options.url) as control:
        terminal = Terminal(control, options.user, options.channel, lambda text: print(text, flush=True))
        print(f"You are {options.user} in #{options.channel}. {HELP}", flush=True)
        try:
            terminal.refresh()
        except httpx.HTTPError as lost:
            print(f"No workspace answers at {options.url} ({lost}). Start one, or correct --url.", file=sys.stderr)
            return 1
        watcher = threading.Thread(target=_watch, args=(terminal, stop), daemon=True)
        watcher.start()
        with contextlib.suppress(KeyboardInterrupt):
            for line in sys.stdin:
                if not terminal.take(line):
                    break
        terminal.refresh()
        stop.set()
        watcher.join()
    return 0


def _watch(terminal: Terminal, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        # A workspace that restarts is back a moment later; its own messages say what was lost.
        with contextlib.suppress(httpx.HTTPError, Refused):
            terminal.refresh()


if __name__ == "__main__":
    sys.exit(main())
