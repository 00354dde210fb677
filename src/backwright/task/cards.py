"""Task cards: one Markdown file per task (`BE-001.md`), in whatever shape the team keeps them.

Fields are found in YAML front matter, in `**Field**: value` lines, in a two-column table, or as headings with
their text below. What is missing is named; a card never stops the work by its form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from backwright.project import Project
from backwright.spec.diagnostics import (
    Diagnostic,
    Place,
    SpecificationError,
    diagnose,
    register,
    relative_to_project,
)
from backwright.task.asked import Feature

MISSING_FIELD = register(
    "BW901",
    "A task card lacks a field",
    "What a card does not say is asked or assumed; an assumption that nobody sees is a silent decision.",
    "A card without acceptance criteria.",
)
UNREADABLE_CARD = register(
    "BW902",
    "A task card cannot be read",
    "Without its card a task has no name, no scope and no one to report to.",
)
UNKNOWN_TASK = register(
    "BW903",
    "There is no card for this task",
    "Work is acknowledged, questioned and reported against a card, so the card has to exist first.",
)

FIELDS = {
    "id": ("id", "task id", "task", "card", "ticket"),
    "name": ("name", "title", "task name", "summary"),
    "requirement": ("requirement reference", "requirement", "requirements", "requirement references",
                    "reference", "references", "prd", "spec", "specification"),
    "description": ("description", "details", "context", "what"),
    "criteria": ("acceptance criteria", "acceptance", "criteria", "definition of done", "done when"),
    "dependencies": ("dependencies", "depends on", "dependency", "blocked by", "requires"),
    "hand_over": ("hand-over", "hand over", "handover", "hand-over to", "hand over to", "hands over to",
                  "handover to", "needed by", "dependents", "dependent tasks", "blocks", "unblocks"),
    "estimate": ("estimate", "estimated effort", "effort", "size", "story points", "estimation"),
    "priority": ("priority", "severity", "importance"),
}  # fmt: skip
TITLES = {
    "id": "id",
    "name": "name",
    "requirement": "requirement reference",
    "description": "description",
    "criteria": "acceptance criteria",
    "dependencies": "dependencies",
    "estimate": "estimate",
    "priority": "priority",
}
_FIELD_OF = {alias: field for field, aliases in FIELDS.items() for alias in aliases}
_PROSE = ("description", "criteria")
_PLACEHOLDER = re.compile(r"^(tbd|tba|todo|n/?a|\?+|-+|\[.*\]|<.*>|…|\.\.\.)?$", re.IGNORECASE)
# Ids of requirements, stories, scenarios and decision records have the same form and are no tasks.
_ID = re.compile(r"\b(?!(?:FR|NFR|SC|AC|US|ADR|RFC)-)[A-Z]{2,5}-\d+\b")
_BOLD_LINE = re.compile(r"^\s*(?:[-*+]\s+)?\*\*(?P<name>[^*:]+?)\s*:?\*\*\s*:?\s*(?P<value>.*)$")
_HEADING = re.compile(r"^(#{1,6})\s+(?P<text>.*?)\s*#*\s*$")
_ROW = re.compile(r"^\s*\|(?P<cells>.*)\|\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[(?P<mark>[ xX])\]\s+)?(?P<text>.+)$")


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One task as its card describes it. An empty value means that the card does not say.

    `hand_over` are the tasks that go on with what comes of this one. Not every task has any: it is missed by nobody.
    """

    file: str
    sha256: str
    id: str
    name: str = ""
    requirement: str = ""
    description: str = ""
    criteria: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    hand_over: tuple[str, ...] = ()
    estimate: str = ""
    priority: str = ""
    missing: tuple[str, ...] = ()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """One warning for each field that the card lacks."""
        return tuple(
            diagnose(
                MISSING_FIELD,
                Place(self.file, 1, 1),
                f"the card of {self.id} does not say its {name}",
                f"Add a line `**{name.capitalize()}**: …` or a heading of that name.",
                "warning",
            )
            for name in self.missing
        )


def read(path: Path, project: Project) -> Card:
    """The card in a file. Raises SpecificationError (BW902) when the file is not readable text."""
    file = relative_to_project(path, project.root)
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        problem = diagnose(
            UNREADABLE_CARD, Place(file, 1, 1), f"the card cannot be read: {error}", "Store it as UTF-8."
        )
        raise SpecificationError([problem]) from error
    return parse(text, file=file, sha256=hashlib.sha256(data).hexdigest())


def parse(text: str, *, file: str, sha256: str = "") -> Card:
    """The card in a Markdown text."""
    found = _fields(text)
    identity = _first_id(found.get("id", "")) or _first_id(Path(file).stem) or found.get("id", "")
    values = {
        "id": identity,
        "name": found.get("name", ""),
        "requirement": _one_line(found.get("requirement", "")),
        "description": found.get("description", "").strip(),
        "criteria": tuple(_items(found.get("criteria", ""))),
        "dependencies": tuple(_listed(found.get("dependencies", ""))),
        "hand_over": tuple(_listed(found.get("hand_over", ""))),
        "estimate": _one_line(found.get("estimate", "")),
        "priority": _one_line(found.get("priority", "")),
    }
    # "Dependencies: none" is an answer, and an absent field is not.
    said = {"dependencies"} if found.get("dependencies", "").strip() else set()
    missing = tuple(title for field, title in TITLES.items() if not values[field] and field not in said)
    values["id"] = values["id"] or Path(file).stem
    return msgspec.convert({**values, "file": file, "sha256": sha256, "missing": missing}, Card)


