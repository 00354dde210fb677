"""The functions of `views.py`: of one row, of many rows at once, and by their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backwright.emit.annotations import key
from backwright.emit.names import Names, words
from backwright.emit.repositories import shown as reading
from backwright.emit.repositories.projections import row_class
from backwright.emit.source import Identifier, Source, docstring, imports, indented, source
from backwright.emit.storage import key_fields
from backwright.emit.views.batch import Batch
from backwright.emit.views.shapes import Shown
from backwright.model.types import (
    Each,
    Members,
    Shape,
    View,
)

if TYPE_CHECKING:
    from backwright.emit.views.batches import Views
    from backwright.emit.views.writer import BatchWriter

_RUNTIME = "backwright_runtime"
_SEQUENCE = imports("collections.abc", "Sequence")
ROW = "row"
CONTEXT = ("caller", "now", "cipher")


def function_of(batch: Batch, result: Shown, writer: BatchWriter, levels: int | None) -> Source:
    """One plain function, or one for many rows; `levels` is how deep a view shows itself."""
    row = row_class(batch.projection, writer.package.repositories)
    if batch.name in writer.views.beside:
        beside = row_class(batch.beside, writer.package.repositories)
        row = source(f"{row} | {beside}", row, beside)
    if batch.of_caller:
        row = source(f"{row} | Caller", row, imports(f"{writer.names.package}.callers", "Caller"))
    context = context_parameters(batch.context, writer.names, signed_in=writer.signed_in)
    arguments = [f"{Identifier(name)}: {kind}" for name, kind in writer.arguments.items()]
    needed = [
        writer.imports,
        row.imports,
        batch.kind.imports,
        *(kind.imports for kind in writer.arguments.values()),
    ]
    needed += [each.imports for each in context]
    noun = words(writer.name)
    if batch.plain:
        parameters = ", ".join([*map(str, context), f"{ROW}: {row}", *arguments])
        text = (
            f"def {batch.one}({parameters}) -> {batch.kind}:\n"
            f"    {docstring(f'{noun[0].upper()}{noun[1:]}, of a row.', 4)}\n    return {result.text}"
        )
        return source(text, *needed)
    depth = [] if levels is None else [f"levels: int = {levels}"]
    parameters = ", ".join(["db: Queries", *map(str, context), f"rows: Sequence[{row}]", *arguments, *depth])
    lines = [*writer.lines, f"return [{result.text} for {ROW} in rows]"]
    text = (
        f"async def {batch.many}({parameters}) -> list[{batch.kind}]:\n"
        f"    {docstring(f'{noun[0].upper()}{noun[1:]}, for each row, in order.', 4)}\n"
        f"{indented(chr(10).join(lines))}"
    )
    return source(text, imports(_RUNTIME, "Queries"), _SEQUENCE, *needed)


def context_parameters(context: Sequence[str], names: Names, *, signed_in: bool) -> list[Source]:
    """`caller`, `now` and `cipher`, as far as they are needed."""
    kinds = {
        "caller": source(
            f"caller: {'Caller' if signed_in else 'Caller | None'}",
            imports(f"{names.package}.callers", "Caller"),
        ),
        "now": source("now: datetime", imports("datetime", "datetime")),
        "cipher": source("cipher: Cipher", imports(_RUNTIME, "Cipher")),
    }
    return [kinds[each] for each in context]


def by_key_function(batch: Batch, views: Views) -> Source:
    """The function that shows the rows with these keys."""
    names, entity = views.names, batch.projection.entity
    signed_in = (
        batch.name not in views.anyone if batch.name in {view.name for view in views.model.views} else False
    )
    rows = reading.by_keys(batch.projection, views.package.repositories, signed_in=signed_in)
    kind = key(entity.name, views.model)
    context = batch.key_context
    parameters = [
        "db: Queries",
        *map(str, context_parameters(context, names, signed_in=signed_in)),
        f"keys: Iterable[{kind} | None]",
    ]
    arguments = [f"{Identifier(name)}: {of}" for name, of in batch.arguments]
    passed_on = [name for name, _ in batch.arguments]
    levels = ["levels"] if batch.depth else []
    parameters += [
        *arguments,
        *([f"levels: int = {depth_of(views.model.view(batch.name))}"] if batch.depth else []),
    ]
    columns = [field.column for field in key_fields(entity)]
    of_row = f"row.{columns[0]}" if len(columns) == 1 else f"({', '.join(f'row.{c}' for c in columns)})"
    wanted = "{key for key in keys if key is not None}"
    read = ["db", *rows.function.context, "wanted", *(name for name, _ in rows.function.values)]
    call = f"await {rows.function.module}.{rows.function.name}({', '.join(read)})"
    lines = [f"wanted = {wanted}", "if not wanted:\n    return {}", f"rows = {call}"]
    if batch.plain:
        given = ", ".join([*batch.context, "row", *passed_on])
        lines.append(f"return {{{of_row}: {batch.one}({given}) for row in rows}}")
    else:
        given = ", ".join(["db", *batch.context, "rows", *passed_on, *levels])
        lines.append(f"views = await {batch.many}({given})")
        lines.append(f"return {{{of_row}: view for row, view in zip(rows, views, strict=True)}}")
    noun = words(batch.name)
    text = (
        f"async def {batch.by_key}({', '.join(parameters)}) -> dict[{kind}, {batch.kind}]:\n"
        f"    {docstring(f'{noun[0].upper()}{noun[1:]} of the rows with these keys, by key.', 4)}\n"
        f"{indented(chr(10).join(lines))}"
    )
    needed = imports(_RUNTIME, "Queries") | imports("collections.abc", "Iterable")
    needed |= imports(f"{names.package}.repositories", rows.function.module)
    more = [each.imports for each in context_parameters(context, names, signed_in=signed_in)]
    return source(text, needed, kind, batch.kind, *more, *(of for _, of in batch.arguments))


def depth_of(view: View) -> int:
    """How often a view shows itself inside itself."""
    depths = [each.depth for member in view.shape for each in _repeating(member.shape) if each.depth]
    return max(depths, default=1)


def _repeating(shape: Shape) -> list[Each]:
    match shape:
        case Each():
            return [shape, *_repeating(shape.shape)]
        case Members(members=members):
            return [each for member in members for each in _repeating(member.shape)]
        case _:
            return []
