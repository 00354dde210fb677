"""Mutants by the kind of place they change, so that an operator is a few lines."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from backwright.verify.mutation.clauses import Condition, conditions
from backwright.verify.mutation.sources import Module, Sources, Span, Sql
from backwright.verify.mutation.types import Edit, Made

Turned = Iterator[tuple[str, str]]
"""Other texts of a statement, each with what was done."""


def in_module(module: Module, after: str, what: str) -> Made:
    """One mutant that changes one file, unless it would be the same file."""
    if after != module.text:
        yield (Edit(module.path, module.text, after),), f"{module.path}: {what}"


def in_file(path: str, before: str, after: str, what: str) -> Made:
    """One mutant that changes one file that is not Python."""
    if after != before:
        yield (Edit(path, before, after),), f"{path}: {what}"


def in_place(module: Module, span: Span, text: str, what: str) -> Made:
    """One mutant that puts other text in one place."""
    yield from in_module(module, module.replaced((span, text)), what)


def in_statement(statement: Sql, turn: Callable[[str], Turned]) -> Made:
    """Mutants of a statement: in both of its texts where it has one for each database and both turn alike."""
    turned = [list(turn(text)) for text in statement.texts]
    alike = len({len(each) for each in turned}) == 1
    for changes in zip(*(turned if alike else turned[-1:]), strict=True):
        spans = statement.spans if alike else statement.spans[-1:]
        texts = [(span, text) for span, (text, _) in zip(spans, changes, strict=True)]
        after = statement.module.replaced(*texts)
        yield from in_module(statement.module, after, f"{statement.name}: {changes[0][1]}")


def without_condition(sql: str, wanted: Callable[[Condition], bool]) -> Turned:
    """The statement without one of its conditions; one that stands there twice says the same once."""
    found = conditions(sql)
    for each in found:
        if wanted(each) and not any(each.is_repeated_by(other, sql) for other in found):
            yield each.dropped(sql), f"does not ask for `{_short(each.text)}`"


def without_conditions(
    sources: Sources, of: Callable[[Sql], bool], wanted: Callable[[Condition], bool]
) -> Made:
    """Mutants of some statements that each drop one condition."""
    for statement in sources.statements():
        if of(statement):
            yield from in_statement(statement, lambda sql: without_condition(sql, wanted))


def without_statements(module: Module, wanted: Callable[[ast.stmt], bool], what: str) -> Made:
    """Mutants of a module that each leave out one statement."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.stmt) and wanted(node):
            line = _short(module.source(node))
            yield from in_module(module, module.without_statement(node), f"{what} `{line}`")


def keywords(module: Module, within: ast.AST | None = None) -> Iterator[tuple[ast.Call, ast.keyword]]:
    """Every named argument, with its call."""
    for node in ast.walk(within or module.tree):
        if isinstance(node, ast.Call):
            yield from ((node, each) for each in node.keywords if each.arg is not None)


def raises(node: ast.If) -> str:
    """What an `if` raises and does nothing else; empty otherwise."""
    match node.body:
        case [ast.Raise(exc=ast.Name(id=name) | ast.Call(func=ast.Name(id=name)))] if not node.orelse:
            return name
    return ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else f"{line[:87]}..."
