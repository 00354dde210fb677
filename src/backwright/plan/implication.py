"""Whether one condition implies another, decided by their logic and the order of values.

What is found holds for every row and caller. What is not found may hold all the same: of text, arithmetic and the like
nothing is known but that equal ones are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backwright.plan.conditions import (
    AtMost,
    Atom,
    Both,
    Either,
    Formula,
    Held,
    Known,
    No,
    Null,
    Reading,
    Some,
    Term,
    atoms,
    both,
    either,
    no,
)
from backwright.plan.ordering import can_be

MOST_STEPS = 4_000
"""How many guesses are made at most before it is said that nothing can be told."""

Guesses = dict[Atom, bool]


def implies(before: Any, after: Any) -> bool | None:
    """Whether `after` holds wherever `before` does, both as plain values; None where that takes too long to tell."""
    reading = Reading()
    former, later = reading.condition(before), reading.condition(after)
    try:
        return not _Search(reading.terms).can_hold(both([former, no(later)]), {}, frozenset())
    except _TooLongError:
        return None


class _TooLongError(Exception):
    pass


class _Search:
    """Looks for something that makes a formula true: what its atoms are is guessed, one after the other."""

    def __init__(self, terms: Mapping[str, Term]) -> None:
        self.terms = terms
        self.left = MOST_STEPS

    def can_hold(self, formula: Formula, guesses: Guesses, settled: frozenset[Atom]) -> bool:
        """Whether it can be true beside what is guessed; `settled` guesses about rows were looked at before."""
        left = self._under(formula, guesses)
        if isinstance(left, Known):
            return left.value and self._rows_agree(guesses, settled)
        atom = next(atoms(left))
        for guess in (True, False):
            self.left -= 1
            if self.left < 0:
                raise _TooLongError
            made = {**guesses, atom: guess}
            if self._agree(made, atom) and self.can_hold(left, made, settled):
                return True
        return False

    def _under(self, formula: Formula, guesses: Guesses) -> Formula:
        """What is left of a formula to be guessed."""
        match formula:
            case Known():
                return formula
            case No(of=of):
                return no(self._under(of, guesses))
            case Both(parts=parts):
                return both(self._under(part, guesses) for part in parts)
            case Either(parts=parts):
                return either(self._under(part, guesses) for part in parts)
            case Null(term=term) if not self.terms[term].nullable:
                return Known(False)
            case _:
                return Known(guesses[formula]) if formula in guesses else formula

    def _agree(self, guesses: Guesses, newest: Atom) -> bool:
        """Whether guesses can be true together, as far as nulls and orders go."""
        if isinstance(newest, AtMost):
            return can_be(
                [(atom.left, atom.right, held) for atom, held in guesses.items() if isinstance(atom, AtMost)],
                self.terms,
            )
        return not any(
            guesses.get(Null(name)) for atom, held in guesses.items() for name in self._needs(atom, held)
        )

    def _needs(self, atom: Atom, held: bool) -> tuple[str, ...]:
        """The terms that are not null where an atom is as guessed."""
        match atom, held:
            case Null(term=term), False:
                return self.terms[term].without
            case Held(term=term), True:
                return (term, *self.terms[term].without)
            case Some(rows=rows), True:
                return (rows, *self.terms[rows].without)
            case _:
                return ()

    def _rows_agree(self, guesses: Guesses, settled: frozenset[Atom]) -> bool:
        """Whether each row that there is said to be can be there, beside those that there are not."""
        for atom, held in guesses.items():
            if not isinstance(atom, Some) or not held or atom in settled:
                continue
            others = [
                no(each.condition)
                for each, there in guesses.items()
                if isinstance(each, Some) and each.rows == atom.rows and not there
            ]
            if not self.can_hold(both([atom.condition, *others]), guesses, settled | guesses.keys()):
                return False
        return True
