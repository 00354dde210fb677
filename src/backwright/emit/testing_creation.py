"""Writes tests of operations that create a row."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import msgspec

from backwright.emit.examples import at_limits
from backwright.emit.scenes import (
    scalar,
    variable_keys,
    variations,
    written,
)
from backwright.emit.source import (
    Source,
)
from backwright.emit.testing_inputs import InputTests
from backwright.emit.testing_text import Scene, has


class CreationTests(InputTests):
    """Tests of a new row."""

    def create_scenes(self) -> Iterable[Scene]:
        for support, person in itertools.product(self.supports(), variations(self.identity)):
            builder = self.builder(person, with_bob=True)
            self.support(builder, support)
            if self.operation.caller == "none":
                builder.actors.clear()  # nobody calls
            for body in self.bodies(builder, self.owner(support)):
                yield Scene(world=builder.world(), path=self.operation.path, caller=self.caller(), body=body)

    def creates(self) -> Iterable[Source]:
        """Tests of a new row."""
        scene = self.first(self.create_scenes(), self.operation.respond.status)
        usable = scene or next(iter(self.create_scenes()))
        if scene is not None:
            yield self.create_success(scene)
        yield from self.create_refusals(usable, succeeded=scene is not None)
        if scene is not None:
            yield from self.limits(scene)
            yield from self.bad_bodies(scene)
            yield from self.bad_references(scene)
            yield from self.conflicts(scene)

    def create_refusals(self, scene: Scene, *, succeeded: bool) -> Iterable[Source]:
        """Requests to create by others: only the refused ones, since an accepted one is tested already."""
        callers: list[tuple[str, str | None]] = (
            [("by_nobody", None)] if self.operation.caller != "none" else []
        )
        callers += [("by_somebody_else", "bob")] if has(scene.world, "bob") and self.caller() else []
        callers += [] if succeeded else [("by_the_owner", self.caller())]
        for who, caller in callers:
            asked = msgspec.structs.replace(scene, caller=caller)
            response, _ = self.answer(asked)
            if response.status >= 400:
                yield self.failing(f"{who}_is_{response.body['error']['code']}", asked)
        for who, asked in self.with_support(scene):
            response, _ = self.answer(asked)
            if response.status >= 400:
                yield self.failing(f"{who}_is_{response.body['error']['code']}", asked)
            else:
                yield self.create_success(asked, who)

    def create_success(self, scene: Scene, who: str = "") -> Source:
        """The row is stored and shown, and the answer says where it is."""
        response, rows = self.answer(scene)
        lines = [f"assert answer.status_code == {response.status}"]
        entity = self.subject_entity()
        new = next(row for row in rows[entity.name] if row[entity.key] not in variable_keys(scene.world))
        lines.append('data = answer.json()["data"]')
        lines.append(f"assert data == {self.expected(response.body['data'], scene, new=new[entity.key])}")
        if "location" in response.headers:
            place = response.headers["location"].replace(str(new[entity.key]), '{data["id"]}')
            place = place.replace('data["id"]', f"data[{entity.key!r}]")
            lines.append(f'assert answer.headers["Location"] == f"{place}"')
        lines += self.stored_new(scene, new)
        return self.test(f"{who}_stores_the_row".lstrip("_"), scene, lines)

    def limits(self, scene: Scene) -> Iterable[Source]:
        """Values at their limits are accepted."""
        cases = []
        assert scene.body is not None and self.operation.body is not None
        for field in self.operation.body.fields:
            row_field = self.subject_entity().field(field.name)
            if scalar(row_field) == "password":
                continue
            for value in at_limits(field):
                asked = msgspec.structs.replace(scene, body={**scene.body, field.wire: value})
                response, _ = self.answer(asked)
                if response.status == self.operation.respond.status:
                    cases.append(f"({field.wire!r}, {written(value, {}, body=True)})")
        if cases:
            lines = [
                f"assert answer.status_code == {self.operation.respond.status}",
                'assert answer.json()["data"][member] == value',
            ]
            yield self.parametrized(
                "accepts_values_at_their_limits", ("member", "value"), cases, scene, lines
            )
