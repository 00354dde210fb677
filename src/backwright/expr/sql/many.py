"""What is asked of rows and lists, and lists as values."""

from __future__ import annotations

from typing import assert_never

from backwright.expr.sql.operands import ATOM, NOT, RELATION, SUM, Known, ValueOf
from backwright.expr.sql.sources import Source, Sources
from backwright.expr.sql.storage import NotCompiled, type_name
from backwright.expr.typed import (
    Aggregate,
    Distinct,
    Expression,
    Filtered,
    Flattened,
    ListOf,
    Mapped,
    Not,
    Quantified,
    Rows,
    Size,
    Sorted,
    Type,
    Within,
)


class Many(Sources):
    """Prints what is computed of rows and lists."""

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
            if not self.lite and listed.startswith("("):  # ANY of a subquery would go through its rows
                listed = f"CAST({listed} AS {type_name(of.type, self.storage)})"
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
            text = value if held is None else f"{value}, {held}"
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
        if found.entity is not None and len(self.storage.keys(found.entity)) > 1:
            raise NotCompiled(
                f"rows of {found.entity} have no key of one value by which they could be listed"
            )
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
