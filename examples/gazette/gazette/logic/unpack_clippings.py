"""unpack_clippings: the files of an archive that somebody sent in.

Yours: this file was made once, and is never overwritten. `boundary.py` says what goes in, what
comes out, and what it may raise.
"""

import asyncio
from base64 import b64decode

from backwright_runtime.safe import Refused
from backwright_runtime.safe.archives import extract
from backwright_runtime.safe.files import Folder

from gazette.boundary import (
    UnfitArchive,
    UnpackClippingsInput,
    UnpackClippingsOutput,
    UnpackClippingsOutputFile,
)

FOLDER = "clippings"
MOST = 50
LARGEST = 5 * 1024 * 1024
"""Bytes of all files together, unpacked."""


async def unpack_clippings(given: UnpackClippingsInput) -> UnpackClippingsOutput:
    """The files of an archive (ZIP or TAR, in base64), kept where pictures are kept.

    Raises UnfitArchive.
    """
    try:
        files = await asyncio.to_thread(_unpacked, given.archive, f"{FOLDER}/{given.draft}")
    except (Refused, ValueError):
        raise UnfitArchive from None
    return UnpackClippingsOutput(files=files)


def _unpacked(archive: str, folder: str) -> list[UnpackClippingsOutputFile]:
    """What is in the archive, written into the folder: all of it, or nothing."""
    there = Folder(folder)
    names = extract(b64decode(archive, validate=True), there, most=MOST, largest=LARGEST)
    return [UnpackClippingsOutputFile(name=name, size=len(there.read(name))) for name in names]
