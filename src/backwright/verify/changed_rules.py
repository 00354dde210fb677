"""The rules that a plan changes: which rows each is asked of, what it lets callers do, and what would show it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.expr.typed import BOOLEAN, TRUE, Constant, Expression, In, Member, Name, Type
from backwright.model.formulas import type_of
from backwright.model.types import (
    Create,
    Delete,
    Entity,
    Field,
    Find,
    Model,
    Move,
    Operation,
    Rule,
    Select,
    Step,
    Update,
    Verb,
)
from backwright.plan.access import Effect, rule_effect
from backwright.plan.changes import ChangeEntity, ChangeField, ChangeRule, identity
from backwright.plan.meaning import NO_RENAMES
from backwright.plan.plan import Plan

MOST_OPERATIONS = 4
"""With how many operations an example of one rule is looked for."""
_EVERYBODY = Rule(source="everybody", condition=TRUE)
_DOES: dict[Verb, str] = {"read": "see", "create": "create", "update": "change", "delete": "delete"}


class ChangedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule before and after: of an entity, of a move, or who may read (`shown`) or send (`sent`) a field.

    `rows` holds of the rows in question; `does` is what the rule lets callers do, in words.
    """

    name: str
    entity: str
    verb: Verb
    effect: Effect
    rules: tuple[Rule, Rule]
    does: str
    rows: tuple[Expression, ...] = ()
    shown: Field | None = None
    sent: Field | None = None
    move: Move | None = None

    def shown_by(self, model: Model) -> list[Operation]:
        """The operations that answer otherwise when the rule does: those about one row first."""
        found = [each for each in model.operations if any(map(self._is_about, each.steps))]
        if self.verb == "read":
            found = [each for each in found if each.method == "GET"] or found
        return sorted(found, key=lambda each: (not each.path_parameters, len(each.steps)))[:MOST_OPERATIONS]

    def _is_about(self, step: Step) -> bool:
        if self.move is not None:
            return isinstance(step, Update) and step.entity == self.entity and step.allowed == self.move.may
        kinds: dict[Verb, tuple[type[Step], ...]] = {
            "read": (Find, Select),
            "create": (Create,),
            "update": (Update,) if self.sent is None else (Update, Create),
            "delete": (Delete,),
        }
        return isinstance(step, kinds[self.verb]) and getattr(step, "entity", "") == self.entity


def changed_rules(before: Model, after: Model, plan: Plan) -> Iterator[ChangedRule]:
    """The changed rules of a plan, of entities that both models have."""
    former = {entity.name: entity for entity in before.entities}
    for change in plan.changes:
        match change:
            case ChangeRule(entity=owner, verb=verb) if owner in former:
                rules = former[owner].access.get(verb), after.entity(owner).access.get(verb)
                if rules[0] is not None and rules[1] is not None:
                    yield ChangedRule(
                        name=identity(change), entity=owner, verb=verb, effect=change.effect,
                        rules=(rules[0], rules[1]), does=f"{_DOES[verb]} this {owner}",
                    )  # fmt: skip
            case ChangeField(entity=owner) if owner in former:
                yield from _of_field(change, former[owner], after.entity(owner))
            case ChangeEntity(before=old, after=new) if old.name == new.name:
                yield from _of_moves(identity(change), old, new)
            case _:
                continue


def _of_field(change: ChangeField, old: Entity, new: Entity) -> Iterator[ChangedRule]:
    before, after = change.before, change.after
    told = f"{new.name}.{after.name} of this row"
    effect = rule_effect(before.read, after.read, NO_RENAMES, new.name)
    if effect != "same":
        yield ChangedRule(
            name=identity(change), entity=new.name, verb="read", effect=effect,
            rules=(before.read or _EVERYBODY, after.read or _EVERYBODY), does=f"read {told}",
            rows=_both("read", old, new), shown=after,
        )  # fmt: skip
    effect = rule_effect(before.write, after.write, NO_RENAMES, new.name)
    if effect != "same":
        yield ChangedRule(
            name=identity(change), entity=new.name, verb="update", effect=effect,
            rules=(before.write or _EVERYBODY, after.write or _EVERYBODY), does=f"set {told}",
            rows=_both("update", old, new), sent=after,
        )  # fmt: skip


def _both(verb: Verb, *entities: Entity) -> tuple[Expression, ...]:
    rules = (entity.access.get(verb) for entity in entities)
    return tuple(rule.condition for rule in rules if rule is not None)


def _of_moves(name: str, old: Entity, new: Entity) -> Iterator[ChangedRule]:
    if old.states is None or new.states is None:
        return
    former = {move.name: move for move in old.states.moves}
    for move in new.states.moves:
        earlier = former.get(move.name)
        if earlier is None:
            continue
        effect = rule_effect(earlier.may, move.may, NO_RENAMES, new.name)
        if effect != "same":
            ready = (each.when.meaning for each in (earlier, move) if each.when is not None)
            yield ChangedRule(
                name=name, entity=new.name, verb="update", effect=effect, rules=(earlier.may, move.may),
                does=f"{move.name} this {new.name}", rows=(_stands(new, move), *ready), move=move,
            )  # fmt: skip


def _stands(entity: Entity, move: Move) -> Expression:
    """That the row is in a state that the move leads away from."""
    assert entity.states is not None
    kind = type_of(entity.field(entity.states.field))
    this = Name(type=Type("entity", entity=entity.name), root="this")
    state = Member(type=kind, of=this, entity=entity.name, field=entity.states.field)
    return In(
        type=BOOLEAN, item=state, options=tuple(Constant(type=kind, value=each) for each in move.sources)
    )
