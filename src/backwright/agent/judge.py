"""The gates of agent mode: a patch in a tree of its own, judged by this process. Nothing else says that it is done."""

from __future__ import annotations

import io
import re
import tempfile
import tokenize
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from backwright.agent import examples, trees
from backwright.agent.patches import Patch
from backwright.agent.verdicts import Failure, Kind
from backwright.agent.work_items import WorkItem
from backwright.model.types import Logic, Model
from backwright.project import Project
from backwright.verify import acceptance
from backwright.verify.confinement import is_written, reaches
from backwright.verify.gate import GateInput, backend
from backwright.verify.gates import lint, static_analysis, types, unit
from backwright.verify.judging import judged
from backwright.verify.results import GateResult
from backwright.verify.server import ServerFailed
from backwright.verify.tools import ToolTimeout, last_lines, python_tool


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a check looks at: the patch in its tree."""

    item: WorkItem
    model: Model
    tree: Project

    @property
    def logic(self) -> Logic:
        return next(each for each in self.model.logic if each.name == self.item.stub)

    @property
    def given(self) -> GateInput:
        return GateInput(project=self.tree, model=self.model, build="", database="sqlite")


Check = Callable[[Case], Iterator[Failure]]


def judge(
    project: Project, model: Model, item: WorkItem, patch: Patch, checks: Sequence[Check] | None = None
) -> tuple[Failure, ...]:
    """What does not hold, of one check after the other up to the first that fails; nothing: it is done.

    What is read from the source comes first, so that nothing runs that reaches beyond its declaration.
    """
    with tempfile.TemporaryDirectory(prefix="backwright-judged-") as folder:
        tree = trees.judged(project, item, patch, Path(folder) / "project")
        case = Case(item=item, model=model, tree=tree)
        for check in ALL if checks is None else checks:
            failures = tuple(check(case))
            if failures:
                return failures
    return ()


def reaches_within(case: Case) -> Iterator[Failure]:
    """Function and tests parse, the function is written, and neither reaches for what is not declared."""
    for path in case.item.allowed:
        file = case.tree.root / path
        if not file.is_file():
            continue
        try:
            for reach in reaches(file, case.item.package, (case.logic,)):
                yield Failure(kind="logic", what=f"{reach.what}: {reach.why}", where=f"{path}:{reach.line}")
        except (SyntaxError, ValueError) as error:
            yield Failure(kind="logic", what=f"no Python: {error}", where=path)
            return
    if not is_written(case.tree.root / case.item.function, case.item.stub):
        yield Failure(kind="logic", what=f"`{case.item.stub}` is not written", where=case.item.function)


def linted(case: Case) -> Iterator[Failure]:
    """The gate `lint`, as far as it is about the function."""
    yield from _of_gate("lint", judged(lint, case.given), case)


def typed(case: Case) -> Iterator[Failure]:
    """The gate `types`, without what other custom logic has."""
    yield from _of_gate("types", judged(types, case.given), case)


def scanned(case: Case) -> Iterator[Failure]:
    """The static security scan, without what other custom logic has."""
    yield from _of_gate("static_analysis", judged(static_analysis, case.given), case)


def unsuppressed(case: Case) -> Iterator[Failure]:
    """The function tells no gate to look away: who writes code to be judged does not choose what is looked at."""
    text = (case.tree.root / case.item.function).read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and SUPPRESSION.search(token.string):
            where = f"{case.item.function}:{token.start[0]}"
            yield Failure(kind="lint", what=f"a finding is suppressed: {token.string}", where=where)


def _of_gate(kind: Kind, result: GateResult, case: Case) -> Iterator[Failure]:
    if result.status == "not_run":  # a gate that cannot look has shown nothing
        yield Failure(kind=kind, what=f"not run: {result.summary}")
    others = f"{case.item.package}/logic/"
    for finding in result.findings:
        elsewhere = finding.where.startswith(others) and not finding.where.startswith(
            f"{case.item.function}:"
        )
        if not elsewhere:
            yield Failure(kind=kind, what=finding.what, where=finding.where)


def by_example(case: Case) -> Iterator[Failure]:
    """All examples of the declaration, those held back among them."""
    with tempfile.TemporaryDirectory(prefix="backwright-package-") as folder:
        trees.package_alone(case.tree, case.item, Path(folder))
        yield from examples.failures(case.logic, case.model, case.item.examples, Path(folder))


def own_tests(case: Case) -> Iterator[Failure]:
    """The function's delivered tests: there is one, all pass, none is skipped."""
    with tempfile.TemporaryDirectory(prefix="backwright-tests-") as folder:
        report = Path(folder) / "tests.xml"
        arguments = ["-q", "-p", "no:cacheprovider", f"--junit-xml={report}", case.item.tests]
        try:
            done = python_tool(case.tree.root, "pytest", arguments, {"HOME": folder, "TMPDIR": folder})
        except ToolTimeout as error:
            yield Failure(kind="tests", what=str(error))
            return
        if not report.is_file():
            yield Failure(kind="tests", what=f"pytest did not run: {last_lines(done, 5)}")
            return
        number, findings = unit.outcomes(report)
    for finding in findings:
        name = finding.where.rpartition("::")[2]
        hidden = trees.hidden_test(name, case.item)
        yield Failure(kind="tests", what=finding.what, where=finding.where, held_back=hidden)
    if not findings and (done.returncode or not number):
        yield Failure(kind="tests", what=f"pytest ended with {done.returncode} and {number} tests")


def by_scenario(case: Case) -> Iterator[Failure]:
    """The acceptance scenarios that reach the function, on the running backend with the function as it is written."""
    if not case.item.scenarios:
        return
    hidden = {each.scenario.id: each.held_back for each in case.item.scenarios}
    scenarios = [each.scenario for each in case.item.scenarios]
    try:
        with backend(case.given, as_written=True) as server:
            results = acceptance.execute_over_http(scenarios, case.model, server)
    except ServerFailed as error:
        yield Failure(kind="acceptance", what=f"the backend does not run: {error}")
        return
    for result in results:
        if result.status != "passed":
            yield Failure(
                kind="acceptance", what=result.detail, where=result.id, held_back=hidden.get(result.id, False)
            )


SUPPRESSION = re.compile(
    r"\b(noqa|nosec|type: *ignore|pyright|mypy:|ruff:|fmt: *(off|skip)|pragma: *no)", re.IGNORECASE
)
ALL: tuple[Check, ...] = (
    reaches_within,
    unsuppressed,
    linted,
    typed,
    scanned,
    by_example,
    own_tests,
    by_scenario,
)
"""What decides, in this order."""
