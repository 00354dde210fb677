"""Tests of `unpack_scores`. Yours: this file was made once, and is never overwritten."""

import pytest

from choir.boundary import (
    UnfitArchive,
    UnpackScoresInput,
    UnpackScoresOutput,
    UnpackScoresOutputScore,
)
from choir.logic.unpack_scores import unpack_scores

pytestmark = pytest.mark.anyio


async def test_unpack_scores_returns_1() -> None:
    """Example 1 of the specification."""
    given = UnpackScoresInput(
        archive="UEsDBBQAAAAAAAAAIVwxcqM0FwAAABcAAAAQAAAARXZlbmluZyBTb25nLnR4dFRoZSBzZWEgaXMgY2FsbSB0b25pZ2h0UEsBAhQDFAAAAAAAAAAhXDFyozQXAAAAFwAAABAAAAAAAAAAAAAAAIABAAAAAEV2ZW5pbmcgU29uZy50eHRQSwUGAAAAAAEAAQA+AAAARQAAAAAA"
    )
    assert await unpack_scores(given) == UnpackScoresOutput(
        scores=[UnpackScoresOutputScore(title="Evening Song", words="The sea is calm tonight")]
    )


async def test_unpack_scores_raises_unfit_archive_2() -> None:
    """Example 2 of the specification."""
    given = UnpackScoresInput(
        archive="UEsDBBQAAAAAAAAAIVyDFtyMAQAAAAEAAAALAAAALi4vYXdheS50eHR4UEsBAhQDFAAAAAAAAAAhXIMW3IwBAAAAAQAAAAsAAAAAAAAAAAAAAIABAAAAAC4uL2F3YXkudHh0UEsFBgAAAAABAAEAOQAAACoAAAAAAA=="
    )
    with pytest.raises(UnfitArchive):
        await unpack_scores(given)


@pytest.mark.parametrize("archive", ["no base64!", "bm8gYXJjaGl2ZQ=="])
async def test_what_is_no_archive_is_refused(archive: str) -> None:
    """Neither base64 of something else, nor something else."""
    with pytest.raises(UnfitArchive):
        await unpack_scores(UnpackScoresInput(archive=archive))
