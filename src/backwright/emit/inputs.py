"""Writes `inputs.py`: what callers send, with its limits."""

from __future__ import annotations

from backwright.emit.annotations import UNSET, UNSET_TYPE, Aliases, aliases, is_scalar
from backwright.emit.entities import struct
from backwright.emit.judge import is_now
from backwright.emit.names import Names
from backwright.emit.source import Identifier, Source, imports, indented, literal, module, source
from backwright.expr.typed import Constant
from backwright.model.types import Entity, Field, InputField, Model, Operation, Select, Update

_ANNOTATED = imports("typing", "Annotated") | imports("msgspec", "Meta")
_RUNTIME = "backwright_runtime"


def inputs_module(model: Model, names: Names) -> str:
    """Bodies and query parameters, in the order of the operations."""
    known = aliases(model, names)
    pieces: list[Source] = []
    for operation in model.operations:
        if has_query(operation):
            pieces.append(query_struct(operation, model, names, known))
        if operation.body is not None:
            pieces.append(body_struct(operation, model, names, known))
    declared = known.declarations()
    if declared:
        pieces.insert(0, source("\n".join(each.text for each in declared), *declared))
    about = "What callers send: bodies and query parameters, with their limits."
    return module(about, pieces, package=names.package)


def has_query(operation: Operation) -> bool:
    """Whether the operation takes query parameters."""
    return bool(operation.query) or page_of(operation) is not None


def has_inputs(model: Model) -> bool:
    """Whether any operation takes a body or query parameters."""
    return any(operation.body is not None or has_query(operation) for operation in model.operations)


def page_of(operation: Operation) -> Select | None:
    """The page that the operation reads, if it does."""
    return next((step for step in operation.steps if isinstance(step, Select)), None)


def filters_of(operation: Operation) -> tuple[InputField, ...]:
    """The query parameters that are not about paging."""
    if page_of(operation) is None:
        return operation.query
    return tuple(field for field in operation.query if field.wire not in ("limit", "after"))


def query_struct(operation: Operation, model: Model, names: Names, known: Aliases) -> Source:
    """The query parameters of an operation."""
    members = [member(field, known, partial=not field.required) for field in filters_of(operation)]
    page = page_of(operation)
    if page is not None:
        bounds = f"Annotated[int, Meta(ge=1, le={page.paging.max})]"
        members.append(source(f"limit: {bounds} = {page.paging.default}", _ANNOTATED))
    about = f"The query of {operation.method} {operation.path}."
    name = names.query_class(operation)
    if page is None:
        return struct(name, about, members, unknown_option(model))
    written = struct(name, about, members, unknown_option(model))
    text = written.text.replace("(Struct, ", "(KeysetQuery, ", 1)
    needed = written.imports - imports("msgspec", "Struct") | imports(_RUNTIME, "KeysetQuery")
    return source(text, needed)


def unknown_option(model: Model) -> str:
    """The struct option for members that the specification does not name."""
    return ", forbid_unknown_fields=True" if model.service.unknown_fields == "reject" else ""


def body_struct(operation: Operation, model: Model, names: Names, known: Aliases) -> Source:
    """The body of an operation; a partial one can be applied to a row."""
    body = operation.body
    assert body is not None
    members = [member(field, known, partial=body.partial) for field in body.fields]
    about = f"The body of {operation.method} {operation.path}"
    about += ": absent members stay as they are." if body.partial else "."
    written = struct(names.input_class(operation), about, members, unknown_option(model))
    update = next((step for step in operation.steps if isinstance(step, Update)), None)
    if update is None or not plain_changes(update, model):
        return written
    applied = applied_to(update, model.entity(update.entity), operation, names)
    return source(f"{written.text}\n\n{indented(applied.text)}", written, applied)


def member(field: InputField, known: Aliases, *, partial: bool) -> Source:
    """One member of a struct."""
    kind = known.type_of(field)
    unset = partial or (field.default is not None and is_now(field.default.meaning))
    choices = f"{kind}{' | UnsetType' if unset else ''}{' | None' if field.nullable else ''}"
    text = f"{Identifier(field.name)}: {choices}"
    needed = [kind]
    default: str | None = None
    if unset:
        default = "UNSET"
        needed += [UNSET_TYPE, UNSET]
    elif field.default is not None and isinstance(field.default.meaning, Constant):
        default = literal(field.default.meaning.value)
    elif not field.required:
        default = "None"
    if field.wire != field.name:
        wire = f"name={literal(field.wire)}"
        arguments = f"default={default}, {wire}" if default else wire
        return source(f"{text} = field({arguments})", *needed, imports("msgspec", "field"))
    return source(f"{text} = {default}" if default else text, *needed)


def plain_changes(update: Update, model: Model) -> list[Field]:
    """The fields that a change copies from the body; a password has to be hashed first, by the service."""
    fields = (model.entity(update.entity).field(name) for name in update.changes)
    return [field for field in fields if not is_scalar(field.type, "password")]


def applied_to(update: Update, entity: Entity, operation: Operation, names: Names) -> Source:
    """The method that gives the row after the change."""
    row, row_class = names.row(entity.name), names.row_class(entity)
    values: list[str] = []
    needed = [imports("msgspec.structs", "replace"), imports(f"{names.package}.entities", row_class)]
    for name in update.changes:
        field = entity.field(name)
        if is_scalar(field.type, "password"):
            continue
        values.append(f"{field.column}={changed_value(field, row)}")
        needed.append(imports(_RUNTIME, "given"))
    text = (
        f"def applied_to(self, {row}: {row_class}) -> {row_class}:\n"
        f'    """The row with these changes."""\n'
        f"    return replace({', '.join([row, *values])})"
    )
    return source(text, *needed)


def changed_value(field: Field, row: str) -> str:
    """A column after the change. E-mail addresses are stored folded."""
    kept = f"given(self.{field.name}, {row}.{field.column})"
    if not is_scalar(field.type, "email"):
        return kept
    if not field.nullable:
        return f"{kept}.lower()"
    return f"self.{field.name}.lower() if isinstance(self.{field.name}, str) else {kept}"
