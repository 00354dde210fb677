"""What a review finds in a file: the rule, the place, what happens to users, and the mend."""

from __future__ import annotations

from typing import Literal

import msgspec

from backwright.review.rule import Rule

Severity = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True, order=True):
    """One finding. Line and column count from 1.

    `error`: users notice it. `warning`: they may, or somebody has to look.
    """

    file: str
    line: int
    column: int
    id: str
    name: str
    severity: Severity
    message: str
    happens: str
    mend: str


class Site(msgspec.Struct, frozen=True):
    """Where something stands in a file."""

    file: str
    line: int
    column: int

    def finding(self, rule: Rule, message: str, severity: Severity = "error") -> Finding:
        return Finding(
            self.file, self.line, self.column, rule.id, rule.name, severity, message, rule.why, rule.mend
        )


def as_text(finding: Finding) -> str:
    """Lines for a terminal."""
    return (
        f"{finding.file}:{finding.line}:{finding.column}: {finding.severity} {finding.id} {finding.name}: "
        f"{finding.message}\n    users  {finding.happens}\n    mend   {finding.mend}"
    )
