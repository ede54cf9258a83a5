"""The Slack app: one listener for each thing people can do, and each of them only keeps it and says so."""

import asyncio
import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp
import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext, AsyncRespond
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.domain.canonical import Json
from app.domain.errors import Unavailable
from app.entrypoints.slack_bot import parse
from app.entrypoints.slack_bot.modals import DECLARE, MENU, View, declare_form, menu_form
from app.entrypoints.slack_bot.parse import Body, Parcel

log = structlog.get_logger(__name__)

Deliver = Callable[[str, str, Mapping[str, Json]], bool]

SLACK_API_URL = "https://slack.com/api/"
# Slack waits three seconds for an answer; saying "not saved" in time beats a timeout.
_SAVE_WITHIN_S = 2.4
_OPEN_WITHIN_S = 2.0
_NOT_SAVED = "Sitrep could not save this, so nothing was done. Try again in a moment."
_STRANGER = "This belongs to another workspace, so Sitrep does not act on it."
_WIRE_ERRORS = (SlackClientError, aiohttp.ClientError, OSError, TimeoutError, ValueError)
# Every event the app listens to; the manifest subscribes to exactly these.
EVENTS = ("app_mention", "message", "reaction_added", "reaction_removed", "pin_added", "pin_removed")

Reader = Callable[[Body, str], Parcel | None]
_READERS: Mapping[str, Reader] = {
    "app_mention": parse.mention,
    "message": parse.message,
    "reaction_added": lambda body, _bot: parse.reaction(body),
    "reaction_removed": lambda body, _bot: parse.reaction(body),
    "pin_added": lambda body, _bot: parse.pin(body),
    "pin_removed": lambda body, _bot: parse.pin(body),
}


def build_app(
    *,
    bot_token: str,
    deliver: Deliver,
    signing_secret: str = "",
    base_url: str = SLACK_API_URL,
    command: str = "/inc",
    timeout_s: int = 10,
) -> AsyncApp:
    """The app for both transports. `deliver(source, key, payload)` keeps one thing durably and returns True if it is new;
    it is called in a worker thread, always before Slack gets its answer.
    """
    logger = quiet_logger("sitrep.slack.bolt")
    home = Home(AsyncWebClient(token=bot_token, base_url=base_url, timeout=timeout_s, retry_handlers=[], logger=logger))

    async def authorize() -> AuthorizeResult:
        return await home.known()

    app = AsyncApp(
        name="sitrep",
        logger=logger,
        signing_secret=signing_secret or "unused",
        client=AsyncWebClient(base_url=base_url, timeout=timeout_s, retry_handlers=[], logger=logger),
        authorize=authorize,
    )
    door = _Door(deliver, command)
    for name in EVENTS:
        app.event(name, middleware=[door.event])(_done)
    app.command(command)(door.command)
    app.view(MENU)(door.menu)
    app.view(re.compile(".*"))(door.form)
    app.action(re.compile(".*"))(door.click)
    app.command(re.compile(".*"))(door.unknown_command)
    app.view_closed(re.compile(".*"))(_acknowledge)
    app.shortcut(re.compile(".*"))(_acknowledge)
    app.options(re.compile(".*"))(_no_options)
    app.event(re.compile(".*"))(_done)
    return app


def quiet_logger(name: str) -> logging.Logger:
    """A logger that shows errors only: below that, the SDK writes request bodies into its logs."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.ERROR)
    return logger


class Home:
    """Knows which workspace and bot the token belongs to; asks Slack once."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: AuthorizeResult | None = None

    async def known(self) -> AuthorizeResult:
        """Who Sitrep is. Raises Unavailable while Slack does not say, so that nothing is acknowledged and then lost."""
        if self._known is None:
            try:
                answer = await self._client.auth_test()
            except _WIRE_ERRORS as problem:
                raise Unavailable("Slack does not answer auth.test.", "Slack delivers again.") from problem
            self._known = AuthorizeResult.from_auth_test_response(auth_test_response=answer, bot_token=self._client.token)
        return self._known


