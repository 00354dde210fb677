"""The declared examples, run by a process of ours in which nothing but the package lies, and compared here."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from backwright.agent.example_process import Came, Job
from backwright.agent.verdicts import Failure
from backwright.agent.work_items import Example
from backwright.emit.logic.boundary import declared_name, use_class, uses
from backwright.emit.names import attribute
from backwright.model.types import FieldType, InputField, ListType, Logic, Model, RecordType
from backwright.reference.calling import canonical, read
from backwright.verify.server import python_path

LONGEST = 60
MOST_BYTES = 4_000_000


class NoAnswer(Exception):
    """The process did not say what came out. The message says why."""


def failures(logic: Logic, model: Model, examples: tuple[Example, ...], folder: Path) -> Iterator[Failure]:
    """The examples that do not hold; `folder` has the package and nothing else."""
    if not examples:
        return
    inputs = tuple(_spelled(logic.input, json.loads(each.example.input)) for each in examples)
    job = Job(
        package=model.service.package,
        stub=logic.name,
        declared=str(declared_name(logic)),
        use=str(use_class(logic)) if uses(logic, model) else None,
        handed=tuple(uses(logic, model)),
        inputs=inputs,
        seconds=min(LONGEST, 2 + logic.seconds * len(examples)),
    )
    try:
        came = run(job, folder)
    except NoAnswer as error:
        yield Failure(kind="example", what=str(error), where="all examples")
        return
    for example, outcome in zip(examples, came, strict=True):
        wrong = _wrong(logic, example, outcome)
        if wrong:
            where = f"example {example.number}"
            yield Failure(kind="example", what=wrong, where=where, held_back=example.held_back)


def run(job: Job, folder: Path) -> list[Came]:
    """What came of each input. The environment of the process is empty but for where Python finds things. Raises
    NoAnswer."""
    with tempfile.TemporaryDirectory(prefix="backwright-examples-") as elsewhere:
        environment = {
            "PATH": os.defpath,
            "PYTHONPATH": python_path(folder),
            "HOME": elsewhere,
            "TMPDIR": elsewhere,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "backwright.agent.example_process"],
            cwd=elsewhere,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(msgspec.json.encode(job), timeout=job.seconds + 10)
        except subprocess.TimeoutExpired:
            raise NoAnswer(f"the function did not end within {job.seconds + 10} s") from None
        finally:
            _end(process)
    if process.returncode:
        raise NoAnswer(f"the process ended with {process.returncode}: too long, or too much memory")
    try:
        came = msgspec.json.decode(output[:MOST_BYTES], type=list[Came])
    except msgspec.DecodeError:
        raise NoAnswer("the process did not answer as it should") from None
    if len(came) != len(job.inputs):
        raise NoAnswer("the process did not answer for each example")
    return came


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wrong(logic: Logic, example: Example, came: Came) -> str:
    expected = example.example
    if came.crash is not None:
        return f"it raises {came.crash}"
    if expected.error is not None:
        seen = f"raises {came.error}" if came.error is not None else f"returns {json.dumps(came.output)}"
        return "" if came.error == expected.error else f"it should raise {expected.error}, and {seen}"
    if came.error is not None or came.output is None:
        return f"it should return {expected.output}, and raises {came.error}"
    output = _told(logic.output, came.output)
    try:
        same = canonical(read(logic.output, output)) == canonical(
            read(logic.output, json.loads(expected.output or "{}"))
        )
    except (ValueError, ArithmeticError, TypeError, AttributeError):
        same = False
    return "" if same else f"it should return {expected.output}, and returns {json.dumps(output)}"


# Names of Python and of the specification -------------------------------------------------------------


def _spelled(members: tuple[InputField, ...], given: dict[str, Any]) -> dict[str, Any]:
    """A record by the names that its struct has (`from_` for `from`)."""
    return {
        str(attribute(each.name)): _inside(each.type, given[each.name], True)
        for each in members
        if each.name in given
    }


def _told(members: tuple[InputField, ...], given: dict[str, Any]) -> dict[str, Any]:
    """A record by the names of the specification."""
    found = {}
    for each in members:
        name = str(attribute(each.name))
        if name in given:
            found[each.name] = _inside(each.type, given[name], False)
    return found


def _inside(kind: FieldType, value: Any, spelled: bool) -> Any:
    match kind:
        case RecordType(members=members) if isinstance(value, dict):
            return _spelled(members, value) if spelled else _told(members, value)
        case ListType(element=element) if isinstance(value, list):
            return [_inside(element, each, spelled) for each in value]
        case _:
            return value
