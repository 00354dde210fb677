"""Steps that read rows: find, select, and groups of a selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from backwright.expr.parse import parse
from backwright.expr.typed import BOOLEAN, And, Type
from backwright.model.expand.codes import GROUP_ORDER, ORDER, PAGING, STEP_FORM
from backwright.model.expand.draft import Draft
from backwright.model.expand.failing import failing
from backwright.model.expand.inputs import filtering
from backwright.model.expand.matching import Match
from backwright.model.expand.mentions import mentions
from backwright.model.expand.orders import ORDERED, order_of, order_term, paging_of, sorts_of, total
from backwright.model.formulas import PARAMETER as UNCLEAR
from backwright.model.types import Entity, Filter, Find, Formula, Group, Named, OrderTerm, Select
from backwright.spec.diagnostics import Place, SpecificationError
from backwright.spec.nodes import AssignmentNode, At, StepNode

NO_ROW = ("not_found", "invalid_credentials")
GROUP_MAX = 1000


def conjunction(parts: Sequence[Formula]) -> Formula | None:
    """All of the conditions; None of none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return Formula(
        source=" && ".join(_bracketed(part.source) for part in parts),
        meaning=And(type=BOOLEAN, parts=tuple(part.meaning for part in parts)),
        place=parts[-1].place,
    )


def _bracketed(source: str) -> str:
    return f"({source})" if "||" in source or "?" in source else source


def belongs(entity: Entity, given: Mapping[str, str], draft: Draft, place: Place) -> list[Formula]:
    """That a row belongs to the operation's parents."""
    scope = draft.scope(entity.name)
    return [
        draft.building.formulas.made(f"this.{field} == {bind}", place, scope, BOOLEAN, rule=True)
        for field, bind in given.items()
    ]


def matched(entity: Entity, found: Match, draft: Draft, place: Place) -> list[Formula]:
    """That a row is the one that the path names."""
    scope = draft.scope(entity.name)
    return [
        draft.building.formulas.made(f"this.{field} == params.{name}", place, scope, BOOLEAN)
        for name, field in found.fields.items()
    ]


def find(
    node: StepNode, entity: Entity, bind: str, draft: Draft, given: Mapping[str, str], when: Formula | None
) -> Find | None:
    """One row: by `where`, else by the path; below its parents."""
    trusted = node.trusted is not None
    conditions: list[Formula] = []
    if node.where is not None:
        written = draft.formula(node.where, draft.scope(entity.name), BOOLEAN, rule=trusted)
        if written is None:
            return None
        conditions.append(written)
    else:
        by = draft.match(node)
        if by is None:
            return None
        conditions += matched(entity, by, draft, node.place)
    where = conjunction([*conditions, *belongs(entity, given, draft, node.place)])
    if where is None:
        return None
    otherwise = failing(node.otherwise, draft.building)
    plain = otherwise is not None and otherwise == msgspec.structs.replace(
        otherwise, code=otherwise.category, message=None, field=None
    )
    usual = otherwise is not None and plain and otherwise.category in NO_ROW
    return Find(
        entity=entity.name,
        bind=bind,
        where=where,
        readable=None if trusted else entity.access["read"],
        trusted=None if node.trusted is None else node.trusted.value,
        error=otherwise.category if usual and otherwise is not None else "not_found",
        otherwise=None if usual else otherwise,
        optional=node.optional is not None and node.optional.value,
        when=when,
    )


def select(
    node: StepNode, entity: Entity, bind: str, draft: Draft, given: Mapping[str, str], when: Formula | None
) -> Select | Group | None:
    """A page of rows, or groups of them."""
    trusted = node.trusted is not None
    conditions = belongs(entity, given, draft, node.place)
    if node.where is not None:
        written = draft.formula(node.where, draft.scope(entity.name), BOOLEAN, rule=trusted)
        if written is None:
            return None
        conditions.append(written)
    where = conjunction(conditions)
    filters = filters_of(node.filters, entity, draft)
    reason = None if node.trusted is None else node.trusted.value
    readable = None if trusted else entity.access["read"]
    if node.group or node.values:
        _check_group_paging(node, draft)
        keys = _named(node.group, draft, entity, trusted=trusted, group=None)
        values = _named(node.values, draft, None, trusted=trusted, group=entity.name)
        return Group(
            entity=entity.name,
            bind=bind,
            readable=readable,
            trusted=reason,
            where=where,
            filters=filters,
            keys=keys,
            values=values,
            order=_order_of_groups(node, keys, values, draft),
            max=GROUP_MAX if node.paging is None or node.paging.max is None else node.paging.max.value,
            when=when,
        )
    sorts = sorts_of(node.sort, entity, draft.building)
    own = bool(node.order) or not sorts
    order = order_of(node.order, entity, draft.building) if own else sorts[0].order
    return Select(
        entity=entity.name,
        bind=bind,
        readable=readable,
        trusted=reason,
        where=where,
        filters=filters,
        order=order or total((), entity),
        sorts=sorts,
        paging=paging_of(node.paging),
        when=when,
    )


