"""Writes what was emitted into the user's project. The only module that writes generated files.

A build prepares everything in a directory of its own, then puts file after file in place and the lock last,
so that one that fails leaves the output as it was. What it is about to write is noted before the first file
moves: a build after an interruption knows the files of that one, and tells them from edits by hand.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal as OneOf

import msgspec

from backwright.project import Project
from backwright.spec.diagnostics import Place, SpecificationError, diagnose, register

UNREADABLE_LOCK = register(
    "BW716",
    "The list of generated files cannot be read",
    "It says which files are Backwright's and how they were written; without it, edits would be written over.",
    "backwright.lock with the marks of a merge conflict",
)
FileTree = Mapping[str, str]
_WRITTEN_ONCE = (".gitignore",)


class EditedByHand(Exception):
    """Generated files were changed by hand; writing would lose that. `paths` names them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(paths)
        listed = "\n".join(f"  {path}" for path in self.paths)
        super().__init__(
            "These files are not as Backwright wrote them, and writing would lose what they say:\n"
            f"{listed}\n"
            "Change the specification, move your code to logic/, or discard the edits (--discard-edits)."
        )


class OutsideProject(Exception):
    """A path would leave the project, or goes through a symbolic link."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a build did: files that changed, files that are not generated any more and went,
    and those of them that stayed because they were edited by hand."""

    changed: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is not what the specification says; `extra` is not generated any more."""

    path: str
    kind: OneOf["missing", "edited", "outdated", "extra"]


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """`backwright.lock`: every generated file with its SHA-256."""

    version: int = 1
    files: dict[str, str] = {}


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """What builds that did not finish may have written: hashes by path."""

    files: dict[str, list[str]] = {}


def write(project: Project, tree: FileTree, *, discard_edits: bool = False) -> Written:
    """Put the files in place. Raises EditedByHand or OutsideProject, and then has changed nothing."""
    for path in tree:
        confined(project.root, path)
    lock, pending = read_lock(project), _read_pending(project)
    wanted = {path: text.encode() for path, text in tree.items() if not written_once(path)}
    edited = edited_files(project, wanted, lock, pending)
    if edited and not discard_edits:
        raise EditedByHand(edited)
    changed = [path for path, content in wanted.items() if _content(project.root / path) != content]
    once = [path for path in tree if written_once(path) and not (project.root / path).exists()]
    known = sorted({*lock.files, *pending.files} - wanted.keys())
    stale = [path for path in known if confined(project.root, path).is_file()]
    removed = [path for path in stale if _is_ours(project, path, lock, pending) or discard_edits]
    target = Lock(files={path: _hash(wanted[path]) for path in sorted(wanted)})
    if changed or once or removed or lock != target:
        _prepare(project, tree, [*changed, *once], target, pending)
        for path in [*changed, *once]:
            _place(project, path)
        for path in removed:
            _remove(project.root, path)
        _replace(project.lock, msgspec.json.format(msgspec.json.encode(target), indent=2) + b"\n")
    shutil.rmtree(_workshop(project), ignore_errors=True)
    kept = [path for path in stale if path not in removed]
    return Written(changed=tuple(sorted([*changed, *once])), removed=tuple(removed), kept=tuple(kept))


class Changed(Exception):
    """Files of the user's are not as they were, and were not written over. `paths` names them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(paths)
        super().__init__(f"changed meanwhile: {', '.join(self.paths)}")


def write_owned(project: Project, files: FileTree, before: Mapping[str, str]) -> tuple[str, ...]:
    """Put files of the user's in place; the paths that changed.

    `before` has the SHA-256 of each as it was when their author began (empty: there was none). A file that is neither
    that nor what is to be written belongs to somebody who came in between: raises Changed, or OutsideProject, and then
    has changed nothing.
    """
    stands = {path: owned_hash(project, path) for path in files}
    wanted = {path: text.encode() for path, text in files.items()}
    meanwhile = [
        path for path, found in stands.items() if found not in (before.get(path, ""), _hash(wanted[path]))
    ]
    if meanwhile:
        raise Changed(meanwhile)
    changed = tuple(path for path, found in stands.items() if found != _hash(wanted[path]))
    for path in changed:
        _replace(confined(project.root, path), wanted[path])
    return changed


def owned_hash(project: Project, path: str) -> str:
    """The SHA-256 of a file as it is, empty where there is none. Raises OutsideProject."""
    content = _content(confined(project.root, path))
    return "" if content is None else _hash(content)


def drift(project: Project, tree: FileTree) -> list[Drift]:
    """How the files on disk differ from what was emitted again; empty when they are as they should be."""
    lock = read_lock(project)
    found: list[Drift] = []
    for path, text in tree.items():
        content = _content(project.root / path)
        if written_once(path) or content == text.encode():
            continue
        if content is None:
            found.append(Drift(path=path, kind="missing"))
        else:
            found.append(
                Drift(path=path, kind="outdated" if _hash(content) == lock.files.get(path) else "edited")
            )
    extra = (path for path in lock.files if path not in tree and (project.root / path).exists())
    return sorted([*found, *(Drift(path=path, kind="extra") for path in extra)], key=lambda each: each.path)


