"""A page of AWS is read within bounds, or the sender is asked to come again."""

from collections.abc import Iterator

import httpx
import pytest

from app.adapters.actions.pinned import NotAllowed, PinnedTransport, Unresolved, pinned_client
from app.adapters.signals.aws_web import AwsWeb
from app.domain.errors import Unavailable

URL = "https://sns.us-east-1.amazonaws.com/x.pem"


def answering(*answers: httpx.Response | Exception) -> AwsWeb:
    """A web that answers like this, in turn."""
    left: Iterator[httpx.Response | Exception] = iter(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return AwsWeb(lambda _url: httpx.Client(transport=httpx.MockTransport(handle)), (NotAllowed, Unresolved))


def test_a_page_is_read_whole() -> None:
    assert answering(httpx.Response(200, content=b"pem"))(URL) == b"pem"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
        httpx.Response(404),
        httpx.Response(200, content=b"x" * 70_000),
        httpx.ConnectTimeout("slow"),
        NotAllowed("the address is private"),
        Unresolved("no such host"),
    ],
)
def test_everything_else_asks_the_sender_to_come_again(answer: httpx.Response | Exception) -> None:
    """A redirect is never followed."""
    with pytest.raises(Unavailable) as caught:
        answering(answer)(URL)
    assert caught.value.hint


def test_a_name_that_points_into_our_own_network_is_not_opened() -> None:
    """As bootstrap builds the client, with a resolver that lies."""
    client = pinned_client([URL])
    transport = client._transport
    assert isinstance(transport, PinnedTransport)
    transport._resolve = lambda _host, _port: ["10.0.0.7"]
    with pytest.raises(Unavailable, match="NotAllowed"):
        AwsWeb(lambda _url: client, (NotAllowed, Unresolved))(URL)
