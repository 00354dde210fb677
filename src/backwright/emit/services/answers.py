"""What a service returns: the answer as structs of `views.py`, and what the route needs beside it."""

from __future__ import annotations

import re

import msgspec

from backwright.emit.annotations import annotation, listed, of_expression, optional
from backwright.emit.judge import is_caller
from backwright.emit.names import pascal, snake
from backwright.emit.repositories import shown as reading
from backwright.emit.repositories.projections import Projection
from backwright.emit.services.mentions import formulas, names_binding, shown_places, speaks_of
from backwright.emit.services.scope import Scope
from backwright.emit.services.sent import fixed, sent, sent_names
from backwright.emit.source import Identifier, Source, imports, literal, lookup, operand, source
from backwright.emit.storage import key_fields
from backwright.emit.structs import Member, struct_of
from backwright.emit.views.batch import Batch
from backwright.emit.views.batches import Views
from backwright.emit.views.shapes import Shown, shown
from backwright.expr.typed import Expression, Name
from backwright.expr.walk import is_local, nodes
from backwright.model.types import (
    Each,
    Entity,
    Find,
    Formula,
    Model,
    Operation,
    ScalarType,
    Select,
    ShowCsv,
    ShowFile,
    ShowHtml,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    ShowShape,
    ShowText,
    SignIn,
    VerifyPassword,
    Viewed,
)

_RUNTIME = "backwright_runtime"
NOT_FOR_PATHS = frozenset({"string", "text", "email", "enum"})
"""Types whose values may have characters that mean something else in an address."""


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """What a service function returns: the data (None: nothing), then each of `beside`, by name."""

    data: Shown | None
    beside: tuple[tuple[str, Shown], ...] = ()

    @property
    def kind(self) -> Source:
        """The type of the whole."""
        kinds = [
            each.kind for each in ([self.data] if self.data else []) + [shown for _, shown in self.beside]
        ]
        if not kinds:
            return source("None")
        if len(kinds) == 1:
            return kinds[0]
        return source(f"tuple[{', '.join(kind.text for kind in kinds)}]", *kinds)

    @property
    def text(self) -> str:
        """The expression behind `return`; empty where there is nothing to say."""
        texts = [
            each.text for each in ([self.data] if self.data else []) + [shown for _, shown in self.beside]
        ]
        return ", ".join(texts)


