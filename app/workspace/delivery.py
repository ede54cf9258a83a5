"""Brings events, commands and clicks to the app, over its sockets or by signed HTTP, and minds whether it answers in time."""

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.workspace.clocks import WorkspaceClock
from app.workspace.config import WorkspaceConfig
from app.workspace.journal import Journal
from app.workspace.model import APP_ID, BOT_USER, TEAM_ID, Json

log = structlog.get_logger(__name__)

ACK_SECONDS = 3.0
STRICT_RETRIES = (0.0, 60.0, 300.0)
FRIENDLY_RETRIES = (0.0,)
MOST_SOCKETS = 10
MESSAGE_SUBSCRIPTIONS = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}


@dataclass(frozen=True)
class Answer:
    """What came back. `reason` is empty when the app answered in time; `payload` is what it put into its answer."""

    payload: Any = None
    reason: str = ""
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        """Whether the app answered in time."""
        return not self.reason


@dataclass
class Socket:
    """One open Socket Mode connection of the app."""

    id: str
    websocket: WebSocket


class Delivery:
    """Sends to the app. `warn` is called with a sentence when an event stays unanswered."""

    def __init__(self, config: WorkspaceConfig, clock: WorkspaceClock, journal: Journal, warn: Callable[[str], None]) -> None:
        self.sockets: list[Socket] = []
        self.on_sockets: Callable[[], None] = lambda: None
        self._config = config
        self._clock = clock
        self._journal = journal
        self._warn = warn
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._turn = 0
        self._connected = asyncio.Event()
        self._http: httpx.AsyncClient | None = None

    @property
    def connected(self) -> bool:
        """Whether the app can be reached: an open socket, or HTTP delivery is set up."""
        return bool(self.sockets) or self._config.http_events_url is not None

    def send_event(self, event: Json) -> None:
        """Deliver an inner event in the background, again as scheduled when the app does not answer."""
        if self._subscribed(event):
            self.spawn(self._event(self._event_payload(event)))

    async def ask(self, kind: str, payload: Json) -> Answer:
        """Deliver a command or an interaction once, and wait for the answer at most 3 seconds."""
        return await self._attempt(kind, payload, 0, "")

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something in the background until the workspace closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop all background work."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    # Sockets

    async def serve_socket(self, websocket: WebSocket, host: str) -> None:
        """Speak Socket Mode with the app until the connection ends."""
        await websocket.accept()
        if len(self.sockets) >= MOST_SOCKETS:
            await websocket.send_text(json.dumps({"type": "disconnect", "reason": "too_many_websockets"}))
            await websocket.close()
            return
        socket = Socket(secrets.token_hex(4), websocket)
        hello = {
            "type": "hello",
            "num_connections": len(self.sockets) + 1,
            "debug_info": {"host": host, "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP_ID},
        }
        await websocket.send_text(json.dumps(hello))
        self.sockets.append(socket)
        self._sockets_changed("socket.opened", socket)
        try:
            while True:
                self._acknowledge(await websocket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            log.debug("socket.ended", socket=socket.id)
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)
            self._sockets_changed("socket.closed", socket)

    async def drop(self, how: str, abort: Callable[[WebSocket], None]) -> int:
        """End every socket: `close`, `abort` (TCP reset), or a disconnect message with `how` as its reason."""
        dropped = list(self.sockets)
        for socket in dropped:
            if how == "abort":
                abort(socket.websocket)
            elif how == "close":
                await socket.websocket.close()
            else:
                message = {"type": "disconnect", "reason": how, "debug_info": {"host": "workspace"}}
                await socket.websocket.send_text(json.dumps(message))
        return len(dropped)

    def _sockets_changed(self, what: str, socket: Socket) -> None:
        self._journal.add("socket", what=what, socket=socket.id, open=len(self.sockets))
        if self.sockets:
            self._connected.set()
        else:
            self._connected.clear()
        self.on_sockets()

    def _acknowledge(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        future = self._waiting.get(message.get("envelope_id", "")) if isinstance(message, dict) else None
        if future is not None and not future.done():
            future.set_result(message.get("payload"))

    # Attempts

    async def _event(self, payload: Json) -> None:
        retries = STRICT_RETRIES if self._config.strict else FRIENDLY_RETRIES
        answer = await self._attempt("events_api", payload, 0, "")
        for number, delay in enumerate(retries, start=1):
            if answer.ok or answer.no_retry:
                return
            await self._before_retry(answer, delay)
            answer = await self._attempt("events_api", payload, number, answer.reason)
        if not answer.ok:
            self._warn(f"The app did not respond in time to {payload['event']['type']} ({answer.reason}).")

    async def _before_retry(self, answer: Answer, delay: float) -> None:
        await self._clock.sleep(delay)
        if answer.reason == "no_socket" and not self._config.strict:
            # In a demo the bot may start after the page: what people said until then still reaches it.
            await self._connected.wait()

    async def _attempt(self, kind: str, payload: Json, number: int, reason: str) -> Answer:
        record = self._journal.add("delivery", type=kind, payload=payload, attempt=number, acked=None)
        started = self._clock.now()
        if self._config.http_events_url:
            answer = await self._post(kind, payload, number, reason)
        else:
            answer = await self._send(kind, payload, number, reason, record)
        record |= {"acked": answer.ok, "answer": answer.payload, "reason": answer.reason}
        record["seconds"] = round(self._clock.now() - started, 3)
        return answer

    async def _send(self, kind: str, payload: Json, number: int, reason: str, record: Json) -> Answer:
        if not self.sockets:
            return Answer(reason="no_socket")
        self._turn += 1
        socket = self.sockets[self._turn % len(self.sockets)]
        envelope: Json = {"envelope_id": secrets.token_hex(16), "type": kind, "payload": payload}
        envelope["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        record |= {"socket": socket.id, "envelope_id": envelope["envelope_id"]}
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = future
        timer = asyncio.ensure_future(self._clock.sleep(ACK_SECONDS))
        try:
            await socket.websocket.send_text(json.dumps(envelope))
            await asyncio.wait({future, timer}, return_when=asyncio.FIRST_COMPLETED)
            return Answer(future.result()) if future.done() else Answer(reason="timeout")
        except (WebSocketDisconnect, RuntimeError):
            return Answer(reason="connection_failed")
        finally:
            timer.cancel()
            self._waiting.pop(envelope["envelope_id"], None)

    async def _post(self, kind: str, payload: Json, number: int, reason: str) -> Answer:
        if kind == "events_api":
            body, content_type = json.dumps(payload), "application/json"
        else:
            form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            body, content_type = urlencode(form), "application/x-www-form-urlencoded"
        headers = self.signature(body) | {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (local workspace)"}
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        if self._http is None:
            self._http = httpx.AsyncClient(trust_env=False, timeout=ACK_SECONDS)
        try:
            response = await self._http.post(str(self._config.http_events_url), content=body.encode(), headers=headers)
        except httpx.TimeoutException:
            return Answer(reason="http_timeout")
        except httpx.HTTPError:
            return Answer(reason="connection_failed")
        if not response.is_success:
            return Answer(reason="http_error", no_retry=response.headers.get("X-Slack-No-Retry") == "1")
        return Answer(_body(response))

    def signature(self, body: str) -> dict[str, str]:
        """The two headers by which the app knows that a request came from here."""
        timestamp = str(int(self._clock.wall()))
        digest = hmac.new(self._config.signing_secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    def _subscribed(self, event: Json) -> bool:
        if self._config.events is None:
            return True
        name = event["type"]
        if name == "message":
            name = MESSAGE_SUBSCRIPTIONS.get(event.get("channel_type", ""), "message.channels")
        return name in self._config.events

    def _event_payload(self, event: Json) -> Json:
        authorization = {
            "enterprise_id": None,
            "team_id": TEAM_ID,
            "user_id": BOT_USER,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": "local-verification-token",
            "team_id": TEAM_ID,
            "context_team_id": TEAM_ID,
            "context_enterprise_id": None,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": "Ev0" + secrets.token_hex(5).upper(),
            "event_time": int(self._clock.now()),
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
            "event_context": "4-" + secrets.token_hex(8),
        }


def _body(response: httpx.Response) -> Any:
    if not response.content:
        return None
    if response.headers.get("content-type", "").startswith("application/json"):
        return response.json()
    return response.text
