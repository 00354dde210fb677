"""Prints cases as test functions that read like a colleague's: what is stored, one request, what came of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from backwright.emit.source import Identifier, Imports, Source, docstring, imports, indented, literal, source
from backwright.emit.testing.answers import Answers, statements
from backwright.emit.testing.cases import Case, Full, Handed, Repeated, Table, Test
from backwright.emit.testing.full import FIRST, NUMBERED, places_of
from backwright.emit.testing.stores import (
    After,
    arguments,
    links_after,
    rows_after,
    store_name,
    stores,
    touched_entities,
    written_entities,
)
from backwright.emit.testing.trial import Ask, File, Scene, Trial
from backwright.emit.testing.world import World
from backwright.emit.testing.writing import Known, attribute, braces, known_rows, needed
from backwright.model.types import Operation

BY_NUMBER = r"\g<1>{number}"
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9._~@ -]*")


def printed(test: Test, operation: Operation) -> Source:
    """One test function."""
    match test:
        case Case():
            return _case(test, operation)
        case Table():
            return _table(test, operation)
        case Repeated():
            return _repeated(test, operation)
        case Full():
            return _full(test, operation)
        case Handed():
            return _handed(test, operation)


# The request --------------------------------------------------------------------------------------------


def call(
    scene: Scene,
    ask: Ask,
    known: Known,
    body: str | None = None,
    query: str | None = None,
    told: str | None = None,
) -> str:
    """The request, as the test makes it; `body`, `query` and `told` (headers) are written otherwise there."""
    given = [literal(ask.method), path(scene, ask, known)]
    sent = _body(ask, known, body)
    given += sent
    if ask.caller is not None:
        given.append(f"caller={ask.caller}")
    if query is not None:
        given.append(f"query={query}")
    elif ask.query:
        given.append(f"query={_pairs(ask, known)}")
    headers = dict(ask.headers)
    _, media = ask.content()
    if media is not None and (ask.raw is not None or _is_empty_form(ask)):
        headers["Content-Type"] = media
    if headers or told is not None:
        shown = [known.json(headers)] if headers else []
        given.append(f"headers={' | '.join([*shown, *([] if told is None else [told])])}")
    if ask.tokenless:
        given.append("csrf=False")
    return f"await service.send({', '.join(given)})"


def path(scene: Scene, ask: Ask, known: Known) -> str:
    """The path: keys of rows by their variables."""
    parts = []
    template = scene.operation.path.split("/")
    for part, text in zip(template, ask.path.split("/"), strict=True):
        parts.append(_segment(text, scene.world, known) if part.startswith("{") else _literal_segment(text))
    whole = "/".join(parts)
    if "{" in whole.replace("{{", ""):
        return f"f{literal(whole)}".replace("\\'", "'")
    return literal(whole.replace("{{", "{").replace("}}", "}"))


def _literal_segment(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _segment(text: str, world: World, known: Known) -> str:
    expression = next((found for key, found in known.keys.items() if str(key) == text), None)
    if expression is None:
        expression = _by_unique_value(text, world)
    if expression is None:
        return _literal_segment(text if _PLAIN_SEGMENT.fullmatch(text) else quote(text, safe=""))
    return f"{{{expression}}}" if _PLAIN_SEGMENT.fullmatch(text) else f"{{quote({expression}, safe='')}}"


def _by_unique_value(text: str, world: World) -> str | None:
    """The field of a stored row whose value names it: unique, or a text that the service made."""
    for row in world.rows:
        for field in world.setting.model.entity(row.entity).fields:
            names = field.unique or field.generated in ("slug", "token")
            if names and isinstance(row.values[field.name], str) and row.values[field.name] == text:
                return f"{row.variable}.{attribute(field)}"
    return None


def _body(ask: Ask, known: Known, body: str | None) -> list[str]:
    if ask.raw is not None or (_is_empty_form(ask) and body is None):
        return [f"content={_bytes(ask.content()[0] or b'')}"]
    if ask.body is None:
        return []
    text = body or known.json(ask.body)
    match ask.kind:
        case "json":
            wrap, bare = (ask.of.wrap, ask.of.bare) if ask.of is not None else (None, None)
            if bare is not None:
                return [f"({body})[{literal(bare)}]" if body else known.json(ask.body.get(bare))]
            return [text if wrap is None else braces([f"{literal(wrap)}: {text}"])]
        case "form":
            return [f"form={text}"]
        case _:
            files = {name: value for name, value in ask.body.items() if isinstance(value, File)}
            texts = {name: value for name, value in ask.body.items() if name not in files}
            said = [f"files={known.json(files)}"] if files else []
            if body is not None:
                return [*said, f"form={known.json(texts)} | wrong"]
            return [*said, f"form={known.json(texts)}"] if texts else said


def _is_empty_form(ask: Ask) -> bool:
    """Whether a form has no members: clients would send none at all."""
    return ask.kind != "json" and ask.body is not None and not ask.body


def _bytes(content: bytes) -> str:
    """Bytes; a long repetition as a product."""
    if len(content) > 20 and content.count(content[:1]) == len(content):
        return f"{content[:1]!r} * {len(content)}"
    return repr(content)


def _pairs(ask: Ask, known: Known) -> str:
    """The query by name; what is repeated as a list."""
    values: dict[str, list[Any]] = {}
    for name, value in ask.query:
        values.setdefault(name, []).append(value)
    return known.json({name: each if len(each) > 1 else each[0] for name, each in values.items()})


# Functions ----------------------------------------------------------------------------------------------


def _case(case: Case, operation: Operation) -> Source:
    known = known_rows(case.world)
    taken = {row.variable for row in case.world.rows} | {"service", "answer", "shown"}
    lines: list[str] = []
    used: Imports = frozenset()
    for number, trial in enumerate(case.trials):
        is_last = number == len(case.trials) - 1
        asked = f"answer = {call(trial.scene, trial.ask, known)}"
        after = _afterwards(trial, known, taken) if is_last else After()
        said = statements(trial, known, Answers(is_brief=case.is_brief, is_last=is_last, number=number))
        lines += [asked, said.status, *after.reading, *said.body, *after.checks]
        used |= after.used | said.used
    about = f"{operation.method} {operation.path}: {', '.join(str(trial.response.status) for trial in case.trials)}"
    return function(f"{operation.name}_{case.name}".strip("_"), case, about, lines, used)


def _afterwards(trial: Trial, known: Known, taken: set[str]) -> After:
    """What is stored after the last request."""
    found = After()
    if trial.scene.operation.method == "GET" and not written_entities(trial):
        return found
    entities = list(dict.fromkeys([*written_entities(trial), *touched_entities(trial)[:2]]))
    for name in entities:
        for each in (rows_after(trial, name, known, taken), links_after(trial, name, known)):
            found.reading += each.reading
            found.checks += each.checks
            found.used |= each.used
    return found


def function(
    name: str,
    test: Test,
    about: str,
    lines: list[str],
    used: Imports,
    parameters: Iterable[str] = (),
    said: str = "",
) -> Source:
    """A test function with the statements that store its world."""
    match test:
        case Case():
            scene = test.trials[0].scene
        case Table():
            scene = test.scene
        case Repeated():
            scene = test.allowed.scene
        case Full() | Handed():
            scene = test.trial.scene
    text = "\n".join(lines)
    stored, storing = stores(scene.world, text)
    stored = [*stored, *said_by_logic(scene)]
    because = test.about if isinstance(test, Case) else said
    doc = docstring(f"{about}. {because}." if because else f"{about}.", 4)
    body = "\n".join([doc, *stored, *lines])
    signature = ", ".join(["service: Service", *parameters])
    called = Identifier(f"test_{re.sub(r'[^A-Za-z0-9_]+', '_', name)}")
    code = f"async def {called}({signature}) -> None:\n{indented(body)}"
    return source(
        code, used | storing | needed("\n".join([*stored, *lines])) | imports("tests.conftest", "Service")
    )


def said_by_logic(scene: Scene) -> list[str]:
    """What custom logic says in this test, where that is not its usual output."""
    return [
        f"service.logic.says({literal(name)}, "
        + (f"error={literal(each.error)})" if each.error is not None else f"output={each.output!r})")
        for name, each in scene.says.items()
    ]


def _table(table: Table, operation: Operation) -> Source:
    known = known_rows(table.scene.world)
    ask = table.scene.ask()
    first = table.values[0].trial
    about = f"{operation.method} {operation.path}: {first.response.status}"
    argument = "given" if table.accepted else "wrong"
    if table.of == "query":
        query = f"{known.json(dict(ask.query))} | {argument}" if ask.query else argument
        asked = call(table.scene, ask, known, query=query)
    elif table.of == "headers":
        asked = call(table.scene, ask, known, told=argument)
    else:
        asked = call(table.scene, ask, known, body=f"{known.json(ask.body)} | {argument}")
    lines = [f"answer = {asked}", f"assert answer.status_code == {first.response.status}"]
    cases = []
    used: Imports = frozenset()
    parameters = [f"{argument}: dict[str, {'Any' if table.of == 'body' else 'str'}]"]
    if table.of == "body":
        used |= imports("typing", "Any")
    for value in table.values:
        changed = braces([f"{value.member!r}: {known.json(value.wrong)}"])
        if table.accepted:
            cases.append(changed)
            continue
        said = statements(value.trial, known, Answers(is_brief=False, is_last=True, number=0))
        cases.append(f"({changed}, {said.problem})")
        if len(cases) == 1:
            lines += said.table
            used |= said.used
            parameters.append(said.parameter)
    if table.accepted and all(_shows(value.trial, value.member) for value in table.values):
        lines.append(f"assert {_shown_in(first, operation)}.items() >= given.items()")
    if not table.accepted:
        after = _afterwards(first, known, set())
        lines += [*after.reading, *after.checks]
        used |= after.used
    name = f"{operation.name}_{table.name}"
    made = function(
        name, table, about, lines, used, parameters, "Each says what is wrong" if not table.accepted else ""
    )
    names = '"given"' if table.accepted else f'("wrong", {literal(parameters[1].partition(":")[0])})'
    listed = indented(",\n".join(cases), 2)
    text = f"@pytest.mark.parametrize(\n    {names},\n    [\n{listed},\n    ],\n)\n{made.text}"
    return source(text, made, imports("", "pytest"))


def _shows(trial: Trial, member: str) -> bool:
    """Whether the answer shows a member as it was sent."""
    data = _data(trial)
    return isinstance(data, dict) and member in data and data[member] == (trial.ask.body or {}).get(member)


def _data(trial: Trial) -> Any:
    body, respond = trial.response.body, trial.scene.operation.respond
    if respond.envelope and isinstance(body, dict):
        body = body["data"]
    return body[respond.wrap] if respond.wrap is not None and isinstance(body, dict) else body


def _shown_in(trial: Trial, operation: Operation) -> str:
    respond = operation.respond
    text = 'answer.json()["data"]' if respond.envelope else "answer.json()"
    return text if respond.wrap is None else f"{text}[{literal(respond.wrap)}]"


def _repeated(test: Repeated, operation: Operation) -> Source:
    scene = test.allowed.scene
    known = known_rows(scene.world)
    asked = call(scene, test.allowed.ask, known)
    said = statements(test.refused, known, Answers(is_brief=False, is_last=True, number=test.times))
    lines = [
        f"for _ in range({test.times}):\n    answer = {asked}\n    assert answer.status_code != 429",
        f"answer = {asked}",
        said.status,
        *said.body,
    ]
    about = f"{operation.method} {operation.path}: {test.refused.response.status} after {test.times} requests"
    return function(f"{operation.name}_{test.name}", test, about, lines, said.used)


def _handed(test: Handed, operation: Operation) -> Source:
    """The function is replaced by one that reads, and called before its stand-in answers."""
    trial = test.trial
    scene = trial.scene
    package = scene.world.setting.model.service.package
    rows, key = f"use.{test.attribute}", test.key
    lines = [
        "read: list[Any] = []\n\n"
        "async def reading(given: object, use: Any) -> None:\n"
        f"    read.extend([each.{key} for each in await {rows}.where()])\n"
        f"    read.append(await {rows}.find({test.hidden}.{key}))\n",
        f'monkeypatch.setattr("{package}.logic.{test.logic}.{test.logic}", reading)',
        f"service.logic.looks({literal(test.logic)})",
        f"answer = {call(scene, trial.ask, known_rows(scene.world))}",
        f"assert answer.status_code == {trial.response.status}",
        f"assert read == [{', '.join([*(f'{each}.{key}' for each in test.variables), 'None'])}]",
    ]
    about = f"{operation.method} {operation.path}: {trial.response.status}"
    used = imports("typing", "Any") | imports("", "pytest")
    parameters = ["monkeypatch: pytest.MonkeyPatch"]
    said = "Only rows that the caller may read"
    return function(f"{operation.name}_{test.name}", test, about, lines, used, parameters, said)


def _full(test: Full, operation: Operation) -> Source:
    trial = test.trial
    scene = trial.scene
    given = arguments(test.like, scene.world, by_key=True)
    others = [each for each in given if not each.startswith(f"{test.column}=")]
    numbered, loop = given, f"for _ in range({test.more})"
    if test.values:
        numbered = [*others, f"{test.column}={test.column}"]
        loop = f"for {test.column} in ({', '.join(map(repr, test.values))},)"
    elif others != given:
        numbered = [_numbered(each) if each not in others else each for each in given]
        loop = f"for number in range({FIRST}, {FIRST + test.more})"
    store = store_name(test.like.entity)
    stored = f"await {store}({', '.join(['tx', *numbered])})"
    [(place, listed)] = places_of(trial.response.body)
    lines = [
        f"async with service.db.transaction() as tx:\n    {loop}:\n        {stored}",
        f"answer = {call(scene, trial.ask, known_rows(scene.world))}",
        f"assert answer.status_code == {trial.response.status}",
        f"assert len(answer.json(){place}) == {len(listed)}",
    ]
    about = f"{operation.method} {operation.path}: {trial.response.status}. There is one more"
    return function(f"{operation.name}_{test.name}", test, about, lines, imports("tests.rows", store))


def _numbered(argument: str) -> str:
    """An argument `name='text 2'` with the number of a loop in its place."""
    name, _, text = argument.partition("=")
    told = str(ast.literal_eval(text)).replace("{", "{{").replace("}", "}}")
    return f"{name}=f{literal(NUMBERED.sub(BY_NUMBER, told))}"
