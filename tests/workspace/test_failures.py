"""Quotas and faults: what the app meets on a bad day."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.workspace.stage import Stage


async def test_strict_mode_takes_one_message_a_second_in_a_channel(strict: Stage) -> None:
    await strict.client.chat_postMessage(channel="general", text="one")
    with pytest.raises(SlackApiError) as caught:
        await strict.client.chat_postMessage(channel="general", text="two")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    assert (await strict.client.chat_postMessage(channel="alerts", text="elsewhere"))["ok"]
    await strict.do(strict.control.advance, 1)
    assert (await strict.client.chat_postMessage(channel="general", text="three"))["ok"]


async def test_a_name_and_an_id_share_one_channel_quota(strict: Stage) -> None:
    await strict.client.chat_postMessage(channel="general", text="one")
    with pytest.raises(SlackApiError, match="ratelimited"):
        await strict.client.chat_postMessage(channel="C0GENERAL1", text="two")


async def test_strict_mode_keeps_the_tiers_and_friendly_mode_does_not(strict: Stage, stage: Stage) -> None:
    for _ in range(20):
        await strict.client.users_list()
        await stage.client.users_list()
    assert (await stage.client.users_list())["ok"]
    with pytest.raises(SlackApiError, match="ratelimited"):
        await strict.client.users_list()
    await strict.do(strict.control.advance, 60)
    assert (await strict.client.users_list())["ok"]


async def test_an_injected_429_is_waited_out_by_the_official_handler(stage: Stage) -> None:
    patient = AsyncWebClient(
        token="xoxb-local", base_url=stage.place.api_url, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)]
    )
    await stage.do(stage.control.fault, "chat.postMessage", "429", 1, 1)
    assert (await patient.chat_postMessage(channel="general", text="late"))["ok"]
    faults = [one.get("fault") for one in await stage.do(stage.control.journal, "api")]
    assert faults == ["429", None]


async def test_a_reset_after_commit_leaves_the_message_stored(stage: Stage) -> None:
    await stage.do(stage.control.fault, "chat.postMessage", "reset_after_commit")
    with pytest.raises(aiohttp.ClientError):
        await stage.client.chat_postMessage(channel="general", text="stored all the same")
    assert stage.texts() == ["stored all the same"]
    assert (await stage.client.chat_postMessage(channel="general", text="next"))["ok"]


async def test_the_default_retry_handler_posts_twice_after_a_reset(stage: Stage) -> None:
    """The hazard that makes an outbox necessary: the official client repeats a post whose answer was lost."""
    client = AsyncWebClient(token="xoxb-local", base_url=stage.place.api_url)
    await stage.do(stage.control.fault, "chat.postMessage", "reset_after_commit")
    await client.chat_postMessage(channel="general", text="twice")
    assert stage.texts() == ["twice", "twice"]


async def test_an_html_error_and_a_timeout_store_nothing(stage: Stage) -> None:
    await stage.do(stage.control.fault, "chat.postMessage", "500")
    with pytest.raises(SlackApiError):
        await stage.client.chat_postMessage(channel="general", text="lost")
    await stage.do(stage.control.fault, "chat.postMessage", "timeout")
    impatient = AsyncWebClient(token="xoxb-local", base_url=stage.place.api_url, timeout=1, retry_handlers=[])
    with pytest.raises(TimeoutError):
        await impatient.chat_postMessage(channel="general", text="lost too")
    assert stage.texts() == []
