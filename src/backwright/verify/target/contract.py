"""A contract that somebody else wrote: OpenAPI 3.0 or 3.1, read into the operations that requests are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
DEEPEST = 16
"""How many references are followed one after the other."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of an operation. `where` is `path`, `query`, `header` or `cookie`; `style` and `explode` say how
    lists and objects are written, `encoded_as` is the media type of one that is written whole.
    """

    name: str
    where: str
    required: bool
    schema: Mapping[str, Any]
    examples: tuple[Any, ...] = ()
    style: str = "form"
    explode: bool = True
    encoded_as: str = ""

    @property
    def kind(self) -> str:
        """The type of its value that is not null; empty where the contract does not say it."""
        kinds = self.schema.get("type")
        kind = next((each for each in kinds if each != "null"), "") if isinstance(kinds, list) else kinds
        return str(kind or ("object" if "properties" in self.schema else ""))

    @property
    def offered(self) -> tuple[Any, ...]:
        """The values that the contract lists for it, or for each of its items."""
        items = self.schema.get("items")
        listed = items if self.kind == "array" and isinstance(items, Mapping) else self.schema
        return tuple(each for each in listed.get("enum") or () if each is not None)

    def holding(self, value: Any) -> Any:
        """The value as the parameter takes it: a list takes it as its only item."""
        return [value] if self.kind == "array" and not isinstance(value, list) else value


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a request carries: the first media type of the contract that can be made here. `files` are the members that
    are uploaded as files, with their media types as declared (comma-separated; empty: not said).
    """

    media: str
    required: bool
    schema: Mapping[str, Any]
    examples: tuple[Any, ...] = ()
    files: Mapping[str, str] = {}


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `secured` says that the contract requires credentials: no alternative is empty;
    `open`, that it names none."""

    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    statuses: tuple[str, ...] = ()
    secured: bool = False
    open: bool = False
    answer: Mapping[str, Any] | None = None
    id: str = ""

    @property
    def name(self) -> str:
        """Method and path template: how reports call it."""
        return f"{self.method} {self.path}"

    @property
    def path_names(self) -> tuple[str, ...]:
        """The parameters of its path, from left to right."""
        pieces = self.path.split("{")[1:]
        return tuple(piece.partition("}")[0] for piece in pieces)


def resolved(document: Mapping[str, Any], value: Any) -> Any:
    """The value that a `$ref` within the document leads to; the value itself where it is none. Unknown: {}."""
    for _ in range(DEEPEST):
        if not isinstance(value, Mapping) or not isinstance(value.get("$ref"), str):
            return value
        value = _at(document, value["$ref"])
    return {}


def _at(document: Mapping[str, Any], reference: str) -> Any:
    found: Any = document
    if not reference.startswith("#/"):
        return {}
    for piece in reference[2:].split("/"):
        key = piece.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            return {}
    return found


def texts_of(value: Any) -> Iterator[str]:
    """Every text of a document, with the names of its members: nothing that is made anew is among them."""
    match value:
        case str():
            yield value
        case Mapping():
            for name, each in value.items():
                yield str(name)
                yield from texts_of(each)
        case list() | tuple():
            for each in value:
                yield from texts_of(each)
        case _:
            pass


def base_path(document: Mapping[str, Any]) -> str:
    """The path of the first server, without a slash at the end. Variables take their defaults."""
    servers = document.get("servers") or [{}]
    server = servers[0] if isinstance(servers[0], Mapping) else {}
    url = str(server.get("url", ""))
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str((variable or {}).get("default", "")))
    return urlsplit(url).path.rstrip("/")


def operations_of(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Every operation of the contract in its order."""
    return tuple(_operations(document))


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, given in (document.get("paths") or {}).items():
        item = resolved(document, given)
        if not isinstance(item, Mapping):
            continue
        for method in METHODS:
            if isinstance(item.get(method), Mapping):
                yield _operation(document, path, method, item, item[method])


