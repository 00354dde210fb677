"""Reads an expression: text in, `syntax` tree out. The grammar is CEL's; precedence climbing, linear time.

https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
"""

from __future__ import annotations

import msgspec

from backwright.expr import syntax
from backwright.expr.codes import SYNTAX, TOO_LARGE
from backwright.expr.syntax import Parsed, Tree, position
from backwright.expr.tokens import Token, Unreadable, tokens, whole_number
from backwright.spec.diagnostics import Code, Place, SpecificationError, Turn, diagnose

DEEPEST = 32
_LEVELS: tuple[tuple[syntax.BinaryOperator, ...], ...] = (
    ("==", "!=", "<", "<=", ">", ">=", "in"),
    ("+", "-"),
    ("*", "/", "%"),
)
_BINARY: dict[str, tuple[int, syntax.BinaryOperator]] = {
    op: (level, op) for level, ops in enumerate(_LEVELS) for op in ops
}
"""How tightly each binary operator binds; those of one level are read from the left."""
_CONSTANTS: dict[str, syntax.Literal] = {
    "true": syntax.Literal(start=0, end=0, kind="boolean", value=True),
    "false": syntax.Literal(start=0, end=0, kind="boolean", value=False),
    "null": syntax.Literal(start=0, end=0, kind="null", value=None),
}
_WORDS = {"and": "write && for and", "or": "write || for or", "not": "write ! for not", "is": "write =="}


def parse(source: str, place: Place, turns: tuple[Turn, ...] = ()) -> Parsed:
    """The tree of an expression whose text starts at `place`. Raises SpecificationError."""
    try:
        tree = _Parser(source).whole()
    except Unreadable as error:
        at = position(source, place, error.offset, turns)
        raise SpecificationError([diagnose(error.code, at, error.message, error.mend)]) from None
    return Parsed(source=source, tree=tree, place=place, turns=turns)


