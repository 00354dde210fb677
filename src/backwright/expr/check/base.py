"""What every part of the checker shares: the scope, the variables of macros, and how mistakes are recorded."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from backwright.expr import codes
from backwright.expr.check.types import mend_value
from backwright.expr.scope import Scope
from backwright.expr.syntax import Parsed, Tree
from backwright.expr.typed import Expression, Type
from backwright.spec.diagnostics import Code, Diagnostic, diagnose


class Refused(Exception):
    """A part is wrong; its diagnostic is already recorded."""


class Base(ABC):
    """The state of one check. `variables` are those of the macros around the part that is read."""

    def __init__(self, parsed: Parsed, scope: Scope) -> None:
        self.parsed = parsed
        self.scope = scope
        self.found: list[Diagnostic] = []
        self.variables: dict[str, Type] = {}
        self.size = 0

    @abstractmethod
    def value(self, tree: Tree) -> Expression:
        """The meaning of a part, wherever it stands."""

    @abstractmethod
    def hinted(self, tree: Tree, hint: Type) -> Expression:
        """The meaning of a part where a value of type `hint` is wanted, or stands beside it."""

    @abstractmethod
    def condition(self, tree: Tree, code: Code = codes.OPERAND_TYPE) -> Expression:
        """The meaning of a part that has to be true or false, never null."""

    def names(self) -> list[str]:
        return [*self.variables, *self.scope.names()]

    def is_name(self, name: str) -> bool:
        return name in self.variables or self.scope.names_something(name)

    def refuse(self, code: Code, offset: int, message: str, mend: str) -> Refused:
        self.found.append(diagnose(code, self.parsed.at(offset), message, mend))
        return Refused()

    def unknown(self, code: Code, offset: int, name: str, what: str, known: Iterable[str]) -> Refused:
        choices = list(known)
        near = difflib.get_close_matches(name, choices, n=1)
        if near:
            mend = f"did you mean {near[0]}?"
        elif choices:
            mend = f"known here: {', '.join(sorted(choices))}"
        else:
            mend = "there is none to name here"
        return self.refuse(code, offset, f"unknown {what} {name}", mend)

    def each(self, trees: Iterable[Tree], read: Callable[[Tree], Expression]) -> list[Expression]:
        """Reads independent parts, all of them before the first mistake stops the rest."""
        found: list[Expression] = []
        wrong = False
        for tree in trees:
            try:
                found.append(read(tree))
            except Refused:
                wrong = True
        if wrong:
            raise Refused
        return found

    def one_value(self, tree: Tree, found: Expression) -> Expression:
        """The expression, unless it is a set of rows or a duration, which no place for one value can hold."""
        if found.type.kind in ("rows", "duration"):
            text = self.parsed.text(tree)
            message = f"{text} is {found.type}, not one value"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend_value(text, found.type))
        return found
