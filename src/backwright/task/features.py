"""Feature folders `specs/<nnn-name>/` in the layout of GitHub Spec Kit: what people asked for.

Reads `spec.md`, `plan.md`, `tasks.md`, and which scenarios `acceptance.yaml` has. No file is trusted, and none of them
is needed: what is missing or cannot be read is a diagnostic.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from backwright.project import Project
from backwright.spec.diagnostics import Diagnostic, Place, SpecificationError, diagnose, register
from backwright.task import boxes, documents, prose, specified
from backwright.task.asked import (
    Box,
    Clarification,
    Feature,
    FileName,
    Requirement,
    Scenario,
    Stated,
    Story,
    WrittenScenario,
    story_id,
)
from backwright.task.clarifications import marks

__all__ = [
    "MISSING_FILE",
    "Box",
    "Clarification",
    "Feature",
    "Requirement",
    "Scenario",
    "Stated",
    "Story",
    "WrittenScenario",
    "every",
    "one",
    "read",
    "story_id",
]

UNREADABLE_ACCEPTANCE = register(
    "BW904",
    "An acceptance file cannot be read",
    "Scenarios that cannot be read cannot run: every requirement they cover is reported as not done.",
)
MISSING_FILE = register(
    "BW913",
    "A feature folder lacks a file",
    "What it would say is neither known nor asked: no spec.md asks for nothing, no tasks.md has no boxes to tick.",
)
SAME_ID = register(
    "BW914",
    "Two requirements or tasks of a feature have the same id",
    "Who says that FR-001 is done has to mean one of them; requirements are told apart by their stories alone.",
    "- **FR-001**: …\n- **FR-001**: …",
)
NO_FOLDER = register(
    "BW916",
    "This is no feature folder of the project",
    "Questions, boxes and the report are about the folders in specs/: another one would be acknowledged and ignored.",
    "backwright task ../elsewhere/specs/001-orders",
)

NAMES: tuple[FileName, ...] = ("spec.md", "plan.md", "tasks.md")
MOST_FOLDERS = 500


def every(project: Project) -> tuple[Feature, ...]:
    """Every feature folder of a project, by name."""
    if not project.features.is_dir():
        return ()
    folders = sorted(_folders(project))
    found = tuple(read(folder, project) for folder in folders[:MOST_FOLDERS])
    if len(folders) <= MOST_FOLDERS:
        return found
    message = f"there are more than {MOST_FOLDERS} feature folders"
    note = diagnose(documents.LIMIT, Place("specs", 1, 1), message, "Move what is finished elsewhere.")
    return (*found, Feature(name="…", title="more", folder="specs", diagnostics=(note,)))


def one(project: Project, folder: Path) -> Feature:
    """The feature in a folder that somebody named. Raises SpecificationError where it is none of the project's."""
    folder = Path(os.path.abspath(folder))  # noqa: PTH100  links stay as they are: where they lead is judged below
    place = project.features / folder.name
    if folder != place.absolute() and folder.resolve() != place.resolve():
        raise _no_folder(folder, "it does not lie in specs/")
    if not any(os.path.lexists(place / name) for name in NAMES):
        raise _no_folder(folder, f"it has none of {', '.join(NAMES)}")
    return read(place, project)


def read(folder: Path, project: Project) -> Feature:
    """One feature folder."""
    try:
        outside = not documents.inside(project, folder)
    except (OSError, RuntimeError):
        outside = True
    name = folder.name if folder.name.isprintable() else ascii(folder.name)
    at = f"specs/{name}"
    if outside or name != folder.name:
        return Feature(name=name, title=name, folder=at, diagnostics=(_not_read(at, outside),))
    files = {each: documents.read(project, folder, each) for each in NAMES}
    spec, plan, tasks = (prose.read(files[each]) for each in NAMES)
    asked, notes = specified.specified(spec, name)
    stated, left_open = specified.planned(plan)
    listed = tuple(islice(boxes.read(tasks), boxes.MOST))
    unclear = [*asked.clarifications, *left_open, *_left_open_in(tasks, listed)]
    too_many = tuple(specified.bounded(unclear, Place(f"{at}/spec.md", 1, 1)))
    scenarios, unreadable = _acceptance(project, folder)
    return Feature(
        name=name,
        title=asked.title,
        folder=at,
        sha256=hashlib.sha256(b"\0".join(files[each].data for each in NAMES)).hexdigest(),
        tasks_sha256=hashlib.sha256(files["tasks.md"].data).hexdigest(),
        stories=tuple(asked.stories),
        requirements=tuple(asked.requirements),
        written=_paired(tuple(asked.written), scenarios),
        diagnostics=(
            *spec.diagnostics,
            *plan.diagnostics,
            *tasks.diagnostics,
            *(_missing(files[each]) for each in NAMES if not files[each].there),
            *notes,
            *too_many,
            *specified.unfilled(listed),
            *prose.few(list(_same_ids(asked.requirements, listed))),
            *unreadable,
        ),
        clarifications=tuple(unclear),
        success_criteria=tuple(asked.criteria),
        edge_cases=tuple(asked.edges),
        entities=tuple(asked.entities),
        stated=stated,
        boxes=listed,
        scenarios=scenarios,
    )