def _check_group_paging(node: StepNode, draft: Draft) -> None:
    """Groups come whole: there are no pages of them, which a style, a size or parameters could be said for."""
    said = node.paging
    if said is None:
        return
    pages = [
        ("style", said.style),
        ("default", said.default),
        ("names", said.names[0][0] if said.names else None),
    ]
    for key, written in pages:
        if written is not None:
            message = f"groups have no pages: `{key}` would have no effect"
            draft.building.refuse(
                PAGING, written.place, message, "keep `max`, the most groups that are answered"
            )


def _order_of_groups(
    node: StepNode, keys: Sequence[Named], values: Sequence[Named], draft: Draft
) -> tuple[OrderTerm, ...]:
    """The order of groups: by what they are grouped by, and by their values."""
    if node.sort:
        draft.refuse(
            GROUP_ORDER, node.place, "callers do not choose the order of groups", "say it with `order`"
        )
    if node.order and not node.group:
        draft.refuse(GROUP_ORDER, node.place, "without `group` there is one record", "remove `order`")
        return ()
    kinds = {named.name: named.value.meaning.type.kind for named in (*keys, *values)}
    written = {name.name.value for name in (*node.group, *node.values)}
    for term in node.order:
        name = term.field.value
        if name not in written:
            mend = f"order by one of: {', '.join(kinds)}"
            draft.refuse(GROUP_ORDER, term.field.place, f"the groups have no `{name}`", mend)
        elif kinds.get(name, "string") not in ORDERED:
            message = f"groups cannot be ordered by `{name}`, which is {kinds[name]}"
            draft.refuse(ORDER, term.place, message, "order by a number, a text or a date")
    return tuple(order_term(term) for term in node.order if term.field.value in kinds)


def group_type(found: Group) -> Type:
    """The type of the binding of groups: a list of records; without keys one record."""
    members = tuple((named.name, named.value.meaning.type) for named in (*found.keys, *found.values))
    record = Type("record", members=members)
    return Type("list", element=record) if found.keys else record


def _named(
    written: Sequence[AssignmentNode], draft: Draft, this: Entity | None, *, trusted: bool, group: str | None
) -> tuple[Named, ...]:
    scope = draft.scope(None if this is None else this.name, group=group)
    found = []
    for assignment in written:
        value = draft.formula(assignment.value, scope, None, rule=trusted)
        if value is None:
            continue
        if value.meaning.type.kind in ("rows", "list", "record", "null"):
            message = f"`{assignment.name.value}` is {value.meaning.type}, not one value"
            draft.refuse(
                STEP_FORM, assignment.value.place, message, "ask for one: size(rows), .sum(), .max()"
            )
            continue
        found.append(Named(name=assignment.name.value, value=value))
    return tuple(found)


def filters_of(
    written: Sequence[tuple[At[str], At[str]]], entity: Entity, draft: Draft
) -> tuple[Filter, ...]:
    """The filters of a list; their parameters become query parameters of the operation."""
    found = []
    for name, condition in written:
        meaning = _filter(condition, entity, draft)
        if meaning is not None:
            found.append(Filter(name=name.value, condition=meaning))
    return tuple(found)


def _filter(written: At[str], entity: Entity, draft: Draft) -> Formula | None:
    try:
        tree = parse(written.value, written.place, written.turns).tree
    except SpecificationError as error:
        draft.building.formulas.found.extend(error.diagnostics)
        return None
    names = {"this": entity.name}
    names |= {name: kind.entity for name, kind in draft.bindings.items() if kind.entity is not None}
    if draft.building.formulas.identity is not None:
        names["caller"] = draft.building.formulas.identity
    unknown = False
    for name, mention in mentions(tree, names, draft.building).items():
        if name in draft.certain:
            continue
        like = mention.like or (None if mention.compared else draft.building.fields[entity.name].get(name))
        if like is not None:
            draft.add_query(filtering(name, like, draft.building, written))
        elif mention.compared:  # the unknown field is what is wrong; whatever type the parameter has
            draft.certain[name] = Type("null", nullable=True)
            unknown = True
        else:
            message = f"the type of params.{name} is unclear"
            mend = f"declare it: params: {{{name}: boolean?}}, or compare it with a field: this.… == params.{name}"
            draft.refuse(UNCLEAR, written.place, message, mend)
            return None
    found = draft.formula(written, draft.scope(entity.name, certain=True), BOOLEAN)
    return None if unknown else found
