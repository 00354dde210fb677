"""Acceptance scenarios as people wrote them: `specs/<nnn-name>/acceptance.yaml`, read with their places.

Nothing here knows a model: which operations and members there are is checked in `scenario_check`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from backwright.project import Project
from backwright.spec.diagnostics import (
    Diagnostic,
    Place,
    SpecificationError,
    diagnose,
    register,
    relative_to_project,
)
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.yamltext import parse

SHAPE = register(
    "BW950",
    "An acceptance scenario is not written as it must be",
    "A scenario that cannot be executed proves nothing; its requirement would count as not done.",
    "- {id: AC-1, title: …, given: {who: ann}}",
)
TWICE = register(
    "BW955",
    "Two acceptance scenarios have the same id",
    "Results are recorded by id: one of the two would hide the other.",
    "- id: AC-1\n- id: AC-1",
)

SCENARIO_KEYS = ("id", "story", "covers", "title", "given", "when", "then")
USER_KEYS = ("user", "with")
ROW_KEYS = ("row", "with", "keep")
WAIT_KEYS = ("wait",)
CALL_KEYS = ("as", "do", "with", "keep", "headers", "send")
EXPECTED_KEYS = ("status", "body", "error", "count", "fields", "text")
UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000}


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """`{user: ann}`: an account, made through the service's own registration. `values` override what is sent.

    Where a service has no registration, or `values` has what nobody can send (a role), the account is a row
    put into the database, and signs in through the service's own login.
    """

    user: str
    values: dict[str, Any]
    place: Place


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """`{row: Entity, with: {...}, keep: name}`: a row that is there already, put past every rule."""

    entity: str
    values: dict[str, Any]
    keep: str | None = None
    place: Place


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """`{wait: 72h}`: what follows happens that much later."""

    milliseconds: int
    place: Place


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """`{as: ann, do: operation, with: {...}, keep: name}`: one request; `user` is None for nobody.

    `headers` are those of the request beside what it needs anyway.
    """

    operation: str
    values: dict[str, Any]
    user: str | None = None
    keep: str | None = None
    headers: dict[str, Any] = {}
    place: Place


Action = Register | Row | Wait | Call


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer must be. `body` is matched as a part of `data`, or of the whole body where the service has no
    envelope; what is None is not looked at.

    `fields` are the fields that the error names, with their codes where they are given. `headers` are headers
    with their values (None: absent); `text` are pieces of a body that is no JSON, in order.
    """

    status: int | None = None
    body: Any = msgspec.UNSET
    error: str | None = None
    count: int | None = None
    fields: dict[str, str | None] | None = None
    headers: dict[str, Any] = {}
    text: tuple[str, ...] = ()


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `then`: about the answer to the last `when` request, or about a request of its own."""

    expected: Expected
    call: Call | None = None
    place: Place


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario. `covers` are ids of requirements, `story` the story it was written for."""

    id: str
    title: str
    story: str = ""
    covers: tuple[str, ...] = ()
    given: tuple[Action, ...] = ()
    when: tuple[Action, ...] = ()
    then: tuple[Check, ...] = ()
    place: Place


def scenario_files(project: Project) -> list[Path]:
    """Every acceptance file of a project, in the order of the feature folders."""
    return sorted(project.features.glob("*/acceptance.yaml"))


def read_scenarios(path: Path, project: Project | None = None) -> list[Scenario]:
    """The scenarios of one file. Raises SpecificationError with everything that is wrong in it."""
    file = relative_to_project(path, project.root) if project else path.name
    scenarios, found = parse_scenarios(path.read_text(encoding="utf-8"), file)
    if found:
        raise SpecificationError(found)
    return scenarios


