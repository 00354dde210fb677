"""Tests of texts that careless code takes for something else: patterns, ends of literals, blanks to be cut off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from backwright.emit.testing.cases import Case, Test
from backwright.emit.testing.trial import Scene, Stage, Trial, tried
from backwright.emit.testing.values import Unfit
from backwright.expr.typed import Expression, Input
from backwright.expr.walk import nodes
from backwright.model.types import Create, Ensure, Find, ScalarType, Update, Upsert

TEXTS = ("string", "text")
COMPARED = (*TEXTS, "slug", "email")
"""Types of values by which people name things."""
Place = tuple[str, str]
"""Where a text stands: `params` or `body`, and its name there."""


def literal_tests(trial: Trial) -> Iterator[Test]:
    """The tests of what one operation compares and stores."""
    yield from _compared(trial)
    yield from _stored(trial)


def _compared(trial: Trial) -> Iterator[Test]:
    """A text by which a row is looked for is no pattern, and does not end where it has a quotation mark."""
    for source, name in dict.fromkeys(_looked_for(trial.scene)):
        scene = _there(trial, name)
        value = (scene.params if source == "params" else scene.body or {}).get(name)
        if not isinstance(value, str) or len(value) < 2:
            continue
        stage, asked = Stage(scene.world), []
        for texts in ((f"_{value[1:]}", f"{value[:-1]}_"), (f"{value[0]}'{value[1:]}",)):
            scenes = (_instead(scene, source, name, text) for text in texts)
            asked += [stage.send(made) for made in islice(filter(_is_compared, scenes), 1)]
        if asked:
            yield Case(f"takes_the_{name}_literally", asked, "It is compared as it is", is_telling=True)


def _instead(scene: Scene, source: str, name: str, text: str) -> Scene:
    made = scene.copy()
    given = made.params if source == "params" else made.body
    assert given is not None
    given[name] = text
    return made


def _is_compared(scene: Scene) -> bool:
    """Whether the text is not refused before anything is looked for."""
    failure = tried(scene).failure
    return failure is None or failure.category != "invalid"


def _looked_for(scene: Scene) -> Iterator[Place]:
    """The texts of path and body that steps look for rows by."""
    for parameter in scene.operation.path_parameters:
        if parameter.type.scalar in COMPARED:
            yield "params", parameter.name
    for step in scene.operation.steps:
        if isinstance(step, Find):
            yield from _inputs(scene, step.where.meaning)
        elif isinstance(step, Ensure | Upsert):
            for each in step.values:
                if each.field in step.by:
                    yield from _inputs(scene, each.value.meaning)


def _inputs(scene: Scene, expression: Expression) -> Iterator[Place]:
    body = scene.operation.body
    kinds = {} if body is None else {field.name: field.type for field in body.fields}
    for node in nodes(expression):
        kind = kinds.get(node.name) if isinstance(node, Input) and node.source == "body" else None
        if isinstance(node, Input) and isinstance(kind, ScalarType) and kind.scalar in COMPARED:
            yield "body", node.name


def _there(trial: Trial, name: str) -> Scene:
    """The scene with the row that is looked for, where the operation would make it."""
    for step in trial.scene.operation.steps:
        if isinstance(step, Ensure | Upsert) and any(
            isinstance(node, Input) and node.name == name
            for each in step.values
            if each.field in step.by
            for node in nodes(each.value.meaning)
        ):
            made = trial.scene.copy()
            for row in trial.rows[step.entity]:
                try:
                    made.world.add(step.entity, {field: row[field] for field in step.by})
                except Unfit:
                    continue
                return made if made.world.is_sound() else trial.scene
    return trial.scene


def _stored(trial: Trial) -> Iterator[Test]:
    """Blanks around a text, and what other languages read in it, are stored and shown as they were sent."""
    scene, body = trial.scene, trial.scene.operation.body
    writes = any(isinstance(step, Create | Update | Ensure | Upsert) for step in scene.operation.steps)
    if body is None or body.media != "json" or not writes:
        return
    odd = {
        field.name: f" {sent} & 100 %'s \\n "
        for field in body.fields
        if isinstance(field.type, ScalarType)
        and field.type.scalar in TEXTS
        and isinstance(sent := (scene.body or {}).get(field.name), str)
    }
    answer = _with(scene, odd)
    if odd and not answer.succeeded:
        odd = {name: text for name, text in odd.items() if _with(scene, {name: text}).succeeded}
        answer = _with(scene, odd)
    if odd and answer.succeeded:
        yield Case("keeps_texts_as_they_are", [answer], "Blanks and signs mean nothing", is_telling=True)


def _with(scene: Scene, texts: dict[str, str]) -> Trial:
    made = scene.copy()
    made.body = {**(scene.body or {}), **texts}
    return tried(made)
