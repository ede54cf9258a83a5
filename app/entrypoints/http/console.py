"""The door for browsers: pages that show incidents, read-only, to people on this machine or the configured host."""

from collections.abc import Callable, Collection, Coroutine, Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from fastapi.routing import APIRoute

from app.adapters.documents.safe_text import visible
from app.console.view import NameOf, Views
from app.domain.errors import NotFound, SitrepError, Unavailable
from app.domain.inventory import Inventory
from app.domain.wording import duration
from app.ports.clock import Clock
from app.ports.documents import Documents
from app.ports.store import Store

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

log = structlog.get_logger()

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_DOCUMENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_STATIC = {"console.css": "text/css", "console.js": "text/javascript"}
_MAX_QUESTION = 200

Handle = Callable[[Request], Coroutine[Any, Any, Response]]
Render = Callable[..., HTMLResponse]


def router(
    store: Store,
    inventory: Inventory,
    clock: Clock,
    documents: Documents,
    *,
    hosts: Collection[str] = (),
    name_of: NameOf = str,
) -> APIRouter:
    """`/`, `/incidents/{n}` and its postmortem, plot and markdown. Requests whose Host header names neither this machine
    nor one of `hosts` are refused, so that no other site's name can be pointed here. `documents` draws a preview
    while no draft is stored, and `name_of` turns a chat id into a name.
    """
    views = Views(store, inventory, clock, documents, name_of)
    render = _renderer(views, clock)
    routes = APIRouter(route_class=_guarded(LOOPBACK | frozenset(hosts), render), default_response_class=HTMLResponse)
    _add_pages(routes, views, render)
    _add_papers(routes, views)
    _add_static(routes)
    return routes


def lost_page(clock: Clock) -> Callable[[NotFound], Response]:
    """Draws the page for an address that nothing answers, in the console's look."""
    templates = _templates()

    def page(problem: NotFound) -> Response:
        html = templates.get_template("message.html").render(now=clock.now().astimezone(UTC), title="Not found", problem=problem)
        return HTMLResponse(html, 404, {**_HEADERS, "Content-Security-Policy": _PAGE_POLICY})

    return page


def _add_pages(routes: APIRouter, views: Views, render: Render) -> None:
    @routes.get("/")
    def incidents(q: str = "") -> Response:
        return render("incidents.html", page=views.incidents(q[:_MAX_QUESTION]))

    @routes.get("/incidents/{number}")
    def incident(number: str) -> Response:
        return render("incident.html", page=views.incident(_number(number)))


def _add_papers(routes: APIRouter, views: Views) -> None:
    @routes.get("/incidents/{number}/postmortem")
    def postmortem(number: str) -> Response:
        html = views.postmortem(_number(number)).html
        return HTMLResponse(html, headers={"Content-Security-Policy": _DOCUMENT_POLICY})

    @routes.get("/incidents/{number}/postmortem.md")
    def markdown(number: str) -> Response:
        return PlainTextResponse(views.postmortem(_number(number)).markdown, media_type="text/markdown")

    @routes.get("/incidents/{number}/plot.png")
    def plot(number: str) -> Response:
        png = views.postmortem(_number(number)).plot_png
        if not png:
            raise NotFound(f"INC-{_number(number)} has no plot.", "No metric could be read while it lasted.")
        return Response(png, media_type="image/png")


def _add_static(routes: APIRouter) -> None:
    @routes.get("/console/{name}")
    def static(name: str) -> Response:
        if name not in _STATIC:
            raise NotFound("There is no such file.", "The front page lists the incidents there are.")
        body = resources.files("app.console").joinpath("static", name).read_bytes()
        return Response(body, media_type=_STATIC[name], headers={"Cache-Control": "max-age=60"})


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise NotFound(f"“{text[:40]}” is not the number of an incident.", "The front page lists the ones there are.")
    return int(text)


def _guarded(hosts: frozenset[str], render: Render) -> type[APIRoute]:
    """A route that checks the Host header, turns errors into pages in words, and sets the headers that keep a page alone."""

    class Guarded(APIRoute):
        def get_route_handler(self) -> Handle:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                response = await _answer(handle, request, hosts, render)
                for name, value in {**_HEADERS, "Content-Security-Policy": _PAGE_POLICY}.items():
                    response.headers.setdefault(name, value)
                return response

            return guarded

    return Guarded


async def _answer(handle: Handle, request: Request, hosts: frozenset[str], render: Render) -> Response:
    host = _host(request.headers)
    if host not in hosts:
        log.warning("console.host_refused", host=host[:100])
        hint = "Open it as http://localhost, or add this name to the hosts the console answers to."
        return PlainTextResponse(f"The console does not answer to this host name. {hint}\n", 421)
    try:
        return await handle(request)
    except NotFound as problem:
        return render("message.html", 404, title="Not found", problem=problem)
    except Unavailable as problem:
        log.warning("console.unavailable", problem=str(problem))
        return render("message.html", 503, title="Not available now", problem=problem)
    except SitrepError as problem:
        log.warning("console.failed", problem=str(problem))
        return render("message.html", 500, title="This page could not be shown", problem=problem)


def _host(headers: Mapping[str, str]) -> str:
    """The name in the Host header, in lower case, without its port or an IPv6 address's brackets."""
    value = headers.get("host", "").strip().lower()
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.partition(":")[0].rstrip(".")


def _renderer(views: Views, clock: Clock) -> Render:
    templates = _templates()
    templates.filters["name"] = views.name
    templates.filters["words"] = views.words

    def render(template: str, status: int = 200, **values: object) -> HTMLResponse:
        html = templates.get_template(template).render(now=clock.now().astimezone(UTC), **values)
        return HTMLResponse(html, status)

    return render


def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("app.console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["utc"] = _utc
    templates.filters["ago"] = _ago
    templates.filters["ticked"] = _ticked
    templates.filters["spaced"] = _spaced
    return templates


def _shown(value: object) -> object:
    """Text with its invisible characters spelled out; markup made by templates is left alone."""
    return visible(value) if type(value) is str else value


def _utc(moment: datetime, now: datetime) -> str:
    there = moment.astimezone(UTC)
    today = now.astimezone(UTC).date()
    if there.date() == today:
        return there.strftime("%H:%M:%S UTC")
    return there.strftime("%d %b %H:%M UTC" if there.year == today.year else "%d %b %Y %H:%M UTC")


def _ago(moment: datetime, now: datetime) -> str:
    return duration(max((now - moment).total_seconds(), 0.0))


def _ticked(text: str) -> "Markup":
    """Words between backticks as code; everything is escaped first, so that nothing else becomes markup."""
    from markupsafe import Markup, escape

    return Markup("").join(
        Markup("<code>{}</code>").format(part) if position % 2 else escape(part)
        for position, part in enumerate(visible(text).split("`"))
    )


def _spaced(text: str) -> str:
    return text.replace("_", " ")
