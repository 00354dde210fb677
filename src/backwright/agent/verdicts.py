"""What becomes of a patch: it is out of bounds, fails criteria, or holds."""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

Kind = OneOf[
    "incomplete",
    "unreadable",
    "out_of_bounds",
    "lint",
    "types",
    "static_analysis",
    "logic",
    "example",
    "tests",
    "acceptance",
]
"""What is wrong: the answer was cut off or cannot be read, it goes beyond what is allowed, or a criterion fails."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that does not hold. Of a criterion that is held back nobody is told more than its kind."""

    kind: Kind
    what: str
    where: str = ""
    held_back: bool = False

    def told(self) -> str:
        """What the provider may know of it."""
        if self.held_back:
            return f"{self.kind}: a criterion that you are not shown does not hold"
        return f"{self.kind}: {f'{self.where}: ' if self.where else ''}{self.what}"


def told(failures: tuple[Failure, ...]) -> str:
    """The feedback of an attempt: failures that are shown in full, held-back ones once for each kind."""
    return "\n".join(dict.fromkeys(f"- {failure.told()}" for failure in failures))