class Answers:
    """Shows the answer of one operation; a `Place` of shapes."""

    def __init__(self, scope: Scope, views: Views) -> None:
        self.scope = scope
        self.views = views
        self.model: Model = scope.model
        self.operation: Operation = scope.operation
        self.lines: list[str] = []
        self.projected: dict[str, Projection] = {}

    def plan(self) -> dict[str, Projection]:
        """The projections with which steps read rows that are only shown, in operations that write nothing."""
        if self.scope.writes:
            return {}
        for step in self.operation.steps:
            if isinstance(step, Find | Select) and step.when is None and not self._used_by_steps(step.bind):
                batch = self._only_shown(step)
                if batch is not None and batch.projection.name is not None:
                    self.projected[step.bind] = batch.projection
        return self.projected

    def _used_by_steps(self, bind: str) -> bool:
        """Whether a step works on the row of a binding by its name, not in an expression."""
        return any(
            (isinstance(step, VerifyPassword) and step.bind == bind)
            or (isinstance(step, SignIn) and step.row == bind)
            for step in self.operation.steps
        )

    def _only_shown(self, step: Find | Select) -> Batch | None:
        """How the rows of a binding are shown, where that is all that is done with them."""
        show = self.operation.respond.show
        bind = step.bind
        if isinstance(show, ShowPage | ShowRow) and show.bind == bind:
            others = (
                self.operation.steps,
                msgspec.structs.replace(self.operation.respond, show=ShowNothing()),
            )
            batch = self.views.view(show.view)
            entity = self.model.entity(step.entity)
            read = {field.name for field in batch.projection.fields}
            located = isinstance(show, ShowRow) and (
                show.location is not None or not {entity.version} - {None} <= read
            )
            return None if speaks_of(others, bind) or located else batch
        places = list(shown_places(self.operation.respond, bind))
        total = sum(
            1
            for formula in formulas((self.operation.steps, self.operation.respond))
            if names_binding(formula.meaning, bind)
        )
        if len(places) != 1 or total != 1:
            return None
        place = places[0]
        if isinstance(place, Viewed):
            batch = self.views.view(place.view)
            return batch if isinstance(step, Find) and not _reads_by_arguments(batch) else None
        return self._items(place, self.model.entity(step.entity), bind) if isinstance(step, Select) else None

    def _items(self, shape: Each, entity: Entity, name: str) -> Batch:
        inner = shape.shape
        if isinstance(inner, Viewed) and not inner.arguments and _is_this(inner.row.meaning):
            return self.views.view(inner.view)
        return self.views.inline(
            inner, entity, f"{snake(self.operation.name)}_{snake(name)}", signed_in=self.scope.signed_in
        )

    # Place ------------------------------------------------------------------------------------------

    def define(self, piece: Source) -> None:
        self.views.define(piece)

    def free_class(self, wanted: str) -> Identifier:
        return self.views.free_class(wanted)

    def value(self, formula: Formula, name: str) -> Shown:
        """The value of an expression."""
        kind = self._kind(formula.meaning)
        short = name.removeprefix(f"{snake(self.operation.name)}_").removeprefix("answer_")
        text = self.scope.value(formula, short)
        if text.startswith("await "):
            variable = self.scope.variable(short)
            self.lines.append(f"{variable} = {text}")
            text = variable
        return Shown(text, kind)

    def _kind(self, expression: Expression) -> Source:
        """The type of a value; records of groups are what their repository says."""
        if isinstance(expression, Name) and expression.binding in self.scope.records:
            record = self.scope.records[expression.binding or ""]
            kind = listed(record) if expression.type.kind == "list" else record
            return source(f"{kind} | None", kind) if expression.type.nullable else kind
        return of_expression(expression.type, self.model)

    def viewed(self, shape: Viewed, name: str) -> Shown:
        """A row under a view."""
        batch = self.views.view(shape.view)
        given = [self.scope.value(each.value, each.name) for each in shape.arguments]
        row = shape.row.meaning
        if isinstance(row, Name) and row.root == "binding":
            return self.row(row.binding or "", batch, given, nullable=row.type.nullable)
        if batch.of_caller and is_caller(row) and self.scope.signed_in and not self.scope.writes:
            self.scope.caller_used = True
            self.scope.imports |= imports(self.scope.names.package, "views")
            text = f"views.{batch.one}({', '.join([*self.context(batch), 'caller', *given])})"
            return Shown(text, self.kind(batch))
        short = snake(name).removeprefix(f"{snake(self.operation.name)}_") or batch.name
        found = self.value(shape.row, f"{short}_key" if not is_local(row) else short)
        return self.by_key(found.text, batch, given, short, nullable=row.type.nullable)

    def row(self, bind: str, batch: Batch, given: list[str], *, nullable: bool) -> Shown:
        """The row of a binding under a view."""
        row = self.scope.bound(bind)
        nullable = nullable or self.scope.optional(bind)
        if batch.plain and (batch.projection.name is None or self.projected.get(bind) == batch.projection):
            text = f"views.{batch.one}({', '.join([*self.context(batch), row, *given])})"
            self.scope.imports |= imports(self.scope.names.package, "views")
            return Shown(
                f"{text} if {row} else None" if nullable else text, optional(self.kind(batch), nullable)
            )
        whole = batch.projection.name is None or self.projected.get(bind) == batch.projection
        if not whole:
            entity = batch.projection.entity
            columns = [f"{row}.{Identifier(field.column)}" for field in key_fields(entity)]
            value = columns[0] if len(columns) == 1 else f"({', '.join(columns)})"
            if nullable:
                value = f"{value} if {row} else None"
            return self.by_key(value, batch, given, bind, nullable=nullable)
        variable = self.scope.variable("shown")
        rows = f"[{row}] if {row} else []" if nullable else f"[{row}]"
        call = self.many(batch, rows, given)
        if nullable:
            self.lines.append(f"{variable} = {call}")
            return Shown(f"{variable}[0] if {variable} else None", optional(self.kind(batch), True))
        self.lines.append(f"[{variable}] = {call}")
        return Shown(variable, self.kind(batch))

    def by_key(self, text: str, batch: Batch, given: list[str], name: str, *, nullable: bool) -> Shown:
        """The row with a key under a view."""
        self.views.written.add(f"{batch.name}:by_key")
        variable = self.scope.variable("shown", f"shown_{snake(name)}")
        self.scope.statements += 1 + self.nested(batch)
        self.scope.imports |= imports(self.scope.names.package, "views")
        arguments = [self.scope.db, *self.context(batch, by_key=True), f"[{text}]", *given]
        self.lines.append(f"{variable} = await views.{batch.by_key}({', '.join(arguments)})")
        if nullable:
            return Shown(lookup(variable, text), optional(self.kind(batch), True))
        return Shown(f"{variable}[{text}]", self.kind(batch))

    def each(self, shape: Each, name: str) -> Shown:
        """An array: of a page, of rows that were created, or of a set of rows."""
        meaning = shape.rows.meaning
        kind = meaning.type
        element = kind.element if kind.kind == "list" else kind
        target = self.model.entity((element.entity if element is not None else None) or "")
        bind = meaning.binding if isinstance(meaning, Name) and meaning.root == "binding" else None
        batch = self._items(shape, target, bind or snake(name).removeprefix(f"{snake(self.operation.name)}_"))
        limit = f"[:{shape.limit}]" if shape.limit is not None else ""
        if bind is not None:
            rows = self.scope.bound(bind)
            of_page = bind in self.scope.pages
            text = f"{rows}.rows" if of_page else str(rows)
            return Shown(f"{self.items(bind, text, batch)}{limit}", listed(self.kind(batch)))
        if kind.kind == "list":
            found = self.value(shape.rows, snake(name))
            self.views.written.add(f"{batch.name}:by_key")
            self.scope.imports |= imports(self.scope.names.package, "views")
            self.scope.statements += 1 + self.nested(batch)
            variable = self.scope.variable("shown")
            keys = self.scope.variable("keys")
            self.lines.append(f"{keys} = {found.text}")
            arguments = [self.scope.db, *self.context(batch, by_key=True), keys]
            self.lines.append(f"{variable} = await views.{batch.by_key}({', '.join(arguments)})")
            return Shown(
                f"[{variable}[key] for key in {keys} if key in {variable}]{limit}", listed(self.kind(batch))
            )
        wanted = f"{snake(self.operation.name)}_{snake(name).removeprefix(f'{snake(self.operation.name)}_')}"
        found_rows = reading.listing(
            meaning, shape.order, batch.projection, self.scope.repositories, wanted=wanted,
            signed_in=self.scope.signed_in, limit=shape.limit,
        )  # fmt: skip
        rows = self.scope.variable("rows")
        self.lines.append(f"{rows} = {self.scope.call(found_rows.function)}")
        return Shown(self._shown_rows(rows, batch), listed(self.kind(batch)))

    def items(self, bind: str, text: str, batch: Batch) -> str:
        """The rows of a binding, each shown."""
        if batch.projection.name is None or self.projected.get(bind) == batch.projection:
            return self._shown_rows(text, batch)
        self.views.written.add(f"{batch.name}:by_key")
        self.scope.imports |= imports(self.scope.names.package, "views")
        self.scope.statements += 1 + self.nested(batch)
        variable = self.scope.variable("shown")
        columns = [f"row.{Identifier(field.column)}" for field in key_fields(batch.projection.entity)]
        value = columns[0] if len(columns) == 1 else f"({', '.join(columns)})"
        arguments = [self.scope.db, *self.context(batch, by_key=True), f"[{value} for row in {text}]"]
        self.lines.append(f"{variable} = await views.{batch.by_key}({', '.join(arguments)})")
        return f"[{variable}[{value}] for row in {text}]"

    def _shown_rows(self, rows: str, batch: Batch) -> str:
        if batch.plain:
            self.scope.imports |= imports(self.scope.names.package, "views")
            return f"[views.{batch.one}({', '.join([*self.context(batch), 'row'])}) for row in {rows}]"
        return self.many(batch, rows, [])

    def many(self, batch: Batch, rows: str, given: list[str]) -> str:
        """The call that shows several rows."""
        self.scope.imports |= imports(self.scope.names.package, "views")
        self.scope.statements += self.nested(batch)
        return f"await views.{batch.many}({', '.join([self.scope.db, *self.context(batch), rows, *given])})"

    def nested(self, batch: Batch) -> int:
        """How many statements at least a view takes beside that for its rows."""
        return 0 if batch.plain else 1

    def kind(self, batch: Batch) -> Source:
        """The type of what a view shows."""
        return batch.kind

    def context(self, batch: Batch, *, by_key: bool = False) -> list[str]:
        """Who is calling and when, as a view's function is given it."""
        needed = batch.key_context if by_key else batch.context
        self.scope.caller_used |= "caller" in needed
        return [{"caller": "caller", "now": "ctx.now", "cipher": "ctx.cipher"}[each] for each in needed]

    # Answers ----------------------------------------------------------------------------------------

    def returned(self) -> Returned:
        """Everything that the route needs."""
        respond = self.operation.respond
        beside: list[tuple[str, Shown]] = []
        data = self._data(beside)
        if respond.choose is not None:
            beside.append(("status", Shown(self.scope.value(respond.choose, "status"), source("int"))))
        for name, each in zip(sent_names(self.operation), sent(respond), strict=True):
            if fixed(each.value) is None:
                beside.append((name, self._text(each.value, name)))
        if data is not None:
            text = self.views.qualified(data.kind.text, "")
            needed = imports(self.scope.names.package, "views") if text != data.kind.text else frozenset()
            data = Shown(data.text, source(text, data.kind, needed), data.imports)
        return Returned(data=data, beside=tuple(beside))

    @property
    def _about(self) -> str:
        return f"the answer of {self.operation.method} {self.operation.path}"

    def _text(self, formula: Formula, name: str) -> Shown:
        """A value as text of a header: null leaves it out."""
        kind = formula.meaning.type
        value = self.value(formula, name)
        if kind.kind in ("string", "enum", "null"):
            return Shown(value.text, optional(source("str"), kind.nullable or kind.kind == "null"))
        self.scope.imports |= imports(_RUNTIME, "as_text")
        return Shown(f"as_text({value.text})", source("str | None") if kind.nullable else source("str"))

    def _data(self, beside: list[tuple[str, Shown]]) -> Shown | None:
        show = self.operation.respond.show
        match show:
            case ShowNothing():
                return None
            case ShowRow(bind=bind, view=view, location=location):
                entity = self.model.entity(self.model.view(view).entity)
                row = self.scope.bound(bind)
                found = self.row(bind, self.views.view(view), [], nullable=False)
                if location is not None:
                    for name in dict.fromkeys(re.findall(r"\{(\w+)\}", location)):
                        field = entity.field(name)
                        text = f"{row}.{Identifier(field.column)}"
                        if isinstance(field.type, ScalarType) and field.type.scalar in NOT_FOR_PATHS:
                            self.scope.imports |= imports("urllib.parse", "quote")
                            text = f'quote({text}, safe="")'
                        beside.append((f"{name}_", Shown(text, _kind_of(field.name, entity, self.model))))
                if entity.version is not None:
                    column = entity.field(entity.version).column
                    text = (
                        f"{row}.{column} if {row} else None"
                        if self.scope.optional(bind)
                        else f"{row}.{column}"
                    )
                    beside.append(
                        ("version", Shown(text, optional(source("int"), self.scope.optional(bind))))
                    )
                return found
            case ShowPage(bind=bind, view=view):
                batch = self.views.view(view)
                page = self.scope.bound(bind)
                items = self.items(bind, f"{page}.rows", batch)
                self.scope.imports |= imports(_RUNTIME, "Page")
                kind = source(f"Page[{self.kind(batch)}]", imports(_RUNTIME, "Page"), self.kind(batch))
                return Shown(f"{page}.showing({items})", kind)
            case ShowSession(row=bind, view=view, token=token):
                inner = self.row(bind, self.views.view(view), [], nullable=False)
                cls = self._session(bind, view)
                self.scope.imports |= imports(self.scope.names.package, "views")
                return Shown(
                    f"views.{cls}({bind}={inner.text}, token={self.scope.bound(token)})", source(cls)
                )
            case ShowShape(shape=shape):
                return self._shape(shown(shape, self, f"{pascal(self.operation.name)}Answer", self._about))
            case ShowText(text=formula):
                found = self.value(formula, "text")
                nullable = formula.meaning.type.nullable
                return Shown(f"{operand(found.text)} or ''" if nullable else found.text, source("str"))
            case ShowHtml(context=context):
                members = []
                for member in context:
                    name = f"{pascal(self.operation.name)}{pascal(snake(member.wire))}"
                    inner = shown(member.shape, self, name, f"`{member.wire}` of {self._about}")
                    members.append(f"{literal(member.wire)}: {self._shape(inner).text}")
                return Shown(f"{{{', '.join(members)}}}", source("dict[str, object]"))
            case ShowCsv():
                return self._csv(show)
            case ShowFile(content=content, media=media, filename=filename):
                beside.append(("media", self.value(media, "media")))
                if filename is not None:
                    beside.append(("filename", self.value(filename, "filename")))
                return self.value(content, "content")

    def _shape(self, found: Shown) -> Shown:
        """A shape, with the structs of `views.py` as services name them."""
        self.scope.imports |= found.imports
        text = self.views.qualified(found.text, "(")
        if text != found.text:
            self.scope.imports |= imports(self.scope.names.package, "views")
        return Shown(text, found.kind, found.imports)

    def _session(self, bind: str, view: str) -> Identifier:
        """The struct of who is signed in, and the token that says so."""
        name = f"session:{bind}:{view}"
        found = self.views.classes.get(name)
        if found is None:
            found = self.views.classes[name] = self.views.free_class("Session")
            batch = self.views.view(view)
            members = [Member(Identifier(bind), batch.kind), Member(Identifier("token"), source("str"))]
            about = "Who is signed in, and the access token that says so."
            self.views.define(struct_of(found, about, members))
        return found

    def _csv(self, show: ShowCsv) -> Shown:
        """Rows of cells."""
        kind = show.rows.meaning.type
        element = kind.element if kind.kind == "list" else kind
        entity = self.model.entity((element.entity if element is not None else None) or "")
        batch = self.views.cells(
            show.columns, entity, f"{snake(self.operation.name)}_line", signed_in=self.scope.signed_in
        )
        meaning = show.rows.meaning
        if isinstance(meaning, Name) and meaning.root == "binding":
            bind = meaning.binding or ""
            rows = (
                f"{self.scope.bound(bind)}.rows" if bind in self.scope.pages else str(self.scope.bound(bind))
            )
            text = self.items(bind, rows, batch)
        else:
            found = reading.listing(
                meaning, show.order, batch.projection, self.scope.repositories,
                wanted=f"{snake(self.operation.name)}_rows", signed_in=self.scope.signed_in,
            )  # fmt: skip
            variable = self.scope.variable("rows")
            self.lines.append(f"{variable} = {self.scope.call(found.function)}")
            text = self._shown_rows(variable, batch)
        return Shown(text, listed(batch.kind))


def _reads_by_arguments(batch: Batch) -> bool:
    """Whether the database needs what the view is given: known with the answer, not where the row is found."""
    given = {name for name, _ in batch.arguments}
    return any(
        isinstance(node, Name) and node.binding in given
        for extra in batch.projection.everything()
        for node in nodes(extra.value)
    )


def _kind_of(field: str, entity: Entity, model: Model) -> Source:
    return annotation(entity.field(field).type, model)


def _is_this(expression: Expression) -> bool:
    return isinstance(expression, Name) and expression.root == "this"