def parse_scenarios(text: str, file: str) -> tuple[list[Scenario], list[Diagnostic]]:
    """The scenarios in a text that is a list of them, or a table with the key `scenarios`."""
    is_table = re.search(r"^scenarios\s*:", text, re.MULTILINE) is not None
    root, found = parse(text if is_table else f"scenarios:\n{text}", file)
    reading = _Reading(0 if is_table else 1)
    listed = root.get("scenarios") if root else None
    scenarios = reading.scenarios(listed) if listed is not None else []
    moved = [msgspec.structs.replace(d, place=reading.at(d.place)) for d in found]
    return scenarios, moved + reading.found


def literal(value: Raw) -> Any:
    """The value as JSON would have it, by the YAML 1.2 core schema; dates and the like stay text."""
    match value:
        case Table(entries=entries):
            return {entry.key.value: literal(entry.value) for entry in entries}
        case Items(items=items):
            return [literal(item) for item in items]
        case Scalar() if not value.plain:
            return value.value
        case Scalar() if value.null:
            return None
        case Scalar(value=text) if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        case Scalar(value=text) if re.fullmatch(r"[-+]?[0-9]+", text):
            return int(text)
        case Scalar(value=text) if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text):
            return float(text)
        case _:
            return value.value


class _Reading:
    """Reads one file and collects what is wrong. `shift` lines were put before the user's text."""

    def __init__(self, shift: int) -> None:
        self.shift = shift
        self.found: list[Diagnostic] = []

    def at(self, place: Place) -> Place:
        return Place(place.file, max(1, place.line - self.shift), place.column)

    def wrong(self, value: Raw, message: str, mend: str) -> None:
        self.found.append(diagnose(SHAPE, self.at(value.place), message, mend))

    def scenarios(self, value: Raw) -> list[Scenario]:
        if not isinstance(value, Items):
            self.wrong(value, "this is not a list of scenarios", "write a list: `- id: AC-1` and so on")
            return []
        scenarios = [found for item in value.items if (found := self.scenario(item)) is not None]
        seen: set[str] = set()
        for scenario in scenarios:
            if scenario.id in seen:
                message = f"`{scenario.id}` is the id of an earlier scenario"
                self.found.append(diagnose(TWICE, scenario.place, message, "give it an id of its own"))
            seen.add(scenario.id)
        return scenarios

    def scenario(self, value: Raw) -> Scenario | None:
        if not self.table(value, SCENARIO_KEYS, "a scenario"):
            return None
        assert isinstance(value, Table)
        for key in ("id", "when", "then"):
            if value.get(key) is None:
                self.wrong(value, f"the scenario has no `{key}`", f"add `{key}:`")
        return Scenario(
            id=self.text(value, "id"),
            title=self.text(value, "title"),
            story=self.text(value, "story"),
            covers=tuple(str(literal(item)) for item in _listed(value.get("covers"))),
            given=self.actions(value.get("given")),
            when=self.actions(value.get("when")),
            then=tuple(c for item in _listed(value.get("then")) if (c := self.check(item)) is not None),
            place=self.at(value.place),
        )

    def actions(self, value: Raw | None) -> tuple[Action, ...]:
        return tuple(action for item in _listed(value) if (action := self.action(item)) is not None)

    def action(self, value: Raw) -> Action | None:
        keys = {entry.key.value for entry in value.entries} if isinstance(value, Table) else set()
        if "user" in keys:
            return self.account(value) if self.table(value, USER_KEYS, "an account") else None
        if "row" in keys:
            return self.row(value) if self.table(value, ROW_KEYS, "a row") else None
        if "wait" in keys:
            return self.wait(value) if self.table(value, WAIT_KEYS, "a wait") else None
        return self.call(value) if self.table(value, CALL_KEYS, "a step") else None

    def account(self, value: Raw) -> Register:
        assert isinstance(value, Table)
        return Register(user=self.text(value, "user"), values=self.values(value), place=self.at(value.place))

    def row(self, value: Raw) -> Row:
        assert isinstance(value, Table)
        keep = self.text(value, "keep") or None
        return Row(
            entity=self.text(value, "row"), values=self.values(value), keep=keep, place=self.at(value.place)
        )

    def wait(self, value: Raw) -> Wait | None:
        assert isinstance(value, Table)
        found = re.fullmatch(r"([0-9]{1,9})([dhms])", self.text(value, "wait"))
        if found is None:
            self.wrong(
                value, "this is no length of time", "write it in one unit: `wait: 72h`, `3d`, `10m`, `5s`"
            )
            return None
        return Wait(milliseconds=int(found[1]) * UNITS[found[2]], place=self.at(value.place))

    def call(self, value: Raw) -> Call | None:
        assert isinstance(value, Table)
        if value.get("do") is None:
            self.wrong(
                value, "the step does not say what to do", "write `do: <operation>`, or `user: <name>`"
            )
            return None
        return Call(
            operation=self.text(value, "do"),
            values=self.values(value),
            user=self.text(value, "as") or None,
            keep=self.text(value, "keep") or None,
            headers={**self.values(value, "headers"), **self.values(value, "send")},
            place=self.at(value.place),
        )

    def check(self, value: Raw) -> Check | None:
        if not self.table(value, (*CALL_KEYS, *EXPECTED_KEYS), "an expectation"):
            return None
        assert isinstance(value, Table)
        body = value.get("body")
        # In `then`, headers are expected ones; what a request of its own sends is said by its operation.
        expected = Expected(
            status=self.number(value, "status"),
            body=msgspec.UNSET if body is None else literal(body),
            error=self.text(value, "error") or None,
            count=self.number(value, "count"),
            fields=self.fields(value.get("fields")),
            headers=self.values(value, "headers"),
            text=tuple(str(literal(item)) for item in _listed(value.get("text"))),
        )
        call = self.call(value) if value.get("do") is not None else None
        if call is not None:
            call = msgspec.structs.replace(call, headers=self.values(value, "send"))
        if call is None and (expected == Expected() or value.get("as") is not None):
            self.wrong(
                value,
                "this line expects nothing",
                "say `status`, `body`, `error`, `count`, `fields`, `headers` or `text`",
            )
            return None
        return Check(expected=expected, call=call, place=self.at(value.place))

    def fields(self, value: Raw | None) -> dict[str, str | None] | None:
        match value:
            case None:
                return None
            case Table(entries=entries):
                return {entry.key.value: str(literal(entry.value)) for entry in entries}
            case _:
                return {str(literal(item)): None for item in _listed(value)}

    def values(self, value: Table, key: str = "with") -> dict[str, Any]:
        given = value.get(key)
        if given is None:
            return {}
        if not isinstance(given, Table):
            self.wrong(given, f"`{key}` is not a table of members", f"write `{key}: {{name: value}}`")
            return {}
        return {entry.key.value: literal(entry.value) for entry in given.entries}

    def table(self, value: Raw, keys: tuple[str, ...], what: str) -> bool:
        """Is it a table with these keys and no others? Says what is wrong where it is not."""
        if not isinstance(value, Table):
            self.wrong(value, f"{what} is a table", f"write it with the keys {', '.join(keys)}")
            return False
        unknown = [entry.key for entry in value.entries if entry.key.value not in keys]
        for key in unknown:
            self.wrong(key, f"{what} has no key `{key.value}`", f"use one of {', '.join(keys)}")
        return not unknown

    def text(self, value: Table, key: str) -> str:
        found = value.get(key)
        if found is None:
            return ""
        if not isinstance(found, Scalar):
            self.wrong(found, f"`{key}` is not a text", f"write `{key}: …`")
            return ""
        return found.value

    def number(self, value: Table, key: str) -> int | None:
        found = value.get(key)
        if found is None:
            return None
        number = literal(found)
        if not isinstance(number, int) or isinstance(number, bool):
            self.wrong(found, f"`{key}` is not a whole number", f"write `{key}: 2`")
            return None
        return number


def _listed(value: Raw | None) -> tuple[Raw, ...]:
    """One thing may be written without the list around it."""
    match value:
        case None:
            return ()
        case Items(items=items):
            return items
        case _:
            return (value,)
