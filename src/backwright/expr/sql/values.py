"""Numbers, times, text and conversions."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import assert_never

from backwright.expr.sql.logic import Logic
from backwright.expr.sql.operands import ATOM, PRODUCT, RELATION, SUM, Known, innermost
from backwright.expr.sql.storage import scaled, type_name
from backwright.expr.typed import Arithmetic, Constant, Convert, Expression, Member, Name, Text

SPELLED = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder"}
SPACE = "E' \\t\\n\\r\\f\\v'"
_FAR = 1000 * 365 * 86_400 * 1_000_000  # microseconds: the present moved by no more stays between 1 and 9999


class Values(Logic):
    """Prints what is computed. SQLite has functions (of the runtime) where its own would round or go on."""

    def arithmetic(self, node: Arithmetic, known: Known) -> tuple[str, int]:
        match node.type.kind:
            case "decimal":
                return self.decimal(node, known), ATOM
            case "timestamp":
                return self.moved(node, known)
            case kind:
                return self.number(node, known, kind)

    def number(self, node: Arithmetic, known: Known, kind: str) -> tuple[str, int]:
        """Two integers or two doubles. PostgreSQL fails where SQLite would go on with another number."""
        strength = SUM if node.op in ("+", "-") else PRODUCT
        exact = node.op == "%" or (node.op == "/" and kind == "integer" and is_harmless(node.right))
        if self.lite and not exact:
            left, right = self.bare(node.left, known), self.bare(node.right, known)
            return f"{kind}_{SPELLED[node.op]}({left}, {right})", ATOM
        left = self.typed(node.left, node.right, known, above=strength, computed=True)
        right = self.typed(node.right, node.left, known, above=strength + 1, computed=True)
        if node.op in ("/", "%") and not is_certain(node.right):
            right = f"NULLIF({self.typed(node.right, None, known, computed=True)}, 0)"
        return f"{left} {node.op} {right}", strength

    def decimal(self, node: Arithmetic, known: Known) -> str:
        scale = node.type.scale or 0
        if self.lite:
            of = (node.left, node.right)
            units = [self.in_units(each, known) for each in of]
            given = [self.decimal_text(each, known) for each in of] if None in units else units
            return f"decimal_{SPELLED[node.op]}({', '.join(map(str, given))}, {scale})"
        strength = SUM if node.op in ("+", "-") else PRODUCT
        left = self.typed(node.left, node.right, known, above=strength, computed=True)
        right = self.typed(node.right, node.left, known, above=strength + 1, computed=True)
        if node.op == "/":
            # PostgreSQL keeps few digits of a quotient; with so many no rounding is rounded again.
            left = f"round({self.typed(node.left, None, known)}, 60)"
            if not is_certain(node.right):
                right = f"NULLIF({self.typed(node.right, None, known)}, 0)"
        return f"CAST({left} {node.op} {right} AS numeric(18, {scale}))"

    def in_units(self, node: Expression, known: Known) -> str | None:
        """A decimal as SQLite stores it, and its scale; None where it is held as text."""
        scale = self.scale(node)
        if scale is None:
            return None
        if isinstance(node, Constant) and node.value is not None:
            units = scaled(str(node.value), scale)
            return None if units is None else f"{units}, {scale}"
        return f"{self.bare(node, known)}, {scale}"

    def moved(self, node: Arithmetic, known: Known) -> tuple[str, int]:
        """A timestamp and a duration, between the years 1 and 9999."""
        by = node.right.value if isinstance(node.right, Constant) else 0
        micros = by if isinstance(by, int) else 0
        if self.lite:
            at = self.bare(node.left, known)
            return f"timestamp_add({at}, {micros if node.op == '+' else -micros})", ATOM
        at = self.typed(node.left, None, known, above=SUM)
        text = f"{at} {node.op} interval '{seconds(micros)} seconds'"
        if isinstance(node.left, Name) and node.left.root == "now" and micros < _FAR:
            return text, SUM
        alias = self.aliases.named("moved")
        least, most = "0001-01-01 00:00:00Z", "9999-12-31 23:59:59.999999Z"
        beyond = f"{alias}.value + interval '300000 years'"  # which PostgreSQL does not have
        checked = (
            f"CASE WHEN {alias}.value NOT BETWEEN '{least}' AND '{most}' THEN {beyond} ELSE {alias}.value END"
        )
        return f"(SELECT {checked} FROM (SELECT {text} AS value) AS {alias})", ATOM  # noqa: S608

    # Text --------------------------------------------------------------------------------------------

    def text(self, node: Text, known: Known, exact: bool) -> tuple[str, int]:
        match node.function:
            case "startsWith" | "endsWith" | "contains":
                return self.text_test(node, known, exact)
            case "lowerAscii" | "upperAscii":
                function = "lower" if node.function == "lowerAscii" else "upper"
                return f'{function}({self.argument(node.arguments[0], known)} COLLATE "C")', ATOM
            case "trim":
                of = self.argument(node.arguments[0], known)
                return (
                    f"trim({of}, char(32, 9, 10, 13, 12, 11))" if self.lite else f"btrim({of}, {SPACE})"
                ), ATOM
            case "concat":
                return " || ".join(self.argument(each, known, PRODUCT) for each in joined(node)), SUM
            case _:
                assert_never(node.function)

    def argument(self, node: Expression, known: Known, above: int = ATOM) -> str:
        return self.typed(node, None, known, above=above)

    def text_test(self, node: Text, known: Known, exact: bool) -> tuple[str, int]:
        text, sought = (self.typed(each, None, known) for each in node.arguments)
        strength = ATOM
        match node.function:
            case "startsWith":
                found = f"starts_with({text}, {sought})"
            case "endsWith":
                found = f"starts_with(reverse({text}), reverse({sought}))"
            case _:
                found, strength = f"strpos({text}, {sought}) > 0", RELATION
        if exact and any(self.nullable(each, known) for each in node.arguments):
            return f"COALESCE({found}, FALSE)", ATOM
        return found, strength

    # Conversions -------------------------------------------------------------------------------------

    def converted(self, node: Convert, known: Known) -> str:
        match node.to:
            case "string":
                return self.written(node.of, known)
            case "int" if self.lite:
                return f"integer_of({self.bare(node.of, known)})"
            case "int":
                return f"CAST(trunc({self.typed(node.of, None, known)}) AS bigint)"
            case "double" if self.lite and node.of.type.kind == "decimal":
                return f"exact_double({self.decimal_text(node.of, known)})"
            case "double":
                return f"CAST({self.typed(node.of, None, known)} AS double precision)"
            case "decimal" if self.lite:
                return f"decimal_of({self.bare(node.of, known)})"
            case "decimal":
                return f"CAST({self.typed(node.of, None, known)} AS numeric(18, 0))"
            case "date" if node.of.type.kind == "date":
                return self.typed(node.of, None, known)
            case "date" if self.lite:
                return f"substr({self.bare(node.of, known)}, 1, 10)"
            case "date":
                return f"CAST({self.argument(node.of, known)} AT TIME ZONE 'UTC' AS date)"
            case "timestamp" if self.lite:
                return f"({self.within(node.of, SUM, known)} || 'T00:00:00.000000Z')"
            case "timestamp":
                return f"(CAST({self.typed(node.of, None, known)} AS timestamp) AT TIME ZONE 'UTC')"
            case _:
                assert_never(node.to)

    def written(self, of: Expression, known: Known) -> str:
        """A value as text, as JSON would hold it."""
        text = self.typed(of, None, known)
        match of.type.kind:
            case "boolean":
                return f"CASE {self.argument(of, known)} WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END"
            case "decimal" if self.lite:
                return self.decimal_text(of, known)
            case "timestamp" if not self.lite:
                at = self.argument(of, known)
                return f"to_char({at} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
            case "date" if not self.lite:
                return f"to_char({text}, 'YYYY-MM-DD')"
            case "date" | "timestamp" | "string" | "enum":
                return text
            case _:
                return f"CAST({text} AS text)"

    def shown(self, node: Expression) -> str:
        """A value as a statement answers it: decimals in the scale of their type, or by their digits."""
        if self.lite and self.holds_decimals(node):
            listed = node.type.kind == "list"
            scale = self.element_scale(node) if listed else self.scale(node)
            if scale != innermost(node.type).scale:
                return self.as_text(node, frozenset())
        return self.typed(node, None, frozenset())

    def assigned(self, node: Expression, scale: int) -> str:
        """A decimal as the column of another scale takes it. PostgreSQL rounds when it stores."""
        if not self.lite:
            return self.typed(node, node, frozenset())
        if self.scale(node) == scale:
            return self.bare(node, frozenset())
        return f"decimal_stored({self.decimal_text(node, frozenset())}, {scale})"

    def counted(self, node: Arithmetic) -> str:
        """A number that is counted up: SQLite's column refuses the double that more than 64 bits become.

        (Downwards it would not: the double below the least integer is the least integer.)
        """
        match node:
            case Arithmetic(op="+", left=Member() as left, right=Constant(value=int(step)) as right) if (
                step >= 0
            ):
                return f"{self.bare(left, frozenset())} + {self.bare(right, frozenset())}"
            case _:
                return self.bare(node, frozenset())

    def decimal_constant(self, node: Constant, scale: int) -> str:
        """A constant as a decimal column takes it: rounded half away from zero."""
        value = Decimal(str(node.value)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
        return str(int(value.scaleb(scale))) if self.lite else f"{value:f}"

    def null_of(self, node: Expression) -> str:
        """Null, where nothing beside it says of which type."""
        return "NULL" if self.lite else f"CAST(NULL AS {type_name(node.type, self.storage)})"


def joined(node: Expression) -> list[Expression]:
    """The pieces of a text that is put together, in order."""
    if not isinstance(node, Text) or node.function != "concat":
        return [node]
    return [piece for argument in node.arguments for piece in joined(argument)]


def is_certain(divisor: Expression) -> bool:
    """Whether dividing by it is never a division by zero."""
    return isinstance(divisor, Constant) and divisor.value is not None and float(divisor.value) != 0


def is_harmless(divisor: Expression) -> bool:
    """Whether no quotient by it leaves 64 bits."""
    return is_certain(divisor) and isinstance(divisor, Constant) and divisor.value != -1


def seconds(micros: int) -> str:
    """Microseconds as seconds, without a fraction where there is none."""
    whole, rest = divmod(micros, 1_000_000)
    return str(whole) if rest == 0 else f"{whole}.{rest:06d}"
