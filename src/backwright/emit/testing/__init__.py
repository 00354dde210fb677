"""Writes the delivered project's own tests: success, failure and authorization of every operation, over HTTP.

For each operation the reference is asked, in memory, for the smallest world and the shortest conversation that
reach each of its outcomes (`reach`, `outcomes` and what they call). Then that conversation is printed, with what
the reference answered as the literal value that the service has to answer (`printing`). So a test and the code
that it tests are not wrong in the same way.
"""

from __future__ import annotations

from backwright.emit.names import Names, module_name
from backwright.emit.source import Source, comment, imports, module, source
from backwright.emit.testing.outcomes import tests_of
from backwright.emit.testing.printing import printed
from backwright.emit.testing.reach import setting
from backwright.emit.testing.rows import rows_module
from backwright.emit.testing.service import conftest_module
from backwright.emit.testing.values import Unfit
from backwright.emit.testing.whole import whole_module
from backwright.emit.testing.world import Setting
from backwright.model.types import Model, Operation

__all__ = ["test_files", "tests_by_name", "unreached"]


def test_files(model: Model, names: Names) -> dict[str, str]:
    """The modules of `tests/`, by path."""
    common = setting(model, names)
    missing: list[str] = []
    tree = {"tests/conftest.py": conftest_module(model, names)}
    if model.entities:
        tree["tests/rows.py"] = rows_module(common)
    by_module: dict[str, list[Operation]] = {}
    for operation in model.operations:
        by_module.setdefault(module_name(operation.tag), []).append(operation)
    for name, operations in by_module.items():
        tree[f"tests/test_{name}.py"] = _module(operations, common, missing)
    if model.operations:
        name = "whole_service" if "service" in by_module else "service"
        tree[f"tests/test_{name}.py"] = whole_module(common)
    about = module("Tests of every operation, over HTTP.", [_unreached(missing)], package=names.package)
    return {"tests/__init__.py": about, **tree}


def _module(operations: list[Operation], common: Setting, missing: list[str]) -> str:
    """The tests of the operations of one tag. Adds what they do not reach to what is missing."""
    pieces: list[Source] = [source("pytestmark = pytest.mark.anyio", imports("", "pytest"))]
    taken: set[str] = set()
    for operation in operations:
        tests, unreachable = tests_of(operation, common)
        for test in tests:
            while f"{operation.name}_{test.name}" in taken:
                test.name += "_again"
            taken.add(f"{operation.name}_{test.name}")
            try:
                pieces.append(printed(test, operation))
            except Unfit as unfit:
                unreachable.append(f"{test.name} ({unfit})")
        if unreachable:
            missing.append(f"{operation.name}: {', '.join(unreachable)}")
    return module(f"What callers see of /{operations[0].tag}.", pieces, package=common.names.package)


def _unreached(missing: list[str]) -> Source:
    """A comment that says what no test reaches."""
    if not missing:
        return source("")
    about = "No rows, caller and input were found for which these would be answered, so no test shows them:"
    return source("\n".join([comment(about), *(comment(each, mark="#   ") for each in missing)]))


def tests_by_name(operation: Operation, common: Setting) -> dict[str, str]:
    """The tests of one operation as they are printed, by the names of their functions."""
    found: dict[str, str] = {}
    for test in tests_of(operation, common)[0]:
        try:
            text = printed(test, operation).text
        except Unfit:
            continue
        found[text.partition("def ")[2].partition("(")[0]] = text
    return found


def unreached(model: Model, names: Names) -> dict[str, list[str]]:
    """What no emitted test reaches, by operation; for the report."""
    common = setting(model, names)
    found = {operation.name: tests_of(operation, common)[1] for operation in model.operations}
    return {name: missing for name, missing in found.items() if missing}
