"""Custom logic: functions that a person or an agent writes, by what goes in and what comes out."""

from __future__ import annotations

from backwright.model.data import Frozen, InputField
from backwright.model.steps import Failing
from backwright.spec.diagnostics import NOWHERE, Place

SECONDS = 10
"""How long custom logic may take where its author does not say."""


class LogicExample(Frozen, frozen=True, kw_only=True):
    """What comes out for what goes in. `input` and `output` are JSON objects as text, by the names of the
    specification; `error` is the code of what is raised instead of an output."""

    input: str
    output: str | None = None
    error: str | None = None


class Logic(Frozen, frozen=True, kw_only=True):
    """One function. References go in as keys. `seconds` is how long it may take.

    `uses` is what it may use besides its input; `reads` are the entities whose rows it may look at, under their
    read rules; `trusted` says why it may go past the rules.
    """

    name: str
    description: str = ""
    input: tuple[InputField, ...] = ()
    output: tuple[InputField, ...]
    errors: tuple[Failing, ...] = ()
    uses: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    seconds: int = SECONDS
    trusted: str | None = None
    examples: tuple[LogicExample, ...] = ()
    place: Place = NOWHERE

    def error(self, code: str) -> Failing:
        """The error of that code. Raises KeyError when there is none."""
        return {each.code: each for each in self.errors}[code]
