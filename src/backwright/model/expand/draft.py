"""An operation while it is built: what was read so far, and what its expressions can name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from backwright.expr.check.types import INTEGER
from backwright.expr.scope import Scope
from backwright.expr.typed import Type
from backwright.model.expand.building import Building
from backwright.model.expand.matching import Match
from backwright.model.expand.routes import Route
from backwright.model.formulas import Unresolved, type_of
from backwright.model.types import Body, Entity, Field, Formula, InputField, PathParameter, Rule, Select, Step
from backwright.spec.diagnostics import Code, Place
from backwright.spec.nodes import At, OperationNode, StepNode

STRING = Type("string", nullable=True)


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """A row that the path goes through. `field` is the reference to it of the operation's own entity."""

    bind: str
    entity: Entity
    field: str | None
    match: Match | None
    place: Place


class Told(dict[str, Type]):
    """The types of members. One that is declared wrongly has a diagnostic; it needs no other where it is used."""

    def __init__(self, known: Mapping[str, Type], unclear: Collection[str]) -> None:
        super().__init__(known)
        self._unclear = unclear

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._unclear

    def __missing__(self, name: str) -> Type:
        raise Unresolved


class Draft:
    """The state of building one operation. Steps are read in order, each sees the bindings before it."""

    def __init__(self, node: OperationNode, route: Route, building: Building, origin: str) -> None:
        self.node = node
        self.route = route
        self.building = building
        self.origin = origin
        self.entity: Entity | None = None
        self.parents: tuple[Parent, ...] = ()
        self.access: Rule | None = None
        self.guarded = False
        self.paths: dict[str, PathParameter] = {}
        self.query: dict[str, InputField] = {}
        self.params: dict[str, Type] = {}
        self.certain: dict[str, Type] = {}
        self.matches: dict[int, Match | None] = {}
        self.body: Body | None = None
        self.members: dict[str, Type] = {}
        self.unclear: dict[str, set[str]] = {"params": set(), "body": set()}
        self.bindings: dict[str, Type] = {}
        self.listed: dict[str, str] = {}
        self.selections: list[tuple[str, str]] = []
        self.steps: list[Step] = []

    @property
    def place(self) -> Place:
        return self.node.place

    def refuse(self, code: Code, place: Place, message: str, mend: str) -> None:
        """Records what is wrong."""
        self.building.refuse(code, place, message, mend)

    def given(self) -> dict[str, str]:
        """The references that the operation's parents fill: field → binding."""
        return {parent.field: parent.bind for parent in self.parents if parent.field is not None}

    def bound(self) -> dict[str, str]:
        """Those of the parents that were found: one that was not has its own diagnostic."""
        return {field: bind for field, bind in self.given().items() if bind in self.bindings}

    def scope(
        self,
        this: str | None = None,
        *,
        certain: bool = False,
        variables: Mapping[str, Type] | None = None,
        group: str | None = None,
        answer: bool = False,
    ) -> Scope:
        """What an expression can name here. `certain`: in filters, whose parameters are all present.

        `answer`: in the answer, where the page of the only selection is known, too, and what decided it.
        """
        selection = self.selections[0] if answer and len(self.selections) == 1 else None
        params = self.certain if certain else self.params
        if selection is not None:
            params = {**self._of_page(selection[0]), **params}
        found = self.building.formulas.scope(
            this,
            params=Told(params, self.unclear["params"]),
            body=Told(self.members, self.unclear["body"]),
            bindings=self.bindings,
            variables=variables or {},
            selection=selection,
            group=group,
            guarded=self.guarded,
        )
        if not self.guarded or not found.session:
            return found
        known = {name: msgspec.structs.replace(kind, nullable=False) for name, kind in found.session.items()}
        return msgspec.structs.replace(found, session=known)

    def _of_page(self, bind: str) -> dict[str, Type]:
        """What decided a page, under its usual names."""
        pages = [step.paging for step in self.steps if isinstance(step, Select) and step.bind == bind]
        return {name: INTEGER for page in pages for name in page.parameters if name != "after"}

    def formula(
        self,
        written: At[str],
        scope: Scope,
        expected: Type | None,
        *,
        rule: bool = False,
    ) -> Formula | None:
        """What an expression means. `rule`: it sees everything, as in trusted steps."""
        return self.building.formulas.formula(written, scope, expected, rule=rule)

    def needed(self, written: At[str], scope: Scope, expected: Type, *, rule: bool = False) -> Formula | None:
        """What an expression means that has to give a value, unless its type is nullable."""
        return self.building.formulas.needed(written, scope, expected, rule=rule)

    def add_path(self, parameter: PathParameter, kind: Type) -> None:
        """A parameter of the path, and its type in expressions."""
        self.paths[parameter.name] = parameter
        self.params[parameter.name] = self.certain[parameter.name] = kind

    def add_query(self, member: InputField) -> None:
        """A query parameter."""
        self.query[member.name] = member
        self.params[member.name] = input_type(member)
        self.certain[member.name] = msgspec.structs.replace(input_type(member), nullable=False)

    def bind(self, name: str, kind: Type, *, when: Formula | None = None) -> None:
        """What an earlier step made; null where the step was not taken."""
        maybe = when is not None and kind.kind != "rows"
        self.bindings[name] = msgspec.structs.replace(kind, nullable=kind.nullable or maybe)

    def match(self, node: StepNode) -> Match | None:
        """The path parameters that a step finds its row by."""
        return self.matches.get(id(node))


def input_type(member: InputField) -> Type:
    """The type of a parameter or a body member in expressions: null where it may be absent."""
    certain = member.required or (member.default is not None and not member.nullable)
    like = Field(name=member.name, column=member.name, type=member.type, nullable=not certain)
    return type_of(like)


def file_members(members: Mapping[str, InputField]) -> dict[str, Type]:
    """The names that come with each file of a body: its media type and its own name."""
    found: dict[str, Type] = {}
    for name, member in members.items():
        if getattr(member.type, "scalar", None) == "bytes":
            found[f"{name}_type"] = found[f"{name}_name"] = STRING
    return found
