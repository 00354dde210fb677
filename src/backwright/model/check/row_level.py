"""Access rules that row-level security cannot hold."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.expr import sql
from backwright.expr.typed import Expression, Linked, Member, Name
from backwright.model.stored import Stored
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW327",
    "A rule that no policy can hold",
    "With row-level security the database judges the rule by itself: it has the caller's key and the instant, but not "
    "what encrypts, and nothing else of the request.",
    "security: {row_level: on}, and a rule that compares an encrypted field with a field of the caller",
)
MEND = "say the rule without it, or leave `security.row_level` off"


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Rules of entities that need what PostgreSQL does not have."""
    if model.security is None:
        return
    stored = Stored(model)
    for entity in model.entities:
        for rule in [*entity.access.values(), *([entity.after] if entity.after else [])]:
            try:
                found = sql.compile(rule.condition, stored, "postgresql")
            except sql.NotCompiled:
                continue  # another check says so
            if found.sealed:
                yield diagnose(CODE, rule.place, f"`{rule.source}` compares what is encrypted", MEND)
            elif not all(_is_known(each) for each in found.parameters.values()):
                yield diagnose(CODE, rule.place, f"`{rule.source}` depends on more than row and caller", MEND)


def _is_known(value: Expression) -> bool:
    match value:
        case Name(root="caller" | "now"):
            return True
        case Member(of=of) | Linked(of=of):
            return _is_known(of)
        case _:
            return False
