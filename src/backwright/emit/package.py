"""The package while it is written: what services need is collected here, and printed when all are known."""

from __future__ import annotations

import msgspec

from backwright.emit.isolation import Isolation
from backwright.emit.judge import is_row
from backwright.emit.names import Names, snake
from backwright.emit.repositories.functions import Repositories
from backwright.emit.repositories.writing import Changes, write_functions
from backwright.emit.source import Identifier, Source
from backwright.expr.typed import Expression
from backwright.expr.walk import nodes
from backwright.model.types import Entity, Model, Rule


class RuleFunction(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is judged in Python. `known`: only signed-in callers are judged."""

    name: Identifier
    about: str
    condition: Expression
    entity: str | None
    known: bool


class Package:
    """Everything that operations need of the modules beside them."""

    def __init__(self, model: Model, names: Names) -> None:
        self.model = model
        self.names = names
        self.repositories = Repositories(model, names)
        self.isolation = Isolation(model)
        self.changes = {entity.name: Changes() for entity in model.entities}
        self.rules: dict[str, RuleFunction] = {}
        self.audited: set[str] = set()
        self.removed: set[str] = set()
        self.accesses: dict[str, Rule] = {}

    def rule(
        self, wanted: list[str], about: str, condition: Expression, entity: str | None, *, known: bool
    ) -> RuleFunction:
        """The function of `rules.py` that judges a condition; one that judges the same is shared."""
        for name in [*wanted, *(f"{wanted[-1]}_{number}" for number in range(2, 1000))]:
            found = RuleFunction(
                name=Identifier(name), about=about, condition=condition, entity=entity, known=known
            )
            if self.rules.setdefault(name, found) == found:
                return found
        raise AssertionError("a thousand rules of one name")

    def repository_pieces(self, entity: Entity) -> list[Source]:
        """Everything in the entity's repository."""
        changing = write_functions(entity, self.changes[entity.name], self.repositories)
        return [*self.repositories.pieces[entity.name], *changing]


def verb_name(verb: str, rule: Rule, entity: Entity, operation: str) -> list[str]:
    """What a function that judges a rule is called: after its verb, where the rule is the entity's own."""
    own = rule in (*entity.access.values(), entity.after)
    return [verb] if own else [f"{verb}_in_{snake(operation)}"]


def mentions_this(expression: Expression) -> bool:
    """Whether an expression is about the row."""
    return any(is_row(node) for node in nodes(expression))