def of_feature(feature: Feature) -> Card:
    """A feature folder as a card: what it asks for is its name, and its scenarios in words are how it is judged."""
    return Card(
        file=feature.folder,
        sha256=feature.sha256,
        id=feature.name,
        name=feature.title,
        requirement=", ".join(dict.fromkeys(requirement.id for requirement in feature.requirements)),
        criteria=(*(line.text for line in feature.written), *feature.success_criteria),
    )


def every(project: Project) -> list[Card]:
    """The cards of a project: files named by a task id, such as `BE-001.md`, anywhere in it."""
    return [read(path, project) for path in _files(project.root) if _ID.match(path.stem)]


def find(project: Project, task: str) -> Card:
    """The card of a task id. Raises SpecificationError (BW903) when there is none."""
    cards = every(project)
    for card in cards:
        if card.id.lower() == task.lower():
            return card
    known = ", ".join(card.id for card in cards) or "none"
    problem = diagnose(
        UNKNOWN_TASK,
        Place("", 0, 0),
        f"no card has the id {task} (cards: {known})",
        f"Write `tasks/{task}.md`.",
    )
    raise SpecificationError([problem])


def ids(text: str) -> tuple[str, ...]:
    """The ids of tasks that a text names."""
    return tuple(dict.fromkeys(_ID.findall(text)))


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if path.is_dir():
            if path.name[0] != "." and path.name != "node_modules" and not path.is_symlink():
                yield from _files(path)
        elif path.suffix == ".md":
            yield path


def _fields(text: str) -> dict[str, str]:
    """Field name to text. The first place that says something wins: front matter, then lines in order."""
    found: dict[str, str] = {}
    body = _front_matter(text, found)
    current: str | None = None
    inline = False
    for line in body.split("\n"):
        if heading := _HEADING.match(line):
            current, inline = _heading(heading, found), False
        elif bold := _named(line):
            current, value = bold
            inline = bool(value.strip())
            _add(found, current, value)
        elif current not in _PROSE and (_BOLD_LINE.match(line) or (inline and not line.strip())):
            current = None  # a field that we do not know, or the end of a short one
        elif cells := _cells(line):
            current = None
            _add(found, cells[0], cells[1])
        elif current is not None:
            found[current] = f"{found.get(current, '')}\n{line}"
    return {field: _said(value) for field, value in found.items()}


def _heading(heading: re.Match[str], found: dict[str, str]) -> str | None:
    title = heading["text"]
    field = _FIELD_OF.get(_plain(title))
    if field is None and len(heading[1]) == 1:
        _title(title, found)
    return field if field is None or not found.get(field, "").strip() else None


def _title(title: str, found: dict[str, str]) -> None:
    """`# BE-001: Name` and `# Task BE-001 - Name` say the id and the name."""
    identity = _first_id(title)
    if identity:
        _add(found, "id", identity)
        title = title.split(identity, 1)[1].lstrip(" :–—-")
    _add(found, "name", title)


def _named(line: str) -> tuple[str, str] | None:
    bold = _BOLD_LINE.match(line)
    if bold and (field := _FIELD_OF.get(_plain(bold["name"]))):
        return field, bold["value"]
    name, colon, value = line.partition(":")
    if colon and (field := _FIELD_OF.get(_plain(name))) and name == name.strip():
        return field, value
    return None


def _cells(line: str) -> tuple[str, str] | None:
    """Field and value of a two-column table row."""
    row = _ROW.match(line)
    cells = [cell.strip() for cell in row["cells"].split("|")] if row else []
    if len(cells) != 2 or not (field := _FIELD_OF.get(_plain(cells[0]))):
        return None
    return field, cells[1].replace("<br>", "\n")


def _front_matter(text: str, found: dict[str, str]) -> str:
    match = re.match(r"\A---\n(.*?)\n---\n?", text, re.DOTALL)
    if not match:
        return text
    try:
        values = YAML(typ="safe", pure=True).load(match[1])
    except YAMLError:
        return text[match.end() :]
    for name, value in values.items() if isinstance(values, dict) else ():
        if field := _FIELD_OF.get(_plain(str(name).replace("_", " "))):
            _add(
                found,
                field,
                "\n".join(f"- {item}" for item in value) if isinstance(value, list) else str(value),
            )
    return text[match.end() :]


def _add(found: dict[str, str], field: str, value: str) -> None:
    if not found.get(field, "").strip():
        found[field] = value


def _plain(name: str) -> str:
    return re.sub(r"[*_`:]", "", name).strip().lower()


def _said(value: str) -> str:
    value = re.sub(r"<!--.*?-->", "", value, flags=re.DOTALL).strip()
    return "" if _PLACEHOLDER.match(value) else value


def _first_id(text: str) -> str:
    match = _ID.search(text)
    return match[0] if match else ""


def _one_line(value: str) -> str:
    """The text on one line; of a link its words."""
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", ", ".join(_items(value)))


def _items(value: str) -> list[str]:
    """The bullets of a text, each with its continuation lines; without bullets, its paragraphs."""
    items: list[str] = []
    for line in value.split("\n"):
        if bullet := _BULLET.match(line):
            items.append(bullet["text"].strip())
        elif line.strip() and items and line[:1].isspace():
            items[-1] += " " + line.strip()
        elif line.strip() and line.strip() != "---":
            items.append(line.strip())
    return items


def _listed(value: str) -> list[str]:
    items = [part.strip().strip("`") for item in _items(value) for part in re.split(r"[,;]", item)]
    return [item for item in items if item and item.lower().rstrip(".") not in {"none", "no", "nothing", "-"}]
