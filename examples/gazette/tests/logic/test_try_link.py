"""Tests of `try_link`. Yours: this file was made once, and is never overwritten."""

import pytest

from gazette.boundary import ForbiddenLink, TryLinkInput, TryLinkOutput
from gazette.logic.try_link import try_link

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "http://example.com/",
        "file:///etc/passwd",
        "https://editor:secret@example.com/",
    ],
)
async def test_only_public_https_addresses_are_tried(url: str) -> None:
    """Callers choose the address, so it must not lead to where only we can reach (CWE-918)."""
    with pytest.raises(ForbiddenLink):
        await try_link(TryLinkInput(url=url))


async def test_an_address_at_which_nobody_answers_is_not_reachable() -> None:
    """`.invalid` never resolves (RFC 2606)."""
    given = TryLinkInput(url="https://nobody.invalid/")
    assert await try_link(given) == TryLinkOutput(reachable=False, status=None)
