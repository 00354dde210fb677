"""Comments that say that a finding is known and meant: `backwright: ignore[RULE] reason`, on its line or above it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backwright.review.findings import Finding, Site
from backwright.review.rule import Rule

UNREASONED = Rule(
    "RV001",
    "ignored-without-reason",
    "A finding is ignored without a reason",
    "nobody can tell later whether the finding was looked at, so it may be real",
    "A comment `backwright: ignore[…]` that names no rule, or behind which nothing is written. It has no effect.",
    "`# backwright: ignore[PY301]`",
    "write why it is right: `# backwright: ignore[PY301] the table has ten rows`",
)
UNREAD = Rule(
    "RV002",
    "not-read",
    "A file could not be read",
    "what is wrong in it was not looked for",
    "The file is no text, no Python, or no SQL as PostgreSQL writes it: what was not looked at did not pass.",
    "a migration of another database",
    "leave the file out of what is reviewed, or mend it",
)
RULES = [UNREASONED, UNREAD]

_COMMENT = re.compile(r"(?:#|--)\s*backwright:\s*ignore(?:\[([^\]\n]*)\])?[ \t]*([^\n]*)")


def kept(findings: Iterable[Finding], text: str, file: str) -> Iterator[Finding]:
    """The findings that no comment ignores, and one for each comment that gives no reason."""
    ignored: dict[int, set[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _COMMENT.search(line)
        if match is None:
            continue
        rules = {name.strip() for name in (match[1] or "").split(",") if name.strip()}
        if not rules or not match[2].strip(" *-/#"):
            yield Site(file, number, match.start() + 1).finding(UNREASONED, "the comment has no effect")
            continue
        alone = not line[: match.start()].strip()
        ignored.setdefault(number + 1 if alone else number, set()).update(rules)
    for finding in findings:
        if not {finding.id, finding.name} & ignored.get(finding.line, set()):
            yield finding
