"""The door for people who decide by a signed link while the chat is down; opening the page decides nothing."""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.console.view import Views
from app.domain.approval import Decision
from app.domain.errors import ActionRefused, ApprovalRefused, BadInput
from app.domain.inventory import Inventory
from app.domain.proposal import Proposal
from app.domain.work import Task
from app.entrypoints.http.pages import Render, page_routes
from app.services.decide_by_link import DecideByLink
from app.services.propose import undo_words

MAX_FORM = 1_000


def router(
    views: Views, inventory: Inventory, by_link: DecideByLink, submit: Callable[[Sequence[Task]], None], hosts: frozenset[str]
) -> APIRouter:
    """`GET /decide/{token}` shows the exact action and two buttons; `POST` takes the decision and says what became of it."""
    routes, render = page_routes(views, hosts)

    @routes.get("/decide/{token}")
    def show(token: str) -> Response:
        try:
            grant, proposal = by_link.look(token)
        except ApprovalRefused as problem:
            return render("message.html", 403, title="This link cannot be used", problem=problem)
        return render(
            "decide.html",
            attempt=views.attempt(proposal.id),
            person=grant.person,
            ends_at=grant.expires_at,
            undo=_undo(proposal, inventory),
        )

    @routes.post("/decide/{token}")
    async def decide(token: str, request: Request) -> Response:
        decision = await _decision(request)
        return await _run(lambda: _decide(token, decision, by_link, submit, render))

    return routes


async def _run(work: Callable[[], Response]) -> Response:
    import anyio.to_thread

    return await anyio.to_thread.run_sync(work)


def _decide(
    token: str, decision: Decision, by_link: DecideByLink, submit: Callable[[Sequence[Task]], None], render: Render
) -> Response:
    try:
        reply, tasks = by_link(token, decision, "link")
    except ApprovalRefused as problem:
        return render("message.html", 403, title="Nothing was decided", problem=problem)
    submit(tasks)
    said = BadInput(reply, "It is on record. You may close this page; the incident's page shows what follows.")
    return render("message.html", title="Decided", problem=said)


def _undo(proposal: Proposal, inventory: Inventory) -> str:
    try:
        return undo_words(inventory.action(proposal.request.action), proposal.request, inventory)
    except ActionRefused as problem:
        return problem.message


async def _decision(request: Request) -> Decision:
    """The button that was pressed on our own page; raises BadInput for a form from elsewhere or of another shape."""
    origin = request.headers.get("origin", "")
    if origin and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise BadInput("This form came from another site.", "Open the link itself and press the button there.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            raise BadInput("This form is too large.", "Open the link itself and press the button there.")
    for decision in Decision:
        if body == f"decision={decision.value}".encode():
            return decision
    raise BadInput("This form says neither approve nor deny.", "Open the link itself and press the button there.")
