"""Emitted structs read requests as the reference does: the same values, the same mistakes at the same places."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec import UNSET, Struct
from random_requests import Traffic

from backwright.emit.entities import entities_module
from backwright.emit.format import formatted
from backwright.emit.inputs import has_query, inputs_module, paging_names, query_attribute
from backwright.emit.names import Names, attribute, names
from backwright.model.build import build
from backwright.model.types import InputField, ListType, Model, Operation, RecordType
from backwright.project import Project
from backwright.reference import Reference, forms
from backwright.reference.evaluate import Environment, evaluate
from backwright.reference.failures import Failure
from backwright.reference.read import Reading, parse_object, query_fields, unknown
from backwright.reference.seam import START
from backwright.spec.reader import read
from backwright.verify.wire import Wire
from backwright_runtime.errors import Invalid, Malformed
from backwright_runtime.inputs import Body, Query

ROOT = Path(__file__).parents[3]
FOLDERS = sorted(
    path.parent
    for pattern in ("examples/*", "tests/cases/semantics/*", "tests/cases/requests/*")
    for path in ROOT.glob(f"{pattern}/backwright.yaml")
)
Answer = tuple[dict[str, Any], list[tuple[str, str]]]


def model_of(folder: Path) -> Model:
    return build(read(Project(folder)))


class Emitted:
    """The requests of a model as its emitted module reads them."""

    def __init__(self, model: Model, folder: Path) -> None:
        self.model = model
        self.names: Names = names(model)
        package = f"read_{self.names.package}_{folder.name}".replace("-", "_")
        tree = {
            f"{package}/__init__.py": "",
            f"{package}/entities.py": entities_module(model, self.names),
            f"{package}/inputs.py": inputs_module(model, self.names),
        }
        for path, text in formatted(tree, package).items():
            (folder / path).parent.mkdir(exist_ok=True)
            moved = text.replace(f"from {self.names.package}.", f"from {package}.")
            (folder / path).write_text(moved, encoding="utf-8")
        sys.path.insert(0, str(folder))
        try:
            self.module: ModuleType = importlib.import_module(f"{package}.inputs")
        finally:
            sys.path.remove(str(folder))

    def read(self, operation: Operation, wire: Wire) -> Answer:
        """Values by their names in the specification, and every bad field."""
        values: dict[str, Any] = {}
        errors: list[tuple[str, str]] = []
        if has_query(operation):
            query = Query(getattr(self.module, self.names.query_class(operation)))
            try:
                found = query.read(urlencode(wire.query).encode())
                for field in query_fields(operation):
                    usual = _usual(operation, field)
                    values[f"?{field.wire}"] = getattr(found, usual)
            except Invalid as invalid:
                errors += [(each.field, each.code) for each in invalid.fields]
        if operation.body is not None:
            struct = getattr(self.module, self.names.input_class(operation))
            body = Body(struct, media=operation.body.media, wrap=operation.body.wrap)
            try:
                made = body.read(wire.content or b"", wire.headers.get("content-type", ""))
                values |= _plain(made, operation.body.fields)
            except Invalid as invalid:
                errors += [(each.field, each.code) for each in invalid.fields]
        return values, errors


def _usual(operation: Operation, field: InputField) -> str:
    """The attribute of a query parameter."""
    for usual, wire in paging_names(operation).items():
        if wire == field.wire:
            return usual
    return query_attribute(operation, field.name)


def _plain(struct: Struct, fields: tuple[InputField, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        value = getattr(struct, attribute(field.name))
        kind = field.type.element if isinstance(field.type, ListType) else field.type
        if isinstance(kind, RecordType):
            many = [_plain(each, kind.members) for each in value] if isinstance(value, list) else None
            value = many if many is not None else value and _plain(value, kind.members)
        found[field.name] = value
    return found


def meant(model: Model, operation: Operation, wire: Wire) -> Answer:
    """The same by the reference."""
    environment = Environment(now=START, keys={}, rows={})

    def default(field: InputField) -> Any:
        assert field.default is not None
        return evaluate(field.default.meaning, environment)

    reading = Reading(model, default)
    asked = query_fields(operation)
    params = reading.query(asked, wire.query)
    values = {f"?{field.wire}": params[field.name] for field in asked if field.name in params}
    members: dict[str, Any] = {}
    body = operation.body
    if body is not None:
        if body.media == "json":
            members = parse_object(wire.content or b"")
            if body.wrap is not None:
                inner = members.get(body.wrap)
                if not isinstance(inner, dict):
                    raise Failure("invalid", [(body.wrap, "type" if body.wrap in members else "required")])
                members = inner
        else:
            members = forms.members(body, wire.content or b"", wire.headers.get("content-type", ""))
        values |= reading.body(body, members)
    if reading.reject:
        reading.errors += unknown((name for name, _ in wire.query), asked) if asked else []
        reading.errors += unknown(members, body.fields) if body is not None and body.fields else []
    return values, reading.errors


def differences(values: dict[str, Any], expected: dict[str, Any]) -> Iterator[str]:
    """Where the values are not the ones that are meant; what is unset was not sent, or has its default yet to come."""
    for name, value in values.items():
        if value is UNSET:
            continue
        if name in expected and value != expected[name]:
            yield f"{name}: {value!r}, not {expected[name]!r}"
        if name not in expected and value is not None and not name.startswith("?"):
            yield f"{name}: {value!r} was never sent"


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Emitted:
    return Emitted(model_of(request.param), tmp_path_factory.mktemp(request.param.name))


def test_requests_are_read_as_they_are_meant(case: Emitted) -> None:
    read_well = 0
    for seed in range(5):
        traffic = Traffic(case.model, Reference(case.model), Random(seed))
        for operation in traffic.random.choices(case.model.operations, k=150):
            wire = traffic.request(operation)
            try:
                expected, wrong = meant(case.model, operation, wire)
            except Failure as failure:
                if failure.category == "malformed":
                    with pytest.raises(Malformed):
                        case.read(operation, wire)
                    continue
                expected, wrong = {}, list(failure.fields)
            values, errors = case.read(operation, wire)
            assert sorted(errors) == sorted(wrong), (operation.name, wire)
            if not wrong:
                read_well += 1
                assert list(differences(values, expected)) == [], (operation.name, wire)
    assert read_well > 50


def test_what_was_not_sent_is_told_from_null(case: Emitted) -> None:
    for operation in case.model.operations:
        body = operation.body
        if body is not None and body.partial and not any(field.required for field in body.fields):
            made = getattr(case.module, case.names.input_class(operation))()
            assert {getattr(made, attribute(field.name)) for field in body.fields} == {UNSET}
