"""The process that runs a function on inputs: `python -m backwright.agent.example_process`, a job on stdin.

It is told inputs and never what should come out: that is compared by the process that asked.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import resource
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from backwright_runtime.errors import ServiceError
from backwright_runtime.logic import WRITTEN
from backwright_runtime.testing import Rows

MEMORY = 1 << 30
FILE_SIZE = 1 << 20
OPEN_FILES = 64
MOMENT = datetime(2030, 1, 1, tzinfo=UTC)
"""The time that it is for a function that uses the clock, as in the tests that a build makes."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: names in the package, inputs by the names of Python, and seconds of computing."""

    package: str
    stub: str
    declared: str
    use: str | None
    handed: tuple[str, ...]
    inputs: tuple[dict[str, Any], ...]
    seconds: int


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one input: an output, the code of an error, or a crash in words."""

    output: dict[str, Any] | None = None
    error: str | None = None
    crash: str | None = None


def main() -> None:
    """Run the job, and answer on what was stdout: what the function prints goes nowhere."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    _limit(job.seconds)
    came = asyncio.run(_run(job))
    with os.fdopen(answers, "wb") as stream:
        stream.write(msgspec.json.encode(came))


def _limit(seconds: int) -> None:
    for kind, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


async def _run(job: Job) -> list[Came]:
    try:
        boundary = importlib.import_module(f"{job.package}.boundary")
        function = getattr(importlib.import_module(f"{job.package}.logic.{job.stub}"), job.stub)
    except Exception as error:  # whatever the module does when it is imported
        return [Came(crash=_said(error)) for _ in job.inputs]
    declared = getattr(boundary, job.declared)
    further: list[Any] = []
    if job.use is not None:
        values = {"now": MOMENT, "db": None}
        further = [getattr(boundary, job.use)(**{name: values.get(name, Rows()) for name in job.handed})]
    return [await _one(declared, function, given, further) for given in job.inputs]


async def _one(declared: Any, function: Any, given: dict[str, Any], further: list[Any]) -> Came:
    try:
        taken = msgspec.convert(given, declared.given)
        output = await WRITTEN.run(declared, taken, lambda: function(taken, *further))
        return Came(output=msgspec.to_builtins(output))
    except ServiceError as error:
        return Came(error=error.code)
    except Exception as error:  # a function may raise anything
        return Came(crash=_said(error))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


if __name__ == "__main__":
    main()
