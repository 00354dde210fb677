"""Feature folders `specs/<nnn-name>/` in the layout of GitHub Spec Kit: what people asked for.

Reads `spec.md` (stories, requirements, Given/When/Then lines, open clarifications), `plan.md`, the boxes of
`tasks.md`, and which scenarios `acceptance.yaml` has. Nothing here judges: it says what is written, where.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from backwright.project import Project
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register, relative_to_project

UNREADABLE_ACCEPTANCE = register(
    "BW904",
    "An acceptance file cannot be read",
    "Scenarios that cannot be read cannot run: every requirement they cover is reported as not done.",
)

_STORY = re.compile(
    r"^#{2,4}\s+(?:User\s+Story|Story|US)[\s-]*(?P<number>\d+)\s*[-–—:.]?\s*(?P<title>.*?)\s*"
    r"(?:\(\s*Priority:?\s*(?P<priority>P?\d+)\s*\))?(?:\s*🎯.*)?$",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*$")
_REQUIREMENT = re.compile(
    r"^\s*[-*+]\s+\*{0,2}(?P<id>(?:FR|NFR)-\d+[a-z]?)\*{0,2}\s*:?\*{0,2}\s*:?\s*(?P<text>.+)$"
)
_CRITERION = re.compile(r"^\s*[-*+]\s+\*{0,2}(?P<id>SC-\d+)\*{0,2}\s*:?\*{0,2}\s*:?\s*(?P<text>.+)$")
_GIVEN = re.compile(
    r"^\s*(?:[-*+]|\d+[.)])?\s*(?:\*{0,2}(?P<id>AC-\d+)\*{0,2}\s*:?\s*)?\*{0,2}Given\*{0,2}\b", re.IGNORECASE
)
_NAMED = re.compile(r"\((?P<id>AC-\d+)\)\s*\.?\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?P<text>.+)$")
_UNCLEAR = re.compile(r"\[NEEDS CLARIFICATION:?\s*(?P<text>[^\]]*)\]", re.IGNORECASE)
_TASK = re.compile(r"^(?P<head>\s*[-*+]\s+\[)(?P<mark>[ xX])(?P<tail>\]\s+(?P<id>T\d+)\b(?P<text>.*))$")
_TASK_STORY = re.compile(r"\[\s*(US-?\d+)\s*\]", re.IGNORECASE)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A user story: `US-1`, its title and its priority (`P1`, or empty)."""

    id: str
    title: str
    priority: str = ""
    place: Place


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """A functional (FR) or other (NFR) requirement; `story` is the story it is listed under, if any."""

    id: str
    text: str
    story: str = ""
    place: Place


class WrittenScenario(msgspec.Struct, frozen=True, kw_only=True):
    """A Given/When/Then line of `spec.md`. `scenario` is the executable twin's id, or empty without one."""

    text: str
    story: str = ""
    id: str = ""
    scenario: str = ""
    place: Place


class Clarification(msgspec.Struct, frozen=True, kw_only=True):
    """A `[NEEDS CLARIFICATION: …]` mark."""

    text: str
    place: Place


