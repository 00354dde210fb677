"""`spec.md` and `plan.md` of a feature folder: stories, requirements, scenarios in words, what a plan states."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.task.asked import Box, Clarification, FileName, Requirement, Stated, Story, WrittenScenario
from backwright.task.clarifications import marks
from backwright.task.documents import LIMIT
from backwright.task.prose import BULLET, HEADING, Passage, Prose, few, outside_code

PLACEHOLDER = register(
    "BW909",
    "A place of the template is not filled in",
    "It asks for nothing: the line is not read as a story, requirement or scenario.",
    "- **FR-001**: System MUST [specific capability, e.g., …]",
)

IDENTITY = r"(?:FR|NFR)-(?:[A-Z]{2,12}-)?\d{1,6}(?:\.\d{1,3})*[a-z]?"
"""The form of a requirement's id."""
MOST = 2000
"""Requirements, scenarios or stories of one feature that are read."""
MOST_MARKS = 200
"""Clarifications of one feature that are asked."""

_STORY = re.compile(r"^#{2,4} (?:User Story|Story|US)[ -]*(?P<number>\d{1,6})(?P<title>.*)$", re.IGNORECASE)
_UNDERLINED = re.compile(r"^(?P<title>[^\s].{0,200}?) ={3,}$")
_PRIORITY = re.compile(r"\(\s*Priority\s*:?\s*(?P<priority>P?\d+)\s*\)", re.IGNORECASE)
_LISTED = r"^(?:(?:[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?[*_~`]{0,3}|#{1,6}\s+[*_`]{0,3}|[*_]{2})"
_ENDS = r"[*_`]{0,3}(?:\s*\([^()]{0,60}\))?\s*[*_]{0,3}\s*[:–—-]?\s*[*_]{0,3}\s*[:–—-]?\s*(?P<text>.*)$"
_REQUIREMENT = re.compile(rf"{_LISTED}(?P<id>{IDENTITY}){_ENDS}")
_ROW = re.compile(rf"^\|\s*[*_`]{{0,3}}(?P<id>{IDENTITY})[*_`]{{0,3}}\s*\|(?P<text>[^|]*)")
_CRITERION = re.compile(rf"{_LISTED}(?P<id>SC-\d{{1,6}}){_ENDS}")
_ENTITY = re.compile(r"^[-*+]\s+\*\*(?P<name>[^*]{1,80}?):?\*\*")
_GIVEN = re.compile(
    r"^(?:(?:[-*+]|\d{1,9}[.)])\s+)?(?:\*{0,2}(?P<id>AC-\d+)\*{0,2}\s*:?\s*)?\*{0,2}Given\*{0,2}\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\((?P<id>AC-\d+)\)\s*\.?$")
_STATED = re.compile(r"^(?:[-*+]\s+)?\*\*(?P<name>[^*]{1,80}?):?\*\*:?\s*(?P<value>.+)$")
_TEMPLATE = re.compile(
    r"\[(?:feature name|###-[^\]]*|brief title|describe this[^\]]*|explain the[^\]]*|initial state|expected outcome"
    r"|specific (?:capability|action|value)[^\]]*|key interaction[^\]]*|data requirement[^\]]*|behaviou?r, e\.g\.[^\]]*"
    r"|boundary condition|error scenario|entity ?\d+|what it represents[^\]]*|add more [^\]]*"
    r"|(?:measurable|performance|user satisfaction|business) metric[^\]]*)\](?![(\[:])",
    re.IGNORECASE,
)
_TEMPLATE_VALUE = re.compile(
    r"^\[(?:e\.g\.|if applicable|domain-specific|single/web|date|link|###)", re.IGNORECASE
)
_TEMPLATE_TASK = re.compile(
    r"\[(?:entity ?\d*|service|endpoint(?:/feature)?|user journey|language|framework|location|title)\](?![(\[:])",
    re.IGNORECASE,
)


