"""What packs may claim of runs: the gates that ran on this build, each with its artifact, or "not run"."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec

from backwright.report.types import Gate, Link, Report, Scenario
from backwright.task.wording import cell

_WORDS = {"passed": "passed", "failed": "failed", "not_run": "not run"}


class Links(msgspec.Struct, frozen=True):
    """Where the project is, seen from the folder that the packs go to."""

    project: Path
    out: Path

    def to(self, link: Link) -> str:
        """The artifact's address from a file of a pack."""
        # The text of a path, not what it leads to: the same on every machine that has the same folders.
        inside = os.path.relpath(self.project / link.path, self.out / "pack")
        return quote(Path(inside).as_posix())

    def artifact(self, link: Link) -> str:
        """A Markdown link; nothing where there never was a run."""
        return f"[{link.sha256[:12]}]({self.to(link)})" if link.path else ""


def gates(report: Report, links: Links, wanted: Sequence[str]) -> str:
    """A table of the runs of some gates on this build, and of those that a delivery needs and nobody ran."""
    rows = [
        f"| {cell(gate.title)} | {gate.database or ''} | {_WORDS[gate.status]}: {cell(gate.summary)} "
        f"| {links.artifact(gate.link)} |"
        for name in wanted
        for gate in report.gates
        if gate.gate == name
    ]
    return "\n".join(["| what | database | result | artifact |", "| --- | --- | --- | --- |", *rows])


def ran(report: Report, name: str) -> list[Gate]:
    """The runs of a gate that passed on this build."""
    return [gate for gate in report.gates if gate.gate == name and gate.status == "passed"]


def scenario(found: Scenario | None, links: Links) -> str:
    """How the runs of a scenario ended, with their artifacts."""
    runs = () if found is None else found.runs
    said = [
        f"{run.database or 'memory'}: {_WORDS[run.status]} {links.artifact(run.link)}".rstrip()
        for run in runs
    ]
    return listed(said) or "not run"


def listed(parts: Iterable[str]) -> str:
    """Parts on one line."""
    return "; ".join(parts)
