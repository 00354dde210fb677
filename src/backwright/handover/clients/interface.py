"""What a client offers: the contract as calls and named types, before it is printed in a language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as OneOf
from typing import assert_never

import msgspec

from backwright.emit.contract.values import Json
from backwright.emit.source import Identifier
from backwright.handover.clients.identifiers import (
    Taken,
    argument_name,
    method_name,
    refusal_name,
    type_name,
    types,
)
from backwright.handover.clients.shapes import (
    NULL,
    Either,
    Exactly,
    Fixed,
    Keyed,
    Listed,
    Member,
    Members,
    Named,
    Plain,
    Shape,
    about,
    either,
    shape,
)

METHODS = ("get", "post", "put", "patch", "delete")
Sending = OneOf["json", "form", "multipart"]
Reading = OneOf["json", "text", "bytes", "nothing"]
MEDIA: dict[str, Sending] = {
    "application/json": "json",
    "application/x-www-form-urlencoded": "form",
    "multipart/form-data": "multipart",
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Common settings of the parts of an interface."""


class Parameter(Part, frozen=True, kw_only=True):
    """A value in the path, the query or the headers. `name` is what the argument is called."""

    name: Identifier
    wire: str
    place: OneOf["path", "query", "header"]
    shape: Shape
    required: bool
    about: str


class Body(Part, frozen=True, kw_only=True):
    """What is sent."""

    sending: Sending
    shape: Shape


class Success(Part, frozen=True, kw_only=True):
    """How an answer of one status is read."""

    status: int
    reading: Reading
    shape: Shape


class Call(Part, frozen=True, kw_only=True):
    """One operation."""

    operation: str
    name: Identifier
    method: str
    path: str
    about: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    successes: tuple[Success, ...]
    refusals: tuple[int, ...]

    def at(self, place: str) -> list[Parameter]:
        """The parameters of one place."""
        return [each for each in self.parameters if each.place == place]


class Refusal(Part, frozen=True, kw_only=True):
    """An exception: a status of failure and what its body may be."""

    name: Identifier
    status: int
    shape: Shape


class Interface(Part, frozen=True, kw_only=True):
    """The whole. `types` are the objects that have a name, in the order of the contract."""

    title: str
    version: str
    types: dict[str, Members]
    calls: tuple[Call, ...]
    refusals: tuple[Refusal, ...]


def interface(contract: Json) -> Interface:
    """The interface that a contract describes."""
    return _Reader(contract).whole()


