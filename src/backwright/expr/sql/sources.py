"""Rows and lists: where they come from in a statement.

A list in PostgreSQL is an array, a list of lists an array of records with one member. On SQLite both are JSON
text. What goes through a list or rows reads from a source: tables and conditions, an order, and an element.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from backwright.expr.once import NOTHING, Named, may_repeat, once
from backwright.expr.shape import Shape
from backwright.expr.sql.operands import NOT, SUM, Known, RowOf, ValueOf
from backwright.expr.sql.storage import NotCompiled, type_name
from backwright.expr.sql.values import Values
from backwright.expr.typed import (
    And,
    Expression,
    Filtered,
    Flattened,
    Linked,
    Mapped,
    Name,
    Related,
    Rows,
    Type,
)

_SIMPLE = re.compile(r'[\w."]+')
GIVEN = ("boolean", "integer", "string", "enum", "uuid", "date", "timestamp")
"""What is in JSON as SQLite stores it, so that it can be a part of a key that a statement is given."""
CERTAIN: frozenset[Shape] = frozenset()


class Source(msgspec.Struct):
    """What a statement reads from: FROM, WHERE and ORDER BY, and what stands for one element.

    `said` are the computed values that are there beside the columns.
    """

    tables: list[str]
    conditions: list[str]
    order: list[str]
    element: RowOf | ValueOf
    entity: str | None = None
    said: Mapping[str, Shape] = NOTHING

    def select(self, what: str, *, ordered: bool = False) -> str:
        """The statement that reads `what` of each element."""
        where = f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""
        order = f" ORDER BY {', '.join(self.order)}" if ordered and self.order else ""
        return f"SELECT {what} FROM {', '.join(self.tables)}{where}{order}"  # noqa: S608

    def names_itself(self) -> bool:
        """Whether the element mentions a table that is read from here."""
        if isinstance(self.element, RowOf):
            return True
        aliases = [re.sub(r"\(.*\)$", "", table.rpartition(" AS ")[2]) for table in self.tables]
        return any(re.search(rf"(?<![\w.]){re.escape(alias)}\.", self.element.text) for alias in aliases)

    @property
    def alias(self) -> str:
        """The alias of the table that the rows come from."""
        return self.element.alias if isinstance(self.element, RowOf) else ""


class Sources(Values):
    """Answers what a statement reads the rows or the elements from."""

    # Sources -----------------------------------------------------------------------------------------

    def source(self, node: Expression, known: Known, wanted: str = "", *, ordered: bool = False) -> Source:
        """Where the rows or the elements come from. `wanted` is the alias that they should have."""
        match node:
            case Rows(entity=entity):
                return self.rows_of(entity, wanted, [])
            case Related(entity=entity, field=field):
                return self.related(node, entity, field, wanted, known)
            case Linked():
                return self.linked(node, wanted, known)
            case Name() if node.type.kind == "rows":
                return self.given(node, wanted)
            case Filtered(of=of, variable=variable, condition=condition):
                found = self.element_of(self.source(of, known, variable, ordered=ordered), variable)
                outside = self.look(variable, found, of)
                condition = self.beside(found, variable, of, condition)
                found.conditions += self.conditions(condition, known)
                self.unlook(variable, outside)
                return found
            case Mapped(of=of, variable=variable, value=value):
                found = self.element_of(self.source(of, known, variable, ordered=ordered), variable)
                outside = self.look(variable, found, of)
                value = self.beside(found, variable, of, value)
                text = self.element_value(value, known)
                self.unlook(variable, outside)
                scale = self.inner_scale(value) if self.lite and self.holds_decimals(value) else None
                found.element = ValueOf(text, scale, self.nullable(value, known))
                found.entity = None
                return found
            case Flattened(of=of):
                return self.flattened(of, known, wanted, ordered=ordered)
            case _:
                text = self.bare(node, known)
                if self.is_parameter(node) and not self.lite:
                    text = self.cast_parameter(node, text)
                scale = self.element_scale(node) if self.lite and self.holds_decimals(node) else None
                return self.unnested(node.type, text, wanted, scale, ordered=ordered)

    def rows_as(self, node: Expression, alias: str) -> Source:
        """A set of rows under an alias of the caller's choice."""
        filters: list[Filtered] = []
        while isinstance(node, Filtered):
            filters.append(node)
            node = node.of
        found = self.source(node, CERTAIN, alias)
        for each in reversed(filters):
            outside = self.look(each.variable, found, each.of)
            found.conditions += self.conditions(each.condition, CERTAIN)
            self.unlook(each.variable, outside)
        return found

    def beside(self, found: Source, variable: str, of: Expression, asked: Expression) -> Expression:
        """What is asked of each row, where what it says more than once is said once, beside the columns."""
        if found.entity is None or not isinstance(found.element, RowOf):
            return asked
        if not found.said and not may_repeat([asked]):
            return asked
        row = Name(type=Type("entity", entity=found.entity), root="variable", binding=variable)
        said = once([asked], row, self.storage.named(found.entity), found.said, of=of)
        found.said = said.said
        for level in said.levels:
            columns = ", ".join(self.column_beside(found.entity, each) for each in level)
            found.tables[-1] = f"(SELECT *, {columns} FROM {found.tables[-1]}) AS {found.alias}"  # noqa: S608
        return said.about(asked)

    def column_beside(self, entity: str, each: Named) -> str:
        return f"{self.shown(each.value)} AS {self.storage.column(entity, each.name)}"

    def rows_of(self, entity: str, wanted: str, conditions: list[str], *before: str) -> Source:
        """A table under an alias, in the order of its key."""
        table = self.storage.table(entity)
        alias = self.aliases.named(wanted) if wanted else self.aliases.like(table)
        order = [f"{alias}.{column}" for column in self.key_columns(entity)]
        there = self.there(entity, alias)
        return Source(
            [*before, named(self.storage.source(entity), alias)],
            [*conditions, *there],
            order,
            RowOf(alias),
            entity,
        )

    def key_columns(self, entity: str) -> list[str]:
        return [self.storage.column(entity, key) for key in self.storage.keys(entity)]

    def related(self, node: Related, entity: str, field: str, wanted: str, known: Known) -> Source:
        of = self.within(node.of, SUM, known)
        link = self.storage.link(entity, field)
        if link is None:
            found = self.rows_of(entity, wanted, [])
            found.conditions.insert(0, f"{found.alias}.{self.storage.column(entity, field)} = {of}")
            return found
        between = self.aliases.named(link.table.strip('"'))
        found = self.rows_of(entity, wanted, [], named(link.read_from, between))
        key = self.only_key(found)
        found.conditions[:0] = [f"{between}.{link.target} = {of}", f"{key} = {between}.{link.holder}"]
        return found

    def only_key(self, rows: Source) -> str:
        if len(rows.order) != 1:
            raise NotCompiled("links are between rows whose keys are one value")
        return rows.order[0]

    def linked(self, node: Linked, wanted: str, known: Known) -> Source:
        if self.is_parameter(node):
            return self.given(node, wanted)
        of = self.within(node.of, SUM, known)
        link = self.storage.link(node.entity, node.field)
        if link is None:
            raise NotCompiled(f"{node.entity}.{node.field} has no table of links")
        between = self.aliases.named(link.table.strip('"'))
        found = self.rows_of(node.type.entity or "", wanted, [], named(link.read_from, between))
        key = self.only_key(found)
        found.conditions[:0] = [f"{between}.{link.holder} = {of}", f"{key} = {between}.{link.target}"]
        return found

    def given(self, node: Expression, wanted: str) -> Source:
        """Rows whose keys the statement is given, in that order, or those of a group."""
        entity = node.type.entity or ""
        if len(self.storage.keys(entity)) > 1:
            return self.given_by_several(node, entity, wanted)
        if isinstance(node, Name) and node.root == "group":
            if self.group is None:
                raise NotCompiled("the rows of a group are asked where the keys of the group are at hand")
            text = self.group
        else:
            text = ":" + self.parameter(node)
            text = text if self.lite else self.cast_parameter(node, text)
        keys = self.unnested(Type("list", element=Type("uuid")), text, "given", None, ordered=True)
        value = keys.element.text if isinstance(keys.element, ValueOf) else ""
        found = self.rows_of(entity, wanted, [], *keys.tables)
        found.conditions.insert(0, f"{found.order[0]} = {value}")
        found.order = keys.order
        return found

    def given_by_several(self, node: Expression, entity: str, wanted: str) -> Source:
        """Rows whose keys have several values: the statement is given JSON, a list of lists."""
        parts = [self.key_part(entity, key) for key in self.storage.keys(entity)]
        if (isinstance(node, Name) and node.root == "group") or any(part.kind not in GIVEN for part in parts):
            raise NotCompiled(f"rows of {entity} have no key of one value by which they could be given")
        text = (
            f":{self.parameter(node)}" if self.lite else self.cast_parameter(node, f":{self.parameter(node)}")
        )
        keys = self.unnested(Type("list", element=Type("record")), text, "given", None, ordered=True)
        value = keys.element.text if isinstance(keys.element, ValueOf) else ""
        found = self.rows_of(entity, wanted, [], *keys.tables)
        found.conditions[:0] = [
            f"{column} = {self.listed_part(value, number, part)}"
            for number, (column, part) in enumerate(zip(found.order, parts, strict=True))
        ]
        found.order = keys.order
        return found

    def listed_part(self, value: str, number: int, kind: Type) -> str:
        """An element of a list in JSON."""
        text = f"{value} ->> {number}"
        return f"({text})" if self.lite else f"CAST({text} AS {type_name(kind, self.storage)})"

    def unnested(self, of: Type, text: str, wanted: str, scale: int | None, *, ordered: bool) -> Source:
        """The elements of a list that is one value."""
        alias = self.aliases.named(wanted or "element")
        kind = of.element or Type("null")
        table = f"json_each({text}) AS {alias}" if self.lite else self.unnest(kind, text, alias, ordered)
        order = [f"{alias}.key"] if ordered else []
        return Source([table], [], order, ValueOf(f"{alias}.value", scale, kind.nullable))

    def unnest(self, kind: Type, text: str, alias: str, ordered: bool) -> str:
        """An array of elements of that kind as a table."""
        columns = f"{alias}(value, key)" if ordered else f"{alias}(value)"
        ordinality = " WITH ORDINALITY" if ordered else ""
        match kind.kind:
            case "record":
                return f"jsonb_array_elements({text}){ordinality} AS {columns}"
            case "list":
                inner = f"unnest({text}) AS (value {type_name(kind, self.storage)})"
                return f"ROWS FROM ({inner}){ordinality} AS {columns}"
            case _:
                return f"unnest({text}){ordinality} AS {columns}"

    def flattened(self, of: Expression, known: Known, wanted: str, *, ordered: bool) -> Source:
        """The elements of each list in a list."""
        outer = self.source(of, known, ordered=ordered)
        if not isinstance(outer.element, ValueOf):
            raise NotCompiled("rows are no lists")
        scale = self.element_scale(of) if self.lite and self.holds_decimals(of) else None
        kind = of.type.element or Type("list")
        inner = self.unnested(kind, outer.element.text, wanted, scale, ordered=ordered)
        order = [*outer.order, *inner.order]
        return Source([*outer.tables, *inner.tables], outer.conditions, order, inner.element)

    def element_of(self, found: Source, variable: str) -> Source:
        """The source with an element that can be named again and again: its value under an alias."""
        element = found.element
        if isinstance(element, RowOf) or _SIMPLE.fullmatch(element.text):
            return found
        return self.apart(found, variable)

    def apart(self, found: Source, wanted: str) -> Source:
        """The same elements as values of a table of its own."""
        element = found.element
        if isinstance(element, RowOf):
            return found
        alias = self.aliases.named(wanted)
        number = f", row_number() OVER (ORDER BY {', '.join(found.order)}) AS key" if found.order else ""
        table = f"({found.select(f'{element.text} AS value{number}')}) AS {alias}"
        order = [f"{alias}.key"] if found.order else []
        return Source([table], [], order, ValueOf(f"{alias}.value", element.scale, element.nullable))

    def look(self, variable: str, found: Source, of: Expression) -> RowOf | ValueOf | None:
        """Let a variable mean the element. Answers what it meant before."""
        outside = self.variables.get(variable)
        self.variables[variable] = found.element
        if self.lite and isinstance(found.element, ValueOf) and self.holds_decimals(of):
            self.scales[variable] = found.element.scale
        return outside

    def unlook(self, variable: str, outside: RowOf | ValueOf | None) -> None:
        if outside is None:
            del self.variables[variable]
        else:
            self.variables[variable] = outside

    def conditions(self, condition: Expression, known: Known) -> list[str]:
        if isinstance(condition, And):
            return [self.conjunction(condition, known, False, " AND ")]
        return [self.within(condition, NOT, known, exact=False)]

    def element_value(self, value: Expression, known: Known) -> str:
        """The value of an element, with a type of its own."""
        if self.lite and self.holds_decimals(value):
            return self.bare(value, known)
        text = self.typed(value, None, known, computed=True)
        return self.null_of(value) if text == "NULL" else text


def named(table: str, alias: str) -> str:
    """A table under its alias, which may be its own name."""
    return table if table == alias else f"{table} AS {alias}"
