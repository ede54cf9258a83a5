"""What a wrong address answers: programs get `error` and `hint`, people a page that leads back."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from app.domain.errors import NotFound

Page = Callable[[NotFound], Response]
_FOR_PROGRAMS = ("/webhooks/", "/slack/", "/healthz", "/readyz", "/metrics")
_HINTS = {404: "Check the address; the front page and the README list what there is.", 405: "Use the method the README names."}


def add_to(api: FastAPI, page: Page, sources: frozenset[str]) -> None:
    """Answers every address and method that no route knows. `page` draws what people see, `sources` are the webhooks."""
    api.add_exception_handler(HTTPException, _handler(page, sources))  # type: ignore[arg-type]


def _handler(page: Page, sources: frozenset[str]) -> Callable[[Request, HTTPException], Awaitable[Response]]:
    async def answer(request: Request, problem: HTTPException) -> Response:
        path = request.url.path
        wants_page = request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", "")
        if problem.status_code == 404 and wants_page and not path.startswith(_FOR_PROGRAMS):
            return page(NotFound("There is no such page.", "The front page lists the incidents there are."))
        error, hint = _words(problem, path, sources)
        return JSONResponse({"error": error, "hint": hint}, problem.status_code, headers=problem.headers)

    return answer


def _words(problem: HTTPException, path: str, sources: frozenset[str]) -> tuple[str, str]:
    if problem.status_code == 404 and path.startswith("/webhooks/"):
        return f"No webhook is called '{path.removeprefix('/webhooks/')[:40]}'.", f"Send to one of: {', '.join(sorted(sources))}."
    words = {404: "There is nothing at this address.", 405: "This address does not take that method."}
    return words.get(problem.status_code, str(problem.detail)), _HINTS.get(problem.status_code, "Mend the request and try again.")