class _Reader:
    """Reads one contract: gives every object a name on the way."""

    def __init__(self, contract: Json) -> None:
        self._contract = contract
        self._names = types()
        self._types: dict[str, Members] = {}
        self._components: dict[str, Identifier] = {}
        self._bodies: dict[str, Shape] = {}
        self._refused: dict[int, list[Shape]] = {}

    def whole(self) -> Interface:
        schemas = self._contract["components"]["schemas"]
        self._components = {name: self._names.free(type_name(name)) for name in schemas}
        for name, schema in schemas.items():
            self._declare(self._components[name], shape(schema))
        calls = tuple(self._calls())
        refusals = tuple(self._refusals())
        info = self._contract["info"]
        return Interface(
            title=info["title"],
            version=info["version"],
            types=self._types,
            calls=calls,
            refusals=refusals,
        )

    def _calls(self) -> Iterator[Call]:
        for path, item in self._contract["paths"].items():
            for method in METHODS:
                if method in item:
                    yield self._call(path, method, item[method])

    def _call(self, path: str, method: str, operation: Json) -> Call:
        name = operation["operationId"]
        scope = Taken()
        responses = {int(status): self._resolved(each) for status, each in operation["responses"].items()}
        self._learn_refusals(name, operation["responses"])
        said = (operation.get(word, "") for word in ("summary", "description"))
        return Call(
            operation=name,
            name=method_name(name),
            method=method.upper(),
            path=path,
            about=" ".join(filter(None, said)),
            parameters=tuple(self._parameter(each, scope) for each in operation.get("parameters", ())),
            body=self._body(name, operation.get("requestBody")),
            successes=tuple(
                self._success(name, status, each) for status, each in responses.items() if status < 400
            ),
            refusals=tuple(status for status in responses if status >= 400),
        )

    def _parameter(self, parameter: Json, scope: Taken) -> Parameter:
        schema = parameter["schema"]
        words = (parameter.get("description", ""), about(schema))
        return Parameter(
            name=argument_name(parameter["name"], scope),
            wire=parameter["name"],
            place=parameter["in"],
            shape=self._named(shape(schema), type_name(parameter["name"])),
            required=parameter.get("required", False),
            about=" ".join(filter(None, words)),
        )

    def _body(self, operation: str, body: Json | None) -> Body | None:
        if body is None:
            return None
        media, content = next(iter(body["content"].items()))
        found = self._named(shape(content.get("schema", {})), type_name(operation, "body"))
        return Body(sending=MEDIA[media], shape=found)

    def _success(self, operation: str, status: int, response: Json) -> Success:
        for media, content in response.get("content", {}).items():
            if media == "application/json":
                found = self._named(shape(content["schema"]), type_name(operation, "answer"))
                return Success(status=status, reading="json", shape=found)
            if media.startswith("text/"):
                return Success(status=status, reading="text", shape=Plain("text"))
            return Success(status=status, reading="bytes", shape=Plain("bytes"))
        return Success(status=status, reading="nothing", shape=NULL)

    # Failures ----------------------------------------------------------------------------------------

    def _learn_refusals(self, operation: str, responses: Json) -> None:
        for status, response in responses.items():
            if int(status) >= 400:
                self._refused.setdefault(int(status), []).append(self._failure(operation, status, response))

    def _failure(self, operation: str, status: str, response: Json) -> Shape:
        component = str(response.get("$ref", "")).rpartition("/")[2]
        if component and component in self._bodies:
            return self._bodies[component]
        described = self._resolved(response).get("content", {})
        content = next((each for media, each in described.items() if media.endswith("json")), None)
        wanted = type_name(component or f"{operation}_{status}", "body")
        found = NULL if content is None else self._named(shape(content["schema"]), wanted)
        if component:
            self._bodies[component] = found
        return found

    def _refusals(self) -> Iterator[Refusal]:
        for status, shapes in sorted(self._refused.items()):
            yield Refusal(name=Identifier(refusal_name(status)), status=status, shape=either(shapes))

    def _resolved(self, response: Json) -> Json:
        if "$ref" not in response:
            return response
        found: Json = self._contract["components"]["responses"][response["$ref"].rpartition("/")[2]]
        return found

    # Names of objects --------------------------------------------------------------------------------

    def _declare(self, name: Identifier, found: Shape) -> Shape:
        if not isinstance(found, Members):
            raise TypeError(f"the component {name} is no object")
        self._types[name] = Members(())  # its place, before those of the objects inside
        self._types[name] = Members(
            tuple(self._inside(member, name) for member in found.members),
        )
        return Named(name)

    def _inside(self, member: Member, of: str) -> Member:
        return msgspec.structs.replace(member, shape=self._named(member.shape, type_name(of, member.name)))

    def _named(self, found: Shape, wanted: str) -> Shape:
        """The shape, with every object in it declared by name."""
        match found:
            case Members():
                return self._declare(self._names.free(wanted), found)
            case Named(name=name):
                return Named(self._components[name])
            case Listed(items=items):
                return Listed(self._named(items, f"{wanted}Item"))
            case Keyed(values=values):
                return Keyed(self._named(values, f"{wanted}Value"))
            case Fixed(items=each_of):
                return Fixed(
                    tuple(self._named(each, f"{wanted}{place}") for place, each in enumerate(each_of, 1))
                )
            case Either(shapes=shapes):
                return either([self._named(each, wanted) for each in shapes])
            case Plain() | Exactly():
                return found
            case _:
                assert_never(found)


def answered(call: Call) -> Shape:
    """What a call returns the body of."""
    return either([success.shape for success in call.successes])
