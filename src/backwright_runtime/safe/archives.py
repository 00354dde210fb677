"""Archives from elsewhere: no entry leads out of the folder ("zip slip"), no small archive becomes a huge one."""

import io
import tarfile
import zipfile
from collections.abc import Iterator

from msgspec import Struct

from backwright_runtime.safe import Refused
from backwright_runtime.safe.files import Folder

MOST_ENTRIES = 1000
LARGEST = 50 * 1024 * 1024


class Entry(Struct, frozen=True):
    """One file of an archive."""

    name: str
    content: bytes


def entries(archive: bytes, *, most: int = MOST_ENTRIES, largest: int = LARGEST) -> Iterator[Entry]:
    """The files of a ZIP or TAR archive (gzip, bzip2 and xz, too), one after the other.

    `most` files, of `largest` bytes together when unpacked; what an archive says of its own sizes is not believed.
    Raises Refused beyond that, for links and devices, for encrypted entries, and for what is no archive.
    """
    left = largest
    for number, (name, stream) in enumerate(_opened(archive)):
        if number >= most:
            raise Refused(f"more than {most} files")
        content = stream.read(left + 1)
        if len(content) > left:
            raise Refused(f"more than {largest} bytes when unpacked")
        left -= len(content)
        yield Entry(name, content)


def extract(archive: bytes, folder: Folder, *, most: int = MOST_ENTRIES, largest: int = LARGEST) -> list[str]:
    """Write the files of an archive into a folder; their names. Nothing is written where anything is refused."""
    found = list(entries(archive, most=most, largest=largest))
    for each in found:
        folder.path(each.name)
    for each in found:
        folder.write(each.name, each.content)
    return [each.name for each in found]


def _opened(archive: bytes) -> Iterator[tuple[str, io.BufferedIOBase]]:
    source = io.BytesIO(archive)
    try:
        if zipfile.is_zipfile(source):
            yield from _of_zip(source)
        else:
            source.seek(0)
            yield from _of_tar(source)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise Refused("no archive that can be read") from error


def _of_zip(source: io.BytesIO) -> Iterator[tuple[str, io.BufferedIOBase]]:
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if (info.external_attr >> 16) & 0o170000 == 0o120000:
                raise Refused("a link")
            if info.flag_bits & 1:
                raise Refused("an encrypted file")
            with archive.open(info) as stream:
                yield info.filename, stream  # type: ignore[misc]


def _of_tar(source: io.BytesIO) -> Iterator[tuple[str, io.BufferedIOBase]]:
    with tarfile.open(fileobj=source, mode="r|*") as archive:
        for info in archive:
            if info.isdir():
                continue
            stream = archive.extractfile(info) if info.isfile() else None
            if stream is None:
                raise Refused("a link or a device")
            yield info.name, stream  # type: ignore[misc]
