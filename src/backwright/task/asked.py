"""What a feature folder asks for, as values. Nothing here judges: it says what is written, and where."""

from __future__ import annotations

import re
from typing import Literal as OneOf

import msgspec

from backwright.spec.diagnostics import Diagnostic, Place
from backwright.task.events import Role

FileName = OneOf["spec.md", "plan.md", "tasks.md"]


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
    """A `[NEEDS CLARIFICATION: …]` mark.

    `about` is the requirement or task that it stands in, `story` the story of that requirement, `role` whom it names.
    """

    text: str
    file: FileName = "spec.md"
    about: str = ""
    story: str = ""
    role: Role | None = None
    place: Place


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """A `**Name**: value` line of `plan.md`."""

    name: str
    value: str
    place: Place


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A checkbox of `tasks.md`: `T010` (or empty), the story it serves, and whether it is ticked.

    `offset` is where its mark stands in the text of the file; `cut` says that its text is longer than is read.
    """

    id: str
    text: str
    story: str = ""
    done: bool = False
    place: Place
    offset: int
    cut: bool = False

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.id or f"line {self.place.line}"


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One executable scenario of `acceptance.yaml`: what it is called and what it covers."""

    id: str
    title: str = ""
    story: str = ""
    covers: tuple[str, ...] = ()


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One feature folder. `sha256` is the digest of its three files, `tasks_sha256` that of `tasks.md` alone."""

    name: str
    title: str
    folder: str
    sha256: str = ""
    tasks_sha256: str = ""
    stories: tuple[Story, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    written: tuple[WrittenScenario, ...] = ()
    clarifications: tuple[Clarification, ...] = ()
    success_criteria: tuple[str, ...] = ()
    edge_cases: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    stated: tuple[Stated, ...] = ()
    boxes: tuple[Box, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    def covering(self, requirement: Requirement) -> tuple[Scenario, ...]:
        """The scenarios that say they cover a requirement.

        Where several stories have a requirement of that id, they are told apart by the scenario's story; what cannot be
        told apart is covered by none.
        """
        found = tuple(scenario for scenario in self.scenarios if requirement.id in scenario.covers)
        same = self.named(requirement.id)
        if len(same) < 2:
            return found
        if sum(other.story == requirement.story for other in same) > 1:
            return ()
        return tuple(scenario for scenario in found if scenario.story == requirement.story)

    def named(self, requirement: str) -> tuple[Requirement, ...]:
        """The requirements of that id: some teams number them anew in each story."""
        return tuple(found for found in self.requirements if found.id == requirement)

    def subject(self, requirement: Requirement) -> str:
        """What questions and decisions about a requirement are filed under."""
        same = self.named(requirement.id)
        if len(same) < 2:
            return f"{self.name}/{requirement.id}"
        alike = [other for other in same if other.story == requirement.story]
        number = f"#{1 + alike.index(requirement)}" if len(alike) > 1 else ""
        return f"{self.name}/{requirement.story}/{requirement.id}{number}"


def story_id(text: str) -> str:
    """`US1`, `us-1` and `US-001` are all `US-1`."""
    number = re.search(r"\d+", text)
    return f"US-{int(number[0])}" if number else text.strip()
