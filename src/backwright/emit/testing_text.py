"""What an emitted test consists of: a world of stored rows, one request, and what its answer has to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from backwright.emit.examples import Wrong
from backwright.emit.names import Names
from backwright.emit.scenes import (
    Builder,
    Values,
    World,
    sign_in,
    store_name,
    variable_keys,
    written,
)
from backwright.emit.source import (
    NO_IMPORTS,
    Identifier,
    Imports,
    Source,
    imports,
    indented,
    literal,
    source,
)
from backwright.emit.supports import Support, add_support, stands_beside, supports
from backwright.model.types import (
    Create,
    Delete,
    Entity,
    Find,
    InputField,
    Model,
    Operation,
    ReferenceType,
    Select,
    Update,
)
from backwright.reference import Response


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One request in a world."""

    world: World
    path: str
    caller: str | None = None
    query: dict[str, str] | None = None
    body: Values | None = None
    target: str | None = None


class OperationTests:
    """What the tests of any operation share: scenes, expectations from the reference, and printing."""

    def __init__(self, operation: Operation, model: Model, names: Names) -> None:
        self.operation = operation
        self.model = model
        self.names = names
        self.entity = subject(operation, model)
        self.identity = model.entity(model.auth.identity) if model.auth else None
        self.can_sign_in = model.auth is not None and sign_in(model) is not None

    def caller(self) -> str | None:
        """Who makes the request, where someone has to or may."""
        return "ann" if self.can_sign_in and self.operation.caller != "none" else None

    def builder(self, particular: Values, *, with_bob: bool = False) -> Builder:
        """The callers of a scene."""
        builder = Builder(self.model, self.names)
        if self.identity is not None and self.can_sign_in:
            builder.person("ann", particular)
            if with_bob:
                builder.person("bob", {})
        return builder

    def support(self, builder: Builder, support: tuple[Support, ...]) -> None:
        """Rows of ann's that rules look for."""
        for each in support:
            add_support(builder, each, "ann")

    def supports(self) -> list[tuple[Support, ...]]:
        """The rows that rules look for beside the row itself: none first."""
        return list(supports(self.operation, self.model))

    def owner(self, support: tuple[Support, ...]) -> str:
        """Whose the row in question is: ann's, unless such a row already lets her in."""
        return "carl" if stands_beside(support, self.subject_entity().name) else "ann"

    def with_support(self, scene: Scene) -> Iterable[tuple[str, Scene]]:
        """The request by somebody who is let in by one row, or is not: bob, who has nothing else."""
        if not self.can_sign_in or self.operation.caller == "none" or not has(scene.world, "bob"):
            return
        for support in self.supports():
            if len(support) == 1:
                builder = Builder(self.model, self.names)
                builder.actors.extend(scene.world.actors)
                add_support(builder, support[0], "bob")
                asked = msgspec.structs.replace(scene, world=builder.world(), caller="bob")
                yield f"by_somebody_with_{support[0].said}", asked

    def answer(self, scene: Scene) -> tuple[Response, dict[str, list[Values]]]:
        """What the reference answers in a scene."""
        path, target = scene.path, scene.target
        if target is not None:
            path = path.format(self.key_of(scene.world, target))
        return scene.world.answers(
            self.operation, path=path, caller=scene.caller, query=scene.query, body=scene.body
        )

    def key_of(self, world: World, variable: str) -> UUID:
        actor = world.actor(variable)
        key: UUID = actor.row[self.model.entity(actor.entity).key]
        return key

    def first(self, scenes: Iterable[Scene], status: int) -> Scene | None:
        """The first scene that the reference answers with this status."""
        for scene in scenes:
            if self.answer(scene)[0].status == status:
                return scene
        return None

    def subject_entity(self) -> Entity:
        assert self.entity is not None
        return self.entity

    def all_rows(self) -> str:
        return f"all_{self.names.plurals[self.subject_entity().name]}"

    def rows_after(self, scene: Scene, rows: dict[str, list[Values]]) -> str:
        """What is stored afterwards, said in terms of the rows before."""
        entity = self.subject_entity()
        said = []
        before = {actor.row[entity.key]: actor for actor in scene.world.actors if actor.entity == entity.name}
        for row in sorted(rows[entity.name], key=lambda each: str(each[entity.key])):
            actor = before[row[entity.key]]
            changed = {
                entity.field(name).column: value for name, value in row.items() if value != actor.row[name]
            }
            if changed:
                keys = variable_keys(scene.world)
                given = ", ".join(f"{name}={written(value, keys)}" for name, value in changed.items())
                said.append(f"replace({actor.variable}, {given})")
            else:
                said.append(actor.variable)
        listed = ", ".join(said)
        if len(said) > 1:
            return (
                f"assert await {self.all_rows()}(service.db) == "
                f"sorted([{listed}], key=lambda row: str(row.{entity.key}))"
            )
        return f"assert await {self.all_rows()}(service.db) == [{listed}]"

    def expected(self, data: Any, scene: Scene, *, new: UUID | None = None) -> str:
        """The data of an answer as Python."""
        keys = variable_keys(scene.world)
        if new is not None:
            keys[new] = "NEW"
        text = written(data, keys, body=True)
        return text.replace("str(NEW)", f"data[{self.subject_entity().key!r}]")

    def call(self, scene: Scene, body: str | None = None) -> str:
        """The request of a scene."""
        keys = variable_keys(scene.world)
        path = literal(scene.path)
        if scene.target is not None:
            key = self.model.entity(scene.world.actor(scene.target).entity).key
            path = "f" + literal(scene.path).replace("{}", f"{{{scene.target}.{key}}}")
        given = [literal(self.operation.method), path]
        if scene.body is not None:
            given.append(body or written(scene.body, keys, body=True))
        if scene.caller is not None:
            given.append(f"caller={scene.caller}")
        if scene.query is not None:
            given.append(f"query={written(scene.query, keys, body=True)}")
        return f"await service.send({', '.join(given)})"

    def test(self, name: str, scene: Scene, lines: list[str], *, body: str | None = None) -> Source:
        """One test function."""
        return self.function(name, scene, lines, body=body)

    def parametrized(
        self, name: str, parameters: tuple[str, ...], cases: list[str], scene: Scene, lines: list[str]
    ) -> Source:
        """A test of several values of one member."""
        keys = variable_keys(scene.world)
        body = f"{written(scene.body, keys, body=True)} | {{member: value}}"
        function = self.function(name, scene, lines, body=body, parameters=parameters)
        listed = ", ".join(repr(each) for each in parameters)
        rows = indented(",\n".join(cases), 2)
        text = f"@pytest.mark.parametrize(\n    ({listed}),\n    [\n{rows},\n    ],\n)\n{function.text}"
        return source(text, function, imports("", "pytest"))

    def function(
        self,
        name: str,
        scene: Scene,
        lines: list[str],
        *,
        body: str | None = None,
        parameters: tuple[str, ...] = (),
    ) -> Source:
        call = f"answer = {self.call(scene, body)}"
        text = "\n".join([call, *lines])
        stores, needed = self.stores(scene.world, text)
        types = {"member": "str", "value": "object", "code": "str"}
        signature = ", ".join(["service: Service", *(f"{each}: {types[each]}" for each in parameters)])
        whole = "\n".join(["", *stores, text]).strip("\n")
        called = f"test_{Identifier(self.operation.name)}_{name}"
        function = f"async def {Identifier(called)}({signature}) -> None:\n{indented(whole)}"
        needed |= imports("tests.conftest", "Service")
        for used, where in (
            ("replace", imports("msgspec.structs", "replace")),
            ("UUID", imports("uuid", "UUID")),
            ("datetime", imports("datetime", "UTC", "datetime")),
            ("date", imports("datetime", "date")),
        ):
            if re.search(rf"\b{used}\(", whole):
                needed |= where
        if f"{self.all_rows()}(" in whole:
            needed |= imports("tests.rows", self.all_rows())
        return source(function, needed)

    def stores(self, world: World, text: str) -> tuple[list[str], Imports]:
        """The statements that store the world; a variable is bound only where the test mentions it."""
        lines: list[str] = []
        needed: Imports = NO_IMPORTS
        keys = variable_keys(world)
        for actor in reversed(world.actors):
            entity = self.model.entity(actor.entity)
            given = []
            for field in entity.fields:
                is_required = isinstance(field.type, ReferenceType) and not field.nullable
                if is_required or field.name in actor.particular:
                    own = {} if field.name == entity.key else keys
                    given.append(f"{field.column}={written(actor.row[field.name], own)}")
            later = "\n".join([*lines, text])
            call = f"await {store_name(entity.name)}({', '.join(['service.db', *given])})"
            if actor.variable in ("ann", "bob") and not mentions(later, actor.variable):
                continue
            lines.insert(0, f"{actor.variable} = {call}" if mentions(later, actor.variable) else call)
            needed |= imports("tests.rows", store_name(entity.name))
        return lines, needed

    def answered(self, who: str, scene: Scene, success: str | None = None) -> Source:
        """A test of what the reference answers, success or not."""
        response, rows = self.answer(scene)
        if response.status >= 400:
            return self.failing(f"{who}_is_{response.body['error']['code']}", scene)
        lines = [f"assert answer.status_code == {response.status}"]
        if response.body is not None:
            lines.append(f'assert answer.json()["data"] == {self.expected(response.body["data"], scene)}')
        if not isinstance(self.operation.steps[0], Select):
            lines.append(self.rows_after(scene, rows))
        return self.test(success or f"{who}_is_allowed", scene, lines)

    def failing(self, name: str, scene: Scene, *, path: str | None = None) -> Source:
        """A test of an error: its status, its code, and that nothing changed."""
        asked = scene if path is None else msgspec.structs.replace(scene, path=path, target=None)
        response, rows = self.answer(asked)
        error = response.body["error"]
        lines = [
            f"assert answer.status_code == {response.status}",
            f'assert answer.json()["error"]["code"] == {literal(error["code"])}',
        ]
        if error.get("fields"):
            lines.append(fields_assertion([(each["field"], each["code"]) for each in error["fields"]]))
        lines.append(self.rows_after(asked, rows))
        return self.test(name, asked, lines)


