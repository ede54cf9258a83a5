"""What every page of Sitrep shares: host check, headers that keep a page alone, errors in words, templates."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from fastapi.routing import APIRoute

from app.adapters.documents.safe_text import visible
from app.console.view import Views
from app.domain.errors import BadInput, NotFound, SitrepError, Unavailable
from app.domain.wording import duration
from app.ports.clock import Clock

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

Handle = Callable[[Request], Coroutine[Any, Any, Response]]
Render = Callable[..., HTMLResponse]


def page_routes(views: Views, hosts: frozenset[str]) -> tuple[APIRouter, Render]:
    """Routes for pages on this machine's names and `hosts`, and the function that renders a template of the console."""
    render = _renderer(views, views.clock)
    return APIRouter(route_class=_guarded(LOOPBACK | hosts, render), default_response_class=HTMLResponse), render


def lost_page(clock: Clock) -> Callable[[NotFound], Response]:
    """Draws the page for an address that nothing answers, in the console's look."""
    templates = _templates()

    def page(problem: NotFound) -> Response:
        html = templates.get_template("message.html").render(now=clock.now().astimezone(UTC), title="Not found", problem=problem)
        return HTMLResponse(html, 404, {**_HEADERS, "Content-Security-Policy": _PAGE_POLICY})

    return page


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
    except BadInput as problem:
        return render("message.html", 400, title="This cannot be understood", problem=problem)
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
