"""Judging a backend of any make, outside of any project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from backwright.pipeline.verifying import Progress
from backwright.report.outside import summary
from backwright.verify.observed import Bounds
from backwright.verify.results import GateResult
from backwright.verify.target.judging import chosen, judge
from backwright.verify.target.reading import read_target

FOLDER = ".backwright-target"
SUMMARY = "summary.md"


def verify_target(
    path: Path,
    gates: Sequence[str],
    progress: Progress,
    *,
    out: Path | None = None,
    bounds: Bounds | None = None,
) -> tuple[list[GateResult], Path]:
    """Judge the backend of a target file; the results, and the folder with an artifact of each and a summary.

    Raises SpecificationError (what is wrong with the file, or that the backend does not start) and OSError.
    """
    target = read_target(path)
    chosen(gates)
    folder = out or path.resolve().parent / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    results = []
    for result in judge(target, gates, folder, bounds or Bounds()):
        data = msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"
        (folder / f"{result.gate}.json").write_bytes(data)
        progress.gate(result.status, result.title, result.seconds, result.summary)
        results.append(result)
    (folder / SUMMARY).write_text(summary(target.name, results), encoding="utf-8")
    return results, folder
