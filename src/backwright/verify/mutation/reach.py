"""Which operations a change can show in: what tests are asked first. A wrong guess costs time and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from backwright.verify.mutation.sources import Module, Sources
from backwright.verify.mutation.types import Edit

MOST = 6
"""More operations than these say nothing about where to look first."""


def reached(sources: Sources, edit: Edit) -> tuple[str, ...]:
    """Names of the service functions that lead to what an edit changes, by the names that they mention."""
    if not edit.path.startswith(f"{sources.package}/") or not edit.path.endswith(".py"):
        return ()
    names = {_changed(edit)}
    definitions = list(_definitions(sources))
    while True:
        more = {
            name
            for _, name, words in definitions
            if name not in names and any(word in names for word in words)
        }
        if not more:
            break
        names |= more
    services = sorted({name for place, name, _ in definitions if place == "services" and name in names})
    return tuple(services) if len(services) <= MOST else ()


def _changed(edit: Edit) -> str:
    """The name of the outermost definition that the edit begins in."""
    same = next(
        (at for at, (one, two) in enumerate(zip(edit.before, edit.after, strict=False)) if one != two), 0
    )
    line = edit.before.count("\n", 0, same) + 1
    for node in ast.parse(edit.before).body:
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            return _name(node)
    return ""


def _name(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


def _definitions(sources: Sources) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Each definition of the package with its folder and the names that it mentions."""
    for place in ("inputs", "rules", "repositories", "audit", "removal", "views", "services"):
        for module in sources.modules(place):
            for node in module.tree.body:
                name = _name(node)
                if name:
                    yield place, name, _words(module, node)


def _words(module: Module, node: ast.stmt) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", module.source(node)))
