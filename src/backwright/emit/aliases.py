"""Named types of requests: `Title = Annotated[str, Meta(min_length=1, max_length=200)]`."""

from __future__ import annotations

import msgspec

from backwright.emit.annotations import received, received_key, sized
from backwright.emit.names import Names, free_class, pascal, singular
from backwright.emit.source import Identifier, Source, source
from backwright.model.types import (
    FieldType,
    InputField,
    ListType,
    ManyType,
    Model,
    RecordType,
    ReferenceType,
    ScalarType,
)

_NOUNS = {
    "Literal[": "Choice",
    "Annotated[str": "Text",
    "Annotated[list": "List",
    "Annotated[bytes": "File",
}


class Alias(msgspec.Struct, frozen=True):
    """A named type: `word` is what it is named after, `kind` the type itself."""

    name: Identifier
    word: str
    kind: Source


class Aliases:
    """The named types of one model: where a type with limits is used, its name is printed.

    One name for each word and its limits; a number tells apart fields of one name with different limits.
    """

    def __init__(self, model: Model, names: Names) -> None:
        self.model = model
        self.known: list[Alias] = []
        self._classes = names.taken
        self._taken = set(names.taken)

    def type_of(self, field: InputField, record: Identifier | None = None, *, form: bool = False) -> Source:
        """How the type of a member is written. `record` is the struct of the object that it is, or lists."""
        return self._typed(field.type, field, record, form=form)

    def _typed(
        self, kind: FieldType, field: InputField, record: Identifier | None, *, form: bool = False
    ) -> Source:
        match kind:
            case RecordType():
                return source(record or "")
            case ListType(element=element, min=least, max=most):
                of = msgspec.structs.replace(field, name=singular(field.name), type=element)
                inner = self._typed(element, of, record)
                if isinstance(element, RecordType):  # its struct stands behind the names
                    return sized(inner, least, most)
                return self._list(inner, field, least, most)
            case ManyType(entity=entity, max=most):
                return self._list(self._key(entity), field, None, most)
            case ReferenceType(entity=entity):
                return self._key(entity)
            case _:
                return self._named(pascal(field.name), received(field, self.model, form=form))

    def _list(self, element: Source, field: InputField, least: int | None, most: int) -> Source:
        word = pascal(field.name)
        if element.text.rstrip("0123456789") == word:  # its element has that name
            word = f"{word}List"
        return self._named(word, sized(element, least, most))

    def _key(self, entity: str) -> Source:
        return self._named(f"{pascal(entity)}Key", received_key(entity, self.model))

    def _named(self, word: str, kind: Source) -> Source:
        """The name of a type, where it is worth one."""
        if not kind.text.startswith(("Annotated[", "Literal[")):
            return kind
        for alias in self.known:
            if alias.word == word and alias.kind.text == kind.text:
                return source(alias.name)
        name = free_class(word if word not in self._classes else f"{word}{_noun(kind)}", self._taken)
        self._taken.add(name)
        self.known.append(Alias(name, word, kind))
        return source(name)

    def declarations(self) -> list[Source]:
        """The statements that declare the names, each behind those that it uses."""
        return [source(f"{alias.name} = {alias.kind}", alias.kind) for alias in self.known]


def _noun(kind: Source) -> str:
    """What a value of a type is, to tell its name from that of a class."""
    for begins, noun in _NOUNS.items():
        if kind.text.startswith(begins):
            return noun
    return "Number"


def is_file(field: InputField) -> bool:
    """Whether a member is a file, or may come as one."""
    return isinstance(field.type, ScalarType) and field.type.scalar == "bytes"
