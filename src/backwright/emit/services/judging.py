"""Rules in services: which need no code, which are judged in Python, and which by the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from backwright.emit.certain import of_new_row, rows_made
from backwright.emit.judge import (
    holds,
    is_caller,
    is_now,
    is_public,
    known_from,
    local_access,
    never,
    opposite,
    row_fields,
)
from backwright.emit.names import snake, words
from backwright.emit.package import Package, mentions_this, verb_name
from backwright.emit.repositories import values
from backwright.emit.repositories.inserts import is_judged_at_once, judge_all
from backwright.emit.services.scope import Scope
from backwright.emit.source import Imports, comment, imports, remark
from backwright.expr.fold import fold
from backwright.expr.shape import Shape
from backwright.expr.typed import Constant, Expression, Filtered, Mapped, Name, Quantified
from backwright.expr.walk import is_local, mentions_caller, nodes
from backwright.model.types import Assignment, Entity, Formula, Operation, Rule

_RUNTIME = "backwright_runtime"
_ACCESS = "as the access of this operation says"


class Refused(Exception):
    """Nobody passes a rule: what comes after it is never reached."""


def or_refused(scope: Scope, write: Callable[[], list[str]]) -> list[str]:
    """The lines of what is done in some cases only; a refusal is all there is where nobody passes then."""
    imported, asks, statements = scope.imports, scope.caller_used, scope.statements
    try:
        return write()
    except Refused as refused:
        scope.imports, scope.caller_used, scope.statements = imported, asks, statements
        scope.imports |= imports(_RUNTIME, "Forbidden")
        return [str(refused)]


def judge_candidate(
    rule: Rule | None,
    entity: Entity,
    given: Sequence[Assignment],
    row: str,
    scope: Scope,
    *,
    item: str = "item",
) -> list[str]:
    """The lines that judge a new row. Raises Refused where nobody may make one, with the lines so far."""
    scope.links = {each.field: partial(scope.value, each.value, each.field, item=item) for each in given}
    if rule is None or is_public(rule):
        return []
    made = rows_made(scope.done)
    condition = of_new_row(rule.condition, given, made)
    said = f"{entity.name} create: {rule.source}"
    if never(condition, signed_in=scope.signed_in):
        raise Refused(refusal(said, scope))
    if holds(condition, signed_in=scope.signed_in):
        return [comment(f"{said}; {_why(rule, given, entity)}.", 8)]
    if holds(condition, known=known_from(local_access(scope.operation)), signed_in=scope.signed_in):
        return [comment(f"{said}; {_ACCESS}.", 8)]
    if made is not None and not is_local(rule.condition) and _is_at_hand(condition, scope):
        question = scope.python(opposite(fold(condition, caller_known=scope.signed_in)), this=row, item=item)
        return [_refused_if(question, said, scope)]
    return judged(rule, entity, "create", row, scope, said=said, in_place=False)


def _is_at_hand(condition: Expression, scope: Scope) -> bool:
    """Whether a condition is about rows that earlier steps have found or made, and about no other ones."""
    if not is_local(condition) or condition.type.nullable:
        return False
    found = list(nodes(condition))
    if any(isinstance(node, Filtered | Quantified | Mapped) for node in found):
        return False  # a list that is given holds keys, where the rule speaks of rows
    bound = [node.binding or "" for node in found if isinstance(node, Name) and node.root == "binding"]
    return bool(bound) and all(bind in scope.current and not scope.optional(bind) for bind in bound)


def judge_candidates(
    rule: Rule | None,
    entity: Entity,
    given: Sequence[Assignment],
    row: str,
    rows: str,
    scope: Scope,
    *,
    item: str,
) -> tuple[list[str], list[str]]:
    """The lines that judge many new rows: those for each while it is made, and those for all of them at once."""
    if rule is None or is_local(rule.condition) or not is_judged_at_once(rule, entity):
        return judge_candidate(rule, entity, given, row, scope, item=item), []
    if holds(of_new_row(rule.condition, given, rows_made(scope.done)), signed_in=scope.signed_in):
        return judge_candidate(rule, entity, given, row, scope, item=item), []
    names = verb_name("may_create_all", rule, entity, scope.operation.name)
    choices = [*names, f"{names[-1]}_for_anyone"]
    function = judge_all(rule, entity, choices, scope.repositories, signed_in=scope.signed_in)
    question = f"not {scope.call(function, rows)}"
    return [], [_refused_if(question, f"{entity.name} create: {rule.source}", scope)]


def refused_candidate(
    rule: Rule | None, entity: Entity, given: Sequence[Assignment], scope: Scope
) -> str | None:
    """The refusal where nobody may make such a row."""
    if rule is None:
        return None
    condition = of_new_row(rule.condition, given, rows_made(scope.done))
    if not never(condition, signed_in=scope.signed_in):
        return None
    return refusal(f"{entity.name} create: {rule.source}", scope)


def judge_stored(
    rule: Rule | None, entity: Entity, verb: str, row: str, known: frozenset[Shape], scope: Scope
) -> list[str]:
    """The lines that judge a row as it is stored; `known` is what holds of it already."""
    if rule is None or is_public(rule):
        return []
    said = f"{entity.name} {verb}: {rule.source}"
    if never(rule.condition, signed_in=scope.signed_in):
        raise Refused(refusal(said, scope))
    if holds(rule.condition, known=known, signed_in=scope.signed_in):
        return [comment(f"{said}; true of the row at hand.", 8)]
    if holds(rule.condition, known=known_from(local_access(scope.operation)), signed_in=scope.signed_in):
        return [comment(f"{said}; {_ACCESS}.", 8)]
    return judged(rule, entity, verb, row, scope, said=said, in_place=True)


def judge_after(
    rule: Rule | None, before: Rule | None, entity: Entity, touched: frozenset[str], row: str, scope: Scope
) -> list[str]:
    """The lines that judge a row as it would be. `before` was judged of the row as it is."""
    known = known_from(local_access(scope.operation))
    if rule is None or is_public(rule) or holds(rule.condition, known=known, signed_in=scope.signed_in):
        return []
    if rule == before and not row_fields(rule.condition, entity.key) & touched:
        return []
    return judged(
        rule, entity, "update", row, scope, said="it has to hold after the change, too", in_place=False
    )


def judged(
    rule: Rule, entity: Entity, verb: str, row: str, scope: Scope, *, said: str, in_place: bool
) -> list[str]:
    """The question, and the refusal."""
    return [_refused_if(f"not {asked(rule, entity, verb, row, scope, in_place=in_place)}", said, scope)]


def _refused_if(question: str, said: str, scope: Scope) -> str:
    scope.imports |= imports(_RUNTIME, "Forbidden")
    return remark(f"if {question}:", said, 8) + "\n    raise Forbidden"


def asked(rule: Rule, entity: Entity, verb: str, row: str, scope: Scope, *, in_place: bool) -> str:
    """The call that judges a rule of a row."""
    if not is_local(rule.condition):
        wanted = "may_become" if verb == "update" and not in_place else f"may_{verb}"
        names = verb_name(wanted, rule, entity, scope.operation.name)
        choices = [*names, f"{names[-1]}_for_anyone"]
        function = values.judge(
            rule, entity, choices, scope.repositories, signed_in=scope.signed_in, in_place=in_place
        )
        return scope.call(function, *([row] if function.given else []))
    return rule_call(
        verb_name(f"may_{verb}_{snake(entity.name)}", rule, entity, scope.operation.name),
        f"{entity.name} {verb}: {rule.source}",
        rule.condition,
        entity,
        row,
        scope,
    )


def rule_call(
    wanted: Sequence[str], about: str, condition: Expression, entity: Entity, row: str, scope: Scope
) -> str:
    """The call of a function of `rules.py`."""
    names = [*wanted, f"{wanted[-1]}_for_anyone"]
    rule = scope.package.rule(names, about, condition, entity.name, known=scope.signed_in)
    given = []
    if mentions_caller(condition):
        given.append("caller")
        scope.caller_used = True
    if any(isinstance(node, Name) and node.root == "now" for node in nodes(condition)):
        given.append("ctx.now")
    if mentions_this(condition):
        given.append(row)
    scope.imports |= imports(scope.names.package, "rules")
    return f"rules.{rule.name}({', '.join(given)})"


def refusal(said: str, scope: Scope) -> str:
    """A rule that nobody passes."""
    scope.imports |= imports(_RUNTIME, "Forbidden")
    return remark("raise Forbidden", said, 8)


def _why(rule: Rule, given: Sequence[Assignment], entity: Entity) -> str:
    needed = row_fields(rule.condition, entity.key)
    values_: Mapping[str, Expression] = {each.field: each.value.meaning for each in given}
    said = [said_of(name, values_[name]) for name in values_ if name in needed]
    if said:
        return f"holds because {' and '.join(said)}"
    return "holds for everyone who is signed in" if mentions_caller(rule.condition) else "holds for everyone"


def said_of(field: str, value: Expression) -> str:
    """What is known of an assigned field, in prose."""
    match value:
        case Constant(value=constant):
            return f"{field} is set to {constant!r}"
        case _ if is_caller(value):
            return f"{field} is set to the caller"
        case _ if is_now(value):
            return f"{field} is set to now"
        case Name(root="binding"):
            return f"of the {words(field)} at hand"
        case _:
            return f"of {field}"


def plain_condition(rule: Rule, operation: Operation, package: Package) -> tuple[str, Imports, bool]:
    """A rule about the caller alone: its Python, what that imports, and whether it asks the database."""
    scope = Scope(operation, package)
    if is_local(rule.condition):
        text = scope.python(rule.condition)
        if rule.condition.type.nullable:
            text = f"({text}) is True"
        return text, scope.imports, False
    formula = Formula(source=rule.source, meaning=rule.condition)
    function = values.value(
        formula, f"{snake(operation.name)}_access", package.repositories, signed_in=scope.signed_in
    )
    return scope.call(function), scope.imports, True
