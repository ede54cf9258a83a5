"""The door for browsers: pages that show incidents, read-only, to people on this machine or the configured host."""

from collections.abc import Collection
from importlib import resources

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from app.console.view import NameOf, Views
from app.domain.errors import NotFound
from app.domain.inventory import Inventory
from app.entrypoints.http.pages import Render, page_routes
from app.ports.clock import Clock
from app.ports.documents import Documents
from app.ports.store import Store

_DOCUMENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_STATIC = {"console.css": "text/css", "console.js": "text/javascript"}
_MAX_QUESTION = 200


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
    routes, render = page_routes(views, frozenset(hosts))
    _add_pages(routes, views, render)
    _add_papers(routes, views)
    _add_static(routes)
    return routes


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
