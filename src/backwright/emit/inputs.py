"""Writes `inputs.py`: what callers send, with its limits."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.aliases import Aliases, is_file
from backwright.emit.annotations import UNSET, UNSET_TYPE, choices, optional
from backwright.emit.defaults import constant, python
from backwright.emit.failures import expression_nodes
from backwright.emit.names import Names, attribute
from backwright.emit.source import Identifier, Source, imports, module, source
from backwright.emit.structs import STRUCT, Member, struct_of
from backwright.expr.typed import Constant, Input, ListOf
from backwright.model.types import (
    Body,
    InputField,
    ListType,
    ManyType,
    Model,
    Operation,
    Paging,
    RecordType,
    Select,
)

_META = imports("typing", "Annotated") | imports("msgspec", "Meta")
_RUNTIME = "backwright_runtime"
_EMPTY_LIST = source("list")


def inputs_module(model: Model, names: Names) -> str:
    """Bodies and query parameters, in the order of the operations."""
    known = Aliases(model, names)
    pieces: list[Source] = []
    for operation in model.operations:
        if has_query(operation):
            pieces.append(query_struct(operation, model, names, known))
        if operation.body is not None:
            pieces += record_structs(operation, operation.body.fields, model, names, known)
            pieces.append(body_struct(operation, operation.body, model, names, known))
    declared = known.declarations()
    if declared:
        pieces.insert(0, source("\n".join(each.text for each in declared), *declared))
    about = "What callers send: bodies and query parameters, with their limits."
    return module(about, pieces, package=names.package)


def has_inputs(model: Model) -> bool:
    """Whether any operation takes a body or query parameters."""
    return any(operation.body is not None or has_query(operation) for operation in model.operations)


def unknown_option(model: Model) -> str:
    """The struct option for members that the specification does not name."""
    return ", forbid_unknown_fields=True" if model.service.unknown_fields == "reject" else ""


# Query parameters -------------------------------------------------------------------------------------


def has_query(operation: Operation) -> bool:
    """Whether the operation takes query parameters."""
    return bool(filters_of(operation)) or bool(paging_names(operation))


def page_of(operation: Operation) -> Select | None:
    """The page that the operation reads, if it does."""
    return next((step for step in operation.steps if isinstance(step, Select)), None)


def paging_names(operation: Operation) -> dict[str, str]:
    """The parameters that decide the page: what each is called in the contract."""
    page = page_of(operation)
    if page is None:
        return {}
    return page.paging.parameters | ({"sort": "sort"} if page.sorts else {})


def filters_of(operation: Operation) -> tuple[InputField, ...]:
    """The query parameters that are not about paging."""
    decided = paging_names(operation).values()
    return tuple(field for field in operation.query if field.wire not in decided)


def query_attribute(operation: Operation, name: str) -> Identifier:
    """What a parameter is called in the query's struct: apart from what decides the page."""
    taken = paging_names(operation)
    is_taken = name in taken or (name == "offset" and "page" in taken)
    return Identifier(f"{name}_" if is_taken else attribute(name))


def query_struct(operation: Operation, model: Model, names: Names, known: Aliases) -> Source:
    """The query parameters of an operation."""
    page = page_of(operation)
    members = list(page_members(page.paging, operation)) if page is not None else []
    if page is not None and page.sorts:
        kind = choices(sort.name for sort in page.sorts)
        members.append(Member(Identifier("sort"), _or_unset(kind), UNSET))
    for field in filters_of(operation):
        members.append(query_member(field, query_attribute(operation, field.name), known))
    told = [field.wire for field in operation.query if field.header]
    beside = f", and its headers {' and '.join(told)}" if told else ""
    about = f"The query of {operation.method} {operation.path}{beside}."
    base = None if page is None else _base(page.paging)
    return struct_of(
        names.query_class(operation),
        about,
        members,
        options=unknown_option(model),
        base=STRUCT if base is None else source(base, imports(_RUNTIME, base)),
    )


def _base(paging: Paging) -> str | None:
    """The struct of the runtime that a query with pages builds on."""
    match paging.style:
        case "keyset":
            return "KeysetQuery"
        case "offset":
            return "NumberedQuery" if paging.numbered else "OffsetQuery"
        case "none":
            return None


def page_members(paging: Paging, operation: Operation) -> Iterator[Member]:
    """How much of a list is asked for, where that is not as the runtime has it."""
    called = paging_names(operation)
    if "limit" in called:
        bounds = source(f"Annotated[int, Meta(ge=1, le={paging.max})]", _META)
        yield Member(Identifier("limit"), bounds, source(str(paging.default)), called["limit"])
    if called.get("after", "after") != "after":
        yield Member(Identifier("after"), source("str | None"), source("None"), called["after"])
    if called.get("offset", "offset") != "offset":
        bounds = source("Annotated[int, Meta(ge=0)]", _META)
        yield Member(Identifier("offset"), bounds, source("0"), called["offset"])
    if called.get("page", "page") != "page":
        bounds = source("Annotated[int, Meta(ge=1)]", _META)
        yield Member(Identifier("page"), bounds, source("1"), called["page"])


