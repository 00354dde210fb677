"""Writes tests of lists: who sees what, filters, and the order over several pages."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import msgspec

from backwright.emit.examples import fitting
from backwright.emit.repositories.writing import unique_keys
from backwright.emit.scenes import (
    Builder,
    World,
    is_reference_to,
    scalar,
    variable_keys,
    variable_of,
    variations,
    wire,
)
from backwright.emit.source import (
    Source,
)
from backwright.emit.supports import relations
from backwright.emit.testing_text import OperationTests, Scene, has
from backwright.expr.typed import Related
from backwright.model.types import (
    Entity,
    ReferenceType,
    ScalarType,
    Select,
)


class PageTests(OperationTests):
    """Tests of a page of rows."""

    def lists(self) -> Iterable[Source]:
        """Tests of pages: who sees what, filters, the order over several pages."""
        entity = self.subject_entity()
        row = variable_of(entity.name, self.names)
        best: Scene | None = None
        for support, person in itertools.product(self.supports(), variations(self.identity)):
            for particular in variations(entity):
                builder = self.builder(person, with_bob=True)
                builder.add(entity.name, row, particular, self.owner(support))
                self.support(builder, support)
                scene = Scene(world=builder.world(), path=self.operation.path, caller=self.caller())
                shown = self.answer(scene)[0].body["data"] or []
                key = str(self.key_of(scene.world, row))
                if best is None or (key in str(shown) and not self.shows(best, row)):
                    best = scene
        assert best is not None
        best = self.ordered(best)
        yield self.answered("by_the_owner", best, "shows_the_rows")
        if self.operation.caller != "none":
            yield self.answered("by_nobody", msgspec.structs.replace(best, caller=None))
            if has(best.world, "bob"):
                yield self.answered("by_somebody_else", msgspec.structs.replace(best, caller="bob"))
                for who, asked in self.with_support(best):
                    yield self.answered(who, self.ordered(asked))
        if self.shows(best, row):
            yield from self.filters(best, row)
            yield from self.pages(best, row)
        yield self.failing("refuses_a_limit_of_0", msgspec.structs.replace(best, query={"limit": "0"}))
        yield self.failing(
            "refuses_a_foreign_cursor", msgspec.structs.replace(best, query={"after": "bm9uZQ"})
        )

    def ordered(self, scene: Scene) -> Scene:
        """The scene, with keys given where they may decide the order."""
        entity = self.subject_entity()
        alike = sum(actor.entity == entity.name for actor in scene.world.actors)
        shown = self.answer(scene)[0].body["data"] or []
        if len(shown) < 2 and (alike < 2 or not self.related()):
            return scene
        return msgspec.structs.replace(scene, world=fixed_keys(scene.world, entity))

    def shows(self, scene: Scene, variable: str) -> bool:
        return str(self.key_of(scene.world, variable)) in str((self.answer(scene)[0].body or {}).get("data"))

    def several(self, scene: Scene, row: str, count: int, name: str | None = None) -> World:
        """The world with further rows like the one that is shown, each different."""
        entity = self.subject_entity()
        builder = Builder(self.model, self.names)
        builder.actors.extend(scene.world.actors)
        like = scene.world.actor(row)
        keys = {entity.key, *(field.name for _, key in unique_keys(entity) for field in key)}
        for number in range(1, count):
            other = {field: value for field, value in like.particular.items() if field not in keys}
            for field in entity.fields:
                varies = field.name == name if name else scalar(field) in ("timestamp", "date", "integer")
                if varies and isinstance(field.type, ScalarType) and field.name != entity.key:
                    others = sum(actor.entity == entity.name for actor in builder.actors)
                    other[field.name] = fitting(field, others if field.unique else number)
            builder.add(entity.name, f"{row}_{number + 1}", other, self.another_owner(entity, number))
        return builder.world()

    def another_owner(self, entity: Entity, number: int) -> str:
        """Whose a further row is: ann's, unless there can be only one of hers beside the other references."""
        for _, key in unique_keys(entity):
            callers = [field for field in key if self.identity and is_reference_to(field, self.identity.name)]
            others = [
                field for field in key if isinstance(field.type, ReferenceType) and field not in callers
            ]
            if callers and others and any(each.entity == entity.name for each in self.related()):
                return f"{callers[0].name}_{number + 1}"
        return "ann"

    def related(self) -> list[Related]:
        """The relations that the rules go along."""
        return relations(self.operation, self.model)

    def filters(self, scene: Scene, row: str) -> Iterable[Source]:
        """Each filter keeps one of two rows."""
        for step in self.operation.steps:
            if not isinstance(step, Select):
                continue
            for each in step.filters:
                found = self.filter_scene(scene, row, each.name)
                if found is not None:
                    yield self.answered("by_the_owner", found, f"filtered_by_{each.name}")

    def filter_scene(self, scene: Scene, row: str, name: str) -> Scene | None:
        """Two rows and a value of the parameter that tells them apart."""
        parameter = next((field for field in self.operation.query if field.name == name), None)
        if parameter is None or not isinstance(parameter.type, ScalarType):
            return None
        for field in self.subject_entity().fields:
            if not isinstance(field.type, ScalarType) or field.type.scalar != parameter.type.scalar:
                continue
            world = self.several(scene, row, 2, field.name)
            for variable in (row, f"{row}_2"):
                value = wire(world.actor(variable).row[field.name])
                text = str(value).lower() if isinstance(value, bool) else str(value)
                asked = msgspec.structs.replace(scene, world=world, query={parameter.wire: text})
                response, _ = self.answer(asked)
                if response.status == 200 and len(response.body["data"]) == 1:
                    return asked
        return None

    def pages(self, scene: Scene, row: str) -> Iterable[Source]:
        """Three rows or more in two pages; two rows where a page holds no more. One row a page shows no order."""
        most = next(step.paging.max for step in self.operation.steps if isinstance(step, Select))
        if most < 2:
            return
        world = fixed_keys(self.several(scene, row, min(most, 3)), self.subject_entity())
        whole = msgspec.structs.replace(scene, world=world, query={"limit": str(most)})
        data = self.answer(whole)[0].body["data"]
        keys = {
            str(key): variable.removesuffix(f".{self.subject_entity().key}")
            for key, variable in variable_keys(world).items()
        }
        key = self.subject_entity().key
        shown = [keys[each[key]] for each in data]
        limit = max(min(2, most - 1), (len(shown) + 1) // 2)
        first, rest = (
            f"[{', '.join(f'str({name}.{key})' for name in part)}]" for part in (shown[:limit], shown[limit:])
        )
        paged = msgspec.structs.replace(whole, query={"limit": str(limit)})
        again = self.call(paged).replace(f"'{limit}'", f"'{limit}', 'after': cursor")
        lines = [
            "assert answer.status_code == 200",
            f'assert [each[{key!r}] for each in answer.json()["data"]] == {first}',
            'cursor = answer.json()["meta"]["next"]',
            f"answer = {again}",
            f'assert [each[{key!r}] for each in answer.json()["data"]] == {rest}',
            'assert answer.json()["meta"]["next"] is None',
        ]
        if len(shown) > limit:
            yield self.test("continues_on_the_next_page", paged, lines)


def fixed_keys(world: World, entity: Entity) -> World:
    """The world, with the keys of an entity's rows given: they decide where rows are otherwise alike."""
    actors = tuple(
        msgspec.structs.replace(actor, particular={**actor.particular, entity.key: actor.row[entity.key]})
        if actor.entity == entity.name
        else actor
        for actor in world.actors
    )
    known = {actor.row[entity.key] for actor in actors if actor.entity == entity.name}
    assert len(known) == sum(actor.entity == entity.name for actor in actors)
    return World(world.model, actors)
