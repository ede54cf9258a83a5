"""Turns Slack's mrkdwn into safe HTML: everything is escaped, and links lead to http(s) only."""

import html
import re
from datetime import UTC, datetime

from markdown_it import MarkdownIt
from markupsafe import Markup

from app.workspace.emoji import with_emoji
from app.workspace.state import State

FENCE = re.compile(r"\n?```\n?(.*?)\n?```\n?", re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
TOKEN = re.compile(r"<([^<>\n]+)>")
BOUND_LEFT, BOUND_RIGHT = r"(?<![\w*_~])", r"(?![\w*_~])"
EMPHASIS = (
    (re.compile(BOUND_LEFT + r"\*(\S(?:[^*\n]*\S)?)\*" + BOUND_RIGHT), "strong"),
    (re.compile(BOUND_LEFT + r"_(\S(?:[^_\n]*\S)?)_" + BOUND_RIGHT), "em"),
    (re.compile(BOUND_LEFT + r"~(\S(?:[^~\n]*\S)?)~" + BOUND_RIGHT), "s"),
)
# Private-use characters hold the place of finished HTML while the rest is still being worked on.
OPEN, CLOSE = "\ue000", "\ue001"
HELD = re.compile(f"{OPEN}(\\d+){CLOSE}")
DATE_FORMATS = {
    "date_num": "%Y-%m-%d",
    "date_short_pretty": "%b %-d, %Y",
    "date_long_pretty": "%A, %B %-d, %Y",
    "date_pretty": "%B %-d, %Y",
    "date_short": "%b %-d, %Y",
    "date_long": "%A, %B %-d, %Y",
    "date": "%B %-d, %Y",
    "time_secs": "%H:%M:%S UTC",
    "time": "%H:%M UTC",
    "ago": "%H:%M UTC",
}


class Renderer:
    """Draws text; names come from the workspace's state. `reader` is the person looking, whose mentions stand out."""

    def __init__(self, state: State, reader: str = "") -> None:
        self._state = state
        self._reader = reader

    def mrkdwn(self, text: str) -> Markup:
        """Text of a message or a mrkdwn text object."""
        held: list[str] = []

        def hold(made: str) -> str:
            held.append(made)
            return f"{OPEN}{len(held) - 1}{CLOSE}"

        text = text.replace(OPEN, "").replace(CLOSE, "")
        text = FENCE.sub(lambda m: "\n" + hold(f"<pre>{_text(m[1])}</pre>") + "\n", text).strip("\n")
        text = CODE.sub(lambda m: hold(f"<code>{_text(m[1])}</code>"), text)
        text = TOKEN.sub(lambda m: hold(self._token(m[1])), text)
        text = _text(text)
        for pattern, tag in EMPHASIS:
            text = pattern.sub(rf"<{tag}>\1</{tag}>", text)
        text = _lines(with_emoji(text))
        while HELD.search(text):
            text = HELD.sub(lambda m: held[int(m[1])], text)
        text = text.replace("<br><pre>", "<pre>").replace("</pre><br>", "</pre>")
        return Markup(text)  # noqa: S704 - every part was escaped above

    def plain(self, text: str) -> Markup:
        """A plain_text object: emoji, no formatting."""
        return Markup(with_emoji(_text(text)).replace("\n", "<br>"))  # noqa: S704 - escaped by _text

    def text_object(self, value: dict[str, str] | None) -> Markup:
        """Either kind of text object."""
        if not value:
            return Markup("")
        return self.mrkdwn(value["text"]) if value.get("type") == "mrkdwn" else self.plain(value["text"])

    def markdown(self, text: str) -> Markup:
        """A markdown block; raw HTML in it is shown as text, images as links."""
        parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("image")
        parser.validateLink = _is_web_link  # type: ignore[assignment,method-assign,unused-ignore]
        made = parser.render(with_emoji(text)).replace("<a href=", '<a rel="noreferrer noopener" target="_blank" href=')
        return Markup(made)  # noqa: S704 - html is off, so the parser escapes

    def person(self, user_id: str, label: str = "") -> str:
        """A mention of a person."""
        user = self._state.users.get(user_id)
        name = user.handle if user else label or user_id
        mine = " me" if user_id == self._reader else ""
        title = html.escape(user.real_name if user else user_id, quote=True)
        return f'<span class="mention{mine}" title="{title}">@{_text(name)}</span>'

    def channel(self, channel_id: str, label: str = "") -> str:
        """A reference to a channel."""
        channel = self._state.channels.get(channel_id)
        if channel is None or (channel.kind != "channel" and self._reader not in channel.members):
            return f'<span class="mention">#{_text(label or "private channel")}</span>'
        return f'<a class="mention" href="?channel={channel.id}" data-open-channel="{channel.id}">#{_text(channel.name)}</a>'

    def _token(self, inner: str) -> str:
        target, _, label = inner.partition("|")
        if target.startswith("@"):
            return self.person(target[1:], label)
        if target.startswith("#"):
            return self.channel(target[1:], label)
        if target.startswith("!"):
            return self._special(target[1:], label)
        if _is_web_link(html.unescape(target)):
            return link(html.unescape(target), label)
        return _text(f"<{inner}>")

    def _special(self, target: str, label: str) -> str:
        kind, _, rest = target.partition("^")
        if kind == "date":
            return date(rest, label)
        if kind == "subteam":
            return f'<span class="mention{" me" if self._reader in self._state.usergroup_users else ""}">@oncall</span>'
        if kind in {"here", "channel", "everyone"}:
            return f'<span class="mention me">@{kind}</span>'
        return _text(label or f"<!{target}>")


def link(target: str, label: str = "") -> str:
    """A link that opens in another tab; the target must be a web address."""
    shown = _text(label) if label else html.escape(target)
    return f'<a href="{html.escape(target, quote=True)}" target="_blank" rel="noreferrer noopener">{with_emoji(shown)}</a>'


def date(rest: str, fallback: str) -> str:
    """`<!date^seconds^format|fallback>` in UTC; the page adds the local time on hover."""
    seconds, _, pattern = rest.partition("^")
    pattern = pattern.partition("^")[0]
    try:
        when = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return _text(fallback or rest)
    shown = re.sub(r"\{(\w+)\}", lambda m: when.strftime(DATE_FORMATS[m[1]]) if m[1] in DATE_FORMATS else m[0], pattern)
    return f'<time datetime="{when.isoformat()}">{_text(shown)}</time>'


def _is_web_link(target: str) -> bool:
    return bool(re.match(r"https?://[^\s]", target, re.IGNORECASE))


def _text(text: str) -> str:
    return html.escape(html.unescape(text), quote=True)


def _lines(text: str) -> str:
    made: list[str] = []
    quote: list[str] = []
    for line in [*text.split("\n"), None]:
        if line is not None and line.startswith("&gt;"):
            quote.append(line.removeprefix("&gt;").lstrip())
            continue
        if quote:
            made.append("<blockquote>" + "<br>".join(quote) + "</blockquote>")
            quote = []
        if line is not None:
            made.append(line)
    return "<br>".join(made).replace("</blockquote><br>", "</blockquote>").replace("<br><blockquote>", "<blockquote>")
