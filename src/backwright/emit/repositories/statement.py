"""One statement while it is written: the same text for both databases, or a text for each.

Whoever writes a statement is called once per dialect with a `Writing`, which compiles expressions and remembers
what supplies each parameter. Where the runtime makes SQLite's text of PostgreSQL's by itself, one is printed.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence

import msgspec

from backwright.emit.layout import laid_out, split
from backwright.emit.source import Identifier, Source, imports, indented, source, sql_block
from backwright.emit.sql import hanging, quoted
from backwright.emit.storage import ModelStorage, field_types
from backwright.expr import sql
from backwright.expr.fold import fold
from backwright.expr.given import NONE, Facts, facts_of, given
from backwright.expr.once import KINDS, Named, Once, may_repeat, once, worth_naming
from backwright.expr.setwise import setwise
from backwright.expr.typed import Expression, Name, Type
from backwright.expr.walk import is_local
from backwright.model.naming import snake
from backwright.model.readable import ModelRules, readable
from backwright.model.types import Entity, Model
from backwright_runtime.database.statement import for_sqlite

Dialect = sql.Dialect
RESERVED = ("db", "query", "limit", "offset", *keyword.kwlist)
"""What no parameter is called: other arguments of the functions, and what Python could not pass by name."""


class Statement(msgspec.Struct, frozen=True):
    """SQL of both databases, and what supplies each `:parameter`, in the order of their first use."""

    postgresql: str
    sqlite: str
    parameters: dict[str, Expression]
    guarded: bool = False

    def declared(self, name: str) -> Source:
        """`FIND = sql(…)`."""
        text = sql_block(self.postgresql)
        make = "guarded" if self.guarded else "sql"
        needed = imports("backwright_runtime", make)
        if for_sqlite(self.postgresql) == for_sqlite(self.sqlite):
            return source(f"{Identifier(name)} = {make}({text})", needed)
        return source(
            f"{Identifier(name)} = {make}({text}, sqlite={sql_block(for_sqlite(self.sqlite))})", needed
        )


_LAST: list[tuple[Model, dict[bool, dict[str, list[Named]]]]] = []
"""The computed values of the model that was asked for last: every statement of it asks for the same few."""


def _computed(model: Model, signed_in: bool) -> dict[str, list[Named]]:
    """By entity, what statements for such callers may say beside its rows."""
    if not _LAST or _LAST[0][0] is not model:
        _LAST[:] = [(model, {True: {}, False: {}})]
    return _LAST[0][1][signed_in]


class Writing:
    """Compiles the expressions of one statement for one database."""

    def __init__(self, model: Model, dialect: Dialect, *, signed_in: bool, guarded: bool = False) -> None:
        self.model = model
        self.dialect = dialect
        self.signed_in = signed_in
        self.storage = ModelStorage(model, unfiltered=guarded and dialect == "postgresql", named=self.named)
        self.row: str | None = None
        self.facts = NONE
        self.said = Once()
        self.parameters: dict[str, Expression | None] = dict.fromkeys(RESERVED)

    def source(
        self,
        entity: Entity,
        row: str,
        asked: Sequence[Expression],
        *,
        conditions: Sequence[Expression] = (),
        table: str = "",
    ) -> str:
        """What FROM reads the statement's own rows from, which are called `row` ("": like their table).

        It is the table (`table`, where it is not simply that of the entity); or one that says beside each row, once,
        the computed values that `asked`, all that the statement asks of the row, needs more than once. From here on
        they are named, and what the `conditions` on the rows say is known of the row.
        """
        self.row = row or None
        self.facts = facts_of(self._decided(each) for each in conditions)
        text = table or quoted(entity.table)
        if not entity.computed or not may_repeat([*asked, *conditions]):
            return text
        this = Name(type=Type("entity", entity=entity.name), root="this")
        asked = [*(self.folded(each, self.facts) for each in asked), *map(self.folded, conditions)]
        self.said = once(asked, this, self.named(entity, self.facts))
        for level in self.said.levels:
            columns = [
                f"{laid_out(self._compiled(each.value, self.row, False, None, value=True))}"
                f" AS {self.storage.column(entity.name, each.name)}"
                for each in level
            ]
            listed = ",\n".join(["*", *columns]).replace("\n", "\n" + " " * 11)
            text = f"(\n    SELECT {listed}\n    FROM {hanging(text, 4)}\n) AS {row or quoted(entity.table)}"
        return text

    def named(self, entity: Entity, facts: Facts = NONE) -> list[Named]:
        """The computed values of an entity as statements for these callers say them: in views, then in rules."""
        decided = _computed(self.model, self.signed_in).get(entity.name)
        if decided is None:
            columns = {field.column for field in entity.fields}
            decided = [
                Named(each.name, self._decided(meaning))
                for each in entity.computed
                if each.value.meaning.type.kind in KINDS and snake(each.name) not in columns
                for meaning in (readable(each.value.meaning, ModelRules(self.model)), each.value.meaning)
            ]
            _computed(self.model, self.signed_in)[entity.name] = decided
        found = (Named(each.name, setwise(self._knowing(each.value, facts))) for each in decided)
        return [each for each in found if worth_naming(each.value)]

    def condition(
        self,
        expression: Expression,
        *,
        this: str | None = None,
        candidate: bool = False,
        variables: Mapping[str, str] | None = None,
        says: bool = False,
    ) -> str:
        """A condition, laid out over several lines where it is long; an OR in parentheses.

        `says`: it is one of those that say what is known of the rows.
        """
        known = self._about(expression, this, NONE if says else self.facts)
        text = self._compiled(known, this, candidate, variables, value=False)
        return parenthesized(text if "\n" in text else laid_out(text))

    def value(
        self,
        expression: Expression,
        *,
        this: str | None = None,
        candidate: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """A value, as in SELECT and SET: null and false differ."""
        known = self._about(expression, this, self.facts)
        text = self._compiled(known, this, candidate, variables, value=True)
        return text if "\n" in text else laid_out(text)

    def assigned(self, expression: Expression, into: Type) -> str:
        """A value as a column of this type takes it: a decimal of another scale is rounded."""
        text = self._compiled(self.folded(expression), None, False, None, value=True, into=into)
        return text if "\n" in text else laid_out(text)

    def rows(self, expression: Expression, alias: str, *, this: str | None = None) -> sql.RowsSql:
        """A set of rows: its table and the conditions on the row called `alias`."""
        found = sql.compile_rows(
            self.folded(expression), self.storage, self.dialect, alias, this=this, taken=self.parameters
        )
        self.parameters |= found.parameters
        conditions = tuple(parenthesized(laid_out(each)) for each in found.conditions)
        return msgspec.structs.replace(found, conditions=conditions)

    def folded(self, expression: Expression, facts: Facts = NONE) -> Expression:
        """The expression with everything decided that is known of this statement's callers, said for sets."""
        return setwise(self._knowing(self._decided(expression), facts))

    def _knowing(self, known: Expression, facts: Facts) -> Expression:
        simpler = given(known, facts)
        return known if simpler == known else self._decided(simpler)

    def _decided(self, expression: Expression) -> Expression:
        return fold(expression, caller_known=self.signed_in, lookup=field_types(self.model))

    def _about(self, expression: Expression, this: str | None, facts: Facts) -> Expression:
        """What is asked of the statement's own row knows the facts, and the values that are said beside it."""
        return (
            self.said.about(self.folded(expression, facts)) if this == self.row else self.folded(expression)
        )

    def _compiled(
        self,
        known: Expression,
        this: str | None,
        candidate: bool,
        variables: Mapping[str, str] | None,
        *,
        value: bool,
        into: Type | None = None,
    ) -> str:
        compiled = sql.compile(
            known,
            self.storage,
            self.dialect,
            value=value,
            into=into,
            multiline=not value and is_local(known),
            taken=self.parameters,
            this=this,
            candidate=candidate,
            variables=variables or {},
        )
        self.parameters |= compiled.parameters
        return compiled.text


def written(
    model: Model, write: Callable[[Writing], str], *, signed_in: bool, for_caller: bool = False
) -> Statement:
    """The statement that a function writes, for both databases.

    `for_caller`: the rows of its own table are those that the caller may read. Row-level security judges them again;
    what rules and values look at in other rows carries its own clauses, and is read unfiltered.
    """
    guarded = for_caller and model.security is not None and model.security.row_level
    first = Writing(model, "postgresql", signed_in=signed_in, guarded=guarded)
    postgresql = write(first)
    second = Writing(model, "sqlite", signed_in=signed_in)
    second.parameters |= dict.fromkeys(RESERVED)
    sqlite = write(second)
    supplied = {name: each for name, each in first.parameters.items() if each is not None}
    return Statement(postgresql, sqlite, supplied, guarded)


def parenthesized(text: str) -> str:
    """An OR in parentheses, since conditions are joined by AND."""
    if len(split(text.replace("\n", " "), "OR")) < 2:
        return text
    if "\n" not in text:
        return f"({text})"
    return f"(\n{indented(text)}\n)"
