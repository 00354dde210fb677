"""What a caller sees of rows: the body of a success answer."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, assert_never
from urllib.parse import quote
from uuid import UUID

import jinja2.sandbox
import msgspec

from backwright.expr.typed import Type
from backwright.model.types import (
    Array,
    Column,
    Each,
    Formula,
    Members,
    Shape,
    ShowCsv,
    ShowFile,
    ShowHtml,
    ShowPage,
    Value,
    View,
    Viewed,
)
from backwright.reference.evaluate import Environment, Page, Row, elements, evaluate, row_of
from backwright.reference.execution import Execution
from backwright.reference.failures import Failure
from backwright.reference.http import Opaque
from backwright.reference.numbers import rounded
from backwright.reference.selecting import in_order
from backwright.reference.texts import written

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


class Shown:
    """Renders the shapes of one answer. `levels` counts how often each repeating shape is open."""

    def __init__(self, run: Execution) -> None:
        self.run = run
        self.model = run.model
        self.levels: dict[int, int] = {}
        self.omits = run.model.service.nulls == "omit"

    def shape(self, shape: Shape, environment: Environment) -> Any:
        """JSON of a shape."""
        match shape:
            case Value(value=value):
                return self.value(value, environment)
            case Members(members=members):
                return self.members({each.wire: self.shape(each.shape, environment) for each in members})
            case Array(items=items):
                return [self.shape(item, environment) for item in items]
            case Viewed():
                return self.viewed(shape, environment)
            case Each():
                return self.each(shape, environment)
            case _:
                assert_never(shape)

    def members(self, found: dict[str, Any]) -> dict[str, Any]:
        """The members of an object: those that are null are left out where the service says so."""
        return {name: each for name, each in found.items() if each is not None} if self.omits else found

    def value(self, formula: Formula, environment: Environment) -> Any:
        """The value of an expression."""
        return printed(evaluate(formula.meaning, environment), formula.meaning.type, environment)

    def viewed(self, shape: Viewed, environment: Environment) -> Any:
        """A row under a view; null for none."""
        row = row_of(shape.row.meaning, environment) if holds_row(shape.row, environment) else None
        if row is None:
            return None
        given = {each.name: evaluate(each.value.meaning, environment) for each in shape.arguments}
        return self.view(row, self.model.view(shape.view), environment, given)

    def view(
        self, row: Row, view: View, environment: Environment, given: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """One row as callers see it."""
        about = msgspec.structs.replace(environment, this=row, bindings=given or {}, variables={})
        found = {field.wire: printed(row[field.field], None, about) for field in view.fields}
        return self.members(found | {each.wire: self.shape(each.shape, about) for each in view.shape})

    def each(self, shape: Each, environment: Environment) -> list[Any]:
        """One item per row."""
        open_already = self.levels.get(id(shape), 0)
        if shape.depth is not None and open_already >= shape.depth:
            return []
        rows = self.rows(shape, environment)
        self.levels[id(shape)] = open_already + 1
        found = [
            self.shape(shape.shape, msgspec.structs.replace(environment, this=row))
            for row in rows[: shape.limit]
        ]
        self.levels[id(shape)] = open_already
        return found

    def rows(self, shape: Each | ShowCsv, environment: Environment) -> list[Row]:
        """The rows of a repeating shape in their order."""
        kind = shape.rows.meaning.type
        element = kind.element if kind.kind == "list" else kind
        entity = self.model.entity((element.entity if element is not None else None) or "")
        keys = {environment.key_of(row, entity.name): row for row in self.run.rows[entity.name]}
        listed = elements(shape.rows.meaning, environment)
        found = [each if isinstance(each, dict) else keys.get(each) for each in listed]
        rows = [row for row in found if row is not None]
        return in_order(shape.order, entity, rows, self.run) if shape.order else rows

    # Media -------------------------------------------------------------------------------------------

    def page(self, show: ShowPage, environment: Environment) -> tuple[list[Any], Page]:
        """The rows of a page under their view."""
        page = self.run.bindings[show.bind] or Page([])
        view = self.model.view(show.view)
        return [self.view(row, view, environment) for row in page.rows], page

    def html(self, show: ShowHtml, environment: Environment, csrf: str | None) -> bytes:
        """A page of a template; everything in it is escaped."""
        self.omits = False  # a template has all its names
        names = {each.wire: self.shape(each.shape, environment) for each in show.context}
        return template(show.source).render({"csrf_token": csrf, **names}).encode()

    def csv(self, show: ShowCsv, environment: Environment) -> bytes:
        """A file of rows (RFC 4180)."""
        out = io.StringIO()
        file = csv.writer(out, lineterminator="\r\n")
        file.writerow([each.heading for each in show.columns])
        for row in self.rows(show, environment):
            about = msgspec.structs.replace(environment, this=row)
            file.writerow([self.cell(column, about) for column in show.columns])
        return out.getvalue().encode()

    def cell(self, column: Column, environment: Environment) -> str:
        """One value; text that a spreadsheet would compute gets an apostrophe (OWASP, CSV injection)."""
        value = self.value(column.value, environment)
        if isinstance(value, str) and column.value.meaning.type.kind == "string":
            return f"'{value}" if value.startswith(DANGEROUS) else value
        return "" if value is None else value if isinstance(value, str) else written_number(value)

    def file(self, show: ShowFile, environment: Environment) -> tuple[bytes, dict[str, str]]:
        """A file and its headers. Raises Failure where there is none."""
        content = evaluate(show.content.meaning, environment)
        if content is None:
            raise Failure("not_found")
        media = evaluate(show.media.meaning, environment)
        sure = isinstance(media, str) and re.fullmatch(
            r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w.-]+)?", media, re.ASCII
        )
        headers = {"content-type": str(media) if sure else "application/octet-stream"}
        headers["x-content-type-options"] = "nosniff"
        if show.filename is not None:
            headers |= saved_as(evaluate(show.filename.meaning, environment))
        return content, headers


def holds_row(formula: Formula, environment: Environment) -> bool:
    """Whether the expression stands for a row at all: a conditional may have chosen null."""
    return evaluate(formula.meaning, environment) is not None


def saved_as(filename: str | None) -> dict[str, str]:
    """The name under which a file is offered for saving."""
    if filename is None:
        return {}
    plain = re.sub(r"[^\w .()-]", "_", filename, flags=re.ASCII)
    return {"content-disposition": f'attachment; filename="{plain}"'}


@cache
def template(source: str) -> jinja2.Template:
    """A template of the author; it computes nothing but what Jinja allows in its sandbox."""
    return jinja2.sandbox.SandboxedEnvironment(autoescape=True).from_string(source)


def printed(value: Any, kind: Type | None, environment: Environment) -> Any:
    """A value in JSON: decimals with the digits of their type, rows as their key."""
    match value:
        case Opaque() | None | bool() | int() | float() | str():
            return value
        case Decimal():
            digits = kind.scale if kind is not None and kind.kind == "decimal" else None
            return written(value if digits is None else rounded(value, digits))
        case datetime() | date() | UUID():
            return written(value)
        case bytes():
            return base64.b64encode(value).decode()
        case list():
            element = kind.element if kind is not None else None
            if kind is not None and kind.kind == "rows":
                element = Type("entity", entity=kind.entity)
            return [printed(each, element, environment) for each in value]
        case dict() if kind is not None and kind.kind == "entity":
            return printed(environment.key_of(value, kind.entity or ""), None, environment)
        case dict():
            members = dict(kind.members) if kind is not None else {}
            return {name: printed(each, members.get(name), environment) for name, each in value.items()}
        case _:
            raise TypeError(f"{type(value).__name__} is not shown")


def written_number(value: Any) -> str:
    """A number or a boolean in a file."""
    return msgspec.json.encode(value).decode()


def location(path: str, row: Row) -> str:
    """The path of a row that was created: its key as one segment (RFC 3986)."""
    return re.sub(r"\{(\w+)\}", lambda hole: quote(written(row[hole[1]]), safe=""), path)
