"""Conditions: logic, comparison and choice, with the two-valued null of the language."""

from __future__ import annotations

from collections.abc import Sequence

from backwright.expr.fold import not_null_when, null_tested
from backwright.expr.shape import shape
from backwright.expr.sql.operands import AND, ATOM, NOT, OR, RELATION, SUM, Known, Operands, innermost
from backwright.expr.sql.storage import NotCompiled, scaled
from backwright.expr.typed import And, Compare, Conditional, Constant, Expression, In, Member, Name, Type
from backwright.expr.typed import Not as NotNode


class Logic(Operands):
    """Prints conditions. Where only truth counts (`exact` is false) unknown may stand for false."""

    def conjunction(self, node: And, known: Known, exact: bool, glue: str) -> str:
        texts: list[str] = []
        for index, part in enumerate(node.parts):
            if exact or not self.implied(part, node.parts):
                # Where a neighbour is not true neither is the whole, so a part may count on what it makes
                # certain. Where false and unknown differ, only on those before it: these are false then.
                others = node.parts[:index] if exact else (*node.parts[:index], *node.parts[index + 1 :])
                certain = known.union(*(not_null_when(other, holds=True) for other in others))
                texts.append(self.condition(part, NOT, certain, exact))
        return glue.join(texts)

    def condition(self, node: Expression, above: int, known: Known, exact: bool) -> str:
        """A condition inside another; never null where that counts."""
        if exact and self.is_value(node) and self.nullable(node, known):
            return f"COALESCE({self.bare(node, known)}, FALSE)"
        return self.within(node, above, known, exact)

    def implied(self, part: Expression, parts: tuple[Expression, ...]) -> bool:
        """`x IS NOT NULL` says nothing beside `y = x`, which is not true for null either."""
        if not isinstance(part, Compare) or part.op != "!=":
            return False
        tested = null_tested(part)
        return tested is not None and any(
            isinstance(other, Compare)
            and other is not part
            and other.op != "!="
            and null_tested(other) is None
            and shape(tested) in (shape(other.left), shape(other.right))
            for other in parts
        )

    def disjunction(self, parts: tuple[Expression, ...], known: Known, exact: bool) -> str:
        texts: list[str] = []
        for part in parts:
            texts.append(self.condition(part, AND, known, exact))
            known |= not_null_when(part, holds=False)
        return " OR ".join(texts)

    def negation(self, node: NotNode, known: Known) -> str:
        return f"NOT {self.condition(node.of, ATOM, known, exact=True)}"

    def conditional(self, node: Conditional, known: Known, exact: bool) -> str:
        when = self.bare(node.when, known, exact=False)
        then_known = known | not_null_when(node.when, holds=True)
        otherwise_known = known | not_null_when(node.when, holds=False)
        if self.lite and self.in_text(node):
            then = self.padded(node.then, node.type, self.as_text(node.then, then_known))
            otherwise = self.padded(node.otherwise, node.type, self.as_text(node.otherwise, otherwise_known))
        else:
            then = self.typed(node.then, node.otherwise, then_known, exact=exact)
            otherwise = self.typed(node.otherwise, node.then, otherwise_known, exact=exact)
            if not self.lite:
                then = self.padded(node.then, node.type, then)
                otherwise = self.padded(node.otherwise, node.type, otherwise)
        return f"CASE WHEN {when} THEN {then} ELSE {otherwise} END"

    def padded(self, branch: Expression, whole: Type, text: str) -> str:
        """A branch with as many digits behind the point as the choice has: answers show them."""
        has, wanted = branch.type.scale or 0, whole.scale or 0
        if whole.kind != "decimal" or branch.type.kind != "decimal" or has >= wanted:
            return text
        if not self.lite:
            return f"round({text}, {wanted})"
        return f"{text} || '{'' if has else '.'}{'0' * (wanted - has)}'"

    def in_text(self, node: Conditional) -> bool:
        """Whether SQLite holds the decimals of a choice as text, since its branches differ in scale."""
        match node.type.kind:
            case "decimal":
                return self.scale(node) is None
            case "list":
                return self.holds_decimals(node) and self.element_scale(node) is None
            case _:
                return False

    def holds_decimals(self, node: Expression) -> bool:
        return innermost(node.type).kind == "decimal"

    def as_text(self, node: Expression, known: Known) -> str:
        """A decimal, or a list of decimals, by its text."""
        if node.type.kind == "null":
            return "NULL"
        if node.type.kind == "list":
            return self.list_as_text(node, known)
        return self.decimal_text(node, known)

    def list_as_text(self, node: Expression, known: Known) -> str:
        text, scale = self.bare(node, known), self.element_scale(node)
        return text if scale is None else f"list_of_decimals({text}, {scale})"

    # Comparison --------------------------------------------------------------------------------------

    def compare(self, node: Compare, known: Known, exact: bool) -> tuple[str, int]:
        tested = null_tested(node)
        if tested is not None:
            return self.null_test(node, tested, known), RELATION
        if node.op not in ("==", "!=") and any(map(self.sealing, (node.left, node.right))):
            raise NotCompiled("what is encrypted has no order")
        nullable = [self.nullable(side, known) for side in (node.left, node.right)]
        left, right = self.sides(node.left, node.right, known)
        match node.op:
            case "==" if all(nullable) or (any(nullable) and exact):
                return f"{left} IS NOT DISTINCT FROM {right}", RELATION
            case "==":
                return f"{left} = {right}", RELATION
            case "!=" if any(nullable):
                return f"{left} IS DISTINCT FROM {right}", RELATION
            case "!=":
                return f"{left} <> {right}", RELATION
            case _:
                return self.ordering(node, f"{left} {node.op} {right}", exact and any(nullable))

    def sides(self, left: Expression, right: Expression, known: Known) -> tuple[str, str]:
        sealed = self.encrypted_side(left, right, known)
        if sealed is not None:
            return sealed
        if self.lite and left.type.kind == "decimal":
            first, second = self.alike([left, right], known)
            return first, second
        return (
            self.typed(left, right, known, above=SUM),
            self.typed(right, left, known, above=SUM),
        )

    def encrypted_side(self, left: Expression, right: Expression, known: Known) -> tuple[str, str] | None:
        """A column that is encrypted beside a given value, which is encrypted the same way."""
        first, second = self.sealing(left), self.sealing(right)
        if first is None and second is None:
            return None
        if first is not None and second is not None:
            if first != second:
                raise NotCompiled("values that are encrypted under different names are not compared")
            return self.opened(left), self.opened(right)
        column, given, name = (left, right, first) if first is not None else (right, left, second)
        if not (isinstance(given, Constant) or self.is_parameter(given)):
            raise NotCompiled("what is encrypted is compared with given values only")
        texts = (self.opened(column), ":" + self.parameter(given, name))
        return texts if first is not None else (texts[1], texts[0])

    def sealing(self, node: Expression) -> tuple[str, str] | None:
        """The entity and the field, where the operand is an encrypted column of a row at hand."""
        match node:
            case Member(of=of, entity=entity, field=field) if not self.is_parameter(node) and self.is_row(of):
                return (entity, field) if self.storage.encrypted(entity, field) else None
            case _:
                return None

    def answers_encrypted(self, node: Expression) -> tuple[str, str] | None:
        """The field whose encrypted values an expression passes on without looking at them."""
        match node:
            case Member(entity=entity, field=field) if not self.is_parameter(node):
                return (entity, field) if self.storage.encrypted(entity, field) else None
            case Conditional(then=then, otherwise=otherwise):
                branches = [each for each in (then, otherwise) if each.type.kind != "null"]
                found = {self.answers_encrypted(each) for each in branches}
                return found.pop() if len(found) == 1 else None
            case _:
                return None

    def opened(self, node: Expression) -> str:
        """The encrypted column itself."""
        if not isinstance(node, Member) or not isinstance(node.of, Name):
            raise NotCompiled("only a row's own encrypted fields are compared")
        column = self.storage.column(node.entity, node.field)
        if node.of.root == "variable":
            return f"{getattr(self.variables[node.of.binding or ''], 'alias', '')}.{column}"
        if self.qualifier is None:
            return column
        return f"{self.qualifier or self.storage.table(node.entity)}.{column}"

    def alike(self, operands: Sequence[Expression], known: Known) -> list[str]:
        """Decimals on SQLite as whole numbers of one unit, else as texts that order like the numbers."""
        scales = {self.scale(each) for each in operands if not isinstance(each, Constant)}
        scale = scales.pop() if len(scales) == 1 else None
        if scale is not None:
            wholes = [self.whole(each, scale) for each in operands if isinstance(each, Constant)]
            if None not in wholes:
                return [
                    str(self.whole(each, scale))
                    if isinstance(each, Constant)
                    else self.within(each, SUM, known)
                    for each in operands
                ]
        return [self.rank(each, known) for each in operands]

    def rank(self, node: Expression, known: Known) -> str:
        return f"decimal_rank({self.decimal_text(node, known)})" if node.type.kind != "null" else "NULL"

    def whole(self, node: Constant, scale: int) -> int | str | None:
        if not isinstance(node.value, str):
            return "NULL"
        return scaled(node.value, scale)

    def ordering(self, node: Compare, text: str, may_be_null: bool) -> tuple[str, int]:
        if node.left.type.kind == "string":
            text += ' COLLATE "C"'  # by code point, whatever the database's locale
        return (f"COALESCE({text}, FALSE)", ATOM) if may_be_null else (text, RELATION)

    def null_test(self, node: Compare, tested: Expression, known: Known) -> str:
        if node.op not in ("==", "!="):
            return "FALSE"
        test = "IS NULL" if node.op == "==" else "IS NOT NULL"
        if self.sealing(tested) is not None:
            return f"{self.opened(tested)} {test}"
        if isinstance(tested, Name) and self.is_composite(tested):
            tested = self.field_of(
                tested, tested.type.entity or "", self.storage.keys(tested.type.entity or "")[0]
            )
        return f"{self.typed(tested, None, known, above=SUM)} {test}"

    def contained(self, node: In, known: Known, exact: bool) -> tuple[str, int]:
        item_nullable = self.nullable(node.item, known)
        certain = [option for option in node.options if not self.nullable(option, known)]
        if item_nullable and len(certain) < len(node.options):
            parts = (
                Compare(type=node.type, op="==", left=node.item, right=option) for option in node.options
            )
            return self.disjunction(tuple(parts), known, exact), OR
        item, options = self.listed(node, known)
        text = f"{item} IN ({', '.join(options)})"
        if exact and (item_nullable or len(certain) < len(node.options)):
            return f"COALESCE({text}, FALSE)", ATOM
        return text, RELATION

    def listed(self, node: In, known: Known) -> tuple[str, list[str]]:
        """The item and the options of `IN`, of one type."""
        if self.sealing(node.item) is not None:
            pairs = [self.encrypted_side(node.item, option, known) or ("", "") for option in node.options]
            return pairs[0][0], [option for _, option in pairs]
        if self.lite and node.item.type.kind == "decimal":
            item, *options = self.alike([node.item, *node.options], known)
            return item, options
        anchor = next((option for option in node.options if not self.anchored(option)), node.options[0])
        item = self.typed(node.item, anchor, known, above=SUM)
        return item, [self.typed(option, node.item, known) for option in node.options]
