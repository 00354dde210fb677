"""Writes a report to `.backwright/report/` in its three forms, and records that it was written."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from backwright.project import Project
from backwright.report import markdown, page
from backwright.report.types import Report
from backwright.spec.diagnostics import relative_to_project
from backwright.task.events import ReportWritten, append


def write(project: Project, report: Report) -> tuple[Path, ...]:
    """The paths of the Markdown, JSON and web page that now say what the report says."""
    folder = project.state / "report"
    folder.mkdir(parents=True, exist_ok=True)
    forms = {
        folder / "report.md": markdown.render(report).encode(),
        folder / "report.json": encode(report),
        folder / "report.html": page.render(report).encode(),
    }
    for file, data in forms.items():
        file.write_bytes(data)
    written = {
        relative_to_project(file, project.root): hashlib.sha256(data).hexdigest()
        for file, data in forms.items()
    }
    append(project, ReportWritten(build=report.build, files=written))
    return tuple(forms)


def encode(report: Report) -> bytes:
    """The report as JSON; the member `report` is the format's version."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