def mentions(text: str, variable: str) -> bool:
    """Whether Python source uses a variable."""
    return re.search(rf"(?<![\w'\"]){re.escape(variable)}(?![\w'\"])", text) is not None


def subject(operation: Operation, model: Model) -> Entity | None:
    """The entity that an operation is about."""
    for step in operation.steps:
        if isinstance(step, Find | Select | Create | Update | Delete):
            return model.entity(step.entity)
    return None


def has(world: World, variable: str) -> bool:
    """Whether a world has a row of that variable."""
    return any(actor.variable == variable for actor in world.actors)


def scene_rows(scene: Scene) -> dict[str, list[Values]]:
    """The rows of a scene, unchanged."""
    rows: dict[str, list[Values]] = {}
    for actor in scene.world.actors:
        rows.setdefault(actor.entity, []).append(actor.row)
    return {entity.name: rows.get(entity.name, []) for entity in scene.world.model.entities}


def case(field: InputField, wrong: Wrong, code: str) -> str:
    """One row of a table of bad values."""
    return f"({field.wire!r}, {wrong.source}, {code!r})"


def fields_assertion(fields: list[tuple[str, str]]) -> str:
    """Which fields an error names."""
    listed = ", ".join(f"({name!r}, {code!r})" for name, code in fields)
    return (
        f'assert [(each["field"], each["code"]) for each in answer.json()["error"]["fields"]] == [{listed}]'
    )