def digest(project: Project) -> str | None:
    """The digest of a build: the specification, the generated files and the custom logic as they are on disk.

    None when nothing was built yet.
    """
    lock = read_lock(project)
    if not lock.files:
        return None
    paths = {project.root / path for path in lock.files} | {project.specification}
    for folder in ("spec", "specs"):
        paths |= set((project.root / folder).rglob("*.yaml"))
    for package in {PurePosixPath(path).parts[0] for path in lock.files if path.endswith("/app.py")}:
        paths |= set((project.root / package).rglob("*.py"))
    total = hashlib.sha256()
    for path in sorted(paths):
        content = _content(path)
        name = path.relative_to(project.root).as_posix()
        total.update(f"{name} {_hash(content) if content is not None else 'missing'}\n".encode())
    return total.hexdigest()


def read_lock(project: Project) -> Lock:
    """The lock of the last build that finished; empty before the first. Raises SpecificationError (BW716)."""
    content = _content(project.lock)
    if content is None:
        return Lock()
    try:
        return msgspec.json.decode(content, type=Lock)
    except msgspec.MsgspecError as error:
        message = f"{project.lock.name} is not as a build wrote it: {error}"
        mend = (
            "take either side of a merge (`git checkout --theirs backwright.lock`), then "
            "`backwright build --discard-edits` writes all generated files anew"
        )
        raise SpecificationError(
            [diagnose(UNREADABLE_LOCK, Place(project.lock.name, 1, 1), message, mend)]
        ) from None


def written_once(path: str) -> bool:
    """Whether a file is only a start for the user, who owns it from then on."""
    return path in _WRITTEN_ONCE or "logic" in PurePosixPath(path).parts[:-1]


def edited_files(project: Project, wanted: Mapping[str, bytes], lock: Lock, pending: Pending) -> list[str]:
    """Files in the way that neither the last build nor an interrupted one wrote."""
    found = []
    for path, content in wanted.items():
        stands = _content(project.root / path)
        if stands is not None and stands != content and not _is_ours(project, path, lock, pending):
            found.append(path)
    return found


def stands_as_built(project: Project, path: str) -> bool:
    """Whether a generated file is as a build wrote it, or is not there. Raises SpecificationError (BW716)."""
    lock = read_lock(project)
    return path not in lock.files or _is_ours(project, path, lock, _read_pending(project))


def confined(root: Path, path: str) -> Path:
    """The file that a relative path names. Raises OutsideProject unless it surely lies in the project."""
    parts = PurePosixPath(path).parts
    if (
        not parts
        or path.startswith("/")
        or "\\" in path
        or "\0" in path
        or ".." in parts
        or parts[0] == ".git"
    ):
        raise OutsideProject(f"not a path inside the project: {path!r}")
    here = root
    for part in parts:
        here = here / part
        if here.is_symlink():
            raise OutsideProject(f"{path}: {here.relative_to(root).as_posix()} is a symbolic link")
    return here


def _is_ours(project: Project, path: str, lock: Lock, pending: Pending) -> bool:
    content = _content(confined(project.root, path))
    if content is None:
        return True
    return _hash(content) in (lock.files.get(path), *pending.files.get(path, []))


def _prepare(project: Project, tree: FileTree, paths: list[str], target: Lock, pending: Pending) -> None:
    """Everything that can fail, before the first file moves."""
    confined(project.root, ".backwright/build")
    workshop = _workshop(project)
    shutil.rmtree(workshop / "tree", ignore_errors=True)
    for path in paths:
        file = workshop / "tree" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(tree[path].encode())
    files = {path: list(hashes) for path, hashes in pending.files.items()}
    for path, value in target.files.items():
        if value not in files.setdefault(path, []):
            files[path].append(value)
    _replace(workshop / "pending.json", msgspec.json.encode(Pending(files=files)))


def _place(project: Project, path: str) -> None:
    file = confined(project.root, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    (_workshop(project) / "tree" / path).replace(file)


def _remove(root: Path, path: str) -> None:
    """The file, and the directories that it leaves empty."""
    file = confined(root, path)
    file.unlink(missing_ok=True)
    for folder in file.parents:
        if folder == root:
            return
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        try:
            folder.rmdir()
        except OSError:
            return


def _replace(path: Path, content: bytes) -> None:
    """Write a file in one step: readers see the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    beside.write_bytes(content)
    if path.exists():
        shutil.copymode(path, beside)
    beside.replace(path)


def _workshop(project: Project) -> Path:
    return project.state / "build"


def _read_pending(project: Project) -> Pending:
    content = _content(_workshop(project) / "pending.json")
    return msgspec.json.decode(content, type=Pending) if content is not None else Pending()


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