class Specified:
    """What is found in `spec.md`, passage after passage."""

    def __init__(self, name: str) -> None:
        self.title = name
        self.stories: list[Story] = []
        self.requirements: list[Requirement] = []
        self.written: list[WrittenScenario] = []
        self.criteria: list[str] = []
        self.edges: list[str] = []
        self.entities: list[str] = []
        self.clarifications: list[Clarification] = []
        self._story = ""
        self._section = ""
        self._titled = False
        self._known: set[tuple[str, str, str]] = set()

    def read(self, prose: Prose) -> None:
        for passage in prose.passages:
            if _TEMPLATE.search(outside_code(passage.text)):
                about = ""
            elif HEADING.match(passage.text):
                about = self._heading(passage)
            else:
                about = self._line(passage)
            if len(self.clarifications) <= MOST_MARKS:
                self.clarifications += marks(passage, "spec.md", about, self._story if about else "")

    def _heading(self, passage: Passage) -> str:
        text = " ".join(passage.text.split())
        level = len(text) - len(text.lstrip("#"))
        words = text[level:].strip(" #*")
        if found := _STORY.match(text):
            self._story, self._section = f"US-{int(found['number'])}", ""
            priority = _PRIORITY.search(found["title"])
            title = _PRIORITY.split(found["title"])[0].partition("🎯")[0]
            self.stories.append(
                Story(
                    id=self._story,
                    title=title.strip(" -–—:.*"),
                    priority=priority["priority"] if priority else "",
                    place=passage.place,
                )
            )
            return ""
        if level <= 2:
            self._story = ""
        if level == 1 and words and not self._titled:
            self.title = re.sub(r"^Feature Specification:\s*", "", words, flags=re.IGNORECASE) or self.title
            self._titled = True
        self._section = words.lower()
        return self._required(passage)

    def _line(self, passage: Passage) -> str:
        text = passage.text
        bullet = BULLET.match(text)
        if about := self._required(passage):
            return about
        if not self._titled and (under := _UNDERLINED.match(text)):
            self.title, self._titled = under["title"], True
        elif found := _CRITERION.match(text):
            self.criteria.append(f"{found['id']}: {found['text'].strip()}")
        elif found := _GIVEN.match(text):
            words = text[bullet.end() if bullet else 0 :].replace("**", "")
            named = found["id"] or ((last := _NAMED.search(words)) and last["id"]) or ""
            self.written.append(WrittenScenario(text=words, story=self._story, id=named, place=passage.place))
        elif text.lower().strip("*: ") == "edge cases":
            self._section = "edge cases"
        elif text.startswith("**") and "edge case" in self._section:
            self._section = ""
        elif bullet and "edge case" in self._section:
            self.edges.append(text[bullet.end() :].strip())
        elif "entities" in self._section and (found := _ENTITY.match(text)):
            self.entities.append(found["name"].strip())
        return ""

    def _required(self, passage: Passage) -> str:
        """The id of the requirement that a passage states, or nothing."""
        found = _REQUIREMENT.match(passage.text) or _ROW.match(passage.text)
        if not found:
            return ""
        new = Requirement(id=found["id"], text=found["text"].strip(), story=self._story, place=passage.place)
        same = (new.id, new.text, new.story)
        if same not in self._known:
            self._known.add(same)
            self.requirements.append(new)
        return new.id


def specified(prose: Prose, name: str) -> tuple[Specified, tuple[Diagnostic, ...]]:
    """What a `spec.md` asks for, and what of it cannot be taken as it stands."""
    notes = _left_to_fill(prose)
    found = Specified(name)
    found.read(prose)
    notes += _bounded(found.stories, "stories", prose.file)
    notes += _bounded(found.requirements, "requirements", prose.file)
    notes += _bounded(found.written, "scenarios", prose.file)
    return found, tuple(notes)


def planned(prose: Prose, file: FileName = "plan.md") -> tuple[tuple[Stated, ...], tuple[Clarification, ...]]:
    """What a `plan.md` states, and what it leaves open."""
    stated: list[Stated] = []
    unclear: list[Clarification] = []
    for passage in prose.passages:
        unclear += marks(passage, file) if len(unclear) <= MOST_MARKS else ()
        if (found := _STATED.match(passage.text)) and not _TEMPLATE_VALUE.match(found["value"]):
            stated.append(
                Stated(name=found["name"].strip(), value=found["value"].strip(), place=passage.place)
            )
    return tuple(stated), tuple(unclear)


def unfilled(boxes: Iterable[Box]) -> list[Diagnostic]:
    """The tasks that are still the template's."""
    return few(
        [_unfilled(found[0], box.place) for box in boxes if (found := _TEMPLATE_TASK.search(box.text))]
    )


def bounded(unclear: list[Clarification], place: Place) -> Iterator[Diagnostic]:
    """Says so where a feature leaves more open than is asked; the rest is cut off."""
    if len(unclear) > MOST_MARKS:
        message = f"more than {MOST_MARKS} places are left open; the first {MOST_MARKS} are asked"
        yield diagnose(LIMIT, place, message, "Clarify the first ones, or split the feature.")
        del unclear[MOST_MARKS:]


def _left_to_fill(prose: Prose) -> list[Diagnostic]:
    """The passages that are still the template's."""
    return few(
        [
            _unfilled(found[0], passage.at(found.start()))
            for passage in prose.passages
            if (found := _TEMPLATE.search(outside_code(passage.text)))
        ]
    )


def _unfilled(words: str, place: Place) -> Diagnostic:
    message = f"`{words[:60]}` is still the template's"
    mend = "Write what is meant, or take the line out."
    return diagnose(PLACEHOLDER, place, message, mend, "warning")


def _bounded(
    found: list[Story] | list[Requirement] | list[WrittenScenario], what: str, file: str
) -> list[Diagnostic]:
    if len(found) <= MOST:
        return []
    place = found[MOST].place
    del found[MOST:]
    message = f"the file has more than {MOST} {what}"
    return [diagnose(LIMIT, Place(file, place.line, 1), message, "Split the feature.")]