@dataclass(frozen=True, slots=True)
class _Door:
    """The listeners. Bolt passes arguments by name."""

    deliver: Deliver
    known_command: str

    async def event(self, body: Body, context: AsyncBoltContext, next_: Callable[[], Awaitable[None]]) -> BoltResponse | None:
        """Keeps an event before Slack is told that it arrived; a failure is left unacknowledged, so Slack sends it again."""
        kind = parse.pick(body, "event", "type")
        try:
            parcel = _READERS[kind](body, context.bot_user_id or "")
            if parcel is not None:
                await self._keep(parcel)
        except Exception as problem:  # noqa: BLE001 - the door: whatever went wrong, Slack must deliver again
            _failed("slack.event_not_saved", problem)
            return BoltResponse(status=503)
        await next_()
        return None

    async def command(self, ack: AsyncAck, body: Body, context: AsyncBoltContext, client: AsyncWebClient) -> None:
        """Keeps a command, or opens the form it asks for; the words for the person come later, from the outbox."""
        try:
            if _is_foreign(body, context):
                await ack(_STRANGER)
                return
            form = _form_for(body)
            await ack(await self._opened(body, client, form) if form else await self._kept(parse.command(body)))
        except Exception as problem:  # noqa: BLE001 - the door: the person gets an answer, whatever went wrong
            _failed("slack.command_failed", problem)
            await ack(_NOT_SAVED)

    async def unknown_command(self, ack: AsyncAck) -> None:
        """Says which command there is."""
        await ack(f"Sitrep only knows `{self.known_command}`. Type `{self.known_command} help`.")

    async def click(self, ack: AsyncAck, body: Body, context: AsyncBoltContext, respond: AsyncRespond) -> None:
        """Keeps a click; the clicker always hears if it was not kept."""
        try:
            words = _STRANGER if _is_foreign(body, context) else await self._kept(parse.click(body))
        except Exception as problem:  # noqa: BLE001 - the door: the clicker gets an answer, whatever went wrong
            _failed("slack.click_failed", problem)
            words = _NOT_SAVED
        await ack()
        if words:
            await _tell(respond, words)

    async def form(self, ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        """Keeps a submitted form, or keeps it open with the reason."""
        try:
            words = _STRANGER if _is_foreign(body, context) else await self._kept(parse.submission(body))
        except Exception as problem:  # noqa: BLE001 - the door: the person gets an answer, whatever went wrong
            _failed("slack.form_failed", problem)
            words = _NOT_SAVED
        await _close_form(ack, body, words)

    async def menu(self, ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        """Turns the chosen verb into a command, or shows the declare form in place."""
        try:
            if parse.form_values(body).get("verb") == DECLARE:
                await ack(response_action="update", view=declare_form(parse.pick(body, "view", "private_metadata")))
                return
            words = _STRANGER if _is_foreign(body, context) else await self._kept(parse.menu_choice(body))
        except Exception as problem:  # noqa: BLE001 - the door: the person gets an answer, whatever went wrong
            _failed("slack.menu_failed", problem)
            words = _NOT_SAVED
        await _close_form(ack, body, words)

    async def _kept(self, parcel: Parcel) -> str:
        """Empty if it was kept; otherwise what to tell the person."""
        try:
            await self._keep(parcel)
        except TimeoutError:
            return "Saving this takes longer than usual. Look in a moment before you repeat it."
        return ""

    async def _keep(self, parcel: Parcel) -> None:
        saving = asyncio.create_task(asyncio.to_thread(self.deliver, parcel.source, parcel.key, parcel.payload))
        saving.add_done_callback(_seen)
        # Shielded, because a commit that is merely slow still happens and must not be called off half-way.
        is_new = await asyncio.wait_for(asyncio.shield(saving), _SAVE_WITHIN_S)
        log.info("slack.received", source=parcel.source, key=parcel.key, new=is_new)

    async def _opened(self, body: Body, client: AsyncWebClient, form: View) -> str:
        try:
            opening = client.views_open(trigger_id=parse.pick(body, "trigger_id"), view=form)
            await asyncio.wait_for(opening, _OPEN_WITHIN_S)
        except _WIRE_ERRORS as problem:
            log.warning("slack.form_not_opened", error=type(problem).__name__)
            return f"Slack did not open the form. Type `{self.known_command} declare TITLE` or `{self.known_command} help`."
        return ""


def _form_for(body: Body) -> View | None:
    words = parse.pick(body, "text").split()
    room = parse.pick(body, "channel_id")
    if not words:
        return menu_form(room)
    return declare_form(room) if words == [DECLARE] else None


def _is_foreign(body: Body, context: AsyncBoltContext) -> bool:
    """True unless everything the request says about its workspace is our own: a forged or shared card is not ours."""
    home = context.authorize_result
    named = parse.teams(body)
    if home is None:
        return True
    if not named:
        enterprise = parse.pick(body, "enterprise", "id") or parse.pick(body, "enterprise_id")
        return not enterprise or enterprise != home.enterprise_id
    is_foreign = bool(named - {home.team_id})
    if is_foreign:
        log.warning("slack.foreign_workspace", teams=sorted(named)[:3])
    return is_foreign


async def _tell(respond: AsyncRespond, words: str) -> None:
    try:
        await respond(words, response_type="ephemeral", replace_original=False)
    except _WIRE_ERRORS as problem:
        log.warning("slack.clicker_not_told", error=type(problem).__name__)


async def _close_form(ack: AsyncAck, body: Body, words: str) -> None:
    blocks = body.get("view")
    names = [parse.pick(block, "block_id") for block in _blocks(blocks)]
    if words and names:
        await ack(response_action="errors", errors={names[0]: words})
    else:
        await ack()


def _blocks(view: Json) -> list[Json]:
    blocks = view.get("blocks") if isinstance(view, dict) else None
    return [block for block in blocks if parse.pick(block, "type") == "input"] if isinstance(blocks, list) else []


def _failed(what: str, problem: Exception) -> None:
    """Logs the kind of error and where it arose; its text may quote what a person wrote, so it stays out of the log."""
    frames = traceback.extract_tb(problem.__traceback__)
    log.error(what, error=type(problem).__name__, where=f"{frames[-1].name}:{frames[-1].lineno}" if frames else "")


def _seen(task: "asyncio.Task[bool]") -> None:
    """Looks at a late failure, so that it is logged here and not by the garbage collector."""
    if not task.cancelled() and task.exception() is not None:
        log.error("slack.not_saved", error=type(task.exception()).__name__)


async def _done() -> None:
    """Nothing is left to do: the event was kept before, or nobody asked for it."""


async def _acknowledge(ack: AsyncAck) -> None:
    await ack()


async def _no_options(ack: AsyncAck) -> None:
    await ack(options=[])
