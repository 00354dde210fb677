"""Breaks a copy of a project, one mistake at a time, and asks the gates each time."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import get_args

import msgspec

from backwright import __version__
from backwright.emit.vendored import has_runtime, runtime_files
from backwright.model.types import Model
from backwright.project import Project
from backwright.verify.gate import DatabaseName, Gate, GateInput
from backwright.verify.gates import GATES
from backwright.verify.judging import judged
from backwright.verify.mutation.operators import OPERATORS
from backwright.verify.mutation.reach import reached
from backwright.verify.mutation.results import Judged, MutationResult, OperatorUse, Outcome, Unused
from backwright.verify.mutation.sources import Sources
from backwright.verify.mutation.types import Mutant, Operator
from backwright.verify.tools import ToolTimeout, python_tool

FIRST = (
    "unit",
    "contract",
    "migrations",
    "acceptance",
    "log-redaction",
    "behaviour",
    "authorization",
    "query-budget",
    "types",
)
"""The order in which gates are asked: the delivered tests, then what is quick; those not named come after these."""
DO_NOT_JUDGE = {
    "integrity": "notices every edit by its hash, and would show nothing about the others",
    "lint": "notices how an edit is laid out, not what it means",
    "load": "measures for minutes how fast answers are, and not what they say",
    "memory": "measures for minutes how much memory is held, and not what is answered",
    "sbom": "looks at what is installed, which no mutant changes",
}
SUFFIXES = (".py", ".sql", ".json")
LEFT_OUT = (".git", ".venv", ".backwright", "__pycache__", "node_modules")
LEAST_SECONDS = 30.0
AT_RANDOM = "behaviour"
"""The gate that finds more the more requests it has: it is asked again about what nothing noticed."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What to break and how to judge it.

    `operators` and `gates` by name; none is all. `per_operator` mutants of each operator are drawn by `seed`, all
    where it is 0; `sample` keeps that many of them in all. `requests` and `seconds` bound the behaviour gate; about
    what no gate noticed it is asked once more with `again` requests, by default as many as `verify` has. After `within`
    seconds no other mutant is begun; they come in a random order then, so that those judged are a sample.
    """

    operators: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    database: DatabaseName = "sqlite"
    per_operator: int = 1
    sample: int | None = None
    within: float | None = None
    seed: int = 1
    requests: int = 600
    again: int = 2000
    seconds: float = 120.0


class Ready(msgspec.Struct, frozen=True):
    """What will be judged: the gates that pass as things are, those that do not judge, and the mutants."""

    gates: tuple[str, ...]
    unused: tuple[Unused, ...]
    mutants: int


def chosen_operators(names: Sequence[str]) -> list[Operator]:
    """The operators of these names; all where none is named. Raises KeyError for an unknown name."""
    known = {each.name: each for each in OPERATORS}
    return [known[name] for name in names] if names else list(OPERATORS)


def draw(sources: Sources, choice: Choice) -> tuple[list[OperatorUse], list[Mutant]]:
    """What each operator could do, and the mutants that are judged: the same ones for the same seed."""
    uses, drawn = [], []
    for operator in chosen_operators(choice.operators):
        made = operator.mutants(sources)
        uses.append(
            OperatorUse(
                name=operator.name,
                family=operator.family,
                about=operator.about,
                blind=operator.blind,
                possible=len(made),
            )
        )
        dice = random.Random(f"{choice.seed}:{operator.name}")  # noqa: S311  nothing is secret here
        drawn += made if not choice.per_operator else dice.sample(made, min(choice.per_operator, len(made)))
    if choice.sample is not None and choice.sample < len(drawn):
        drawn = random.Random(choice.seed).sample(drawn, choice.sample)  # noqa: S311
    elif choice.within is not None:
        random.Random(choice.seed).shuffle(drawn)  # noqa: S311
    return uses, drawn


def run(
    project: Project, model: Model, build: str, choice: Choice
) -> Iterator[Ready | Judged | MutationResult]:
    """First what will be judged, then each mutant's result as it comes, then the whole. The project is not touched."""
    started, clock = datetime.now(UTC), perf_counter()
    with _scratch(project, model) as copy:
        sources = Sources(texts(copy.root, choice.database), model.service.package)
        uses, drawn = draw(sources, choice)
        given = GateInput(
            project=copy,
            model=model,
            build=build,
            seed=choice.seed,
            requests=choice.requests,
            seconds=choice.seconds,
            first=True,
        )
        gates, unused = _able(given, choice)
        yield Ready(tuple(each.NAME for each in gates), tuple(unused), len(drawn))
        results: list[Judged] = []
        for mutant in drawn:
            if choice.within is not None and perf_counter() - clock > choice.within:
                break
            names = {name for edit in mutant.edits for name in reached(sources, edit)}
            looking = msgspec.structs.replace(
                given, changed=tuple(edit.path for edit in mutant.edits), reached=tuple(sorted(names))
            )
            result = judge(mutant, looking, gates, choice)
            results.append(result)
            yield result
    yield MutationResult(
        service=model.service.name,
        build=build,
        tool=__version__,
        started=started,
        seconds=round(perf_counter() - clock, 1),
        seed=choice.seed,
        per_operator=choice.per_operator,
        requests=choice.requests,
        again=choice.again,
        database=choice.database,
        gates=tuple(each.NAME for each in gates),
        unused=tuple(unused),
        operators=tuple(uses),
        mutants=tuple(results),
        left=len(drawn) - len(results),
    )