class TaskLine(msgspec.Struct, frozen=True, kw_only=True):
    """A checkbox of `tasks.md`: `T010`, the story it serves, and whether it is ticked."""

    id: str
    text: str
    story: str = ""
    done: bool = False


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One executable scenario of `acceptance.yaml`: what it is called and what it covers."""

    id: str
    title: str = ""
    story: str = ""
    covers: tuple[str, ...] = ()


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One feature folder."""

    name: str
    title: str
    folder: str
    stories: tuple[Story, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    written: tuple[WrittenScenario, ...] = ()
    clarifications: tuple[Clarification, ...] = ()
    success_criteria: tuple[str, ...] = ()
    edge_cases: tuple[str, ...] = ()
    plan: str = ""
    tasks: tuple[TaskLine, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    def covering(self, requirement: str) -> tuple[Scenario, ...]:
        """The scenarios that say they cover a requirement."""
        return tuple(scenario for scenario in self.scenarios if requirement in scenario.covers)


def every(project: Project) -> tuple[Feature, ...]:
    """Every feature folder of a project, by name."""
    if not project.features.is_dir():
        return ()
    folders = sorted(folder for folder in project.features.iterdir() if folder.is_dir())
    return tuple(read(folder, project) for folder in folders if (folder / "spec.md").exists())


def read(folder: Path, project: Project) -> Feature:
    """One feature folder."""
    spec = folder / "spec.md"
    feature = parse(_text(spec), relative_to_project(spec, project.root), folder.name)
    scenarios, diagnostics = _acceptance(folder / "acceptance.yaml", project)
    return msgspec.structs.replace(
        feature,
        folder=relative_to_project(folder, project.root),
        plan=_text(folder / "plan.md"),
        tasks=tuple(task_lines(_text(folder / "tasks.md"))),
        scenarios=scenarios,
        written=_paired(feature.written, scenarios),
        diagnostics=diagnostics,
    )


def parse(text: str, file: str, name: str) -> Feature:
    """What a `spec.md` says."""
    title, story, section = name, "", ""
    stories: list[Story] = []
    requirements: list[Requirement] = []
    written: list[WrittenScenario] = []
    unclear: list[Clarification] = []
    criteria: list[str] = []
    edges: list[str] = []
    for number, line in _joined(text):
        place = Place(file, number, len(line) - len(line.lstrip()) + 1)
        unclear += [Clarification(text=m["text"].strip(), place=place) for m in _UNCLEAR.finditer(line)]
        if found := _STORY.match(line):
            story, section = f"US-{int(found['number'])}", ""
            priority = found["priority"] or ""
            stories.append(Story(id=story, title=found["title"], priority=priority, place=place))
        elif heading := _HEADING.match(line):
            section = heading["text"].lower()
            if line.startswith("# "):
                title = re.sub(r"^Feature Specification:\s*", "", heading["text"], flags=re.IGNORECASE)
            if line.startswith(("# ", "## ")):
                story = ""
        elif found := _REQUIREMENT.match(line):
            requirements.append(
                Requirement(id=found["id"], text=found["text"].strip(), story=story, place=place)
            )
        elif found := _CRITERION.match(line):
            criteria.append(f"{found['id']}: {found['text'].strip()}")
        elif found := _GIVEN.match(line):
            words = re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", line).replace("**", "")
            named = found["id"] or ((last := _NAMED.search(words)) and last["id"]) or ""
            written.append(WrittenScenario(text=words, story=story, id=named, place=place))
        elif line.strip().lower().strip("*:# ") == "edge cases":
            section = "edge cases"
        elif line.strip().startswith("**"):
            section = "" if section == "edge cases" else section
        elif "edge case" in section and (found := _BULLET.match(line)):
            edges.append(found["text"].strip())
    return Feature(
        name=name,
        title=title,
        folder="",
        stories=tuple(stories),
        requirements=tuple(requirements),
        written=tuple(written),
        clarifications=tuple(unclear),
        success_criteria=tuple(criteria),
        edge_cases=tuple(edges),
    )


def task_lines(text: str) -> Iterator[TaskLine]:
    """The checkboxes of a `tasks.md`."""
    for line in text.split("\n"):
        if found := _TASK.match(line):
            story = _TASK_STORY.search(found["text"])
            yield TaskLine(
                id=found["id"],
                text=re.sub(r"\[(?:P|US-?\d+)\]\s*", "", found["text"]).strip(),
                story=story_id(story[1]) if story else "",
                done=found["mark"] != " ",
            )


def ticked(text: str, finished: Iterable[str]) -> str:
    """`tasks.md` with the boxes of finished stories ticked and those of unfinished stories open.

    Only a computed result ticks a box; a task that serves no story has none and is left as it is.
    """
    done = set(finished)
    lines = []
    for line in text.split("\n"):
        found = _TASK.match(line)
        story = _TASK_STORY.search(found["text"]) if found else None
        if found and story:
            mark = "x" if story_id(story[1]) in done else " "
            line = f"{found['head']}{mark}{found['tail']}"  # noqa: PLW2901
        lines.append(line)
    return "\n".join(lines)


def tick(project: Project, feature: Feature, finished: Iterable[str]) -> bool:
    """Brings the boxes of a feature's `tasks.md` in line with its finished stories. True when any changed."""
    file = project.root / feature.folder / "tasks.md"
    old = _text(file)
    new = ticked(old, finished)
    if new != old:
        file.write_text(new, encoding="utf-8")
    return new != old


def story_id(text: str) -> str:
    """`US1`, `us-1` and `US-001` are all `US-1`."""
    number = re.search(r"\d+", text)
    return f"US-{int(number[0])}" if number else text.strip()


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; a line's indented continuation belongs to it. Comments are left out."""
    text = re.sub(r"<!--.*?-->", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    held: tuple[int, str] | None = None
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        continues = (
            line[:1].isspace() and line.strip() and not _BULLET.match(line) and not _HEADING.match(line)
        )
        if held and continues and held[1].strip():
            held = (held[0], f"{held[1]} {line.strip()}")
            continue
        if held:
            yield held
        held = (number, line)
    if held:
        yield held


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
        paired.append(msgspec.structs.replace(line, scenario=twin))
    return tuple(paired)


def _acceptance(file: Path, project: Project) -> tuple[tuple[Scenario, ...], tuple[Diagnostic, ...]]:
    if not file.exists():
        return (), ()
    place = Place(relative_to_project(file, project.root), 1, 1)
    try:
        found = YAML(typ="safe", pure=True).load(_text(file))
    except YAMLError as error:
        message = " ".join(str(error).split())
        return (), (diagnose(UNREADABLE_ACCEPTANCE, place, message, "Mend the YAML."),)
    if isinstance(found, dict):
        found = found.get("scenarios")
    if not isinstance(found, list):
        message = "the file is not a list of scenarios"
        return (), (diagnose(UNREADABLE_ACCEPTANCE, place, message, "Write a list of `- id: AC-1 …`."),)
    return tuple(_scenario(item) for item in found if isinstance(item, dict) and "id" in item), ()


def _scenario(item: dict[str, Any]) -> Scenario:
    covers = item.get("covers") or ()
    return Scenario(
        id=str(item["id"]),
        title=str(item.get("title", "")),
        story=story_id(str(item.get("story", ""))),
        covers=tuple(str(c) for c in (covers if isinstance(covers, list) else [covers])),
    )


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""
