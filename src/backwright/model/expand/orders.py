"""The orders and pages of lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from backwright.model.check.unknown_field import CODE as UNKNOWN_FIELD
from backwright.model.expand.building import Building
from backwright.model.expand.codes import ORDER, PAGING
from backwright.model.formulas import Unresolved
from backwright.model.types import Entity, Field, ListType, ManyType, OrderTerm, Paging, ScalarType, Sort
from backwright.spec.diagnostics import Place
from backwright.spec.nodes import PagingNode, SortNode, TermNode
from backwright.spec.shape import nearest

PAGE_DEFAULT, PAGE_MAX = 20, 100
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
STYLES = ("keyset", "offset", "page", "none")
ORDERED = frozenset(
    {"integer", "decimal", "double", "string", "date", "timestamp", "uuid", "enum", "boolean", "entity"}
)
UNORDERED_SCALARS = ("password", "bytes", "json")


def terms_of(terms: Iterable[TermNode], entity: Entity, building: Building) -> list[OrderTerm]:
    """The terms of an order over rows of an entity, without the key behind them."""
    found = []
    seen: set[str] = set()
    for term in terms:
        built = _term(term, entity, building)
        if built is not None and built.field not in seen:
            seen.add(built.field)
            found.append(built)
    return found


def total(order: Sequence[OrderTerm], entity: Entity) -> tuple[OrderTerm, ...]:
    """The order with the key behind it, in the direction of the last term."""
    named = {term.field for term in order}
    direction = order[-1].direction if order else "asc"
    key = (OrderTerm(field=name, direction=direction) for name in entity.keys if name not in named)
    return (*order, *key)


def order_of(terms: Iterable[TermNode], entity: Entity, building: Building) -> tuple[OrderTerm, ...]:
    """A total order over rows of an entity."""
    return total(terms_of(terms, entity, building), entity)


def sorts_of(sorts: Iterable[SortNode], entity: Entity, building: Building) -> tuple[Sort, ...]:
    """The orders that callers may choose."""
    return tuple(Sort(name=sort.name.value, order=order_of(sort.order, entity, building)) for sort in sorts)


def order_term(term: TermNode) -> OrderTerm:
    """One term of an order, as it is written."""
    descends = term.direction is not None and term.direction.value == "desc"
    return OrderTerm(field=term.field.value, direction="desc" if descends else "asc")


def _term(term: TermNode, entity: Entity, building: Building) -> OrderTerm | None:
    name = term.field.value
    stored = building.fields[entity.name].get(name)
    if stored is None and not any(computed.name == name for computed in entity.computed):
        known = [*building.fields[entity.name], *(computed.name for computed in entity.computed)]
        if name not in building.formulas.declared.get(entity.name, ()):  # else its declaration is wrong
            near = nearest(name, known)
            mend = f"did you mean `{near}`?" if near else f"fields of {entity.name}: {', '.join(known)}"
            building.refuse(UNKNOWN_FIELD, term.field.place, f"{entity.name} has no field `{name}`", mend)
        return None
    if stored is not None and not _has_order(stored):
        message = f"rows cannot be ordered by `{name}`"
        building.refuse(ORDER, term.place, message, "order by a number, a text, a date or a reference")
        return None
    found = order_term(term)
    if stored is not None and stored.read is None:
        return found
    try:
        value = building.formulas.made(f"this.{name}", term.place, building.formulas.scope(entity.name))
    except Unresolved:
        return None
    if value.meaning.type.kind not in ORDERED:
        message = f"rows cannot be ordered by `{name}`, which is {value.meaning.type}"
        building.refuse(ORDER, term.place, message, "order by a number, a text or a date")
        return None
    return msgspec.structs.replace(found, value=value)


def _has_order(field: Field) -> bool:
    match field.type:
        case ListType() | ManyType():
            return False
        case ScalarType(scalar=scalar):
            return scalar not in UNORDERED_SCALARS
        case _:
            return True


def paging_of(node: PagingNode | None) -> Paging:
    """How long a page is. What was not given gives way to what was."""
    given = None if node is None or node.default is None else node.default.value
    most = max(PAGE_MAX, given or 0) if node is None or node.max is None else node.max.value
    style = "keyset" if node is None or node.style is None else node.style.value
    names = {} if node is None else {name.value: becomes.value for name, becomes in node.names}
    if style == "none":
        return Paging(default=most, max=most, style="none")
    return Paging(
        default=min(PAGE_DEFAULT, most) if given is None else given,
        max=most,
        style="offset" if style in ("offset", "page") else "keyset",
        limit_name=names.get("limit", "limit"),
        after_name=names.get("after", "after"),
        offset_name=names.get("page", "page") if style == "page" else names.get("offset", "offset"),
        numbered=style == "page",
    )


def check_paging(
    node: PagingNode | None, place: Place, taken: set[str], building: Building, *, sizes: bool
) -> None:
    """Records what is wrong with a page's style, names and `sizes`.

    `taken` are the other query parameters; those of the page are added to it.
    """
    style = "keyset" if node is None or node.style is None else node.style.value
    if node is not None and node.style is not None and style not in STYLES:
        message = f"`{style}` is not a style of paging"
        building.refuse(PAGING, node.style.place, message, f"write {', '.join(STYLES[:-1])} or {STYLES[-1]}")
        return
    if node is not None and sizes:
        _check_sizes(node, building)
    _check_names(node, style, place, taken, building)


def _check_sizes(node: PagingNode, building: Building) -> None:
    for size in (node.default, node.max):
        if size is not None and size.value < 1:
            building.refuse(PAGING, size.place, f"a page of {size.value} rows", "give at least 1")
    if node.default is not None and node.max is not None and node.default.value > node.max.value:
        message = f"a page has {node.default.value} rows by default, but at most {node.max.value}"
        building.refuse(PAGING, node.default.place, message, "make `default` no greater than `max`")


def _check_names(
    node: PagingNode | None, style: str, place: Place, taken: set[str], building: Building
) -> None:
    used = {
        "keyset": ("limit", "after"),
        "offset": ("limit", "offset"),
        "page": ("limit", "page"),
        "none": (),
    }[style]
    written = {} if node is None else {name.value: becomes for name, becomes in node.names}
    for renamed, _ in node.names if node is not None else ():
        if renamed.value not in used:
            message = f"paging in the style {style} has no parameter `{renamed.value}`"
            building.refuse(PAGING, renamed.place, message, f"rename {' or '.join(used) or 'none'}")
    for name in used:
        wire = written.get(name)
        called = name if wire is None else wire.value
        at = place if wire is None else wire.place
        if called in taken:
            message = f"`{called}` is another parameter of this operation"
            building.refuse(PAGING, at, message, f"rename one: `paging: {{names: {{{name}: …}}}}`")
        elif not _NAME.fullmatch(called):
            message = f"`{called}` cannot be the name of a parameter"
            building.refuse(PAGING, at, message, "use letters, digits and _")
        taken.add(called)
