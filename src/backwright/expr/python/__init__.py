"""Compiles typed expressions to Python source that a colleague could have written.

`==` and `!=` on None already have the two-valued meaning of the language; orderings, arithmetic and text spell null
out. Whatever `and`, `or` and `if` have already ruled out is not asked again. Functions of the runtime stand only
where Python means something else: 64 bits, decimals, null, ASCII.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import ModuleType

from backwright.expr.python.operands import Names, NotLocal, literal
from backwright.expr.python.printer import Printer
from backwright.expr.typed import Expression
from backwright_runtime import arithmetic, sequences

__all__ = ["Names", "NotLocal", "compile", "functions", "literal", "needed"]


def compile(expression: Expression, names: Names) -> str:
    """Python source of an expression; `needed` says what it imports. Raises NotLocal."""
    return Printer(names).bare(expression, frozenset())


def needed(source: str) -> Mapping[str, tuple[str, ...]]:
    """What compiled source imports: names by module."""
    called = _names(source)
    found = {module: tuple(sorted(called & known)) for module, known in _MODULES.items()}
    return {module: names for module, names in found.items() if names}


def functions(source: str) -> tuple[str, ...]:
    """The functions of `backwright_runtime.arithmetic` that compiled source calls, sorted."""
    return needed(source).get("backwright_runtime.arithmetic", ())


def _names(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source, mode="eval")) if isinstance(node, ast.Name)}


def _defined(module: ModuleType) -> set[str]:
    """The functions that a module of the runtime defines."""
    return {
        name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
    }


_MODULES: dict[str, set[str]] = {
    "datetime": {"UTC", "date", "datetime", "timedelta"},
    "decimal": {"Decimal"},
    "backwright_runtime.arithmetic": _defined(arithmetic),
    "backwright_runtime.sequences": _defined(sequences),
}
