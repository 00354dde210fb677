"""Answers that somebody wrote beforehand, in a folder: for demonstrations, and to try how functions are judged."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from backwright.agent.loop import Spent
from backwright.agent.patches import MOST_BYTES, MOST_FILES
from backwright.agent.providers.provider import Denied, Reply, Request, Show, Unusable
from backwright.agent.providers.scripted import call

MOST_ANSWERS = 50


class Script:
    """`1/`, `2/`, … in a folder are the answers to the first, the second, … attempt: whole files, by their paths in the
    project. Nobody thinks here, and it says so: it is synthetic."""

    name = "scripted"
    synthetic = True
    priced = False

    def __init__(self, folder: Path) -> None:
        """Everything is read at once. Raises Unusable."""
        self.model = folder.resolve().name
        self._answers = [_answer(each) for each in _numbered(folder)]

    def ask(self, request: Request, show: Show) -> Reply:
        """The answer to this attempt, whatever is asked."""
        if request.attempt > len(self._answers):
            return Denied(why=f"the script has ended: it has {len(self._answers)} answers")
        return call(self._answers[request.attempt - 1], Spent())


def _numbered(folder: Path) -> list[Path]:
    found: list[Path] = []
    while len(found) < MOST_ANSWERS and (following := folder / str(len(found) + 1)).is_dir():
        found.append(following)
    if not found:
        raise Unusable(f"{folder.name} is no script: it has no folder `1` with the files of the first answer")
    return found


def _answer(folder: Path) -> dict[str, str]:
    paths = list(islice((path for path in folder.rglob("*") if not path.is_dir()), MOST_FILES + 1))
    if not 0 < len(paths) <= MOST_FILES:
        raise Unusable(f"answer {folder.name} of the script has no file, or more than {MOST_FILES}")
    return {path.relative_to(folder).as_posix(): _text(path) for path in sorted(paths)}


def _text(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        raise Unusable(f"{path.name} of the script is no file of its own")
    if path.stat().st_size > MOST_BYTES:
        raise Unusable(f"{path.name} of the script is longer than {MOST_BYTES} bytes")
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Unusable(f"{path.name} of the script is no text in UTF-8") from None
