"""try_link: whether a public address answers.

Yours: this file was made once, and is never overwritten. `boundary.py` says what goes in, what
comes out, and what it may raise.
"""

from backwright_runtime.safe import Refused, http

from gazette.boundary import ForbiddenLink, TryLinkInput, TryLinkOutput


async def try_link(given: TryLinkInput) -> TryLinkOutput:
    """Whether a public address answers, and with what. Raises ForbiddenLink."""
    try:
        answer = await http.request("GET", given.url, seconds=5)
    except Refused:
        raise ForbiddenLink from None
    except OSError:
        return TryLinkOutput(reachable=False, status=None)
    return TryLinkOutput(reachable=True, status=answer.status)
