"""Writes tests of request bodies: bad values, missing members, references to nothing, taken keys."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from backwright.emit.examples import NOBODY, fitting, refused
from backwright.emit.repositories.writing import unique_keys
from backwright.emit.scenes import (
    Builder,
    Values,
    scalar,
    variable_keys,
    variations,
    wire,
    written,
)
from backwright.emit.source import (
    Source,
)
from backwright.emit.testing_text import OperationTests, Scene, case, scene_rows
from backwright.model.types import (
    ReferenceType,
)


class InputTests(OperationTests):
    """Tests of what a body may hold."""

    def bodies(self, builder: Builder, owner: str = "ann") -> Iterable[Values]:
        """Bodies that may be accepted: plain ones first."""
        assert self.operation.body is not None
        entity = self.subject_entity()
        plain: Values = {}
        for field in self.operation.body.fields:
            if isinstance(field.type, ReferenceType):
                if not field.nullable:
                    plain[field.wire] = builder.referred(field.type.entity, owner)
            else:
                row_field = entity.field(field.name)
                number = 5 if row_field.unique or scalar(row_field) == "email" else 0
                plain[field.wire] = wire(fitting(field, number))
        known = {field.name: field for field in self.operation.body.fields}
        for particular in variations(entity):
            if all(name in known for name in particular):
                yield {**plain, **{known[name].wire: value for name, value in particular.items()}}

    def bad_bodies(self, scene: Scene) -> Iterable[Source]:
        """Every member with values that it may not have, and without what is required."""
        assert self.operation.body is not None and scene.body is not None
        cases = []
        for field in self.operation.body.fields:
            for wrong in refused(field):
                asked = msgspec.structs.replace(scene, body={**scene.body, field.wire: wrong.value})
                response, _ = self.answer(asked)
                found = [
                    (each["field"], each["code"]) for each in (response.body["error"] or {}).get("fields", [])
                ]
                if response.status == 422 and found and found[0][0] == field.wire:
                    cases.append(case(field, wrong, found[0][1]))
        if cases:
            lines = [
                "assert answer.status_code == 422",
                'error = answer.json()["error"]',
                'assert error["code"] == "invalid"',
                'assert [(each["field"], each["code"]) for each in error["fields"]] == [(member, code)]',
                self.rows_after(scene, scene_rows(scene)),
            ]
            yield self.parametrized("refuses_bad_values", ("member", "value", "code"), cases, scene, lines)
        if any(field.required for field in self.operation.body.fields):
            yield self.failing("names_every_missing_member", msgspec.structs.replace(scene, body={}))
        if self.model.service.unknown_fields == "reject":
            asked = msgspec.structs.replace(scene, body={**scene.body, "unheard_of": 1})
            yield self.failing("refuses_unknown_members", asked)

    def bad_references(self, scene: Scene) -> Iterable[Source]:
        """References to rows that are not there."""
        assert self.operation.body is not None and scene.body is not None
        for field in self.operation.body.fields:
            if isinstance(field.type, ReferenceType):
                asked = msgspec.structs.replace(scene, body={**scene.body, field.wire: NOBODY})
                yield self.failing(f"refuses_a_missing_{field.name}", asked)

    def conflicts(self, scene: Scene) -> Iterable[Source]:
        """A row whose unique key is taken."""
        entity = self.subject_entity()
        _, rows = self.answer(scene)
        new = next(row for row in rows[entity.name] if row[entity.key] not in variable_keys(scene.world))
        for _, key in unique_keys(entity):
            if any(new[field.name] is None for field in key):
                continue
            builder = Builder(self.model, self.names)
            builder.actors.extend(scene.world.actors)
            taken = {field.name: new[field.name] for field in key}
            builder.add(entity.name, "taken", taken)
            asked = msgspec.structs.replace(scene, world=builder.world())
            response, _ = self.answer(asked)
            if response.status == 409:
                name = "_and_".join(field.name for field in key)
                yield self.failing(f"with_a_taken_{name}_is_a_conflict", asked)

    def stored_new(self, scene: Scene, new: Values) -> list[str]:
        """What the new row holds: everything that the view does not show differently."""
        entity = self.subject_entity()
        lines = []
        keys = variable_keys(scene.world)
        others = sum(actor.entity == entity.name for actor in scene.world.actors)
        if others:
            lines.append(f"stored = await {self.all_rows()}(service.db)")
            shown_key = f'UUID(data["{entity.key}"])'
            lines.append(f"row = next(each for each in stored if each.{entity.key} == {shown_key})")
            lines.append(f"assert len(stored) == {others + 1}")
        else:
            lines.append(f"[row] = await {self.all_rows()}(service.db)")
        for field in entity.fields:
            if field.name == entity.key:
                continue
            if scalar(field) == "password":
                lines.append(f'assert row.{field.column}.startswith("$argon2id$")')
            else:
                value = new[field.name]
                test = "is" if value is None or isinstance(value, bool) else "=="
                lines.append(f"assert row.{field.column} {test} {written(value, keys)}")
        return lines
