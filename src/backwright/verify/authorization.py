"""Exercises the authorization matrix: every cell is played on the reference and on the backend, and compared."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec

from backwright.emit.testing.cases import content
from backwright.emit.testing.trial import Scene
from backwright.model.types import Model
from backwright.verify.compare import Seen
from backwright.verify.matrix import Asked, matrix
from backwright.verify.results import Cell, Finding
from backwright.verify.staged import Played, Staging, Unstorable
from backwright.verify.staged_script import staged_script

OUT_OF_TIME = "the time was over"


class Exercised(msgspec.Struct, frozen=True):
    """The matrix as it was found, and what is wrong with the backend."""

    cells: tuple[Cell, ...]
    findings: tuple[Finding, ...]
    requests: int


def exercise(model: Model, staging: Staging, seconds: float) -> Exercised:
    """Every cell of the model, as long as there is time; to find the scenes takes none of it."""
    searched = matrix(model)
    deadline = time.monotonic() + seconds
    cells: list[Cell] = []
    findings: list[Finding] = []
    known: dict[str, Played] = {}
    for asked in searched:
        if time.monotonic() > deadline:
            cells.append(_cell(asked, reason=OUT_OF_TIME))
            continue
        cell, wrong = _exercised(asked, model, staging, known)
        cells.append(cell)
        findings += [each for each in wrong if all(each.what != other.what for other in findings)]
    return Exercised(tuple(cells), tuple(findings), staging.requests)


def _exercised(
    asked: Asked, model: Model, staging: Staging, known: dict[str, Played]
) -> tuple[Cell, list[Finding]]:
    if asked.scene is None:
        return _cell(asked, reason=asked.reason), []
    try:
        played = _played(asked.scene, staging, known)
        other = None if asked.missing is None else _played(asked.missing, staging, known)
    except Unstorable as error:
        return _cell(asked, reason=str(error)), []
    differences = list(played.differences)
    if other is not None and not differences:
        differences += list(_given_away(played, other, asked))
    cell = msgspec.structs.replace(
        _cell(asked),
        expected=played.expected.status,
        observed=None if played.observed is None else played.observed.status,
        requests=1 if other is None else 2,
        agrees=not differences,
    )
    if not differences:
        return cell, []
    who = f"{asked.operation} by {asked.caller or 'nobody'}"
    what = f"{who}, {asked.relation}: {'; '.join(differences)}"
    finding = Finding(what=what, where=asked.place, replay=staged_script(played, model, what))
    return cell, [finding]


def _played(scene: Scene, staging: Staging, known: dict[str, Played]) -> Played:
    """What came of a scene; scenes that are the same in all but name are played once."""
    key = scene.operation.name + content(scene)
    if key not in known:
        known[key] = staging.play(scene)
    return known[key]


def _given_away(hidden: Played, missing: Played, asked: Asked) -> Iterator[str]:
    """How the answer about a row that may not be read differs from that about one that is not there."""
    if hidden.expected.status != 404 or missing.expected.status != 404:
        return
    one, two = hidden.observed, missing.observed
    if one is None or two is None or asked.scene is None or asked.missing is None:
        return
    if one.status != two.status:
        yield f"a hidden row is answered {one.status}, a missing one {two.status}"
    elif _neutral(one, hidden.sent.path) != _neutral(two, missing.sent.path):
        yield "the answer about a hidden row differs from that about a missing one: it gives away that there is one"


def _neutral(seen: Seen, path: str) -> bytes:
    """A body without the parts of the path that it may repeat."""
    body = seen.content
    for part in sorted(path.split("/"), key=len, reverse=True):
        if part:
            body = body.replace(part.encode(), b"*")
    return body


def _cell(asked: Asked, reason: str = "") -> Cell:
    return Cell(
        operation=asked.operation,
        caller=asked.caller,
        relation=asked.relation,
        rule=asked.rule,
        place=asked.place,
        field=asked.field,
        reason=reason,
    )
