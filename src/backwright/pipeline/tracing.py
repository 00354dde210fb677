"""From a request id to its cause: the operation, the rules and conditions that can answer so, and the code that did.

A request id stands in every line that a service logs about a request, in every answer (`x-request-id`), and in the
replay script of a failing case. What is said here follows from the status and the specification; which one of several
causes it was, only the rows of that moment know.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from backwright.emit.failures import answer_of, outcomes
from backwright.emit.names import module_name
from backwright.model.types import (
    Call,
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Find,
    Formula,
    Model,
    Operation,
    Require,
    Rule,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)
from backwright.project import Project
from backwright.spec.diagnostics import NOWHERE, Place, SpecificationError, diagnose, register
from backwright.verify.coverage import of_step

LARGEST = 256 * 1024 * 1024
"""Bytes of a log that are searched, from its end."""
_STATUSES = re.compile(r"status: (?P<expected>\d{3}) expected, (?P<seen>\d{3}) answered")
"""How a comparison tells of two statuses."""
UNSEEN = register(
    "BW706",
    "A request that nothing tells of",
    "Only a log line or the replay of a failing case leads from a request id to what happened.",
    "backwright explain 4f2a… --log service.log, where the log has no such request",
)


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What can answer a status: the category and its codes, and the rule or condition, where there is one."""

    category: str
    codes: tuple[str, ...]
    what: str = ""
    words: str = ""
    place: Place = NOWHERE


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """One request: where it was found, what is known of it, what can be its cause, and the code that answered it.

    `expected` is what the reference answered where a backend under test answered otherwise. `exception` and `places`
    are of a defect (500). `code` are files with lines and names.
    """

    request_id: str
    found: str
    operation: str
    method: str
    route: str
    status: int | None
    place: Place
    expected: int | None = None
    milliseconds: float | None = None
    exception: str = ""
    places: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    code: tuple[str, ...] = ()
    replay: str = ""

    def text(self) -> str:
        """The trace for people."""
        status = "" if self.status is None else f" answered {self.status}"
        took = "" if self.milliseconds is None else f" in {self.milliseconds:g} ms"
        wanted = "" if self.expected is None else f", {self.expected} expected"
        lines = [f"{self.request_id}: {self.method} {self.route}{status}{wanted}{took}   ({self.found})"]
        lines += [f"operation {self.operation}   {_said(self.place)}"]
        if self.exception:
            lines += ["", f"a defect: {self.exception}", *(f"  {each}" for each in self.places)]
        if self.causes:
            other = self.expected not in (None, self.status)
            says = f"should have answered {self.expected}" if other else f"answers {self.status}"
            lines += ["", f"What {says} here:"]
        for cause in self.causes:
            codes = ", ".join(each for each in cause.codes if each != cause.category)
            told = f"  {cause.category}{f' ({codes})' if codes else ''}"
            told += f": {cause.what} `{cause.words}`   {_said(cause.place)}" if cause.words else ""
            lines.append(told)
        if self.code:
            lines += ["", "The code:", *(f"  {each}" for each in self.code)]
        if self.replay:
            lines += ["", "To see it again:", self.replay.rstrip()]
        return "\n".join(lines)


def _said(place: Place) -> str:
    return "" if place == NOWHERE else f"{place.file}:{place.line}"


def trace(project: Project, model: Model, request_id: str, logs: Iterable[Path]) -> Trace:
    """What is known of a request. Raises SpecificationError where no log and no run tells of it."""
    seen = _logged(request_id, logs) or _replayed(project, model, request_id)
    if seen is None:
        mend = "name the service's log with `--log`; requests are logged at LOG_LEVEL=info"
        message = f"no log line and no failing case has the request id {request_id!r}"
        raise SpecificationError([diagnose(UNSEEN, NOWHERE, message, mend)])
    operation = _operation(model, seen)
    if operation is None:
        return msgspec.structs.replace(seen, operation="none: no operation has this address")
    return msgspec.structs.replace(
        seen,
        operation=operation.name,
        method=operation.method,
        route=operation.path,
        place=operation.place,
        causes=tuple(_causes(operation, model, seen.expected or seen.status)),
        code=tuple(_code(project, model, operation)),
    )


# Where it is told of --------------------------------------------------------------------------------------


def _logged(request_id: str, logs: Iterable[Path]) -> Trace | None:
    found: dict[str, Any] = {}
    where = ""
    for path in logs:
        for number, line in _lines(path):
            if request_id not in line:
                continue
            try:
                # What collects logs puts names of its own first.
                told = msgspec.json.decode(line[max(line.find("{"), 0) :])
            except msgspec.DecodeError:
                continue
            if isinstance(told, dict) and told.get("request_id") == request_id:
                found |= told
                where = f"{path}:{number}"
    if not found:
        return None
    return Trace(
        request_id=request_id,
        found=where,
        operation="",
        method=str(found.get("method", "?")),
        route=str(found.get("route", "?")),
        status=found.get("status") if isinstance(found.get("status"), int) else None,
        place=NOWHERE,
        milliseconds=found.get("milliseconds"),
        exception=str(found.get("exception", "")),
        places=tuple(map(str, found.get("places", ()))),
    )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        size = path.stat().st_size
        if size > LARGEST:
            file.seek(size - LARGEST)
            file.readline()
        for number, line in enumerate(file, 1):
            yield number, line.decode("utf-8", "replace")


