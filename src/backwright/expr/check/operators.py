"""Operators: logic, ?:, comparison, `in` and arithmetic."""

from __future__ import annotations

from contextlib import suppress

from backwright.expr import codes, syntax, typed
from backwright.expr.check.base import Base, Refused
from backwright.expr.check.literals import coerced, depends_on_hint, widened
from backwright.expr.check.types import (
    COMPARED,
    DIVISION_SCALE,
    DOUBLE,
    INTEGER,
    NULL,
    ORDERED,
    compatible,
    decimal,
    joined,
)
from backwright.expr.syntax import Tree
from backwright.expr.typed import BOOLEAN, Expression, Type

NUMBERS = ("integer", "decimal", "double")
FRACTIONS = ("decimal", "double")
HINTING = ("enum", "decimal", "double", "list", "rows")  # what a literal can take its type from


class Operators(Base):
    """Reads operators. Two operands are of one type; nothing is converted but whole numbers into decimals."""

    def logic(self, tree: syntax.Logic) -> Expression:
        kind = typed.And if tree.op == "&&" else typed.Or
        parts: list[Expression] = []
        for part in self.each(tree.parts, self.condition):
            parts += part.parts if isinstance(part, kind) else [part]
        return kind(type=BOOLEAN, parts=tuple(parts))

    def choice(self, tree: syntax.Choice, hint: Type | None) -> Expression:
        when: Expression | None = None
        with suppress(Refused):  # the values may be wrong as well
            when = self.condition(tree.when)
        if hint is not None and hint.kind in HINTING:
            wanted = hint
            then, otherwise = self.each((tree.then, tree.otherwise), lambda part: self.hinted(part, wanted))
        else:
            then, otherwise = self.pair(tree.then, tree.otherwise)
        if when is None:
            raise Refused
        then, otherwise = self.one_value(tree.then, then), self.one_value(tree.otherwise, otherwise)
        if not compatible(then.type, otherwise.type):
            message = f"the values of ?: are {then.type} and {otherwise.type}"
            raise self.refuse(codes.OPERAND_TYPE, tree.otherwise.start, message, "give both the same type")
        kind = joined(then.type, otherwise.type)
        branches = widened(then, kind), widened(otherwise, kind)
        return typed.Conditional(type=kind, when=when, then=branches[0], otherwise=branches[1])

    def pair(self, left: Tree, right: Tree) -> tuple[Expression, Expression]:
        """Two operands, where one side may take its type from the other: an enum's value, a decimal."""
        bare = isinstance(left, syntax.Identifier) and not self.is_name(left.name)
        if bare or (depends_on_hint(left) and not depends_on_hint(right)):
            second, first = self.hinted_by(right, left)
        else:
            first, second = self.hinted_by(left, right)
        return coerced(first, second.type), coerced(second, first.type)

    def hinted_by(self, first: Tree, second: Tree) -> tuple[Expression, Expression]:
        """The meaning of the first part, and of the second with the first one's type as hint."""
        found: Expression | None = None
        with suppress(Refused):  # the other may be wrong as well
            found = self.value(first)
        if found is None:
            self.value(second)
            raise Refused
        return found, self.hinted(second, found.type)

    # Comparison ------------------------------------------------------------------------------------------

    def compare(self, tree: syntax.Binary) -> Expression:
        left, right = self.pair(tree.left, tree.right)
        op: typed.Comparison = tree.op  # type: ignore[assignment]
        left, right = self.one_value(tree.left, left), self.one_value(tree.right, right)
        if {left.type.kind, right.type.kind} == {"integer", "decimal"}:
            left, right = self.as_decimal(left), self.as_decimal(right)
        if "null" in (left.type.kind, right.type.kind):
            self.null_comparison(tree, left, right)
        elif not compatible(left.type, right.type):
            raise self.mismatch(tree.start, left.type, right.type)
        elif left.type.kind not in COMPARED:
            message = f"values of type {left.type} are not compared"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, message, self.mend_whole(left.type))
        elif op not in ("==", "!=") and left.type.kind not in ORDERED:
            mend = "order numbers, strings, dates or timestamps; compare others with == and !="
            raise self.refuse(codes.OPERAND_TYPE, tree.start, f"{left.type} has no order", mend)
        return typed.Compare(type=BOOLEAN, op=op, left=left, right=right)

    def mend_whole(self, kind: Type) -> str:
        match kind.kind:
            case "list":
                return "ask about its elements: .exists(x, …), .all(x, …), size(…), or x in the list"
            case "record":
                return "compare its members"
            case _:
                return "compare it with null, or compare what was made from it"

    def mismatch(self, offset: int, left: Type, right: Type, mend: str | None = None) -> Refused:
        message = f"cannot compare {left} with {right}"
        return self.refuse(codes.OPERAND_TYPE, offset, message, mend or self.mend_for(left, right))

    def mend_for(self, left: Type, right: Type) -> str:
        kinds = {left.kind, right.kind}
        if kinds == {"date", "timestamp"}:
            return "compare values of one type: date(…) of a timestamp is its day, timestamp(…) of a date its midnight"
        if "string" in kinds and kinds & {"date", "timestamp"}:
            other = "date" if "date" in kinds else "timestamp"
            return f"compare values of one type; a constant is written {other}('…')"
        if kinds <= set(NUMBERS):
            return "compare values of one type: double(…) of the other number"
        if "entity" in kinds and len(kinds) == 2:
            return "compare a reference with `caller`, `this` or another reference to the same entity"
        if kinds & {"list", "rows"}:
            return "write x in the list, or ask about its elements: .exists(x, …)"
        return "compare values of one type"

    def null_comparison(self, tree: syntax.Binary, left: Expression, right: Expression) -> None:
        if tree.op not in ("==", "!="):
            raise self.refuse(
                codes.OPERAND_TYPE, tree.start, "null has no order", "compare with null by == or !="
            )
        other, part = (right, tree.right) if left.type.kind == "null" else (left, tree.left)
        if other.type.kind == "null" or not (other.type.nullable or self.scope.hides(other)):
            answer = "true" if (tree.op == "==") == (other.type.kind == "null") else "false"
            raise self.refuse(
                codes.NULL_COMPARISON,
                tree.start,
                f"{self.parsed.text(tree)} is always {answer}: {self.parsed.text(part)} is {other.type}",
                "remove the comparison, or make the field nullable with `?`",
            )

    # In --------------------------------------------------------------------------------------------------

    def contained(self, tree: syntax.Binary) -> Expression:
        if not isinstance(tree.right, syntax.ListOf):
            return self.within(tree, tree.right)
        if not tree.right.items:
            raise self.refuse(
                codes.OPERAND_TYPE, tree.right.start, "nothing is in an empty list", "list the values"
            )
        written = tree.right.items
        known: dict[int, Expression] = {}
        if depends_on_hint(tree.left) and not depends_on_hint(written[0]):
            known[written[0].start] = self.value(written[0])
            item = self.hinted(tree.left, known[written[0].start].type)
        else:
            item = self.value(tree.left)
        item = self.comparable(tree.left, item)
        options = self.each(written, lambda option: self.option(item, tree, option, known.get(option.start)))
        return self.among(item, options)

    def among(self, item: Expression, options: list[Expression]) -> Expression:
        """`In`; null among the values of a computed item is asked for by itself."""
        leaf = isinstance(item, typed.Name | typed.Input | typed.Member)
        apart = [each for each in options if each.type.nullable and item.type.nullable and not leaf]
        listed = tuple(option for option in options if option not in apart)
        found: list[Expression] = [typed.In(type=BOOLEAN, item=item, options=listed)] if listed else []
        found += [typed.Compare(type=BOOLEAN, op="==", left=item, right=option) for option in apart]
        return found[0] if len(found) == 1 else typed.Or(type=BOOLEAN, parts=tuple(found))

    def option(
        self, item: Expression, tree: syntax.Binary, written: Tree, known: Expression | None
    ) -> Expression:
        found = self.one_value(written, known or coerced(self.hinted(written, item.type), item.type))
        if not compatible(item.type, found.type) or item.type.kind == "null":
            raise self.mismatch(written.start, item.type, found.type, f"list values of type {item.type}")
        if found.type.kind == "null" and not item.type.nullable:
            raise self.refuse(
                codes.NULL_COMPARISON,
                written.start,
                f"{self.parsed.text(tree.left)} is {item.type}, never null",
                "remove null from the list",
            )
        return found

    def within(self, tree: syntax.Binary, written: Tree) -> Expression:
        """`item in list` or `row in rows`."""
        try:
            of = self.value(written)
        except Refused:
            self.value(tree.left)
            raise
        match of.type:
            case Type(kind="rows", entity=entity):
                element = Type("entity", entity=entity)
            case Type(kind="list", element=Type() as inner):
                element = inner
            case kind:
                text = self.parsed.text(written)
                message = f"{text} is {kind}, nothing can be in it"
                mend = "name a list or rows behind `in`, or list the values: [a, b]"
                if kind.kind == "string":
                    mend = f"ask {text}.contains({self.parsed.text(tree.left)})"
                raise self.refuse(codes.OPERAND_TYPE, written.start, message, mend)
        item = coerced(self.hinted(tree.left, element), element)
        self.comparable(tree.left, item)
        if not compatible(item.type, element):
            raise self.mismatch(tree.left.start, item.type, element, f"ask for a value of type {element}")
        if item.type.kind == "null" and not element.nullable:
            message = f"null is never in {self.parsed.text(written)}"
            raise self.refuse(codes.NULL_COMPARISON, tree.left.start, message, "remove the comparison")
        return typed.Within(type=BOOLEAN, item=item, of=of)

    def comparable(self, tree: Tree, item: Expression) -> Expression:
        """The expression, when values of its type can be compared."""
        found = self.one_value(tree, item)
        if found.type.kind not in (*COMPARED, "null"):
            message = f"values of type {found.type} are not compared"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, message, self.mend_whole(found.type))
        return found

    # Arithmetic ------------------------------------------------------------------------------------------

    def negated(self, tree: syntax.Unary, hint: Type | None) -> Expression:
        right = self.value(tree.of) if hint is None else self.hinted(tree.of, hint)
        if right.type.kind not in NUMBERS:
            raise self.no_number(tree.of, right)
        zeros: dict[str, Expression] = {
            "integer": typed.Constant(type=INTEGER, value=0),
            "decimal": typed.Constant(type=decimal(0), value="0"),
            "double": typed.Constant(type=DOUBLE, value=0.0),
        }
        return typed.Arithmetic(type=right.type, op="-", left=zeros[right.type.kind], right=right)

    def no_number(self, tree: Tree, found: Expression) -> Refused:
        text = self.parsed.text(tree)
        mends = {
            "date": "compute with timestamps: timestamp(…) of a date is its midnight",
            "duration": "a duration is added to a timestamp, or subtracted from one",
            "list": "compute with its sum or its size: .sum(), size(…)",
            "rows": f"compute with numbers about them: size({text}), {text}.map(x, x.…).sum()",
        }
        mend = mends.get(found.type.kind, "compute with integers, decimals or doubles")
        return self.refuse(
            codes.OPERAND_TYPE, tree.start, f"{text} is {found.type}, a number is needed", mend
        )

    def arithmetic(self, tree: syntax.Binary, hint: Type | None) -> Expression:
        """Two numbers of one kind, a timestamp and a duration, or two strings."""
        left, right = self.terms(tree, hint if hint is not None and hint.kind in FRACTIONS else None)
        kinds = (left.type.kind, right.type.kind)
        if "timestamp" in kinds or kinds == ("duration", "duration"):
            return self.moved(tree, left, right)
        if "string" in kinds and tree.op == "+":
            return self.concatenated(tree, left, right)
        for part, operand in ((tree.left, left), (tree.right, right)):
            if operand.type.kind not in NUMBERS:
                raise self.no_number(part, operand)
        return self.computed(tree, left, right)

    def terms(self, tree: syntax.Binary, hint: Type | None) -> tuple[Expression, Expression]:
        """Both operands. A literal takes its type from the other one, or from what is wanted of both."""
        turned = depends_on_hint(tree.left) and not depends_on_hint(tree.right)
        first, second = (tree.right, tree.left) if turned else (tree.left, tree.right)
        try:
            found = self.value(first) if hint is None else self.hinted(first, hint)
        except Refused:
            self.value(second)
            raise
        fraction = isinstance(second, syntax.Literal) and second.kind == "double"
        if found.type.kind not in FRACTIONS and hint is not None and fraction:
            other = self.hinted(second, hint)
        else:
            other = self.hinted(second, found.type) if found.type.kind in NUMBERS else self.value(second)
        left, right = (other, found) if turned else (found, other)
        return coerced(left, right.type), coerced(right, left.type)

    def computed(self, tree: syntax.Binary, left: Expression, right: Expression) -> Expression:
        op: typed.Operator = tree.op  # type: ignore[assignment]
        kinds = {left.type.kind, right.type.kind}
        if kinds == {"integer", "decimal"}:
            left, right = self.as_decimal(left), self.as_decimal(right)
        elif len(kinds) == 2:
            message = f"cannot compute with {left.type} and {right.type}"
            mend = "compute with numbers of one type: double(…) of the other number"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)
        if op == "%" and left.type.kind != "integer":
            message, mend = f"% of {left.type}", "take the remainder of integers"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)
        divides = op in ("/", "%") and not (isinstance(right, typed.Constant) and not is_zero(right))
        nullable = left.type.nullable or right.type.nullable or divides
        kind = Type(left.type.kind, nullable)
        if kind.kind == "decimal":
            most = max(left.type.scale or 0, right.type.scale or 0)
            kind = decimal(most if op in ("+", "-") else DIVISION_SCALE, nullable)
        return typed.Arithmetic(type=kind, op=op, left=left, right=right)

    def as_decimal(self, found: Expression) -> Expression:
        """An integer operand beside a decimal becomes a decimal."""
        if found.type.kind == "decimal":
            return found
        return typed.Convert(type=decimal(0, found.type.nullable), to="decimal", of=found)

    def moved(self, tree: syntax.Binary, left: Expression, right: Expression) -> Expression:
        """A timestamp plus or minus a duration; the duration stands behind it in the tree."""
        match tree.op, left.type.kind, right.type.kind:
            case ("+" | "-" as op, "timestamp", "duration"):
                return typed.Arithmetic(type=left.type, op=op, left=left, right=right)
            case ("+", "duration", "timestamp"):
                return typed.Arithmetic(type=right.type, op="+", left=right, right=left)
            case ("-", "timestamp", "timestamp"):
                message = "timestamps are not subtracted"
                mend = "compare one with the other moved: this.ends < this.starts + duration('1h')"
            case _:
                message = f"cannot compute {left.type} {tree.op} {right.type}"
                mend = "add a duration to a timestamp, or subtract it from one: now + duration('1h')"
        raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)

    def concatenated(self, tree: syntax.Binary, left: Expression, right: Expression) -> Expression:
        for part, operand in ((tree.left, left), (tree.right, right)):
            if operand.type.kind != "string":
                text = self.parsed.text(part)
                message, mend = f"{text} is {operand.type}, a string is needed", f"write string({text})"
                raise self.refuse(codes.OPERAND_TYPE, part.start, message, mend)
        nullable = left.type.nullable or right.type.nullable
        return typed.Text(type=Type("string", nullable), function="concat", arguments=(left, right))

    # Lists -----------------------------------------------------------------------------------------------

    def list_of(self, tree: syntax.ListOf, hint: Type | None) -> Expression:
        """`[a, b]`: elements of one type, that of the list that is wanted where there is one."""
        wanted = element_of(hint)
        if not tree.items:
            return typed.ListOf(type=Type("list", element=wanted or NULL), items=())
        known: dict[int, Expression] = {}
        if wanted is None:
            plain = next((item for item in tree.items if not depends_on_hint(item)), tree.items[0])
            known[plain.start] = self.value(plain)
            wanted = known[plain.start].type
        element = wanted

        def read(item: Tree) -> Expression:
            found = known.get(item.start) or coerced(self.hinted(item, element), element)
            return self.one_value(item, found)

        items = self.each(tree.items, read)
        for written, item in zip(tree.items, items, strict=True):
            if not compatible(item.type, element):
                message = f"{self.parsed.text(written)} is {item.type}, the list has {element}"
                raise self.refuse(codes.OPERAND_TYPE, written.start, message, "give all elements one type")
        kind = items[0].type
        for item in items[1:]:
            kind = joined(kind, item.type)
        return typed.ListOf(type=Type("list", element=kind), items=tuple(items))


def element_of(kind: Type | None) -> Type | None:
    """The type of the elements of a list or of rows."""
    match kind:
        case Type(kind="list", element=element):
            return element
        case Type(kind="rows", entity=entity):
            return Type("entity", entity=entity)
        case _:
            return None


def is_zero(constant: typed.Constant) -> bool:
    return constant.value is None or float(constant.value) == 0
