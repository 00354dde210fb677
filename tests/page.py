"""A page of the documentation that can be followed: the files to save, the commands to give, and what they print."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([^`\n]+)`:\s*\Z")
LEFT_OUT = "…"
SECONDS = 900.0


class File(NamedTuple):
    """A block behind a paragraph that ends in a path and a colon."""

    path: str
    text: str


class Command(NamedTuple):
    """A line behind `$` in a block of the kind `console`, and the lines below it."""

    line: str
    printed: str


def read(text: str) -> Iterator[File | Command]:
    """What to do, in the order of the page. Raises ValueError where a block is neither a file nor commands."""
    for found in BLOCK.finditer(text):
        kind, block = found.groups()
        if kind == "console":
            yield from _commands(block)
        elif named := NAMED.search(text[: found.start()]):
            yield File(named[1], block)
        else:
            raise ValueError(f"nothing says where to save the block that begins with {block[:40]!r}")


def _commands(block: str) -> Iterator[Command]:
    head, *parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    if head:
        raise ValueError(f"a block begins with what no command printed: {head[:40]!r}")
    for part in parts:
        line, _, printed = part.partition("\n")
        yield Command(line, printed)


def fits(shown: str, printed: str) -> bool:
    """Whether this was printed. `…` on a line of its own is any lines, in a line any text; space is space."""
    pattern = ""
    for line in map(_spaced, shown.splitlines()):
        if line == LEFT_OUT:
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(map(re.escape, line.split(LEFT_OUT))) + r"\n"
    return re.fullmatch(pattern, "".join(f"{_spaced(line)}\n" for line in printed.splitlines())) is not None


def _spaced(line: str) -> str:
    return " ".join(line.split())


def follow(page: str, folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[Command, str]]:
    """Save the files and give the commands as somebody would who reads; what each command printed. A command that
    ends with anything but 0 raises AssertionError, with what it said."""
    at = folder
    for part in read(page):
        match part:
            case File(path=path, text=text):
                (folder / path).write_text(text, encoding="utf-8")
            case Command(line=line):
                script = f'{line}\ncode=$?; pwd > "$PWD_FILE"; exit $code'
                told = folder / ".at"
                done = subprocess.run(
                    ["bash", "-c", script],
                    cwd=at,
                    env={**environment, "PWD_FILE": str(told)},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=False,
                    timeout=SECONDS,
                )
                assert not done.returncode, f"$ {line}\n{done.stdout}\nended with {done.returncode}"
                at = Path(told.read_text("utf-8").rstrip("\n"))
                yield part, done.stdout


def environment(programs: Path, **more: str) -> dict[str, str]:
    """What a terminal has, with these programs first, and nothing that a test runner added."""
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "LANG") if name in os.environ}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "PYTHONUNBUFFERED": "1", **more}
