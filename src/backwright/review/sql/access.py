"""Statements after which callers of the database reach more than before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backwright.review.sql.alter import Hazard
from backwright.review.sql.reading import Word, find, name, starts, without

_RULE = "access-widened"


def widened(words: Sequence[Word]) -> Iterator[Hazard]:
    """What a statement opens: rows whose policies no longer hold, and rights that everybody gets."""
    if starts(words, "ALTER", "TABLE"):
        table, _ = name(without(without(words[2:], "IF", "EXISTS"), "ONLY"))
        if find(words, "DISABLE", "ROW", "LEVEL", "SECURITY") is not None:
            yield Hazard(_RULE, f"the policies of `{table}` hold no longer")
        elif find(words, "NO", "FORCE", "ROW", "LEVEL", "SECURITY") is not None:
            yield Hazard(_RULE, f"the policies of `{table}` hold no longer for its owner")
    elif starts(words, "CREATE", "POLICY") and find(words, "AS", "RESTRICTIVE") is None:
        if any(_of_all(words, *clause) for clause in (("USING",), ("WITH", "CHECK"))):
            yield Hazard(_RULE, f"the policy `{words[2].text}` lets every row through", "warning")
    elif starts(words, "DROP", "POLICY"):
        policy, _ = name(without(words[2:], "IF", "EXISTS"))
        yield Hazard(
            _RULE, f"the policy `{policy}` is dropped; if it was restrictive, more is reached", "warning"
        )
    elif starts(words, "GRANT|ALTER") and find(words, "GRANT") is not None and find(words, "TO", "PUBLIC"):
        yield Hazard(_RULE, "every role of the database gets the right")
    elif starts(words, "ALTER|CREATE", "ROLE|USER"):
        for option in ("BYPASSRLS", "SUPERUSER"):
            if find(words, option) is not None:
                yield Hazard(_RULE, f"`{words[2].text}` gets {option}: no policy holds for it")


def _of_all(words: Sequence[Word], *clause: str) -> bool:
    """Whether a clause of a policy is `(true)`."""
    at = find(words, *clause)
    said = [word.upper for word in words[at + len(clause) : at + len(clause) + 3]] if at is not None else []
    return said == ["(", "TRUE", ")"]
