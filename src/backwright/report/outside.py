"""The results of gates that look from outside, for people: one page of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from backwright.verify.results import Finding, GateResult

WORDS = {"passed": "passed", "failed": "**failed**", "not_run": "not run"}


def summary(name: str, results: Sequence[GateResult]) -> str:
    """What each gate found, with the request that shows it again, and what was not looked at."""
    lines = [f"# {name}, judged from outside", "", "| gate | result | seconds | |", "|---|---|---|---|"]
    lines += [
        f"| {result.title} | {WORDS[result.status]} | {result.seconds:.1f} | {_cell(result.summary)} |"
        for result in results
    ]
    for result in results:
        lines += ["", f"## {result.title}", ""]
        if result.findings:
            lines += [line for finding in result.findings for line in _finding(finding)]
        else:
            lines.append(result.summary)
        if result.figures:
            lines += ["", *(f"- {key}: {value}" for key, value in result.figures.items())]
    return "\n".join(lines) + "\n"


def _finding(finding: Finding) -> list[str]:
    lines = [f"- **{finding.where}** {finding.what}" if finding.where else f"- {finding.what}"]
    if finding.replay:
        lines += ["", *(f"      {line}" for line in finding.replay.splitlines()), ""]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:300]
