"""Writes `rules.py`: the rules that no statement carries and that assigned values do not settle."""

from __future__ import annotations

import msgspec

from backwright.emit.conditions import lookup
from backwright.emit.judge import is_row
from backwright.emit.judgements import Judgement, judgements, signed_in
from backwright.emit.names import Names
from backwright.emit.source import Identifier, Imports, Source, docstring, imports, module, source
from backwright.expr import python
from backwright.expr.fold import fold
from backwright.expr.typed import Expression, Name
from backwright.expr.walk import mentions_caller, nodes
from backwright.model.types import Model


class RuleFunction(msgspec.Struct, frozen=True, kw_only=True):
    """One function of `rules.py`. `known`: only signed-in callers are judged."""

    judgement: Judgement
    known: bool


def rule_functions(model: Model) -> dict[str, RuleFunction]:
    """The functions that services call, by name."""
    found: dict[str, RuleFunction] = {}
    for operation in model.operations:
        for judgement in judgements(operation, model):
            if judgement.outcome == "judged" and not judgement.by_statement:
                before = found.get(judgement.function)
                known = signed_in(operation) and (before is None or before.known)
                found[judgement.function] = RuleFunction(judgement=judgement, known=known)
    return found


def rules_module(model: Model, names: Names) -> str:
    """Every rule that is judged in Python."""
    pieces = [rule_function(each, model, names) for each in rule_functions(model).values()]
    return module("Rules that are judged on a row at hand.", pieces, package=names.package)


def rule_function(rule: RuleFunction, model: Model, names: Names) -> Source:
    """`may_update_book(caller, book)`."""
    judgement = rule.judgement
    row, row_class = names.row(judgement.entity), names.row_class(judgement.entity)
    parameters = context_parameters(judgement.rule.condition, known=rule.known)
    text, needed = compiled(judgement.rule.condition, model, judgement.entity, row=row, known=rule.known)
    if mentions_row(judgement.rule.condition):
        parameters.append(f"{row}: {row_class}")
        needed |= imports(f"{names.package}.entities", row_class)
    if mentions_caller(judgement.rule.condition):
        needed |= imports(f"{names.package}.callers", "Caller")
    if mentions_now(judgement.rule.condition):
        needed |= imports("datetime", "datetime")
    about = f"{judgement.entity} {judgement.verb}: {judgement.rule.source}"
    body = (
        f"def {Identifier(judgement.function)}({', '.join(parameters)}) -> bool:\n"
        f"    {docstring(about, 4)}\n    return {text}"
    )
    return source(body, needed)


def context_parameters(condition: Expression, *, known: bool) -> list[str]:
    """The parameters besides the row."""
    found = []
    if mentions_caller(condition):
        found.append("caller: Caller" if known else "caller: Caller | None")
    if mentions_now(condition):
        found.append("now: datetime")
    return found


def mentions_row(expression: Expression) -> bool:
    """Whether an expression depends on the row."""
    return any(is_row(each) for each in nodes(expression))


def mentions_now(expression: Expression) -> bool:
    """Whether an expression depends on the time."""
    return any(isinstance(each, Name) and each.root == "now" for each in nodes(expression))


def compiled(
    expression: Expression, model: Model, entity: str, *, row: str, known: bool, now: str = "now"
) -> tuple[str, Imports]:
    """Python for an expression about a row, and what it imports."""
    text = python.compile(
        fold(expression, caller_known=known, lookup=lookup(model)),
        python.Names(
            roots={"this": row, "now": now},
            attribute=lambda of, field: model.entity(of).field(field).column,
            keys=lambda of: model.entity(of).keys,
            caller_known=known,
        ),
    )
    return text, imports("backwright_runtime.arithmetic", *python.functions(text))
