"""Writes tests of operations that sign in."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from backwright.emit.examples import fitting
from backwright.emit.scenes import (
    Builder,
)
from backwright.emit.source import (
    Source,
)
from backwright.emit.testing_inputs import InputTests
from backwright.emit.testing_text import Scene
from backwright.model.types import (
    Create,
    ShowSession,
)


class SessionTests(InputTests):
    """Tests of register and login."""

    def sessions(self) -> Iterable[Source]:
        """Tests of register and login."""
        show = self.operation.respond.show
        assert isinstance(show, ShowSession) and self.operation.body is not None
        if any(isinstance(step, Create) for step in self.operation.steps):
            yield from self.registers(show)
        else:
            yield from self.logs_in(show)

    def registers(self, show: ShowSession) -> Iterable[Source]:
        builder = Builder(self.model, self.names)
        body = next(iter(self.bodies(builder)))
        scene = Scene(world=builder.world(), path=self.operation.path, body=body)
        response, rows = self.answer(scene)
        if response.status != self.operation.respond.status:
            return
        entity = self.subject_entity()
        new = rows[entity.name][-1]
        expected = self.expected(response.body["data"][show.row], scene, new=new[entity.key])
        lines = [
            f"assert answer.status_code == {response.status}",
            f'data = answer.json()["data"][{show.row!r}]',
            f"assert data == {expected}",
            'assert answer.json()["data"]["token"]',
            *self.stored_new(scene, new),
        ]
        yield self.test("stores_the_account_and_signs_in", scene, lines)
        yield from self.bad_bodies(scene)
        yield from self.conflicts(scene)

    def logs_in(self, show: ShowSession) -> Iterable[Source]:
        auth = self.model.auth
        assert auth is not None
        world = self.builder({}).world()
        ann = world.actor("ann")
        given = {auth.by: ann.row[auth.by], auth.password: ann.row[auth.password]}
        scene = Scene(world=world, path=self.operation.path, body=given)
        response, _ = self.answer(scene)
        shown = self.expected(response.body["data"][show.row], scene)
        lines = [
            f"assert answer.status_code == {response.status}",
            f'assert answer.json()["data"][{show.row!r}] == {shown}',
            'assert answer.json()["data"]["token"]',
        ]
        yield self.test("signs_in", scene, lines)
        wrong = {**given, auth.password: str(given[auth.password])[::-1]}
        yield self.failing("with_a_wrong_password_is_refused", msgspec.structs.replace(scene, body=wrong))
        entity = self.subject_entity()
        unknown = {**given, auth.by: fitting(entity.field(auth.by), 8)}
        yield self.failing("of_an_unknown_account_is_refused", msgspec.structs.replace(scene, body=unknown))
        yield from self.bad_bodies(scene)