def _operation(
    document: Mapping[str, Any], path: str, method: str, item: Mapping[str, Any], given: Mapping[str, Any]
) -> Operation:
    found: dict[tuple[str, str], Parameter] = {}
    for each in [*(item.get("parameters") or []), *(given.get("parameters") or [])]:
        parameter = _parameter(document, resolved(document, each))
        found[parameter.where, parameter.name] = parameter
    responses = resolved(document, given.get("responses") or {})
    security = given.get("security", document.get("security"))
    return Operation(
        method=method.upper(),
        path=path,
        parameters=tuple(found.values()),
        body=_body(document, resolved(document, given.get("requestBody"))),
        statuses=tuple(str(status) for status in responses),
        secured=bool(security) and all(security),
        open=not security,
        answer=_answer(document, responses),
        id=str(given.get("operationId", "")),
    )


def _parameter(document: Mapping[str, Any], given: Any) -> Parameter:
    given = given if isinstance(given, Mapping) else {}
    content: Mapping[str, Any] = next(iter((given.get("content") or {}).values()), {})
    where = str(given.get("in", "query"))
    style = str(given.get("style") or ("form" if where in {"query", "cookie"} else "simple"))
    return Parameter(
        name=str(given.get("name", "")),
        where=where,
        required=where == "path" or bool(given.get("required")),
        schema=resolved(document, given.get("schema") or content.get("schema") or {}),
        examples=_examples(document, given) or _examples(document, content),
        style=style,
        explode=bool(given.get("explode", style == "form")),
        encoded_as=next(iter(given.get("content") or ()), ""),
    )


def _body(document: Mapping[str, Any], given: Any) -> Body | None:
    content = given.get("content") if isinstance(given, Mapping) else None
    if not content:
        return None
    media = min(content, key=_preference)
    described = resolved(document, content[media]) or {}
    return Body(
        media=media,
        required=bool(given.get("required")),
        schema=resolved(document, described.get("schema") or {}),
        examples=_examples(document, described),
        files=dict(_files(document, described)) if media.startswith("multipart/") else {},
    )


def _files(document: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The members of a form that are files: by format (3.0), by media type (3.1), or by how they are encoded."""
    encoding = described.get("encoding") or {}
    for name, each in _properties(document, described.get("schema") or {}):
        schema = resolved(document, each)
        if isinstance(schema, Mapping) and schema.get("type") == "array":
            schema = resolved(document, schema.get("items") or {})
        schema = schema if isinstance(schema, Mapping) else {}
        said = (encoding.get(name) or {}).get("contentType") or schema.get("contentMediaType") or ""
        plainly = not schema.get("type") and not {"$ref", "properties", "enum", "oneOf", "anyOf"} & set(
            schema
        )
        if schema.get("format") == "binary" or "contentMediaType" in schema or (said and plainly):
            yield str(name), str(said)


def _properties(document: Mapping[str, Any], given: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    schema = resolved(document, given)
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return
    yield from (schema.get("properties") or {}).items()
    for each in schema.get("allOf") or ():
        yield from _properties(document, each, depth + 1)


def _preference(media: str) -> int:
    known = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
    base = media.partition(";")[0].strip().lower()
    return known.index(base) if base in known else 0 if base.endswith("+json") else len(known)


def _examples(document: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[Any, ...]:
    found = [given["example"]] if "example" in given else []
    named = given.get("examples")
    if isinstance(named, Mapping):
        each = [resolved(document, example) for example in named.values()]
        found += [example["value"] for example in each if isinstance(example, Mapping) and "value" in example]
    return tuple(found)


def _answer(document: Mapping[str, Any], responses: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of the JSON that a success answers with."""
    for status in sorted(str(each) for each in responses):
        if not status.startswith("2"):
            continue
        described = resolved(document, responses.get(status, responses.get(_number(status))))
        for media, content in ((described or {}).get("content") or {}).items():
            if "json" in media:
                schema: Mapping[str, Any] = resolved(document, (content or {}).get("schema") or {})
                return schema
    return None


def _number(status: str) -> Any:
    return int(status) if status.isdigit() else status
