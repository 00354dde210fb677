"""Nobody sees or changes what the rules do not let them: the authorization matrix, cell by cell."""

from __future__ import annotations

from contextlib import closing

import msgspec

from backwright.verify.authorization import OUT_OF_TIME, Exercised, exercise
from backwright.verify.backends import RunningBackend
from backwright.verify.gate import GateInput, Verdict, backend, found
from backwright.verify.matrix import matrix
from backwright.verify.results import Finding
from backwright.verify.schemas import Schemas
from backwright.verify.staged import TOKEN_KEYS, Staging, signing

NAME = "authorization"
TITLE = "Authorization matrix"
WHY = "A rule that one query forgot is invisible to every test whose caller happens to be allowed."
EXAMPLE = "A list shows rows of another tenant to a member: failed, with operation, caller and relation."
DATABASE = True
SECONDS_A_CELL, MOST_SECONDS = 0.25, 1200.0
"""A cell is two requests on emptied tables, and takes a tenth of this where nothing else runs."""
LEAST_SHARE = 0.8
"""Of the cells that have a scene, how many have to be exercised before the time is over."""


def judge(given: GateInput) -> Verdict:
    """Every operation by every caller, on both sides of every branch of every rule: status, body and rows.

    What is expected says the reference. Where a row is hidden, its answer has to be that of a missing one. Where the
    time was over before 80 % of the cells that have a scene were exercised, it has not looked, and is not run. It may
    take a minute, and a quarter of a second for each cell where these are more, up to 20 minutes.
    """
    schemas = Schemas(given.project, given.model)
    with (
        backend(given, token_keys=TOKEN_KEYS) as server,
        closing(RunningBackend(given.model, server)) as running,
    ):
        staging = Staging(given.model, running, signing(given.model), schemas.differences)
        done = exercise(given.model, staging, time_for(given))
    return verdict(done)


def time_for(given: GateInput) -> float:
    """The seconds that the matrix may take; where a first finding is enough, those that are given."""
    if given.first:
        return given.seconds
    cells = sum(asked.scene is not None for asked in matrix(given.model))
    return max(given.seconds, min(SECONDS_A_CELL * cells, MOST_SECONDS))


def verdict(done: Exercised) -> Verdict:
    """What the exercised matrix says. What disagrees fails it, however little was exercised."""
    left = [cell for cell in done.cells if not cell.requests]
    exercised = len(done.cells) - len(left)
    findings = list(done.findings)
    if not exercised and not any(cell.reason == OUT_OF_TIME for cell in left):
        findings.append(Finding(what="no cell of the matrix could be exercised"))
    figures: dict[str, int | float | str] = {
        "cells": len(done.cells),
        "exercised": exercised,
        "requests": done.requests,
        "cells that disagree": sum(not cell.agrees for cell in done.cells),
    }
    if left:
        named = [f"{cell.operation}: {cell.relation} ({cell.reason})" for cell in left]
        figures["not exercised"] = "; ".join(named)
    late = sum(cell.reason == OUT_OF_TIME for cell in left)
    told = f"{exercised} of {len(done.cells)} cells exercised"
    if late:
        figures["not exercised in time"] = late
        told += f", {late} left when the time was over"
    judged = found(findings, f"{told}, all as the rules say", figures)
    if not findings and exercised < LEAST_SHARE * (exercised + late):
        incomplete = f"incomplete: {told}; it takes {LEAST_SHARE:.0%} of those that have a scene"
        judged = msgspec.structs.replace(judged, status="not_run", summary=incomplete)
    return msgspec.structs.replace(judged, matrix=done.cells)
