"""Numbers, times, text, conversions and lists."""

from __future__ import annotations

from typing import assert_never

from backwright.expr.python.logic import Logic
from backwright.expr.python.operands import AND, ATOM, CHOICE, OR, RELATION, SUM, Known, constant
from backwright.expr.typed import (
    Aggregate,
    Arithmetic,
    Conditional,
    Constant,
    Convert,
    Distinct,
    Expression,
    Filtered,
    Flattened,
    ListOf,
    Mapped,
    Name,
    Quantified,
    Size,
    Sorted,
    Text,
    Type,
    Within,
)

FUNCTIONS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder"}
TESTS = {"startsWith": "starts_with", "endsWith": "ends_with", "contains": "has_text"}
_FAR = 1000 * 365 * 86_400 * 1_000_000  # microseconds: the present moved by no more stays between 1 and 9999


class Values(Logic):
    """Prints what is computed."""

    # Numbers and times -------------------------------------------------------------------------------

    def arithmetic(self, node: Arithmetic, known: Known) -> tuple[str, int]:
        if node.type.kind == "timestamp":
            return self.moved(node, known)
        arguments = f"{self.bare(node.left, known)}, {self.bare(node.right, known)}"
        match node.type.kind:
            case "decimal":
                text = f"{FUNCTIONS[node.op]}_decimals({arguments}, {node.type.scale or 0})"
            case "double":
                text = f"{FUNCTIONS[node.op]}_doubles({arguments})"
            case _:
                text = f"{FUNCTIONS[node.op]}({arguments})"
        # Only a divisor that is zero makes null of two numbers; here it is a constant that is not.
        never_null = node.op in ("/", "%") and not node.type.nullable
        return (f"certain({text})" if never_null else text), ATOM

    def moved(self, node: Arithmetic, known: Known) -> tuple[str, int]:
        """A timestamp and a duration. The present is nowhere near the ends of time."""
        micros = node.right.value if isinstance(node.right, Constant) else 0
        by = self.bare(node.right, known)
        if (
            isinstance(node.left, Name)
            and node.left.root == "now"
            and isinstance(micros, int)
            and micros < _FAR
        ):
            return f"{self.bare(node.left, known)} {node.op} {by}", SUM
        sign = "" if node.op == "+" else "-"
        return f"later({self.bare(node.left, known)}, {sign}{by})", ATOM

    def converted(self, node: Convert, known: Known) -> tuple[str, int]:
        of, kind = node.of, node.of.type.kind
        text, maybe = self.bare(of, known), self.nullable(of, known)
        match node.to:
            case "string":
                return self.written(of, known)
            case "int":
                return f"whole({text})", ATOM
            case "double":
                return f"{'as_double' if maybe else 'float'}({text})", ATOM
            case "decimal":
                return f"as_decimal({text})", ATOM
            case "date":
                return (text if kind == "date" else f"day_of({text})"), ATOM if kind != "date" else CHOICE
            case "timestamp":
                return (
                    text if kind == "timestamp" else f"midnight({text})"
                ), ATOM if kind == "date" else CHOICE
            case _:
                assert_never(node.to)

    def written(self, of: Expression, known: Known) -> tuple[str, int]:
        """A value as text, as JSON would hold it."""
        if of.type.kind in ("string", "enum"):
            return self.bound(of, known)
        text = self.bare(of, known)
        if self.nullable(of, known) or of.type.kind not in ("integer", "uuid"):
            return f"written({text})", ATOM
        return f"str({text})", ATOM

    # Text --------------------------------------------------------------------------------------------

    def text(self, node: Text, known: Known) -> tuple[str, int]:
        match node.function:
            case "startsWith" | "endsWith" | "contains":
                return self.text_test(node, known)
            case "lowerAscii":
                return f"lower_ascii({self.bare(node.arguments[0], known)})", ATOM
            case "upperAscii":
                return f"upper_ascii({self.bare(node.arguments[0], known)})", ATOM
            case "trim":
                return f"trimmed({self.bare(node.arguments[0], known)})", ATOM
            case "concat" if any(self.nullable(each, known) for each in node.arguments):
                return f"joined({', '.join(self.bare(each, known) for each in node.arguments)})", ATOM
            case "concat":
                return " + ".join(self.within(each, SUM, known) for each in node.arguments), SUM
            case _:
                assert_never(node.function)

    def text_test(self, node: Text, known: Known) -> tuple[str, int]:
        missing = [each for each in node.arguments if self.nullable(each, known)]
        if any(not self.is_named(each, known) for each in missing):
            text, sought = (self.bare(each, known) for each in node.arguments)
            return f"{TESTS[node.function]}({text}, {sought})", ATOM
        text, sought = (self.within(each, ATOM, known) for each in node.arguments)
        match node.function:
            case "contains":
                found, strength = f"{sought} in {text}", RELATION
            case "startsWith":
                found, strength = f"{text}.startswith({sought})", ATOM
            case _:
                found, strength = f"{text}.endswith({sought})", ATOM
        guards = list(dict.fromkeys(f"{self.within(each, ATOM, known)} is not None" for each in missing))
        return (" and ".join([*guards, found]), AND) if guards else (found, strength)

    # Lists -------------------------------------------------------------------------------------------

    def listed(self, node: Expression, known: Known) -> str:
        """What a loop goes through; null has no elements."""
        if is_made(node) or not self.nullable(node, known):
            return self.within(node, OR, known)
        return f"({self.within(node, AND, known)} or ())"

    def looped(self, of: Expression, variable: str, inside: Expression, known: Known) -> tuple[str, str, str]:
        """What a variable is called, the list that it goes through, and what is said of each."""
        through = self.listed(of, known)
        name = self.variable(variable)
        self.variables[variable] = name
        if of.type.kind == "rows":
            self.rows.add(variable)
        text = self.within(inside, CHOICE, known)
        del self.variables[variable]
        self.rows.discard(variable)
        return name, through, text

    def many(
        self,
        node: Filtered | Mapped | Quantified | Aggregate | Distinct | Sorted | Flattened | ListOf,
        known: Known,
    ) -> str:
        match node:
            case Quantified(quantifier=quantifier, of=of, variable=variable, condition=condition):
                name, through, text = self.looped(of, variable, condition, known)
                return f"{'any' if quantifier == 'exists' else 'all'}({text} for {name} in {through})"
            case Filtered(of=of, variable=variable, condition=condition):
                name, through, text = self.looped(of, variable, condition, known)
                text = f"({text})" if isinstance(condition, Conditional) else text
                return f"[{name} for {name} in {through} if {text}]"
            case Mapped(of=of, variable=variable, value=value):
                name, through, text = self.looped(of, variable, value, known)
                return f"[{text} for {name} in {through}]"
            case Aggregate():
                return self.aggregate(node, known)
            case Distinct(of=of):
                return f"list(dict.fromkeys({self.argument(of, known)}))"
            case Sorted(of=of) if of.type.element is not None and of.type.element.nullable:
                return f"sorted({self.listed(of, known)}, key=null_first)"
            case Sorted(of=of):
                return f"sorted({self.argument(of, known)})"
            case Flattened(of=of):
                return self.flattened(of, known)
            case ListOf(items=items):
                return f"[{', '.join(self.bare(item, known) for item in items)}]"
            case _:
                assert_never(node)

    def argument(self, of: Expression, known: Known) -> str:
        """A list as the only argument of a function that goes through it once."""
        text = self.listed(of, known)
        return text[1:-1] if isinstance(of, Mapped | Filtered) and of.type.kind != "rows" else text

    def aggregate(self, node: Aggregate, known: Known) -> str:
        element = node.of.type.element or Type("null", True)
        scale = node.type.scale or 0
        match node.function:
            case "sum" if element.kind == "decimal":
                return f"total_decimals({self.listed(node.of, known)}, {scale})"
            case "sum":
                return f"total({self.argument(node.of, known)})"
            case "avg":
                return f"average({self.listed(node.of, known)}, {scale})"
            case "min" | "max" if element.nullable:
                function = "least" if node.function == "min" else "greatest"
                return f"{function}({self.argument(node.of, known)})"
            case "min" | "max":
                return f"{node.function}({self.listed(node.of, known)}, default=None)"
            case _:
                assert_never(node.function)

    def flattened(self, of: Expression, known: Known) -> str:
        inner = of.type.element or Type("list")
        element = self.variable("each")
        if isinstance(of, Mapped):
            name, through, text = self.looped(of.of, of.variable, of.value, known)
            lists = f"({text} or ())" if inner.nullable else f"({text})" if " " in text else text
            return f"[{element} for {name} in {through} for {element} in {lists}]"
        name = self.variable("items")
        lists = f"({name} or ())" if inner.nullable else name
        return f"[{element} for {name} in {self.listed(of, known)} for {element} in {lists}]"

    def member(self, node: Within, known: Known) -> tuple[str, int]:
        item = self.within(node.item, SUM, known)
        of = node.of
        if of.type.kind == "rows":
            row = Name(type=Type("entity", entity=of.type.entity), root="variable", binding="row")
            name, through, text = self.looped(of, "row", row, known)
            return f"{item} in [{text} for {name} in {through}]", RELATION
        return f"{item} in {self.listed(of, known)}", RELATION

    def size(self, node: Size, known: Known) -> tuple[str, int]:
        of = node.of
        if is_made(of) or not self.nullable(of, known):
            return f"len({self.bare(of, known)})", ATOM
        if not self.is_named(of, known):
            return f"size_of({self.bare(of, known)})", ATOM
        text = self.within(of, ATOM, known)
        return f"None if {text} is None else len({text})", CHOICE

    def constant(self, node: Constant) -> tuple[str, int]:
        text = constant(node)
        return text, SUM if text.startswith("-") else ATOM


def is_made(node: Expression) -> bool:
    """Whether a list is made here, and so never null."""
    return isinstance(node, ListOf | Mapped | Filtered | Flattened | Distinct | Sorted)
