"""The functions of `views.py`: views of several rows at once.

A view that shows nothing but columns of its row is a plain function of the row. Any other is read: its rows with
everything that the database computes in one statement, each view inside it in one more, however many rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from backwright.emit import secrets
from backwright.emit.annotations import key, listed, of_expression, optional
from backwright.emit.callers import caller_fields
from backwright.emit.entities import columns
from backwright.emit.names import a, pascal, snake, words
from backwright.emit.pythonic import compiled
from backwright.emit.repositories import shown as reading
from backwright.emit.repositories.functions import Function
from backwright.emit.repositories.projections import Extra, Joined, Projection, whole
from backwright.emit.shown import views_of_callers
from backwright.emit.source import (
    Identifier,
    Imports,
    Source,
    imports,
    indented,
    literal,
    lookup,
    operand,
    source,
)
from backwright.emit.storage import field_types, key_fields
from backwright.emit.structs import Member
from backwright.emit.views import joins
from backwright.emit.views.arguments import argument_type
from backwright.emit.views.batch import Batch
from backwright.emit.views.functions import depth_of, function_of
from backwright.emit.views.shapes import Shown, answered, attributes, printed, safe, shown
from backwright.expr.fold import fold, rebuilt
from backwright.expr.typed import Conditional, Expression, Name, Type
from backwright.expr.typed import Member as MemberOf
from backwright.expr.walk import is_local, mentions_caller, nodes
from backwright.model.naming import plural_noun
from backwright.model.types import (
    Column,
    Each,
    Entity,
    Field,
    Formula,
    View,
    Viewed,
)

if TYPE_CHECKING:
    from backwright.emit.views.batches import Views

_RUNTIME = "backwright_runtime"
_SEQUENCE = imports("collections.abc", "Sequence")
ROW = "row"
CONTEXT = ("caller", "now", "cipher")


class BatchWriter:
    """Writes the functions of one view, or of one shape that is shown for several rows."""

    def __init__(
        self,
        views: Views,
        entity: Entity,
        name: str,
        arguments: Sequence[str],
        *,
        signed_in: bool,
        recursive: bool,
    ) -> None:
        self.views = views
        self.model = views.model
        self.names = views.names
        self.package = views.package
        self.entity = entity
        self.name = name
        self.signed_in = signed_in
        self.recursive = recursive
        self.view: View | None = None
        self.arguments = {argument: self._argument_kind(argument) for argument in arguments}
        self.fields: dict[str, Field] = {}
        self.extras: dict[str, Extra] = {}
        self.joins: dict[str, Joined] = {}
        self.lines: list[str] = []
        self.context: set[str] = set()
        self.imports: Imports = frozenset()
        self.variables: set[str] = {
            "db",
            "caller",
            "now",
            "cipher",
            "rows",
            "keys",
            ROW,
            "levels",
            "view",
            "views",
        }
        self.variables |= {str(self.names.repository(each.name)) for each in self.model.entities}

    # Place ------------------------------------------------------------------------------------------

    def define(self, piece: Source) -> None:
        self.views.define(piece)

    def free_class(self, wanted: str) -> Identifier:
        return self.views.free_class(wanted)

    def value(self, formula: Formula, name: str) -> Shown:
        """A column, what follows from columns, or what the database computes."""
        return self._value(formula.meaning, name)

    def _value(self, expression: Expression, name: str) -> Shown:
        kind = of_expression(expression.type, self.model)
        if is_local(expression):
            return Shown(self.python(expression), kind)
        if isinstance(expression, Conditional) and secrets.chooses_secret(expression, self.model):
            when = self._value(expression.when, f"{name}_readable")
            then = self._value(expression.then, name)
            otherwise = self._value(expression.otherwise, name)
            return Shown(f"{operand(then.text)} if {operand(when.text)} else {operand(otherwise.text)}", kind)
        text = f"{ROW}.{self.computed(name, expression)}"
        if isinstance(expression, MemberOf) and secrets.is_secret(expression, self.model):
            self.context.add("cipher")
            text = secrets.decrypted(text, expression, self.model, "cipher")
        return Shown(text, kind)

    def viewed(self, shape: Viewed, name: str) -> Shown:
        """A row behind a reference, read for all rows at once."""
        batch = self.views.view(shape.view)
        given = [self._value(each.value.meaning, each.name).text for each in shape.arguments]
        row = shape.row.meaning
        if isinstance(row, Name) and row.root == "this" and batch.of_row:
            return Shown(f"{batch.one}({', '.join([*self.passed(batch), ROW, *given])})", batch.kind)
        joined = joins.joined(self, row, batch, given)
        if joined is not None:
            text = f"{batch.one}({', '.join([*self.passed(batch), f'{ROW}.{joined.name}', *given])})"
            text = f"{text} if {ROW}.{joined.name} else None" if joined.nullable else text
            return Shown(text, optional(batch.kind, joined.nullable))
        found = self._value(row, snake(name))
        one = snake(name.removeprefix(pascal(self.name))) or "row"
        variable = self.variable(plural_noun(one), f"{one}_by_key")
        levels = ["levels"] if batch.depth and self.recursive else []
        arguments = [
            "db",
            *self.passed(batch, by_key=True),
            f"[{found.text} for {ROW} in rows]",
            *given,
            *levels,
        ]
        self.ask(batch, by_key=True)
        self.lines.append(f"{variable} = await {batch.by_key}({', '.join(arguments)})")
        target = self.model.entity(row.type.entity or "")
        certain = not row.type.nullable and target.soft_delete is None and is_local(row)
        text = f"{variable}[{found.text}]" if certain else f"{variable}.get({found.text})"
        if row.type.nullable:
            text = lookup(variable, found.text)
        return Shown(text, optional(batch.kind, not certain))

    def each(self, shape: Each, name: str) -> Shown:
        """The rows that belong to each row, read for all rows at once."""
        meaning = shape.rows.meaning
        kind = meaning.type
        element = kind.element if kind.kind == "list" else kind
        target = self.model.entity((element.entity if element is not None else None) or "")
        batch = self.of_items(shape, target, name)
        wanted_rows = snake(name.removeprefix(pascal(self.name))) or "items"
        variable = self.variable(wanted_rows, f"{wanted_rows}_of")
        item_kind = listed(batch.kind)
        levels = ["levels - 1"] if batch.depth and self.recursive else []
        if kind.kind == "list":
            found = self._value(meaning, snake(name))
            flat = f"[key for {ROW} in rows for key in {operand(found.text)}]"
            self.ask(batch, by_key=True)
            arguments = ["db", *self.passed(batch, by_key=True), flat, *levels]
            self.lines.append(f"{variable} = await {batch.by_key}({', '.join(arguments)})")
            limit = f"[:{shape.limit}]" if shape.limit is not None else ""
            return Shown(
                f"[{variable}[key] for key in {operand(found.text)} if key in {variable}]{limit}", item_kind
            )
        wanted = f"{snake(self.name)}_{snake(name.removeprefix(pascal(self.name)))}".strip("_")
        belonging = reading.belonging(
            meaning,
            shape.order,
            self.entity,
            batch.projection,
            self.package.repositories,
            wanted=wanted,
            signed_in=self.signed_in,
        )
        own = self.key_text()
        call = self.call(belonging.function, f"[{own} for {ROW} in rows]")
        loaded = self.variable(f"{wanted_rows}_rows")
        self.imports |= imports(_RUNTIME, "grouped")
        lines = [f"{loaded} = {call}"]
        if batch.plain:
            shown_text = f"[{batch.one}({', '.join([*self.passed(batch), 'each'])}) for each in {loaded}]"
        else:
            self.ask(batch, by_key=False)
            shown_text = f"await {batch.many}({', '.join(['db', *self.passed(batch), loaded, *levels])})"
        limit = f", limit={shape.limit}" if shape.limit is not None else ""
        parent = reading.parent_of(self.entity, "each")
        lines.append(f"{variable} = grouped([{parent} for each in {loaded}], {shown_text}{limit})")
        if shape.depth is not None and batch.depth and self.recursive:
            inside = "\n".join(lines)
            self.lines.append(f"{variable}: dict[{key(self.entity.name, self.model)}, {item_kind}] = {{}}")
            self.lines.append(f"if levels > 0:\n{indented(inside)}")
        else:
            self.lines += lines
        return Shown(f"{variable}.get({own}, [])", item_kind)

    def of_items(self, shape: Each, target: Entity, name: str) -> Batch:
        """How the items are shown: under a view, or as the shape says."""
        inner = shape.shape
        if isinstance(inner, Viewed) and not inner.arguments and _is_this(inner.row.meaning):
            return self.views.view(inner.view)
        return self.views.inline(inner, target, snake(name), signed_in=self.signed_in)

    # Names ------------------------------------------------------------------------------------------

    def variable(self, wanted: str, otherwise: str = "") -> Identifier:
        """A new local variable; `otherwise` is its name where the wanted one is taken."""
        name, number = wanted, 2
        if otherwise and (name in self.variables or name in self.arguments):
            name = wanted = otherwise
        while name in self.variables or name in self.arguments:
            name, number = f"{wanted}_{number}", number + 1
        self.variables.add(name)
        return safe(name)

    def computed(self, wanted: str, expression: Expression) -> Identifier:
        """The attribute of a value that the database computes."""
        for each in self.extras.values():
            if each.value == expression:
                return Identifier(each.name)
        short: str = safe(wanted.removeprefix(f"{snake(self.name)}_"))
        columns = {field.column for field in self.entity.fields}
        name, number = short, 2
        while name in columns or name in self.extras or name in self.joins:
            name, number = f"{short}_{number}", number + 1
        self.extras[name] = Extra(name, expression)
        return Identifier(name)

    def column(self, name: str) -> str:
        field = self.entity.field(name)
        self.fields.setdefault(field.name, field)
        return field.column

    def key_text(self) -> str:
        columns = [self.column(field.name) for field in key_fields(self.entity)]
        if len(columns) == 1:
            return f"{ROW}.{columns[0]}"
        return f"({', '.join(f'{ROW}.{column}' for column in columns)})"

    def python(self, expression: Expression) -> str:
        """The Python of an expression about the row at hand."""
        known = fold(expression, caller_known=self.signed_in, lookup=field_types(self.model))
        roots = {"this": ROW, "now": "now", **{name: name for name in self.arguments}}
        if mentions_caller(known):
            self.context.add("caller")

        def needed(node: Expression) -> Expression:
            match node:
                case MemberOf(of=Name(root="this"), field=field):
                    self.column(field)
                    return node
                case Name(root="this"):
                    for each in key_fields(self.entity):
                        self.column(each.name)
                    return node
                case _:
                    return node

        def plain(node: Expression) -> str:
            return compiled(node, self.model, roots=roots, caller_known=self.signed_in).text

        prepared, names = secrets.opened(rebuilt(known, needed), self.model, "cipher", plain)
        roots |= names
        if names:
            self.context.add("cipher")
        if any(isinstance(node, Name) and node.root == "now" for node in nodes(prepared)):
            self.context.add("now")
        found = compiled(
            prepared,
            self.model,
            roots=roots,
            caller_known=self.signed_in,
            inputs=lambda origin, name: f"{origin}_{name}",
        )
        self.imports |= found.imports
        return found.text

    def call(self, function: Function, *given: str) -> str:
        """The call of a repository's function."""
        self.imports |= imports(f"{self.names.package}.repositories", function.module)
        self.context |= set(function.context)
        arguments = [
            "db",
            *function.context,
            *given,
            *(self.python(supplier) for _, supplier in function.values),
        ]
        return f"await {function.module}.{function.name}({', '.join(arguments)})"

    def passed(self, batch: Batch, *, by_key: bool = False) -> list[str]:
        """The context that another view needs."""
        needed = batch.key_context if by_key else batch.context
        self.context |= set(needed)
        return list(needed)

    def ask(self, batch: Batch, *, by_key: bool) -> None:
        """Have the function of another view written."""
        if by_key:
            self.views.written.add(f"{batch.name}:by_key")

    def _argument_kind(self, argument: str) -> Source:
        """The type of an argument of the view, as the first that gives it says."""
        return of_expression(argument_type(self.name, argument, self.model), self.model)

    # Writing ----------------------------------------------------------------------------------------

    def of_view(self, view: View, cls: Identifier) -> Shown:
        """The members of a view: columns as they are, and what the view makes of the row."""
        members: list[Member] = []
        given: list[str] = []
        needed: Imports = frozenset()
        wires = [field.wire for field in view.fields] + [member.wire for member in view.shape]
        named = attributes(wires)
        for shown_field, attribute in zip(view.fields, named, strict=False):
            value = self.of_column(self.entity.field(shown_field.field))
            members.append(Member(attribute, value.kind, wire=shown_field.wire))
            given.append(f"{attribute}={value.text}")
            needed |= value.imports
        for member, attribute in zip(view.shape, named[len(view.fields) :], strict=True):
            inside = f"`{member.wire}` of {a(words(view.name))}"
            inner = shown(member.shape, self, f"{pascal(view.name)}{pascal(snake(attribute))}", inside)
            itself = self.recursive and re.search(rf"\b{cls}\b", inner.kind.text) is not None
            kind = source(literal(inner.kind.text), inner.kind) if itself else inner.kind
            members.append(Member(attribute, kind, wire=member.wire))
            given.append(f"{attribute}={inner.text}")
            needed |= inner.imports
        about = f"{a(words(view.name)).capitalize()} as callers see it."
        self.views.define(answered(cls, about, members, self.model))
        return Shown(f"{cls}({', '.join(given)})", source(cls), needed)

    def of_cells(self, columns: Sequence[Column]) -> Shown:
        """The cells of a line."""
        cells = []
        for name, column in zip(attributes([each.heading for each in columns]), columns, strict=True):
            value = self.value(column.value, name)
            cells.append(printed(value, column.value.meaning.type, self.model))
        for each in cells:
            self.imports |= each.imports
        text = ", ".join(each.text for each in cells)
        return Shown(f"({text},)" if len(cells) == 1 else f"({text})", source("tuple[object, ...]"))

    def of_column(self, field: Field) -> Shown:
        """A stored field as it is shown."""
        kind = field_types(self.model)(self.entity.name, field.name)
        assert kind is not None
        this = Name(type=_row_type(self.entity), root="this")
        member = MemberOf(type=kind, of=this, entity=self.entity.name, field=field.name)
        return printed(Shown(self.python(member), of_expression(kind, self.model)), kind, self.model)

    def draft(self, kind: Source) -> Batch:
        """What is known before anything is written: views that show themselves need it."""
        return self._batch(
            kind, plain=False, projection=whole(self.entity, self.model), context=self._all_context()
        )

    def _all_context(self) -> tuple[str, ...]:
        return ("caller",) if self.model.auth is not None else ()

    def write(self, body: Callable[[], Shown]) -> Batch:
        """The functions; `body` shows one row."""
        result = body()
        self.imports |= result.imports
        plain = not self.lines
        projection = self.projection()
        context = tuple(each for each in CONTEXT if each in self.context)
        if self.recursive:
            context = tuple(dict.fromkeys([*self._all_context(), *context]))
        batch = self._batch(result.kind, plain=plain, projection=projection, context=context)
        levels = depth_of(self.view) if self.recursive and self.view is not None else None
        self.views.functions.append(partial(function_of, batch, result, self, levels))
        return batch

    def projection(self) -> Projection:
        """What has to be read of a row."""
        if not self.extras and not self.joins:
            return whole(self.entity, self.model)
        for each in key_fields(self.entity):
            self.column(each.name)
        fields = joins.key_first(
            self.entity, [each for each in columns(self.entity, self.model) if each.name in self.fields]
        )
        name = self.row_name()
        return Projection(
            entity=self.entity,
            fields=fields,
            extras=tuple(self.extras.values()),
            joins=tuple(self.joins.values()),
            name=name,
        )

    def row_name(self) -> str:
        """What the class of the rows is called, where these are not the entity's own."""
        name = f"{pascal(self.name)}{'Row' if self.view is not None else 'Item'}"
        taken = {str(self.names.row_class(entity)) for entity in self.model.entities}
        return f"{pascal(self.name)}ViewRow" if name in taken else name

    def _batch(self, kind: Source, *, plain: bool, projection: Projection, context: tuple[str, ...]) -> Batch:
        name = snake(self.name)
        return Batch(
            name=self.name,
            kind=kind,
            projection=projection,
            beside=joins.beside(self, projection),
            plain=plain,
            context=context,
            key_context=tuple(each for each in CONTEXT if each in {*context, *self.asked(projection)}),
            arguments=tuple(self.arguments.items()),
            one=Identifier(f"{name}_view"),
            many=Identifier(f"{name}_views"),
            by_key=Identifier(f"{name}_views_by_key"),
            depth=self.recursive,
            of_caller=plain and projection.name is None and self._shows_callers(),
        )

    def _shows_callers(self) -> bool:
        """Whether an operation that changes nothing shows the caller's own row under this view."""
        auth = self.model.auth
        if auth is None or auth.identity != self.entity.name:
            return False
        known = caller_fields(self.entity, self.model)
        return self.name in views_of_callers(self.model) and all(
            each in known for each in self.fields.values()
        )

    def asked(self, projection: Projection) -> set[str]:
        """The context of what the database computes for each row."""
        found: set[str] = set()
        values = [each.value for each in projection.extras]
        for beside in projection.joins:
            found |= self.asked(beside.projection)
            values += [beside.readable.condition] if beside.readable is not None else []
        for each in values:
            known = fold(each, caller_known=self.signed_in, lookup=field_types(self.model))
            found |= {"caller"} if mentions_caller(known) else set()
            found |= (
                {"now"}
                if any(isinstance(node, Name) and node.root == "now" for node in nodes(known))
                else set()
            )
        return found


def _is_this(expression: Expression) -> bool:
    return isinstance(expression, Name) and expression.root == "this"


def _row_type(entity: Entity) -> Type:
    return Type("entity", entity=entity.name)
