"""Encrypted fields: what a ciphertext is bound to, and which have to be alike where they are equal."""

from __future__ import annotations

from collections.abc import Callable

from backwright.emit.source import literal
from backwright.expr.fold import rebuilt
from backwright.expr.typed import Conditional, Expression, Member, Name
from backwright.expr.walk import nodes
from backwright.model.types import Entity, Field, Model


def purpose_of(entity: Entity, field: Field) -> str:
    """What a ciphertext is bound to, so that it cannot be moved to another column: `person.diagnosis`."""
    return f"{entity.table}.{field.column}"


def is_compared(entity: Entity, field: Field) -> bool:
    """Whether equal values have to have equal ciphertexts: the field is a key, or part of one."""
    return field.unique or any(field.name == term.field for index in entity.indexes for term in index.terms)


def encrypted_fields(model: Model) -> list[tuple[Entity, Field]]:
    """Every encrypted field."""
    return [(entity, field) for entity in model.entities for field in entity.fields if field.encrypted]


def decrypted(text: str, secret: Member, model: Model, cipher: str) -> str:
    """The Python of what an encrypted field holds, given the Python of its ciphertext."""
    entity = model.entity(secret.entity)
    purpose = literal(purpose_of(entity, entity.field(secret.field)))
    return f"{cipher}.decrypt({text}, {purpose})"


def is_secret(expression: Expression, model: Model) -> bool:
    """Whether it is an encrypted field of a row."""
    return (
        isinstance(expression, Member) and model.entity(expression.entity).field(expression.field).encrypted
    )


def answered(expression: Expression, model: Model) -> Member | None:
    """The encrypted field whose values an expression passes on, whatever it depends on; as `expr.sql` has it."""
    match expression:
        case Member() if is_secret(expression, model):
            return expression
        case Conditional(then=then, otherwise=otherwise):
            branches = [each for each in (then, otherwise) if each.type.kind != "null"]
            found = [answered(each, model) for each in branches]
            return found[0] if found else None
        case _:
            return None


def chooses_secret(expression: Expression, model: Model) -> bool:
    """Whether it is a condition that decides whether an encrypted field is shown, or which one."""
    return isinstance(expression, Conditional) and any(is_secret(node, model) for node in nodes(expression))


def opened(
    expression: Expression, model: Model, cipher: str, write: Callable[[Expression], str]
) -> tuple[Expression, dict[str, str]]:
    """An expression where rows at hand show what their encrypted fields hold; and the names that stand for these."""
    names: dict[str, str] = {}

    def shown(node: Expression) -> Expression:
        if not isinstance(node, Member) or not isinstance(node.of, Name) or not is_secret(node, model):
            return node
        text = decrypted(write(node), node, model, cipher)
        names[text] = text
        return Name(type=node.type, root="variable", binding=text)

    return rebuilt(expression, shown), names
