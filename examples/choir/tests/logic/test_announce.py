"""Tests of `announce`. Yours: this file was made once, and is never overwritten."""

import pytest
from backwright_runtime.safe import http

from choir.boundary import AnnounceInput, AnnounceOutput, UnfitUrl
from choir.logic.announce import announce

pytestmark = pytest.mark.anyio


async def test_announce_raises_unfit_url_1() -> None:
    """Example 1 of the specification."""
    given = AnnounceInput(url="https://127.0.0.1/", title="Evening Song")
    with pytest.raises(UnfitUrl):
        await announce(given)


async def test_the_site_hears_the_title(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent, and the status that comes back; nothing leaves this machine."""
    heard = []

    async def request(method: str, url: str, *, body: bytes, largest: int) -> http.Answer:
        heard.append((method, url, body))
        return http.Answer(202, {}, b"")

    monkeypatch.setattr(http, "request", request)
    given = AnnounceInput(url="https://songs.example/", title="Evening Song")
    assert await announce(given) == AnnounceOutput(status=202)
    assert heard == [("POST", "https://songs.example/", b"Evening Song")]
