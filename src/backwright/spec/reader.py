"""Reads the specification of a project: files → one table → shape check → typed nodes."""

from __future__ import annotations

from backwright.project import Project
from backwright.spec.diagnostics import Place, SpecificationError
from backwright.spec.grammar import DOCUMENT
from backwright.spec.nodes import (
    AccessNode,
    At,
    AuthNode,
    CrudNode,
    EntityNode,
    FieldNode,
    IndexNode,
    ServiceNode,
    SpecDocument,
    TermNode,
    TypeNode,
)
from backwright.spec.pieces import gather
from backwright.spec.raw import Entry, Items, Raw, Scalar, Table
from backwright.spec.shape import shape_problems


def read(project: Project) -> SpecDocument:
    """The specification of a project. Raises SpecificationError with all that is wrong in its files."""
    table, files, found = gather(project)
    if table is not None:
        # What YAML made of a trap is not what the author wrote: one diagnostic for one place is enough.
        trapped = {problem.place for problem in found}
        shape = shape_problems(table, DOCUMENT, "the specification")
        found = [*found, *(problem for problem in shape if problem.place not in trapped)]
    if table is None or any(problem.severity == "error" for problem in found):
        raise SpecificationError(found)
    return _document(table, files)


# The shape is known to be right from here on, so these read without checking. ----------------------------


def _text(table: Table, key: str) -> At[str] | None:
    value = table.get(key)
    return _word(value) if isinstance(value, Scalar) else None


def _required(table: Table, key: str) -> At[str]:
    found = _text(table, key)
    assert found is not None, f"the grammar requires {key}"
    return found


def _word(scalar: Scalar) -> At[str]:
    return At(scalar.value.strip(), scalar.content)


def _whole(table: Table, key: str) -> At[int] | None:
    found = _text(table, key)
    return None if found is None else At(int(found.value), found.place)


def _flag(table: Table, key: str) -> At[bool] | None:
    found = _text(table, key)
    return None if found is None else At(found.value == "true", found.place)


def _words(table: Table, key: str) -> tuple[At[str], ...] | None:
    value = table.get(key)
    if not isinstance(value, Items):
        return None
    return tuple(_word(item) for item in value.items if isinstance(item, Scalar))


def _entries(table: Table, key: str) -> tuple[Entry, ...]:
    value = table.get(key)
    return value.entries if isinstance(value, Table) else ()


def _expressions(table: Table | None) -> tuple[tuple[At[str], At[str]], ...]:
    entries = table.entries if table is not None else ()
    return tuple((_word(e.key), _word(e.value)) for e in entries if isinstance(e.value, Scalar))


def _table(table: Table, key: str) -> Table | None:
    value = table.get(key)
    return value if isinstance(value, Table) else None


def _document(table: Table, files: tuple[str, ...]) -> SpecDocument:
    service = _table(table, "service")
    assert service is not None, "the grammar requires service"
    auth = _table(table, "auth")
    return SpecDocument(
        place=table.place,
        service=ServiceNode(
            place=service.place,
            name=_required(service, "name"),
            version=_required(service, "version"),
            description=_text(service, "description"),
            unknown_fields=_text(service, "unknown_fields"),
        ),
        auth=None if auth is None else _auth(auth),
        entities=tuple(
            _entity(entry.key, entry.value)
            for entry in _entries(table, "entities")
            if isinstance(entry.value, Table)
        ),
        files=files,
    )


def _auth(table: Table) -> AuthNode:
    token = _table(table, "token")
    return AuthNode(
        place=table.place,
        identity=_required(table, "identity"),
        by=_required(table, "by"),
        flows=_words(table, "flows") or (),
        token_minutes=None if token is None else _whole(token, "minutes"),
    )


def _entity(name: Scalar, table: Table) -> EntityNode:
    indexes = table.get("indexes")
    access = table.get("access")
    crud = _table(table, "crud")
    return EntityNode(
        place=name.place,
        name=_word(name),
        fields=tuple(_field(entry.key, entry.value) for entry in _entries(table, "fields")),
        indexes=tuple(map(_index, indexes.items)) if isinstance(indexes, Items) else (),
        access=None if access is None else _access(access),
        computed=_computed(table),
        crud=None if crud is None else _crud(crud),
        was=_text(table, "was"),
        plural=_text(table, "plural"),
    )


def _computed(table: Table) -> tuple[tuple[At[str], At[str]], ...]:
    found: list[tuple[At[str], At[str]]] = []
    for entry in _entries(table, "computed"):
        value = entry.value.get("value") if isinstance(entry.value, Table) else entry.value
        if isinstance(value, Scalar):
            found.append((_word(entry.key), _word(value)))
    return tuple(found)


def _type(word: At[str]) -> TypeNode:
    return TypeNode(place=word.place, name=word.value.removesuffix("?"), nullable=word.value.endswith("?"))


def _field(name: Scalar, value: Raw) -> FieldNode:
    if not isinstance(value, Table):
        assert isinstance(value, Scalar), "the grammar takes a word or a table"
        type_node = _type(_word(value))
        return FieldNode(place=name.place, name=_word(name), type=type_node, nullable=type_node.nullable)
    word = _text(value, "type")
    kind = None if word is None else _type(word)
    ref = _text(value, "ref")
    return FieldNode(
        place=name.place,
        name=_word(name),
        type=kind,
        ref=None if ref is None else At(ref.value.removesuffix("?"), ref.place),
        inverse=_text(value, "inverse"),
        enum=_words(value, "enum"),
        nullable=(kind is not None and kind.nullable) or (ref is not None and ref.value.endswith("?")),
        min=_whole(value, "min"),
        max=_whole(value, "max"),
        unique=_flag(value, "unique"),
        default=_text(value, "default"),
        set=_text(value, "set"),
        input=_flag(value, "input"),
        was=_text(value, "was"),
    )


def _index(raw: Raw) -> IndexNode:
    if not isinstance(raw, Table):
        return IndexNode(place=raw.place, terms=_terms(raw))
    unique = _flag(raw, "unique")
    terms = _terms(raw.get("on"))
    return IndexNode(place=raw.place, terms=terms, unique=unique is not None and unique.value)


def _terms(raw: Raw | None) -> tuple[TermNode, ...]:
    scalars = raw.items if isinstance(raw, Items) else (raw,)
    return tuple(_term(scalar) for scalar in scalars if isinstance(scalar, Scalar))


def _term(scalar: Scalar) -> TermNode:
    place: Place = scalar.content
    field, _, direction = scalar.value.strip().partition(" ")
    word = direction.strip()
    return TermNode(
        place=place,
        field=At(field, place),
        direction=At(word, place.shifted(len(field) + 1)) if word else None,
    )


def _access(raw: Raw) -> AccessNode:
    if isinstance(raw, Scalar):
        return AccessNode(place=raw.place, all=_word(raw))
    assert isinstance(raw, Table), "the grammar takes a rule or a table"
    return AccessNode(place=raw.place, verbs=_expressions(raw))


def _crud(table: Table) -> CrudNode:
    paging = _table(table, "paging")
    return CrudNode(
        place=table.place,
        path=_required(table, "path"),
        only=_words(table, "only"),
        filters=_expressions(_table(table, "filters")),
        order=_terms(table.get("order")),
        paging_default=None if paging is None else _whole(paging, "default"),
        paging_max=None if paging is None else _whole(paging, "max"),
    )
