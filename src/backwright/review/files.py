"""What is reviewed: a file, a folder, or what changed in it since a commit, contracts included."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from backwright.review import contract
from backwright.review.findings import Finding, Site
from backwright.review.python.judge import review as review_python
from backwright.review.python.shields import Shields, shields
from backwright.review.sql.files import review as review_sql
from backwright.review.suppress import UNREAD, kept

LARGEST = 2 * 1024 * 1024
_LEFT_OUT = {
    ".git",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".tox",
    "site-packages",
    "dist",
    "build",
    ".mypy_cache",
}
_CONTRACTS = {".yaml", ".yml", ".json"}


class NotReviewable(Exception):
    """There is no such path, no such commit, or the path is in no git repository."""


class Review(msgspec.Struct, frozen=True):
    """The findings, in the order of the files, and how many files were looked at."""

    findings: tuple[Finding, ...]
    files: int

    @property
    def breaks(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


def review(path: Path, against: str | None = None) -> Review:
    """Judge a file or folder; with `against`, only lines that changed since that commit. Raises NotReviewable."""
    if not path.exists():
        raise NotReviewable(f"there is no {path}")
    changed = None if against is None else _changed(path, against)
    root = path if path.is_dir() else path.parent
    found: list[Finding] = []
    count = 0
    listed = sorted(_files(path))
    known = shields(each for each in listed if each.suffix == ".py")
    for each in listed:
        lines = None if changed is None else changed.get(each.resolve())
        if changed is not None and lines is None:
            continue
        findings = [f for f in _judged(each, root, known) if lines is None or _touched(f, lines)]
        count += each.suffix in {".py", ".sql"}
        if against is not None and each.suffix in _CONTRACTS:
            compared = list(_contract(each, against))
            count += bool(compared)
            findings += compared
        found += findings
    return Review(tuple(found), count)


def _touched(finding: Finding, lines: set[int]) -> bool:
    """Whether a finding is about what changed. Line 1 is also what is said of a file as a whole."""
    return finding.line in lines or finding.name in {"not-read", "no-reverse"}


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for each in path.iterdir():
        if each.is_symlink() or each.name in _LEFT_OUT:
            continue
        if each.is_dir():
            yield from _files(each)
        elif each.suffix in {".py", ".sql"} | _CONTRACTS:
            yield each


def _judged(path: Path, root: Path, known: Shields) -> Iterable[Finding]:
    if path.suffix not in {".py", ".sql"}:
        return ()
    file = str(path)
    try:
        if path.stat().st_size > LARGEST:
            return [Site(file, 1, 1).finding(UNREAD, f"larger than {LARGEST // 1024 // 1024} MiB", "warning")]
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return [Site(file, 1, 1).finding(UNREAD, "no text in UTF-8", "warning")]
    if path.suffix == ".sql":
        findings = review_sql(path, file, text)
    else:
        within = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        findings = review_python(path, file, text, within, known)
    return sorted(kept(findings, text, file))


def _git(folder: Path, *arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NotReviewable(said[0] if said else "git could not say what changed")
    return done.stdout


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _changed(path: Path, against: str) -> dict[Path, set[int]]:
    """The lines that are new or other, by file; files that git does not know yet as a whole."""
    if against.startswith("-"):
        raise NotReviewable(f"`{against}` is no commit")
    folder = _folder(path)
    top = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    text = _git(
        folder, "diff", "--unified=0", "--no-color", "--no-ext-diff", against, "--", str(path.resolve())
    )
    found: dict[Path, set[int]] = {}
    current: set[int] = set()
    for line in text.decode("utf-8", "replace").splitlines():
        if line.startswith("+++ "):
            name = line[4:].removeprefix("b/").strip('"')
            current = found.setdefault((top / name).resolve(), set()) if name != "/dev/null" else set()
        elif match := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            first, count = int(match[1]), int(match[2] or 1)
            current.update(range(first, first + count))
    listed = _git(
        folder, "ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", str(path.resolve())
    )
    for name in filter(None, listed.decode("utf-8", "replace").split("\0")):
        file = (top / name).resolve()
        found[file] = set(range(1, _lines(file) + 1))
    return found


def _lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n") + 1
    except OSError:
        return 0


def _contract(path: Path, against: str) -> Iterator[Finding]:
    """The changes of a contract that existed at the commit, compared with what is there now."""
    head = path.read_bytes()[:4096]
    if not re.search(rb"[\"']?openapi[\"']?\s*:\s*[\"']?3\.", head):
        return
    folder = path.parent.resolve()
    try:
        packed = _git(folder, "archive", "--format=tar", against, "--", ".")
    except NotReviewable:
        return
    with tempfile.TemporaryDirectory() as temporary:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(temporary, filter="data")
        former = Path(temporary) / path.name
        if not former.exists():
            return
        try:
            changes = contract.compare(former, path)
        except contract.Unreadable as error:
            message = str(error).replace(temporary, against)
            yield Site(str(path), 1, 1).finding(UNREAD, message, "warning")
            return
    for change in changes:
        if change.level == "compatible":
            continue
        line = change.after.line if change.after and change.after.file == str(path) else 1
        operation = f" ({', '.join(change.operations[:3])})" if change.operations else ""
        yield Finding(
            file=str(path),
            line=line,
            column=1,
            id=change.id,
            name=change.name,
            severity="error" if change.level == "breaking" else "warning",
            message=change.message + operation,
            happens=change.notices,
            mend=change.mend,
        )
