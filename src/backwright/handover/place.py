"""Puts the packs where they belong: everything is written beside the folder, and then takes its place at once."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from backwright.spec.diagnostics import Place, SpecificationError, diagnose, register

NOT_OURS = register(
    "BW942",
    "The hand-over folder holds what was not handed over",
    "The folder is replaced as a whole, so what somebody put or changed there would be lost.",
    "A file that was edited in handover/fe/, or a folder that `backwright handover` did not write.",
)
NOT_WRITABLE = register(
    "BW943",
    "The hand-over folder cannot be written",
    "Packs that are not there are worse than an error: whoever waits for them finds the last ones.",
    "backwright handover --out /proc/packs",
)
MANIFEST = "handover.json"
LARGEST_MANIFEST = 4 << 20
MOST_FILES = 10_000
_MADE_BY_USE = frozenset({"__pycache__"})


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`handover.json`: what was handed over. `handover` is the format's version."""

    handover: int = 1
    service: str
    version: str
    build: str
    packs: dict[str, tuple[str, ...]]
    files: dict[str, str]


def manifest(
    files: Mapping[str, str], *, service: str, version: str, build: str, packs: dict[str, tuple[str, ...]]
) -> str:
    """The manifest of some files as stable JSON."""
    found = Manifest(
        service=service,
        version=version,
        build=build,
        packs=packs,
        files={path: _hash(files[path].encode()) for path in sorted(files)},
    )
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def put(out: Path, files: Mapping[str, str]) -> bool:
    """Write the folder anew; whether it changed. Raises SpecificationError (BW942, BW943), and then has changed
    nothing."""
    refuse_foreign(out)
    with _usable(out):
        if _as_is(out, files):
            return False
        out.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            _write(workshop / "new", files)
            _swap(out, workshop)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
        return True


@contextmanager
def _usable(out: Path) -> Iterator[None]:
    """What the machine does not allow about the folder, as what is to be done about it."""
    try:
        yield
    except OSError as error:
        message = f"{error.filename or out}: {error.strerror or error}"
        mend = "choose another folder with `--out`, or let it be written"
        raise SpecificationError([diagnose(NOT_WRITABLE, Place("", 0, 0), message, mend)]) from None


def refuse_foreign(out: Path) -> None:
    """Raises SpecificationError where the folder has files that are not as they were handed over, or cannot be read."""
    with _usable(out):
        _refuse_foreign(out)


def _refuse_foreign(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise _refused(out, [out.name])
    if not out.is_dir():
        return
    there = _files(out)
    known = _known(out)
    foreign = [path for path in there if path != MANIFEST and not _is_as_known(out / path, known.get(path))]
    if MANIFEST in there and not known:
        foreign.append(MANIFEST)
    if foreign:
        raise _refused(out, foreign)


def _refused(out: Path, foreign: list[str]) -> SpecificationError:
    shown = ", ".join(sorted(foreign)[:10]) + (" …" if len(foreign) > 10 else "")
    message = f"{out.name}/ has files that were not handed over, or were changed since: {shown}"
    mend = "move them elsewhere, or choose another folder with `--out`"
    return SpecificationError([diagnose(NOT_OURS, Place("", 0, 0), message, mend)])


def _files(out: Path) -> list[str]:
    """Every file of the folder, and links as if they were files. No link is followed."""
    found: list[str] = []
    for folder, inside, names in os.walk(out):
        links = [name for name in inside if (Path(folder) / name).is_symlink()]
        inside[:] = [name for name in inside if name not in links and name not in _MADE_BY_USE]
        found += [(Path(folder) / name).relative_to(out).as_posix() for name in [*names, *links]]
        if len(found) > MOST_FILES:
            break
    return found


def _known(out: Path) -> dict[str, str]:
    """The files of the manifest that is there; none where it cannot be read."""
    path = out / MANIFEST
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_MANIFEST:
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest).files
    except msgspec.MsgspecError:
        return {}


def _as_is(out: Path, files: Mapping[str, str]) -> bool:
    return sorted(_files(out)) == sorted(files) and all(
        (out / path).read_bytes() == text.encode() for path, text in files.items()
    )


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        if text.startswith("#!"):
            file.chmod(0o755)
    folder.chmod(0o755)


def _swap(out: Path, workshop: Path) -> None:
    """The new folder in the place of the old one, which comes back where that fails."""
    old = workshop / "old"
    if out.exists():
        out.rename(old)
    try:
        (workshop / "new").rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_as_known(path: Path, sha256: str | None) -> bool:
    """Whether it is a file of that hash; a link is none, whatever it leads to, and what is not known is not read."""
    plain = sha256 is not None and path.is_file() and not path.is_symlink()
    return plain and _hash(path.read_bytes()) == sha256