def _replayed(project: Project, model: Model, request_id: str) -> Trace | None:
    """A failing case in the artifact of a run, the newest first."""
    names = {operation.name for operation in model.operations}
    for path in sorted(project.runs.glob("*/*.json"), reverse=True):
        try:
            result = msgspec.json.decode(path.read_bytes())
        except msgspec.DecodeError:
            continue
        for finding in result.get("findings", ()) if isinstance(result, dict) else ():
            what, replay = str(finding.get("what", "")), str(finding.get("replay", ""))
            for line in replay.splitlines():
                told = line.partition(f"'# {request_id} ")[2].rstrip("'")
                if told in names:
                    operation = model.operation(told)
                    is_last = "echo '# " not in replay.rpartition(line)[2]
                    differs = _STATUSES.search(what) if is_last else None
                    return Trace(
                        request_id=request_id,
                        found=path.relative_to(project.root).as_posix(),
                        operation=told,
                        method=operation.method,
                        route=operation.path,
                        status=int(differs["seen"]) if differs else None,
                        expected=int(differs["expected"]) if differs else None,
                        place=operation.place,
                        replay=replay if what in replay else f"# {what}\n{replay}",
                    )
    return None


def _operation(model: Model, seen: Trace) -> Operation | None:
    for operation in model.operations:
        if operation.name == seen.operation:
            return operation
        if operation.path == seen.route and (
            seen.method == operation.method or (seen.method, operation.method) == ("HEAD", "GET")
        ):
            return operation
    return None


# What can be its cause ------------------------------------------------------------------------------------


def _causes(operation: Operation, model: Model, status: int | None) -> Iterator[Cause]:
    for outcome in outcomes(operation, model):
        if answer_of(outcome.category, operation, model.service).status != status:
            continue
        said = list(_conditions(operation, outcome.category))
        for what, condition in said:
            yield Cause(
                category=outcome.category,
                codes=outcome.codes,
                what=what,
                words=condition.source,
                place=condition.place,
            )
        if not said:
            yield Cause(category=outcome.category, codes=outcome.codes)


def _conditions(operation: Operation, category: str) -> Iterator[tuple[str, Rule | Formula]]:
    """The rules and conditions whose failure is answered with a category."""
    if category == "forbidden" and operation.access is not None:
        yield "the operation's own access", operation.access
    for step in operation.steps:
        if category in _answered(step):
            for what, condition in of_step(step):
                if what != "if" and not what.startswith("filter"):
                    yield f"{_about(step)}: {what}", condition


def _answered(step: Step) -> tuple[str, ...]:
    match step:
        case Find(otherwise=otherwise, error=error):
            return (error if otherwise is None else otherwise.category,)
        case Require(otherwise=otherwise):
            return (otherwise.category,)
        case VerifyPassword(otherwise=otherwise):
            return ("invalid_credentials" if otherwise is None else otherwise.category,)
        case Create() | Update() | Delete() | UpdateAll() | DeleteAll() | Ensure() | Upsert():
            return ("forbidden",)
        case _:
            return ()


def _about(step: Step) -> str:
    verb = type(step).__struct_config__.tag
    name = step.logic if isinstance(step, Call) else getattr(step, "entity", "")
    return f"{verb} {name}".strip()


# The code -------------------------------------------------------------------------------------------------


def _code(project: Project, model: Model, operation: Operation) -> Iterator[str]:
    """The service function, and the statements that it runs."""
    package = project.root / model.service.package
    path = package / "services" / f"{module_name(operation.tag)}.py"
    function = _function(path, operation.name)
    if function is None:
        return
    yield f"{path.relative_to(project.root)}:{function.lineno} {function.name}"
    seen: set[tuple[str, str]] = set()
    for node in ast.walk(function):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if (name, attribute) not in seen:
                seen.add((name, attribute))
                repository = package / "repositories" / f"{name}.py"
                called = _function(repository, attribute)
                if called is not None:
                    for line, statement in _statements(repository, called):
                        yield f"{repository.relative_to(project.root)}:{line} {statement}"
            case _:
                pass


def _function(path: Path, name: str) -> ast.AsyncFunctionDef | None:
    if not path.is_file():
        return None
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name == name:
            return node
    return None


def _statements(path: Path, function: ast.AsyncFunctionDef) -> Iterator[tuple[int, str]]:
    """The statements that a function of a repository names, and where they are written."""
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and node.id.isupper()}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) if name in used:
                yield node.lineno, name
            case _:
                pass
