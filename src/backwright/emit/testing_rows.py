"""Writes tests of operations on one stored row: reading, changing and removing it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import msgspec

from backwright.emit.examples import NOBODY, fitting, text_within
from backwright.emit.scenes import (
    Values,
    scalar,
    variable_of,
    variations,
    wire,
)
from backwright.emit.source import (
    Source,
)
from backwright.emit.testing_inputs import InputTests
from backwright.emit.testing_text import Scene, has
from backwright.model.types import (
    ScalarType,
)


class RowTests(InputTests):
    """Tests of one row."""

    def row_scenes(self, bodies: Callable[[], Iterable[Values | None]]) -> Iterable[Scene]:
        """A row of ann's and a request about it, in every variation."""
        entity = self.subject_entity()
        row = variable_of(entity.name, self.names)
        several = itertools.product(self.supports(), variations(self.identity))
        for support, person in several:
            for particular in variations(entity):
                builder = self.builder(person, with_bob=True)
                if self.identity is not None and entity.name == self.identity.name and self.can_sign_in:
                    target = "ann"
                    if particular:
                        continue
                else:
                    target = builder.add(entity.name, row, particular, self.owner(support)).variable
                self.support(builder, support)
                for body in bodies():
                    yield Scene(
                        world=builder.world(),
                        path=self.row_path(),
                        caller=self.caller(),
                        body=body,
                        target=target,
                    )

    def row_path(self) -> str:
        """The path with a place for the key."""
        parameters = self.operation.path_parameters
        path = self.operation.path
        return path.replace(f"{{{parameters[0].name}}}", "{}") if parameters else path

    def changes(self) -> Iterable[Values | None]:
        """Bodies that change something: everything at once, all but one member, one member."""
        if self.operation.body is None:
            return [None]
        entity = self.subject_entity()
        full: Values = {}
        for field in self.operation.body.fields:
            if isinstance(field.type, ScalarType) and field.type.scalar != "password":
                row_field = entity.field(field.name)
                number = 7 if row_field.unique or scalar(row_field) == "email" else 1
                full[field.wire] = wire(fitting(field, number))
        without = [{n: v for n, v in full.items() if n != left_out} for left_out in full]
        return [full, *without, *({name: value} for name, value in full.items())]

    def on_a_row(self) -> Iterable[Source]:
        """Tests of reading, changing and removing one row."""
        scene = self.first(self.row_scenes(self.changes), self.operation.respond.status)
        usable = scene or next(iter(self.row_scenes(self.changes)))
        if scene is not None:
            yield self.row_success(scene)
        yield from self.refusals(usable, succeeded=scene is not None)
        if self.operation.path_parameters:
            yield self.failing("of_a_missing_row_is_not_found", usable, path=self.missing_path())
            yield self.failing("of_an_impossible_key_is_not_found", usable, path=self.impossible_path())
        yield from self.forbidden(self.row_scenes(self.changes))
        if scene is not None and self.operation.body is not None:
            yield from self.new_password(scene)
            yield from self.bad_bodies(scene)
            yield from self.bad_references(scene)

    def forbidden(self, scenes: Iterable[Scene]) -> Iterable[Source]:
        """What the caller may see but not do: as things are, and as they would become."""
        named: set[str] = set()
        for scene in scenes:
            if len(named) == 2 or (self.operation.body is None and named):
                return
            response, _ = self.answer(scene)
            if response.status != 403:
                continue
            unchanged, _ = self.answer(msgspec.structs.replace(scene, body={}))
            becomes = self.operation.body is not None and unchanged.status == self.operation.respond.status
            name = "into_what_may_not_be_is_forbidden" if becomes else "is_forbidden_where_the_rule_says_no"
            if name not in named:
                named.add(name)
                yield self.failing(name, scene)

    def new_password(self, scene: Scene) -> Iterable[Source]:
        """A new password is stored as its hash."""
        assert self.operation.body is not None
        for field in self.operation.body.fields:
            if isinstance(field.type, ScalarType) and field.type.scalar == "password":
                asked = msgspec.structs.replace(
                    scene, body={field.wire: text_within("another secret", field.type)}
                )
                response, _ = self.answer(asked)
                key = self.subject_entity().key
                column = self.subject_entity().field(field.name).column
                lines = [
                    f"assert answer.status_code == {response.status}",
                    f"stored = await {self.all_rows()}(service.db)",
                    f"row = next(each for each in stored if each.{key} == {scene.target}.{key})",
                    f'assert row.{column}.startswith("$argon2id$")',
                    f"assert row.{column} != {scene.target}.{column}",
                ]
                yield self.test("hashes_a_new_password", asked, lines)

    def missing_path(self) -> str:
        return self.row_path().format(NOBODY)

    def impossible_path(self) -> str:
        return self.row_path().format("no-key")

    def row_success(self, scene: Scene) -> Source:
        """The row is shown, changed or gone."""
        response, rows = self.answer(scene)
        lines = [f"assert answer.status_code == {response.status}"]
        if response.body is not None:
            lines.append(f'assert answer.json()["data"] == {self.expected(response.body["data"], scene)}')
        lines.append(self.rows_after(scene, rows))
        does = {"GET": "shows_the_row", "DELETE": "removes_the_row"}.get(
            self.operation.method, "changes_the_row"
        )
        return self.test(does, scene, lines)

    def refusals(self, scene: Scene, *, succeeded: bool) -> Iterable[Source]:
        """Anonymous requests, and those of somebody else, whatever the reference answers to them."""
        if self.operation.caller != "none":
            anonymous = msgspec.structs.replace(scene, caller=None)
            yield self.answered("by_nobody", anonymous)
        if self.can_sign_in and self.operation.caller != "none" and has(scene.world, "bob"):
            yield self.answered("by_somebody_else", msgspec.structs.replace(scene, caller="bob"))
            for who, asked in self.with_support(scene):
                yield self.answered(who, asked)
        if not succeeded:
            yield self.answered("by_the_owner", scene)
