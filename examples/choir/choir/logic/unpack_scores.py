"""unpack_scores.

Yours: this file was made once, and is never overwritten. `boundary.py` says what goes in, what
comes out, and what it may raise.
"""

import base64
import binascii
from collections.abc import Iterator

from backwright_runtime.safe import Refused, archives

from choir.boundary import (
    UnfitArchive,
    UnpackScoresInput,
    UnpackScoresOutput,
    UnpackScoresOutputScore,
)

LARGEST = 500_000


async def unpack_scores(given: UnpackScoresInput) -> UnpackScoresOutput:
    """The texts in an archive (base64), one score for each file. Raises UnfitArchive."""
    try:
        content = base64.b64decode(given.archive, validate=True)
        return UnpackScoresOutput(scores=list(_scores(content)))
    except (Refused, binascii.Error, UnicodeDecodeError):
        raise UnfitArchive from None


def _scores(archive: bytes) -> Iterator[UnpackScoresOutputScore]:
    for entry in archives.entries(archive, most=50, largest=LARGEST):
        title, words = entry.name.removesuffix(".txt"), entry.content.decode()
        if "/" in title or not title.isprintable() or "\0" in words:
            raise UnfitArchive
        if len(title) > 80 or len(words) > 10_000:
            raise UnfitArchive
        yield UnpackScoresOutputScore(title=title, words=words)
