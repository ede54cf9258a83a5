"""Keeps other web pages from driving or reading the workspace: loopback names only, and no cross-site requests."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def refuse_strangers(request: Request) -> Response | None:
    """A refusal when the request did not come from this machine's own page or tools; None when it may go on."""
    host = request.headers.get("host", "")
    if (urlsplit("//" + host).hostname or "") not in LOOPBACK:
        return _refused("This door answers on loopback names only. Use http://127.0.0.1 or http://localhost.")
    if request.method in {"GET", "HEAD"}:
        return None
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in {None, "same-origin", "none"} or (origin is not None and origin != f"{request.url.scheme}://{host}"):
        return _refused("Another web page may not drive the workspace.")
    if not request.headers.get("content-type", "").startswith("application/json"):
        return _refused("Send JSON with the content type application/json.", 415)
    return None


def _refused(text: str, status: int = 403) -> Response:
    return JSONResponse({"ok": False, "error": text}, status)
