"""Says conditions the way a database answers them best, without changing what they mean.

For SQL alone: what is asked of each row through its references becomes a set that is found once, by its index.
"""

from __future__ import annotations

import msgspec

from backwright.expr.fold import rebuilt
from backwright.expr.typed import (
    Compare,
    Constant,
    Expression,
    Filtered,
    Input,
    Mapped,
    Member,
    Name,
    Quantified,
    Related,
    Rows,
    Type,
    Within,
)
from backwright.expr.walk import nodes


def setwise(expression: Expression) -> Expression:
    """The same value: rows that belong to one name it instead of looking it up; a row is found by its field."""
    return rebuilt(rebuilt(expression, _by_owner), _by_field)


def _by_owner(node: Expression) -> Expression:
    """`this.posts.exists(p, p.thread.locked)` asks for `this.locked`: the thread of each of them is this."""
    match node:
        case (
            Filtered(of=of, variable=variable, condition=inside)
            | Quantified(of=of, variable=variable, condition=inside)
        ):
            return msgspec.structs.replace(node, condition=owned(of, variable, inside))
        case Mapped(of=of, variable=variable, value=inside):
            return msgspec.structs.replace(node, value=owned(of, variable, inside))
        case _:
            return node


def owned(rows: Expression, variable: str, inside: Expression) -> Expression:
    """What is asked of each of the rows of an owner, who is named where it would be looked up."""
    while isinstance(rows, Filtered):
        rows = rows.of
    if not isinstance(rows, Related) or not isinstance(rows.of, Name) or rows.of.type.nullable:
        return inside
    owner, field, entity = rows.of, rows.field, rows.entity
    bound = {node.variable for node in nodes(inside) if isinstance(node, Filtered | Quantified | Mapped)}
    if variable in bound or owner.binding in bound:
        return inside

    def named(node: Expression) -> Expression:
        match node:
            case Member(of=Name(root="variable", binding=name), entity=of, field=by) if (
                name == variable and (of, by) == (entity, field) and node.type.entity == owner.type.entity
            ):
                return owner
            case _:
                return node

    return rebuilt(inside, named)


def _by_field(node: Expression) -> Expression:
    """`this.author.name == params.name` is `this.author` among those of that name, whom an index finds."""
    match node:
        case Compare(op="==", left=Member() as path, right=given) if _is_given(given):
            return _among(path, given) or node
        case Compare(op="==", left=given, right=Member() as path) if _is_given(given):
            return _among(path, given) or node
        case _:
            return node


def _among(path: Member, given: Expression) -> Expression | None:
    row = path.of
    if not isinstance(row, Member) or not isinstance(row.of, Name) or row.of.root not in ("this", "variable"):
        return None
    if path.type.nullable or row.type.nullable or given.type.nullable or row.type.entity is None:
        return None
    variable = row.type.entity[0].lower()
    kind = Type("entity", entity=row.type.entity)
    each = Member(
        type=path.type,
        of=Name(type=kind, root="variable", binding=variable),
        entity=path.entity,
        field=path.field,
    )
    rows = Filtered(
        type=Type("rows", entity=row.type.entity),
        of=Rows(type=Type("rows", entity=row.type.entity), entity=row.type.entity),
        variable=variable,
        condition=Compare(type=Type("boolean"), op="==", left=each, right=given),
    )
    return Within(type=Type("boolean"), item=row, of=rows)


def _is_given(node: Expression) -> bool:
    """Whether a value is that of the request, or fixed: the same for every row."""
    while isinstance(node, Member):
        node = node.of
    return isinstance(node, Constant | Input) or (isinstance(node, Name) and node.root in ("caller", "now"))