def _able(given: GateInput, choice: Choice) -> tuple[list[Gate], list[Unused]]:
    """The gates that pass before anything is broken, in order: one that fails already would notice everything."""
    known = {each.NAME: each for each in GATES}
    names = choice.gates or [*FIRST, *(name for name in known if name not in FIRST)]
    able, unused = [], []
    for name in names:
        if name in DO_NOT_JUDGE and not choice.gates:
            unused.append(Unused(gate=name, reason=DO_NOT_JUDGE[name]))
            continue
        result = judged(known[name], _on(given, known[name], choice.database))
        if result.status == "passed":
            able.append(known[name])
        else:
            unused.append(
                Unused(gate=name, reason=f"{result.status} before anything was broken: {result.summary}")
            )
    return able, unused


def _on(given: GateInput, gate: Gate, database: DatabaseName) -> GateInput:
    return msgspec.structs.replace(given, database=database if gate.DATABASE else None)


def judge(mutant: Mutant, given: GateInput, gates: Sequence[Gate], choice: Choice) -> Judged:
    """What notices one mutant, in the project that is given, which is afterwards as it was."""
    clock = perf_counter()
    root, package = given.project.root, given.model.service.package
    outcome: Outcome = "survived"
    noticed, finding, reason, tests = None, "", "", None
    with _applied(root, mutant):
        if not _loads(root, package):
            outcome, reason = "stillborn", "the package does not load"
        else:
            for gate, asked in _asked(gates, given, choice):
                result = judged(gate, _on(asked, gate, choice.database))
                if gate.NAME == "unit":
                    tests = result.status == "failed"
                if result.status == "failed":
                    outcome, noticed, finding = "caught", gate.NAME, _line(result.summary)
                    break
    if outcome == "survived":
        [operator] = chosen_operators([mutant.operator])
        reason = operator.harmless or (operator.on_sqlite if choice.database == "sqlite" else None) or ""
        outcome = "equivalent" if reason else "survived"
        reason = reason or operator.seldom
    return Judged(
        operator=mutant.operator,
        what=mutant.what,
        diff=mutant.diff(),
        outcome=outcome,
        gate=noticed,
        finding=finding,
        reason=reason,
        tests=tests,
        seconds=round(perf_counter() - clock, 2),
    )


def _asked(gates: Sequence[Gate], given: GateInput, choice: Choice) -> Iterator[tuple[Gate, GateInput]]:
    """The gates in order, and what is asked of each; in the end what works at random, with more requests."""
    yield from ((gate, given) for gate in gates)
    if choice.again > choice.requests:
        longer = msgspec.structs.replace(given, requests=choice.again)
        yield from ((gate, longer) for gate in gates if gate.NAME == AT_RANDOM)


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:197]}..."


def _loads(root: Path, package: str) -> bool:
    """Whether the package can be imported at all."""
    try:
        done = python_tool(root, "runpy", [f"{package}.app"], seconds=LEAST_SECONDS, with_project=True)
        return done.returncode == 0
    except ToolTimeout:
        return False


@contextmanager
def _applied(root: Path, mutant: Mutant) -> Iterator[None]:
    """The project with the mistake, for as long as the block runs."""
    try:
        for edit in mutant.edits:
            _write(root / edit.path, edit.after)
        yield
    finally:
        for edit in mutant.edits:
            _write(root / edit.path, edit.before)


def _write(path: Path, text: str) -> None:
    """The file, and nothing that was compiled of it: Python compares whole seconds and the size."""
    path.write_text(text, encoding="utf-8")
    if path.suffix == ".py":
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


@contextmanager
def _scratch(project: Project, model: Model) -> Iterator[Project]:
    """A copy of the project that carries the runtime, where temporary files are as well; in memory if there is such
    a place, since every test makes a database of its own.
    """
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="backwright-mutation-", dir=_fast()) as folder:
        root = Path(folder) / "project"
        shutil.copytree(project.root, root, ignore=shutil.ignore_patterns(*LEFT_OUT))
        files = {path.relative_to(root).as_posix() for path in root.rglob("*.py")}
        if not has_runtime(files):
            for path, text in runtime_files().items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        tempfile.tempdir = os.environ["TMPDIR"] = str(temporary)
        try:
            yield Project(root)
        finally:
            tempfile.tempdir = before[0]
            _restore("TMPDIR", before[1])


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _fast() -> str | None:
    memory = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
    return str(memory) if memory.is_dir() and os.access(memory, os.W_OK) else None


def texts(root: Path, database: DatabaseName) -> Mapping[str, str]:
    """The files of a project that operators may change, by path: none of what only another database runs."""
    other = tuple(f".{name}.sql" for name in get_args(DatabaseName) if name != database)
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and path.suffix in SUFFIXES
        and not path.name.endswith(other)
        and path.relative_to(root).parts[0] != "tests"
    }