class _Parser:
    """Tokens with a position. Each method reads one level of the grammar."""

    def __init__(self, source: str) -> None:
        self.tokens = tokens(source)
        self.next = 0
        self.depth = 0

    def whole(self) -> Tree:
        tree = self.choice()
        if self.token.kind != "end":
            raise self.unexpected()
        self.limit(tree)
        return tree

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        token = self.token
        if token.kind != "end":
            self.next += 1
        return token

    def sees(self, text: str) -> bool:
        return self.token.text == text and self.token.kind in ("operator", "name")

    def accepts(self, text: str) -> bool:
        if self.sees(text):
            self.next += 1
            return True
        return False

    def expect(self, text: str, why: str) -> Token:
        if not self.sees(text):
            raise self.unexpected(f"expected {text} {why}")
        return self.take()

    def refuse(self, offset: int, message: str, mend: str, code: Code = SYNTAX) -> Unreadable:
        return Unreadable(offset, message, mend, code)

    def unexpected(self, wanted: str = "") -> Unreadable:
        token = self.token
        found = "the expression ends" if token.kind == "end" else f"{token.text!r} is unexpected"
        message = f"{found}: {wanted}" if wanted else f"{found} here"
        mend = _WORDS.get(token.text, "complete the expression" if token.kind == "end" else "remove it")
        return self.refuse(token.start, message, mend)

    def enter(self) -> None:
        """Counts one level of recursion: hostile nesting is a diagnostic, not a RecursionError."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.too_deep(self.token.start)

    def too_deep(self, offset: int) -> Unreadable:
        return self.refuse(
            offset, f"nested deeper than {DEEPEST} levels", "split it, or simplify it", code=TOO_LARGE
        )

    def limit(self, tree: Tree) -> None:
        """Left-leaning chains (1+1+1…) nest without recursion here, but later stages recurse into them."""
        level: list[Tree] = [tree]
        for _ in range(DEEPEST + 1):
            level = [child for parent in level for child in syntax.children(parent)]
            if not level:
                return
        raise self.too_deep(level[0].start)

    def choice(self) -> Tree:
        self.enter()
        when = self.logic("||")
        if self.accepts("?"):
            then = self.logic("||")
            self.expect(":", "between the two values of ?:")
            otherwise = self.choice()
            when = syntax.Choice(
                start=when.start, end=otherwise.end, when=when, then=then, otherwise=otherwise
            )
        self.depth -= 1
        return when

    def logic(self, op: syntax.LogicOperator) -> Tree:
        def part() -> Tree:
            return self.logic("&&") if op == "||" else self.binary(0)

        parts = [part()]
        while self.accepts(op):
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        return syntax.Logic(start=parts[0].start, end=parts[-1].end, op=op, parts=tuple(parts))

    def binary(self, lowest: int) -> Tree:
        left = self.unary()
        while True:
            token = self.token
            level, op = (
                _BINARY.get(token.text, (-1, None)) if token.kind in ("operator", "name") else (-1, None)
            )
            if op is None or level < lowest:
                return left
            self.next += 1
            right = self.binary(level + 1)
            left = syntax.Binary(start=left.start, end=right.end, op=op, left=left, right=right)

    def unary(self) -> Tree:
        start = self.token.start
        if self.accepts("!"):
            return self.prefixed("!", start)
        if self.sees("-"):
            self.take()
            if self.token.kind in ("integer", "double"):
                return self.postfix(self.number(start, negative=True))
            return self.prefixed("-", start)
        return self.postfix(self.primary())

    def prefixed(self, op: syntax.UnaryOperator, start: int) -> Tree:
        self.enter()
        of = self.unary()
        self.depth -= 1
        return syntax.Unary(start=start, end=of.end, op=op, of=of)

    def postfix(self, tree: Tree) -> Tree:
        while True:
            if self.accepts("."):
                name = self.name("after the dot")
                tree = self.selected(tree, name)
            elif self.accepts("["):
                index = self.choice()
                end = self.expect("]", "after the index").end
                tree = syntax.Index(start=tree.start, end=end, of=tree, index=index)
            else:
                return tree

    def selected(self, of: Tree, name: Token) -> Tree:
        if self.accepts("("):
            arguments, end = self.items(")")
            return syntax.Call(start=of.start, end=end, target=of, function=name.text, arguments=arguments)
        return syntax.Select(start=of.start, end=name.end, of=of, field=name.text, at=name.start)

    def name(self, where: str) -> Token:
        if self.token.kind != "name":
            raise self.unexpected(f"expected a name {where}")
        return self.take()

    def items(self, closing: str) -> tuple[tuple[Tree, ...], int]:
        """Comma-separated expressions up to the closing bracket, and where that ends."""
        found: list[Tree] = []
        while not self.sees(closing):
            found.append(self.choice())
            if not self.accepts(","):
                break
        return tuple(found), self.expect(closing, "or a comma").end

    def number(self, start: int, *, negative: bool) -> Tree:
        token = self.take()
        if token.kind == "double":
            text = f"-{token.text}" if negative else token.text
            return syntax.Literal(start=start, end=token.end, kind="double", value=text)
        number = whole_number(token, negative=negative)
        return syntax.Literal(start=start, end=token.end, kind="integer", value=number)

    def primary(self) -> Tree:
        token = self.token
        match token.kind:
            case "integer" | "double":
                return self.number(token.start, negative=False)
            case "string" | "bytes" | "unsigned":
                self.take()
                return syntax.Literal(start=token.start, end=token.end, kind=token.kind, value=token.text)
            case "name":
                return self.named()
            case _:
                return self.bracketed()

    def named(self) -> Tree:
        token = self.take()
        if token.text in _CONSTANTS:
            found = _CONSTANTS[token.text]
            return syntax.Literal(start=token.start, end=token.end, kind=found.kind, value=found.value)
        if token.text == "in":
            self.next -= 1
            raise self.unexpected("expected a value")
        if self.accepts("("):
            arguments, end = self.items(")")
            return syntax.Call(
                start=token.start, end=end, target=None, function=token.text, arguments=arguments
            )
        if self.sees("{"):
            return self.entries(token.start)
        return syntax.Identifier(start=token.start, end=token.end, name=token.text)

    def bracketed(self) -> Tree:
        start = self.token.start
        if self.accepts("("):
            inner = self.choice()
            end = self.expect(")", "to close the parenthesis").end
            return msgspec.structs.replace(inner, start=start, end=end)
        if self.accepts("["):
            items, end = self.items("]")
            return syntax.ListOf(start=start, end=end, items=items)
        if self.sees("{"):
            return self.entries(start)
        raise self.unexpected("expected a value")

    def entries(self, start: int) -> Tree:
        self.expect("{", "to open the map")
        found: list[tuple[Tree, Tree]] = []
        while not self.sees("}"):
            key = self.choice()
            self.expect(":", "after the key")
            found.append((key, self.choice()))
            if not self.accepts(","):
                break
        end = self.expect("}", "or a comma").end
        return syntax.MapOf(start=start, end=end, entries=tuple(found))
