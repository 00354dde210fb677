"""The report as one self-contained web page: no requests to anywhere, readable on paper and telephone."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from backwright.report.links import short, stem, target
from backwright.report.measured import exercised, figure_names, reasons, relation, result, statuses
from backwright.report.types import Report

_WORDS = {"passed": "passed", "failed": "failed", "not_run": "not run"}
_TONES = {
    "done": "good",
    "passed": "good",
    "as generated": "good",
    "not done": "bad",
    "failed": "bad",
    "edited": "bad",
    "missing": "bad",
    "not run": "idle",
    "not_run": "idle",
}
Figure = int | float | str
_BRIEF = 100
"""Characters of a figure that are read in passing; what is longer is folded."""
_MARKS = {"good": "✓", "bad": "✕", "idle": "○"}


def render(report: Report) -> str:
    """The page. Autoescape is on for everything: specification text is untrusted."""
    environment = Environment(
        loader=PackageLoader("backwright.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "target": target,
        "short": short,
        "stem": stem,
        "tone": _tone,
        "word": _word,
        "mark": _mark,
        "prose": _prose,
        "relation": relation,
        "statuses": statuses,
        "result": result,
        "reasons": reasons,
        "exercised": exercised,
        "figure_names": figure_names,
        "brief": _brief,
        "long": _long,
    }
    return environment.get_template("report.html.j2").render(report=report, tallies=_tallies(report))


def _tone(state: str) -> str:
    return _TONES[state]


def _word(state: str) -> str:
    return _WORDS.get(state, state)


def _mark(state: str) -> str:
    return _MARKS[_TONES[state]]


def _prose(text: str) -> Markup:
    """Escaped text in which `code` is shown as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped first


def _brief(figures: dict[str, Figure]) -> list[tuple[str, Figure]]:
    """Numbers and short texts."""
    return [(name, value) for name, value in figures.items() if not _is_long(value)]


def _long(figures: dict[str, Figure]) -> list[tuple[str, list[str]]]:
    """Figures that are lists of many words, each in its parts."""
    return [(name, str(value).split("; ")) for name, value in figures.items() if _is_long(value)]


def _is_long(value: Figure) -> bool:
    return isinstance(value, str) and len(value) > _BRIEF


def _tallies(report: Report) -> list[tuple[str, str, int, int]]:
    """Title, section, how many hold, and how many there are."""
    return [
        (
            "Requirements",
            "alignment",
            sum(r.state == "done" for r in report.requirements),
            len(report.requirements),
        ),
        ("Scenarios", "acceptance", sum(s.state == "done" for s in report.scenarios), len(report.scenarios)),
        ("Gates", "gates", sum(g.status == "passed" for g in report.gates), len(report.gates)),
        ("Checklist", "checklist", sum(c.state == "done" for c in report.checklist), len(report.checklist)),
    ]
