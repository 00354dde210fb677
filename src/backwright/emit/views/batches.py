"""Everything in `views.py`: how each view and each shape is shown, written once when it is first asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from backwright.emit.names import a, pascal, words
from backwright.emit.package import Package
from backwright.emit.shown import shown_views
from backwright.emit.source import Identifier, Source, imports, source
from backwright.emit.views.batch import Batch
from backwright.emit.views.shapes import shown
from backwright.emit.views.writer import BatchWriter
from backwright.model.operations import views_of
from backwright.model.types import (
    Column,
    Entity,
    Shape,
    View,
)

_RUNTIME = "backwright_runtime"
_SEQUENCE = imports("collections.abc", "Sequence")
ROW = "row"
CONTEXT = ("caller", "now", "cipher")


class Views:
    """Everything in `views.py`, while the package is written."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.model = package.model
        self.names = package.names
        self.pieces: list[Source] = []
        self.functions: list[Callable[[], Source]] = []
        self.beside: set[str] = set()
        self.known: dict[str, Batch] = {}
        self.written: set[str] = set()
        self.structs: set[str] = set()
        self.classes: dict[str, Identifier] = {}
        self.taken: set[str] = {
            "Caller",
            "Queries",
            "Sequence",
            "Struct",
            "UUID",
            "Decimal",
            "Literal",
            "Any",
            "Cipher",
            "Json",
        }
        self.taken |= {str(package.names.view_class(view.name)) for view in self.model.views}
        self.taken |= {str(package.names.row_class(entity)) for entity in self.model.entities}
        self.open: set[str] = set()
        anonymous = [operation for operation in self.model.operations if operation.caller != "required"]
        self.anyone = {view.name for view in shown_views(anonymous, self.model)}

    def free_class(self, wanted: str) -> Identifier:
        """A class name that is not taken."""
        name, number = wanted, 2
        while name in self.taken:
            name, number = f"{wanted}{number}", number + 1
        self.taken.add(name)
        return Identifier(name)

    def define(self, piece: Source) -> None:
        """A struct, before those that use it."""
        self.structs.add(piece.text.removeprefix("class ").partition("(")[0])
        self.pieces.append(piece)

    def qualified(self, text: str, behind: str) -> str:
        """A text in which the structs of `views.py` are named as other modules do: `views.ArticleView`."""
        if not self.structs:
            return text
        names = "|".join(sorted(self.structs, key=len, reverse=True))
        return re.sub(rf"(?<![\w.\"'])({names})(?!\w){re.escape(behind)}", rf"views.\1{behind}", text)

    def view(self, name: str) -> Batch:
        """How a view is shown; it is written when it is first asked for."""
        if name not in self.known:
            self._write(self.model.view(name))
        return self.known[name]

    def inline(self, shape: Shape, entity: Entity, name: str, *, signed_in: bool) -> Batch:
        """How rows are shown that an answer describes on the spot."""
        if name not in self.known:
            writer = BatchWriter(self, entity, name, (), signed_in=signed_in, recursive=False)
            about = f"{a(words(entity.name))} as this answer shows it"
            self.known[name] = writer.write(lambda: shown(shape, writer, pascal(name), about))
        return self.known[name]

    def cells(self, columns: Sequence[Column], entity: Entity, name: str, *, signed_in: bool) -> Batch:
        """How rows are shown as the cells of a file."""
        if name not in self.known:
            writer = BatchWriter(self, entity, name, (), signed_in=signed_in, recursive=False)
            self.known[name] = writer.write(lambda: writer.of_cells(columns))
        return self.known[name]

    def _write(self, view: View) -> None:
        entity = self.model.entity(view.entity)
        cls = self.names.view_class(view.name)
        signed_in = view.name not in self.anyone
        recursive = self._is_recursive(view)

        def write() -> Batch:
            writer = BatchWriter(
                self, entity, view.name, view.arguments, signed_in=signed_in, recursive=recursive
            )
            writer.view = view
            if view.name not in self.known and recursive:
                self.known[view.name] = writer.draft(source(cls))
            return writer.write(lambda: writer.of_view(view, cls))

        if recursive:
            self._settle(view.name, write)
        self.known[view.name] = write()

    def _settle(self, name: str, write: Callable[[], Batch]) -> None:
        """Rehearses a view until it is what its inside was written for: each level is given what the next needs."""
        expected = self.rehearsed(write)
        while self.known.get(name) != expected:
            self.known[name] = expected
            expected = self.rehearsed(write)

    def rehearsed(self, write: Callable[[], Batch]) -> Batch:
        """What would be written, without writing it: a view that shows itself has to know what it reads."""
        repositories = self.package.repositories
        pieces, functions = list(self.pieces), list(self.functions)
        there = {entity: list(each) for entity, each in repositories.pieces.items()}
        known, rows = dict(repositories.known), dict(repositories.rows)
        written, taken = set(self.written), set(self.taken)
        others, structs = dict(self.known), set(self.structs)
        batch = write()
        self.pieces, self.functions, self.written, self.taken = pieces, functions, written, taken
        self.known, self.structs = others, structs
        repositories.pieces, repositories.known, repositories.rows = there, known, rows
        return batch

    def _is_recursive(self, view: View) -> bool:
        """Whether rows under the view are shown inside themselves."""
        return view.name in views_of(view.shape, {each.name: each for each in self.model.views})