def query_member(field: InputField, name: Identifier, known: Aliases) -> Member:
    """One query parameter: a value, unset, or its default."""
    kind = known.type_of(field)
    default = constant(field.default)
    if field.required:
        return Member(name, kind, wire=field.wire)
    if default is None:
        return Member(name, _or_unset(kind), UNSET, field.wire)
    return _with_default(name, kind, default, field)


# Bodies -----------------------------------------------------------------------------------------------


def body_struct(operation: Operation, body: Body, model: Model, names: Names, known: Aliases) -> Source:
    """The body of an operation."""
    members = []
    for field in body.fields:
        place = record_place(field)
        record = None if place is None else names.record_class(operation, place)
        kind = known.type_of(field, record, form=body.media != "json")
        members.append(member(field, kind, partial=body.partial))
    members += file_members(operation, body)
    about = f"The body of {operation.method} {operation.path}"
    about += ": absent members stay as they are." if body.partial else "."
    return struct_of(
        names.input_class(operation),
        about,
        members,
        options=unknown_option(model),
    )


def record_structs(
    operation: Operation, fields: tuple[InputField, ...], model: Model, names: Names, known: Aliases
) -> list[Source]:
    """The objects inside a body, each behind those inside it."""
    return [each for field in fields for each in _records(operation, field, "", model, names, known)]


def _records(
    operation: Operation, field: InputField, around: str, model: Model, names: Names, known: Aliases
) -> Iterator[Source]:
    place, kind = record_place(field), record_type(field)
    if place is None or kind is None:
        return
    place = f"{around}{place}"
    members = []
    for inner in kind.members:
        yield from _records(operation, inner, f"{place}.", model, names, known)
        at = record_place(inner)
        record = None if at is None else names.record_class(operation, f"{place}.{at}")
        members.append(member(inner, known.type_of(inner, record), partial=False))
    about = f"`{place}` of {operation.method} {operation.path}."
    name = names.record_class(operation, place)
    yield struct_of(name, about, members, options=unknown_option(model))


def record_type(field: InputField) -> RecordType | None:
    """The object that a member is, or lists."""
    kind = field.type.element if isinstance(field.type, ListType) else field.type
    return kind if isinstance(kind, RecordType) else None


def record_place(field: InputField) -> str | None:
    """Where the object of a member stands: `lines[]` of a list of them."""
    if record_type(field) is None:
        return None
    return f"{field.name}[]" if isinstance(field.type, ListType) else field.name


def member(field: InputField, kind: Source, *, partial: bool) -> Member:
    """One member of a body."""
    name, given = attribute(field.name), optional(kind, field.nullable)
    if field.required:
        return Member(name, given, wire=field.wire)
    if may_be_unset(field, partial=partial):
        return Member(name, optional(_or_unset(kind), field.nullable), UNSET, field.wire)
    default = constant(field.default)
    if default is not None:
        return _with_default(name, given, default, field)
    if isinstance(field.type, ManyType):
        return Member(name, given, wire=field.wire, factory=_EMPTY_LIST)
    return Member(name, given, source("None"), field.wire)


def may_be_unset(field: InputField, *, partial: bool) -> bool:
    """Whether the service has to know that a member was not sent.

    So it is in partial bodies, where absence leaves the field as it is; where the default is computed (`now`); and
    where not everyone may send the member.
    """
    if field.required:
        return False
    computed = field.default is not None and constant(field.default) is None
    return partial or computed or field.write is not None


def file_members(operation: Operation, body: Body) -> Iterator[Member]:
    """What comes with a file, where the operation looks at it: `avatar_type`, `avatar_name`."""
    named = {field.name for field in body.fields}
    used = {
        node.name for node in expression_nodes(operation) if isinstance(node, Input) and node.source == "body"
    }
    for field in body.fields:
        if is_file(field):
            for name in (f"{field.name}_type", f"{field.name}_name"):
                if name in used - named:
                    kind = source("FromFile", imports(_RUNTIME, "FromFile"))
                    yield Member(attribute(name), kind, source("None"))


def _or_unset(kind: Source) -> Source:
    return source(f"{kind} | UnsetType", kind, UNSET_TYPE)


def _with_default(name: Identifier, kind: Source, default: Constant | ListOf, field: InputField) -> Member:
    written = python(default, field.type)
    if not isinstance(default, ListOf):
        return Member(name, kind, written, field.wire)
    factory = source(f"lambda: {written}", written) if default.items else _EMPTY_LIST
    return Member(name, kind, wire=field.wire, factory=factory)
