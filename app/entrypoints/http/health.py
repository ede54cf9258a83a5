"""Is it alive, is it ready, and what do its own numbers say."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

Check = Callable[[], str]


def router(checks: Mapping[str, Check], needed: frozenset[str], registry: CollectorRegistry) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`. A check returns an empty string, or in words what is wrong; only the `needed`
    ones make the process unready: everything else may be down and the rest goes on.
    """
    routes = APIRouter()

    @routes.get("/healthz")
    def healthz() -> JSONResponse:
        return JSONResponse({"status": "alive"})

    @routes.get("/readyz")
    def readyz() -> JSONResponse:
        found = {name: check() for name, check in checks.items()}
        is_ready = not any(found[name] for name in needed if name in found)
        body = {
            "status": "ready" if is_ready else "not ready",
            "dependencies": {name: problem or "ok" for name, problem in found.items()},
        }
        return JSONResponse(body, 200 if is_ready else 503)

    @routes.get("/metrics")
    def metrics() -> PlainTextResponse:
        return PlainTextResponse(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes
