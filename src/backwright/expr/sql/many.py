"""Rows and lists: where they come from in a statement, and what is asked of them.

A list in PostgreSQL is an array, a list of lists an array of records with one member. On SQLite both are JSON
text. What goes through a list or rows reads from a source: tables and conditions, an order, and an element.
"""

from __future__ import annotations

import re
from typing import assert_never

import msgspec

from backwright.expr.fold import Shape
from backwright.expr.sql.operands import ATOM, NOT, RELATION, SUM, Known, RowOf, ValueOf
from backwright.expr.sql.storage import NotCompiled, type_name
from backwright.expr.sql.values import Values
from backwright.expr.typed import (
    Aggregate,
    And,
    Distinct,
    Expression,
    Filtered,
    Flattened,
    Linked,
    ListOf,
    Mapped,
    Name,
    Not,
    Quantified,
    Related,
    Rows,
    Size,
    Sorted,
    Type,
    Within,
)

_SIMPLE = re.compile(r'[\w."]+')
CERTAIN: frozenset[Shape] = frozenset()


class Source(msgspec.Struct):
    """What a statement reads from: FROM, WHERE and ORDER BY, and what stands for one element."""

    tables: list[str]
    conditions: list[str]
    order: list[str]
    element: RowOf | ValueOf
    entity: str | None = None

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


class Many(Values):
    """Prints sets of rows, lists, and what is computed of them."""

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
                found.conditions += self.conditions(condition, known)
                self.unlook(variable, outside)
                return found
            case Mapped(of=of, variable=variable, value=value):
                found = self.element_of(self.source(of, known, variable, ordered=ordered), variable)
                outside = self.look(variable, found, of)
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

    def rows_of(self, entity: str, wanted: str, conditions: list[str], *before: str) -> Source:
        """A table under an alias, in the order of its key."""
        table = self.storage.table(entity)
        alias = self.aliases.named(wanted) if wanted else self.aliases.like(table)
        order = [f"{alias}.{column}" for column in self.key_columns(entity)]
        there = self.there(entity, alias)
        return Source([*before, f"{table} AS {alias}"], [*conditions, *there], order, RowOf(alias), entity)

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
        found = self.rows_of(entity, wanted, [], f"{link.table} AS {between}")
        (key,) = found.order
        found.conditions[:0] = [f"{between}.{link.target} = {of}", f"{key} = {between}.{link.holder}"]
        return found

    def linked(self, node: Linked, wanted: str, known: Known) -> Source:
        if self.is_parameter(node):
            return self.given(node, wanted)
        of = self.within(node.of, SUM, known)
        link = self.storage.link(node.entity, node.field)
        if link is None:
            raise NotCompiled(f"{node.entity}.{node.field} has no table of links")
        between = self.aliases.named(link.table.strip('"'))
        found = self.rows_of(node.type.entity or "", wanted, [], f"{link.table} AS {between}")
        (key,) = found.order
        found.conditions[:0] = [f"{between}.{link.holder} = {of}", f"{key} = {between}.{link.target}"]
        return found

    def given(self, node: Expression, wanted: str) -> Source:
        """Rows whose keys the statement is given, in that order, or those of a group."""
        entity = node.type.entity or ""
        if len(self.storage.keys(entity)) > 1:
            raise NotCompiled(f"rows of {entity} have no key of one value by which they could be given")
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

    # Questions ---------------------------------------------------------------------------------------

    def quantified(self, node: Quantified, known: Known) -> tuple[str, int]:
        """`all` says that there is none for which the condition is not true."""
        condition, exists = node.condition, node.quantifier == "exists"
        if not exists:
            condition = condition.of if isinstance(condition, Not) else Not(type=node.type, of=condition)
        of = in_any_order(node.of)
        asked = Filtered(type=of.type, of=of, variable=node.variable, condition=condition)
        text = f"EXISTS ({self.source(asked, known).select('1')})"
        return (text, ATOM) if exists else (f"NOT {text}", NOT)

    def size(self, node: Size, known: Known) -> str:
        match of := node.of:
            case Mapped(of=inner):
                return f"({self.source(inner, known).select('count(*)')})"
            case Filtered() | Flattened() | Sorted():
                return f"({self.source(of, known).select('count(*)')})"
            case _ if of.type.kind == "rows":
                return f"({self.source(of, known).select('count(*)')})"
            case _ if of.type.kind == "string":
                return f"length({self.typed(of, None, known)})"
            case _:
                counted = "json_array_length" if self.lite else "cardinality"
                text = self.typed(of, None, known)
                if not self.lite and of.type.element is not None and of.type.element.kind == "record":
                    counted = "jsonb_array_length"
                return f"{counted}({text})"

    def member(self, node: Within, known: Known, exact: bool) -> tuple[str, int]:
        """`item in …`: nothing is in a list that is null."""
        of, item = in_any_order(node.of, distinct=True), node.item
        rows = of.type.kind == "rows"
        element = Type("null", True) if of.type.element is None else of.type.element
        both = not rows and element.nullable and self.nullable(item, known)
        if both or (self.lite and not rows and item.type.kind == "decimal"):
            return self.among(item, of, known), ATOM
        sought = self.typed(item, of, known, above=SUM)
        if rows or isinstance(of, Mapped | Filtered | Flattened | Rows):
            found = self.source(of, known)
            text = f"{sought} IN ({found.select(self.value_of(found))})"
        else:
            listed = self.typed(of, None, known)
            if not self.anchored(of) and not self.lite:
                sought = self.typed(item, None, known, above=SUM)
            text = f"{sought} = ANY({listed})"
            if self.lite:
                text = f"{sought} IN (SELECT value FROM json_each({listed}))"  # noqa: S608
        may_be_null = self.nullable(item, known) or (
            not rows and (self.nullable(of, known) or element.nullable)
        )
        return (f"COALESCE({text}, FALSE)", ATOM) if exact and may_be_null else (text, RELATION)

    def among(self, item: Expression, of: Expression, known: Known) -> str:
        """Whether an element is the item, where null may be either."""
        found = self.source(of, known)
        value = self.value_of(found)
        sought = self.typed(item, None, known, above=SUM)
        if self.lite and item.type.kind == "decimal":
            scale = found.element.scale if isinstance(found.element, ValueOf) else None
            if scale is None or scale != self.scale(item):
                value = f"decimal_rank({value if scale is None else f'decimal_text({value}, {scale})'})"
                sought = self.rank(item, known)
        found.conditions.append(f"{value} IS NOT DISTINCT FROM {sought}")
        return f"EXISTS ({found.select('1')})"

    def value_of(self, found: Source) -> str:
        """An element as a value; a row as its key."""
        if isinstance(found.element, ValueOf):
            return found.element.text
        alias = found.element.alias
        return ", ".join(f"{alias}.{column}" for column in self.key_columns(found.entity or ""))

    def aggregate(self, node: Aggregate, known: Known) -> str:
        of = in_any_order(node.of, distinct=node.function in ("min", "max"))
        found = self.source(of, known)
        if not found.names_itself():
            # An aggregate of nothing but outer columns would belong to the outer statement.
            found = self.apart(found, "each")
        return f"({found.select(self.aggregated(node, of, self.value_of(found)))})"

    def aggregated(self, node: Aggregate, of: Expression, value: str) -> str:
        kind, scale = of.type.element or Type("null"), node.type.scale or 0
        if self.lite:
            return self.aggregated_lite(node, of, value, kind)
        match node.function:
            case "sum" if kind.kind == "decimal":
                return f"CAST(COALESCE(sum({value}), 0) AS numeric(18, {scale}))"
            case "sum":
                return f"CAST(COALESCE(sum({value}), 0) AS bigint)"
            case "avg":
                total = f"round(CAST(sum({value}) AS numeric), 60)"
                return f"CAST({total} / count({value}) AS numeric(18, {scale}))"
            case "min" | "max" if kind.kind == "string":
                return f'{node.function}({value} COLLATE "C")'
            case "min" | "max":
                return f"{node.function}({value})"
            case _:
                assert_never(node.function)

    def aggregated_lite(self, node: Aggregate, of: Expression, value: str, kind: Type) -> str:
        scale = node.type.scale or 0
        text = value
        if kind.kind == "decimal":
            held = self.element_scale(of)
            text = value if held is None else f"decimal_text({value}, {held})"
            if held is None and node.function in ("min", "max"):
                return f"decimal_{'least' if node.function == 'min' else 'greatest'}({value})"
        match node.function:
            case "sum" if kind.kind == "decimal":
                return f"COALESCE(decimal_sum({text}, {scale}), 0)"
            case "sum":
                return f"COALESCE(integer_sum({value}), 0)"
            case "avg":
                return f"decimal_average({text}, {scale})"
            case "min" | "max":
                return f"{node.function}({value})"
            case _:
                assert_never(node.function)

    # Lists as values ---------------------------------------------------------------------------------

    def many(self, node: Expression, known: Known) -> str:
        """A list as one value: an array, or JSON. Rows are the list of their keys."""
        match node:
            case ListOf():
                return self.written_out(node, known)
            case Distinct(of=of) if self.lite:
                return f"list_distinct{self.by_text(of)}({self.list_text(of, known)})"
            case Sorted(of=of) if self.lite:
                return f"list_sorted{self.by_text(of)}({self.list_text(of, known)})"
            case Distinct(of=of):
                return self.distinct(of, known)
            case Sorted(of=Distinct(of=of)):
                found = self.source(in_any_order(of, distinct=True), known)
                return f"ARRAY({found.select(f'DISTINCT {self.sortable(found, of)}')} ORDER BY 1 NULLS FIRST)"
            case Sorted(of=of):
                found = self.source(in_any_order(of), known)
                value = self.value_of(found)
                return f"ARRAY({found.select(value)} ORDER BY {self.sortable(found, of)} NULLS FIRST)"
            case _:
                return self.collected(node, self.source(node, known, ordered=True))

    def list_text(self, of: Expression, known: Known) -> str:
        """A list as JSON, never null."""
        text = self.bare(of, known)
        return f"coalesce({text}, '[]')" if self.nullable(of, known) and not is_made(of) else text

    def by_text(self, of: Expression) -> str:
        return "_decimals" if self.holds_decimals(of) and self.element_scale(of) is None else ""

    def sortable(self, found: Source, of: Expression) -> str:
        text = of.type.element is not None and of.type.element.kind == "string"
        return self.value_of(found) + (' COLLATE "C"' if text else "")

    def distinct(self, of: Expression, known: Known) -> str:
        """Each element once, where it first stood."""
        found = self.element_of(self.source(of, known, ordered=True), "element")
        value = self.value_of(found)
        if [order.rpartition(".")[2] for order in found.order] != ["key"]:
            alias = self.aliases.named("numbered")
            number = f"row_number() OVER (ORDER BY {', '.join(found.order) or '1'}) AS key"
            table = f"({found.select(f'{value} AS value, {number}')}) AS {alias}"
            found = Source([table], [], [f"{alias}.key"], ValueOf(f"{alias}.value"))
            value = f"{alias}.value"
        return f"ARRAY({found.select(value)} GROUP BY {value} ORDER BY min({found.order[0]}))"

    def collected(self, node: Expression, found: Source) -> str:
        """The elements of a source as one value, in its order."""
        kind = node.type.element if node.type.kind == "list" else Type("uuid")
        value = self.value_of(found)
        if not self.lite:
            value = f"ROW({value})" if kind is not None and kind.kind == "list" else value
            return f"ARRAY({found.select(value, ordered=True)})"
        alias = self.aliases.named("listed")
        each = self.in_json(f"{alias}.value", kind or Type("null"))
        return f"(SELECT json_group_array({each}) FROM ({found.select(f'{value} AS value', ordered=True)}) AS {alias})"  # noqa: S608

    def in_json(self, text: str, kind: Type) -> str:
        """A value on SQLite as a member of JSON."""
        match kind.kind:
            case "boolean":
                return f"json(CASE {text} WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END)"
            case "double":
                return f"json(double_text({text}))"
            case "list" | "record":
                return f"json({text})"
            case _:
                return text

    def written_out(self, node: ListOf, known: Known) -> str:
        element = node.type.element or Type("null")
        if not self.lite:
            items = [self.typed(each, None, known) for each in node.items]
            if element.kind == "list":
                items = [f"ROW({item}::{type_name(element, self.storage)})" for item in items]
                return f"ARRAY[{', '.join(items)}]::record[]"
            return f"ARRAY[{', '.join(items)}]::{type_name(node.type, self.storage)}"
        as_text = self.holds_decimals(node) and self.element_scale(node) is None
        items = [self.as_text(each, known) if as_text else self.bare(each, known) for each in node.items]
        return f"json_array({', '.join(self.in_json(item, element) for item in items)})"


def in_any_order(node: Expression, *, distinct: bool = False) -> Expression:
    """The list without what only rearranges it; with `distinct` also without what leaves out duplicates."""
    while isinstance(node, Sorted) or (distinct and isinstance(node, Distinct)):
        node = node.of
    return node


def is_made(node: Expression) -> bool:
    """Whether a list is made here, and so never null."""
    return isinstance(node, ListOf | Mapped | Filtered | Flattened | Distinct | Sorted)
