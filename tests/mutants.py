"""Models with one thing wrong, each: what tests of a service have to notice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from backwright.emit.names import names
from backwright.emit.testing.cases import Case, Full, Handed, Repeated, Table, Test
from backwright.emit.testing.outcomes import tests_of
from backwright.emit.testing.reach import setting
from backwright.emit.testing.trial import Stage, Trial
from backwright.emit.testing.world import Setting, World
from backwright.expr.typed import (
    FALSE,
    TRUE,
    And,
    Compare,
    Constant,
    Expression,
    In,
    Name,
    Not,
    Or,
    Quantified,
)
from backwright.model.types import Model, Operation, Require, Rule, Select, Update

RULES = ("allowed", "after", "readable", "created", "updated")
PUBLIC = Rule(source="public", condition=TRUE)


def mutants(model: Model) -> Iterator[tuple[str, Model]]:
    """Each mutant with its name."""
    for at, operation in enumerate(model.operations):
        for name, changed in of_operation(operation):
            operations = (*model.operations[:at], changed, *model.operations[at + 1 :])
            yield f"{operation.name}: {name}", msgspec.structs.replace(model, operations=operations)
    for at, entity in enumerate(model.entities):
        for number, check in enumerate(entity.checks):
            checks = entity.checks[:number] + entity.checks[number + 1 :]
            lax = msgspec.structs.replace(entity, checks=checks)
            yield f"{entity.name}: without check {check.name}", _with_entity(model, at, lax)
        for number, field in enumerate(entity.fields):
            if field.unique:
                fields = _replaced(entity.fields, number, msgspec.structs.replace(field, unique=False))
                yield (
                    f"{entity.name}.{field.name}: not unique",
                    _with_entity(model, at, msgspec.structs.replace(entity, fields=fields)),
                )
        for number, index in enumerate(entity.indexes):
            if index.unique:
                indexes = entity.indexes[:number] + entity.indexes[number + 1 :]
                yield (
                    f"{entity.name}: without {index.name}",
                    _with_entity(model, at, msgspec.structs.replace(entity, indexes=indexes)),
                )


def _with_entity(model: Model, at: int, entity: Any) -> Model:
    return msgspec.structs.replace(model, entities=_replaced(model.entities, at, entity))


def of_operation(operation: Operation) -> Iterator[tuple[str, Operation]]:
    if operation.access is not None:
        for name, rule in weakened(operation.access):
            yield f"access {name}", msgspec.structs.replace(operation, access=rule)
    status = msgspec.structs.replace(operation.respond, status=operation.respond.status + 1)
    if operation.respond.choose is None:
        yield "status", msgspec.structs.replace(operation, respond=status)
    for at, step in enumerate(operation.steps):
        for name, changed in of_step(step):
            steps = _replaced(operation.steps, at, changed)
            yield f"step {at} {name}", msgspec.structs.replace(operation, steps=steps)


def of_step(step: Any) -> Iterator[tuple[str, Any]]:
    for rule_name in RULES:
        rule = getattr(step, rule_name, None)
        if rule is not None:
            for name, weaker in weakened(rule):
                yield f"{rule_name} {name}", msgspec.structs.replace(step, **{rule_name: weaker})
    if isinstance(step, Require):
        always = msgspec.structs.replace(step.condition, meaning=TRUE)
        yield "require dropped", msgspec.structs.replace(step, condition=always)
    if isinstance(step, Select):
        if step.where is not None:
            yield "where dropped", msgspec.structs.replace(step, where=None)
        for filtering in step.filters:
            rest = tuple(other for other in step.filters if other is not filtering)
            yield f"filter {filtering.name} dropped", msgspec.structs.replace(step, filters=rest)
        if step.order:
            first = step.order[0]
            turned = msgspec.structs.replace(first, direction="asc" if first.direction == "desc" else "desc")
            yield "order turned", msgspec.structs.replace(step, order=(turned, *step.order[1:]))
    if isinstance(step, Update):
        for name in step.changes:
            changes = tuple(other for other in step.changes if other != name)
            yield f"change of {name} dropped", msgspec.structs.replace(step, changes=changes)
        for each in step.values:
            values = tuple(other for other in step.values if other is not each)
            yield f"value of {each.field} dropped", msgspec.structs.replace(step, values=values)


def weakened(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """The rule with one part taken out."""
    if rule.condition in (TRUE, FALSE):
        return
    for name, condition in parts_out(rule.condition):
        if condition != rule.condition:
            yield name, msgspec.structs.replace(rule, condition=condition)


def parts_out(condition: Expression) -> Iterator[tuple[str, Expression]]:
    match condition:
        case Compare(op="!=", left=Name(root="caller"), right=Constant(value=None)):
            return  # the operation turns nobody away by this alone
        case And(parts=parts):
            for at, part in enumerate(parts):
                rest = parts[:at] + parts[at + 1 :]
                if not list(parts_out(part)):
                    continue
                yield f"without && {at}", msgspec.structs.replace(condition, parts=rest)
                for name, inner in parts_out(part):
                    yield (
                        f"&& {at} {name}",
                        msgspec.structs.replace(condition, parts=_replaced(parts, at, inner)),
                    )
        case Or(parts=parts):
            for at, part in enumerate(parts):
                rest = parts[:at] + parts[at + 1 :]
                yield f"without || {at}", msgspec.structs.replace(condition, parts=rest)
                for name, inner in parts_out(part):
                    yield (
                        f"|| {at} {name}",
                        msgspec.structs.replace(condition, parts=_replaced(parts, at, inner)),
                    )
        case In(options=options) if len(options) > 1:
            for at in range(len(options)):
                rest = options[:at] + options[at + 1 :]
                yield f"without option {at}", msgspec.structs.replace(condition, options=rest)
        case Quantified(condition=inside):
            yield "always", TRUE
            for name, inner in parts_out(inside):
                yield f"exists {name}", msgspec.structs.replace(condition, condition=inner)
        case Not(of=of):
            yield "always", TRUE
            for name, inner in parts_out(of):
                yield f"! {name}", msgspec.structs.replace(condition, of=inner)
        case _:
            yield "always", TRUE


def _replaced(items: tuple[Any, ...], at: int, item: Any) -> tuple[Any, ...]:
    return (*items[:at], item, *items[at + 1 :])


# What tests notice ------------------------------------------------------------------------------------


def conversations(tests: Iterable[Test]) -> Iterator[tuple[World, list[Trial]]]:
    """The requests of each test, with what the model answers."""
    for test in tests:
        match test:
            case Case():
                yield test.world, test.trials
            case Table():
                yield from ((value.trial.scene.world, [value.trial]) for value in test.values)
            case Repeated():
                yield test.allowed.scene.world, [test.allowed]
            case Full() | Handed():
                yield test.trial.scene.world, [test.trial]


def noticed(mutant: Model, model: Model) -> bool:
    """Whether some test of an operation that is not as it was would fail."""
    common = _common(model)
    for before, after in zip(model.operations, mutant.operations, strict=True):
        if before is after and model.entities == mutant.entities:
            continue
        for world, trials in _conversations_of(before.name, common):
            if _answers(world, trials, mutant) != _answers(world, trials, model):
                return True
    return False


@cache
def _cached(identity: int, name: str) -> tuple[tuple[World, list[Trial]], ...]:
    common = _SETTINGS[identity]
    return tuple(conversations(tests_of(common.model.operation(name), common)[0]))


_SETTINGS: dict[int, Setting] = {}


def _common(model: Model) -> Setting:
    return _SETTINGS.setdefault(id(model), setting(model, names(model)))


def _conversations_of(name: str, common: Setting) -> tuple[tuple[World, list[Trial]], ...]:
    return _cached(id(common.model), name)


def _answers(world: World, trials: list[Trial], model: Model) -> list[Any]:
    stage = Stage(World(msgspec.structs.replace(world.setting, model=model), world.rows))
    found: list[Any] = []
    for trial in trials:
        try:
            answer = stage.send(trial.scene, trial.ask)
        except (KeyError, TypeError, AssertionError) as broken:
            found.append(repr(broken))
            continue
        response = answer.response
        found.append(
            (response.status, repr(response.body), response.content, response.headers, repr(answer.rows))
        )
    return found
