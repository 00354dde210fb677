"""Tests of `unpack_clippings`. Yours: this file was made once, and is never overwritten."""

import io
import zipfile
from base64 import b64encode
from pathlib import Path
from uuid import UUID

import pytest

from gazette.boundary import UnfitArchive, UnpackClippingsInput
from gazette.logic.unpack_clippings import unpack_clippings

pytestmark = pytest.mark.anyio
DRAFT = UUID("0190a0a0-0000-7000-8000-000000000001")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files are written below the folder that the process works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def archive(**files: bytes) -> str:
    """A ZIP archive in base64."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        for name, data in files.items():
            zipped.writestr(name, data)
    return b64encode(content.getvalue()).decode()


async def test_the_files_are_kept_and_named(elsewhere: Path) -> None:
    """Each with its size."""
    given = UnpackClippingsInput(draft=DRAFT, archive=archive(**{"a/rain.txt": b"wet", "b": b""}))
    found = await unpack_clippings(given)
    assert [(each.name, each.size) for each in found.files] == [("a/rain.txt", 3), ("b", 0)]
    assert (elsewhere / "clippings" / str(DRAFT) / "a" / "rain.txt").read_bytes() == b"wet"


@pytest.mark.parametrize("name", ["../out.txt", "/etc/out.txt", "a/../../../out.txt"])
async def test_no_file_leads_out_of_the_folder(elsewhere: Path, name: str) -> None:
    """Then nothing of the archive is kept (CWE-22)."""
    given = UnpackClippingsInput(draft=DRAFT, archive=archive(fine=b"1", **{name: b"2"}))
    with pytest.raises(UnfitArchive):
        await unpack_clippings(given)
    assert [path for path in elsewhere.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("text", ["no base64!", "bm8gYXJjaGl2ZQ=="])
async def test_what_is_no_archive_is_refused(text: str) -> None:
    """Neither as base64 nor as what it holds."""
    with pytest.raises(UnfitArchive):
        await unpack_clippings(UnpackClippingsInput(draft=DRAFT, archive=text))


async def test_a_small_archive_does_not_become_a_huge_one() -> None:
    """Ten megabytes of zeros are a few kilobytes (CWE-409)."""
    given = UnpackClippingsInput(draft=DRAFT, archive=archive(zeros=bytes(10 * 1024 * 1024)))
    with pytest.raises(UnfitArchive):
        await unpack_clippings(given)
