"""Writes `rules.py`: what is judged in Python, because no statement carries it and no assigned value settles it."""

from __future__ import annotations

from backwright.emit.judge import is_row
from backwright.emit.package import Package, RuleFunction, mentions_this
from backwright.emit.pythonic import compiled
from backwright.emit.source import Identifier, Source, docstring, imports, module, source
from backwright.emit.storage import field_types
from backwright.expr.fold import fold
from backwright.expr.typed import Expression, Name
from backwright.expr.walk import mentions_caller, nodes


def rules_module(package: Package) -> str:
    """Every rule that is judged in Python."""
    pieces = [rule_function(each, package) for each in package.rules.values()]
    return module("Rules that are judged on a row at hand.", pieces, package=package.names.package)


def rule_function(rule: RuleFunction, package: Package) -> Source:
    """`update_book(caller, now, book)`, each parameter where the rule is about it."""
    model, names = package.model, package.names
    condition = fold(rule.condition, caller_known=rule.known, lookup=field_types(model))
    parameters: list[Source] = []
    roots = {"now": "now"}
    if mentions_caller(rule.condition):
        kind = "Caller" if rule.known else "Caller | None"
        parameters.append(source(f"caller: {kind}", imports(f"{names.package}.callers", "Caller")))
    if mentions_now(rule.condition):
        parameters.append(source("now: datetime", imports("datetime", "datetime")))
    if mentions_this(rule.condition):
        row, row_class = names.row(rule.entity or ""), names.row_class(rule.entity or "")
        parameters.append(source(f"{row}: {row_class}", imports(f"{names.package}.entities", row_class)))
        roots["this"] = row
    found = compiled(condition, model, roots=roots, caller_known=rule.known)
    text = f"({found}) is True" if condition.type.nullable else found.text
    listed = ", ".join(map(str, parameters))
    return source(
        f"def {Identifier(rule.name)}({listed}) -> bool:\n    {docstring(rule.about, 4)}\n    return {text}",
        found,
        *parameters,
    )


def mentions_row(expression: Expression) -> bool:
    """Whether an expression depends on the row."""
    return any(is_row(each) for each in nodes(expression))


def mentions_now(expression: Expression) -> bool:
    """Whether an expression depends on the time."""
    return any(isinstance(each, Name) and each.root == "now" for each in nodes(expression))