def _folders(project: Project) -> Iterator[Path]:
    for folder in project.features.iterdir():
        if folder.is_dir() and any(os.path.lexists(folder / name) for name in (*NAMES, "acceptance.yaml")):
            yield folder


def _no_folder(folder: Path, why: str) -> SpecificationError:
    place = Place(folder.name, 1, 1)
    mend = "Name a folder such as specs/001-orders."
    return SpecificationError(
        [diagnose(NO_FOLDER, place, f"{folder.name} is no feature folder: {why}", mend)]
    )


def _not_read(at: str, outside: bool) -> Diagnostic:
    place = Place(at, 1, 1)
    if outside:
        mend = "Put the folder itself there."
        return diagnose(
            documents.LEADS_OUT, place, "the folder is a link that leads out of the project", mend
        )
    message = "the folder's name has characters that cannot be shown"
    return diagnose(documents.UNREADABLE, place, message, "Give it a plain name.")


def _missing(document: documents.Document) -> Diagnostic:
    message = f"there is no {document.file.rpartition('/')[2]}"
    return diagnose(MISSING_FILE, document.start, message, "Write it, or take it as said.", "warning")


def _left_open_in(tasks: prose.Prose, listed: tuple[Box, ...]) -> Iterator[Clarification]:
    """The marks of `tasks.md`: each is about the last box before it."""
    lines = [box.place.line for box in listed]
    for passage in tasks.passages:
        before = bisect_right(lines, passage.number)
        yield from marks(passage, "tasks.md", listed[before - 1].name if before else "")


def _same_ids(requirements: Iterable[Requirement], listed: Iterable[Box]) -> Iterator[Diagnostic]:
    told_apart = Counter((found.id, found.story) for found in requirements)
    stories = Counter(found.id for found in requirements)
    seen: set[str] = set()
    for found in requirements:
        if found.id in seen:
            apart = told_apart[found.id, found.story] == 1 and stories[found.id] > 1
            how = (
                "told apart by their stories" if apart else "covered by no scenario, since none can say which"
            )
            message = f"{found.id} is written twice; the two are {how}"
            yield diagnose(SAME_ID, found.place, message, "Give each an id of its own.", "warning")
        seen.add(found.id)
    ids = Counter(box.id for box in listed if box.id)
    for box in listed:
        if ids[box.id] > 1:
            message = f"{box.id} stands for {ids[box.id]} tasks"
            yield diagnose(SAME_ID, box.place, message, "Give each an id of its own.", "warning")


def _paired(
    written: tuple[WrittenScenario, ...], scenarios: tuple[Scenario, ...]
) -> tuple[WrittenScenario, ...]:
    """Each line with its executable twin: the one whose id it names (before it, or in brackets at its end),
    else the story's next in order."""
    named = {line.id for line in written if line.id}
    free = {story: [s.id for s in scenarios if s.story == story and s.id not in named] for story in
            {s.story for s in scenarios}}  # fmt: skip
    known = {scenario.id for scenario in scenarios}
    paired = []
    for line in written:
        if line.id:
            twin = line.id if line.id in known else ""
        else:
            twin = free[line.story].pop(0) if free.get(line.story) else ""
        paired.append(_with_twin(line, twin))
    return tuple(paired)


def _with_twin(line: WrittenScenario, twin: str) -> WrittenScenario:
    return WrittenScenario(text=line.text, story=line.story, id=line.id, scenario=twin, place=line.place)


def _acceptance(project: Project, folder: Path) -> tuple[tuple[Scenario, ...], tuple[Diagnostic, ...]]:
    file = documents.read(project, folder, "acceptance.yaml")
    if not file.there or file.diagnostics:
        return (), file.diagnostics
    try:
        found = YAML(typ="safe", pure=True).load(file.text)
    except (YAMLError, RecursionError, ValueError) as error:
        message = " ".join(str(error).split())
        return (), (diagnose(UNREADABLE_ACCEPTANCE, file.start, message, "Mend the YAML."),)
    if isinstance(found, dict):
        found = found.get("scenarios")
    if not isinstance(found, list):
        message = "the file is not a list of scenarios"
        return (), (diagnose(UNREADABLE_ACCEPTANCE, file.start, message, "Write a list of `- id: AC-1 …`."),)
    return tuple(_scenario(item) for item in found if isinstance(item, dict) and "id" in item), ()


def _scenario(item: dict[str, Any]) -> Scenario:
    covers = item.get("covers") or []
    return Scenario(
        id=str(item["id"]),
        title=str(item.get("title", "")),
        story=story_id(str(item.get("story", ""))),
        covers=tuple(str(c) for c in (covers if isinstance(covers, list) else [covers])),
    )
