"""The workspace in a browser: rendered here, kept live by small notices that make the page fetch what changed."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from app.workspace.core import Core
from app.workspace.emoji import drawn
from app.workspace.errors import ApiError
from app.workspace.guard import refuse_strangers
from app.workspace.model import BOT_USER, Channel, Json, User
from app.workspace.mrkdwn import Renderer
from app.workspace.page_view import PageView, plain_summary
from app.workspace.rich_text import rich_text, table_rows

HERE = Path(__file__).parent
REGIONS = {"sidebar": "_sidebar", "header": "_header", "messages": "_messages", "side": "_thread", "modal": "_modal"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
AVATAR_COLOURS = 8


class Page:
    """Renders the workspace for whichever person the address names (`?as=alice`)."""

    def __init__(self, core: Core) -> None:
        self._core = core
        loader = FileSystemLoader(HERE / "templates")
        self._templates = Environment(
            loader=loader, autoescape=True, undefined=ChainableUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.globals |= {"drawn": drawn, "summary": plain_summary, "avatar": avatar, "local_time": local_time}
        self._templates.globals["picture_source"] = self._picture_source
        self._templates.filters["person_name"] = lambda user_id: core.state.users[user_id].real_name

    def routes(self) -> list[BaseRoute]:
        """The paths of the page."""
        return [
            Route("/", self.whole),
            Route("/_page/regions", self.regions),
            Route("/_page/events", self.events),
            Route("/_page/file/{file_id}", self.file),
            Route("/archives/{channel}/p{digits}", self.permalink),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]

    async def whole(self, request: Request) -> Response:
        """The whole page."""
        if refusal := refuse_strangers(request):
            return refusal
        context = self._context(request)
        return Response(self._templates.get_template("page.html").render(context), media_type="text/html", headers=HEADERS)

    async def regions(self, request: Request) -> Response:
        """Every part of the page that can change, as HTML by name."""
        if refusal := refuse_strangers(request):
            return refusal
        context = self._context(request)
        parts = {name: self._templates.get_template(f"{file}.html").render(context) for name, file in REGIONS.items()}
        parts["facts"] = context["facts"]
        return JSONResponse(parts, headers=HEADERS)

    async def events(self, request: Request) -> Response:
        """The stream of notices."""
        if refusal := refuse_strangers(request):
            return refusal
        return StreamingResponse(self._core.feed.stream(), media_type="text/event-stream", headers=HEADERS)

    async def file(self, request: Request) -> Response:
        """An uploaded file. Only pictures are shown in place, all else is a download."""
        if refusal := refuse_strangers(request):
            return refusal
        file = self._core.state.files.get(request.path_params["file_id"])
        if file is None or file.content is None:
            return Response("This file is not here.", 404)
        headers = HEADERS | {"Content-Security-Policy": "default-src 'none'; sandbox"}
        if not file.is_image:
            safe = "".join(one if one.isalnum() or one in "._-" else "_" for one in file.name)
            headers |= {"Content-Disposition": f'attachment; filename="{safe}"'}
        return Response(file.content, media_type=file.mimetype if file.is_image else "text/plain", headers=headers)

    async def permalink(self, request: Request) -> Response:
        """Where a message's permanent address leads."""
        digits = request.path_params["digits"]
        address = f"/?channel={request.path_params['channel']}&at={digits[:-6]}.{digits[-6:]}"
        if thread := request.query_params.get("thread_ts"):
            address += f"&thread={thread}"
        return RedirectResponse(address)

    def _context(self, request: Request) -> Json:
        query = request.query_params
        reader = self._reader(query.get("as") or request.cookies.get("persona", "alice"))
        view = PageView(self._core, reader)
        channel = view.choose(query.get("channel", ""))
        thread_ts = query.get("thread", "")
        thread = view.thread(channel, thread_ts) if thread_ts else []
        theme = query.get("theme") or request.cookies.get("theme", "")
        renderer = Renderer(self._core.state, reader.id)
        home = self._core.state.views.get(self._core.state.homes.get(reader.id, ""))
        with_bot = channel.kind == "im" and BOT_USER in channel.members
        modal = self._core.modals.top(reader)
        return {
            "config": self._core.config,
            "connected": self._core.delivery.connected,
            "warnings": self._core.warnings,
            "theme": theme if theme in {"light", "dark"} else "",
            "view": view,
            "reader": reader,
            "users": [one for one in self._core.state.users.values() if not one.is_bot],
            "everyone": list(self._core.state.users.values()),
            "channel": channel,
            "title": view.title(channel),
            "is_member": reader.id in channel.members,
            "rows": view.conversation(channel),
            "pinned": view.pinned(channel),
            "thread_ts": thread_ts if thread else "",
            "thread_rows": thread,
            "modal": modal,
            "home": home,
            "with_bot": with_bot,
            "tab": "home" if with_bot and query.get("tab") == "home" else "messages",
            "facts": self._facts(reader, channel),
            "mrkdwn": renderer.mrkdwn,
            "markdown": renderer.markdown,
            "text_object": renderer.text_object,
            "rich_text": lambda block: rich_text(renderer, block),
            "table_rows": lambda block: table_rows(renderer, block),
            "channels_of_all": self._core.state.visible_channels(reader.id),
        }

    def _facts(self, reader: User, channel: Channel) -> Json:
        """What the page's script needs to know: where it is, and what completion may offer."""
        commands = [
            {
                "command": one.command,
                "description": one.description,
                "hint": one.usage_hint,
                "verbs": [{"name": verb.name, "description": verb.description} for verb in one.verbs],
            }
            for one in self._core.config.slash_commands
        ]
        users = [{"name": one.handle, "description": one.real_name} for one in self._core.state.users.values()]
        users.append({"name": "oncall", "description": "Whoever carries the pager now"})
        visible = [one for one in self._core.state.visible_channels(reader.id) if not one.is_direct]
        return {
            "as": reader.handle,
            "channel": channel.id,
            "latest": channel.messages[-1].ts if channel.messages else "0",
            "commands": commands,
            "users": users,
            "channels": [{"name": one.name, "description": one.purpose["value"]} for one in visible],
            "shortcuts": [
                {"callback_id": one.callback_id, "name": one.name} for one in self._core.config.shortcuts if one.kind == "global"
            ],
        }

    def _picture_source(self, holder: Json) -> str:
        """Where this page gets a picture: from the workspace's own files, or nowhere."""
        slack_file = holder.get("slack_file") or {}
        address = str(holder.get("image_url") or slack_file.get("url") or "")
        named = re.search(r"/files-pri/[A-Z0-9]+-([A-Z0-9]+)/", address)
        file = self._core.state.files.get(named[1] if named else str(slack_file.get("id", "")))
        return f"/_page/file/{file.id}" if file and file.is_image else ""

    def _reader(self, name: str) -> User:
        try:
            found = self._core.state.person(name)
        except ApiError:
            found = self._core.state.person("alice")
        return found if not found.is_bot else self._core.state.person("alice")


def avatar(user: User) -> dict[str, Any]:
    """Initials and a colour number that stays the same for a person."""
    return {"initials": user.initials, "colour": sum(map(ord, user.id)) % AVATAR_COLOURS, "bot": user.is_bot}


def local_time(seconds: int | None) -> str:
    """A moment as the browser's date and time field takes it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M") if seconds else ""
