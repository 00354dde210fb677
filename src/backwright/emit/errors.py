"""Writes `errors.py`: how failures look, where the specification says so."""

from __future__ import annotations

from typing import assert_never

from backwright.emit.names import Names, snake
from backwright.emit.source import Identifier, Source, docstring, imports, indented, literal, module, source
from backwright.model.types import (
    ErrorAnswer,
    ErrorArray,
    ErrorMembers,
    ErrorShape,
    ErrorText,
    ErrorWord,
    Model,
)

_RUNTIME = "backwright_runtime"


def has_errors(model: Model) -> bool:
    """Whether any failure looks unlike the envelope."""
    return bool(model.service.answers) or any(operation.answers for operation in model.operations)


def errors_module(model: Model, names: Names) -> str:
    """The bodies of failures, and which categories have them."""
    writer = _Writer()
    tables: list[Source] = []
    if model.service.answers:
        tables.append(writer.table("ERRORS", model.service.answers))
    for operation in model.operations:
        if operation.answers:
            tables.append(writer.table(f"{snake(operation.name).upper()}_ERRORS", operation.answers))
    return module("How failures look.", [*writer.bodies.values(), *tables], package=names.package)


class _Writer:
    def __init__(self) -> None:
        self.bodies: dict[str, Source] = {}
        self.names: dict[str, Identifier] = {}

    def table(self, name: str, answers: tuple[ErrorAnswer, ...]) -> Source:
        """The answers of the service or of one operation."""
        lines = []
        for each in answers:
            given = [str(each.status)] if each.status is not None else []
            if each.body is not None:
                given.append(f"body={self.body(each.body, each.category)}")
            if each.empty:
                given.append("empty=True")
            lines.append(f"{literal(each.category)}: ErrorAnswer({', '.join(given)}),")
        text = f"{Identifier(name)}: ErrorAnswers = {{\n{indented(chr(10).join(lines))}\n}}"
        return source(text, imports(_RUNTIME, "ErrorAnswer", "ErrorAnswers"))

    def body(self, shape: ErrorShape, category: str) -> Identifier:
        """The function that makes a body; one of the same shape is shared."""
        text = shown(shape)
        if text not in self.names:
            wanted = "body" if category == "*" else f"{category}_body"
            name, number = wanted, 2
            while name in self.bodies:
                name, number = f"{wanted}_{number}", number + 1
            self.names[text] = Identifier(name)
            about = "The body of a failure." if category == "*" else f"The body of `{category}`."
            function = (
                f"def {Identifier(name)}(error: ErrorWords) -> object:\n"
                f"    {docstring(about, 4)}\n    return {text}"
            )
            self.bodies[name] = source(function, imports(_RUNTIME, "ErrorWords"))
        return self.names[text]


def shown(shape: ErrorShape) -> str:
    """The Python of an error's JSON."""
    match shape:
        case ErrorWord(word=word):
            return f"error.{word}"
        case ErrorText(text=text):
            return literal(text)
        case ErrorMembers(members=members):
            return f"{{{', '.join(f'{literal(each.wire)}: {shown(each.shape)}' for each in members)}}}"
        case ErrorArray(items=items):
            return f"[{', '.join(shown(item) for item in items)}]"
        case _:
            assert_never(shape)
