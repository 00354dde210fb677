"""The commands that agents may run, each as a process of its own with `--json`.

A process cannot write into the protocol's stdout, does not hold up the event loop, and is killed when it takes too
long. It gets no variable of the environment that could hold a secret.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from backwright.console import Exit, hazards_of
from backwright_runtime.safe import Refused, programs

Command = Literal[
    "check", "plan", "build", "verify", "rehearse", "report", "status", "explain", "schema", "manual"
]
COMMANDS: tuple[Command, ...] = (
    "check", "plan", "build", "verify", "rehearse", "report", "status", "explain", "schema", "manual",
)  # fmt: skip
"""All that is reachable: nothing among them approves, answers a question, migrates a database or serves."""

SECONDS: dict[Command, float] = {"verify": 3600.0}
USUALLY = 120.0
LARGEST = 16 * 1024 * 1024
MEMORY = 16 * 1024 * 1024 * 1024
KEPT = ("HOME", "TMPDIR", "BACKWRIGHT_TEST_POSTGRES")
"""What the commands need of the environment beside what every program gets. DATABASE_URL is not among it."""

MEANS = {
    Exit.OK: "done",
    Exit.FOUND: "errors in the specification, or a failed gate",
    Exit.USAGE: "wrong arguments",
    Exit.BLOCKED: "somebody has to answer a question or approve a plan; you cannot",
    Exit.EDITED: "generated files were edited by hand",
    Exit.NOT_RUN: "nothing failed, but a gate that was named could not run",
    Exit.INTERNAL: "a defect of Backwright",
}


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended: its exit code, what that means, and what it said."""

    exit_code: int
    means: str
    answer: Any


async def run(command: Command, root: Path, arguments: Sequence[str] = ()) -> Ran:
    """Run a command of Backwright on a project. Raises Refused where it takes too long or says too much."""
    if command not in COMMANDS:
        raise Refused(f"{command!r} is not for agents")
    own = command in ("schema", "manual")
    where = [] if own else ["--json", "--project", str(root)]
    done = await programs.run(
        sys.executable,
        [
            "-P",
            "-m",
            "backwright",
            command,
            *where,
            *arguments,
        ],  # no module of the project in the place of ours
        folder=str(root),
        environment={name: os.environ[name] for name in KEPT if name in os.environ},
        seconds=SECONDS.get(command, USUALLY),
        largest=LARGEST,
        memory=MEMORY,
    )
    text = done.output.decode("utf-8", "replace")
    return Ran(
        exit_code=done.code, means=meaning(done.code), answer=text if own else _answer(text, done.errors)
    )


def meaning(code: int) -> str:
    if code in {int(each) for each in Exit}:
        return MEANS[Exit(code)]
    if waiting := hazards_of(code):
        classes = " and ".join(each.replace("_", " ") for each in waiting)
        return f"somebody has to approve what this plan changes: {classes}; you cannot"
    return "it was killed" if code < 0 else "it ended in an unknown way"


def _answer(text: str, errors: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {"output": text, "errors": errors.decode("utf-8", "replace")[-4000:]}
