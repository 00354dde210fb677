"""Names and paths: `this.project.owner`, request values, rows of entities, computed values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal as OneOf

from backwright.expr import codes, syntax, typed
from backwright.expr.check.base import Base
from backwright.expr.check.types import INTEGER, TIMESTAMP, maybe
from backwright.expr.inline import inlined, levels
from backwright.expr.typed import Expression, Type
from backwright.expr.walk import nodes

InputSource = OneOf["params", "body", "session"]
LARGEST, HIGHEST = 2000, 100  # nodes of what computed values are expanded to, and how deep they may nest
RESERVED = ("this", "caller", "params", "body", "session", "now")


class Paths(Base):
    """Reads names, and members of what they stand for."""

    def name(self, tree: syntax.Identifier) -> Expression:
        scope = self.scope
        match tree.name:
            case name if name in self.variables:
                return typed.Name(type=self.variables[name], root="variable", binding=name)
            case "this" if scope.this is not None:
                return typed.Name(type=Type("entity", entity=scope.this), root="this")
            case "caller" if scope.caller is not None:
                row = Type("entity", not scope.guarded, entity=scope.caller)
                return typed.Name(type=row, root="caller")
            case "caller":
                mend = "declare `auth` in the specification"
                raise self.refuse(codes.NO_CALLER, tree.start, "there is no caller", mend)
            case "now":
                return typed.Name(type=TIMESTAMP, root="now")
            case name if name in scope.bindings:
                return typed.Name(type=scope.bindings[name], root="binding", binding=name)
            case "params" | "body" | "session" as name:
                message, mend = f"{name} is not a value", f"name one of its members: {name}.…"
                raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)
            case name if name in scope.variables:
                return typed.Name(type=scope.variables[name], root="variable", binding=name)
            case _:
                return self.name_of_many(tree)

    def name_of_many(self, tree: syntax.Identifier) -> Expression:
        """What a selection found, the rows of a group, or all rows of an entity."""
        scope = self.scope
        if scope.selection is not None:
            binding, entity = scope.selection
            match tree.name:
                case "items":
                    return typed.Name(type=Type("rows", entity=entity), root="binding", binding=binding)
                case "total":
                    return typed.Name(type=INTEGER, root="total", binding=binding)
                case "next":
                    return typed.Name(type=Type("string", nullable=True), root="next", binding=binding)
                case _:
                    pass
        if tree.name == "rows" and scope.group is not None:
            return typed.Name(type=Type("rows", entity=scope.group), root="group")
        if scope.is_entity(tree.name):
            return typed.Rows(type=Type("rows", entity=tree.name), entity=tree.name)
        if scope.this is not None and tree.name in scope.fields(scope.this):
            message, mend = f"unknown name {tree.name}", f"did you mean this.{tree.name}?"
            raise self.refuse(codes.UNKNOWN_NAME, tree.start, message, mend)
        raise self.unknown(codes.UNKNOWN_NAME, tree.start, tree.name, "name", self.names())

    def member(self, tree: syntax.Select) -> Expression:
        match tree.of:
            case syntax.Identifier(name=name) if name in self.variables or name in self.scope.bindings:
                return self.field(tree)
            case syntax.Identifier(name="params"):
                return self.input(tree, "params", self.scope.params)
            case syntax.Identifier(name="body"):
                return self.input(tree, "body", self.scope.body)
            case syntax.Identifier(name="session"):
                return self.input(tree, "session", self.scope.session)
            case _:
                return self.field(tree)

    def input(self, tree: syntax.Select, source: InputSource, known: Mapping[str, Type]) -> Expression:
        if tree.field not in known:
            raise self.unknown(codes.UNKNOWN_INPUT, tree.at, tree.field, f"member of {source}", known)
        return typed.Input(type=known[tree.field], source=source, name=tree.field)

    def field(self, tree: syntax.Select) -> Expression:
        of = self.value(tree.of)
        match of.type:
            case Type(kind="record", members=members):
                return self.part(tree, of, dict(members))
            case Type(kind="entity", entity=str(entity)):
                pass
            case kind:
                text = self.parsed.text(tree.of)
                mend = f"leave .{tree.field} away"
                if kind.kind in ("rows", "list"):
                    mend = f"ask for it of each: {text}.map(x, x.{tree.field})"
                message = f"{text} is {kind}, which has no fields"
                raise self.refuse(codes.UNKNOWN_FIELD, tree.at, message, mend)
        found = self.scope.lookup(entity, tree.field)
        if found is None:
            return self.derived(tree, of, entity)
        if found.kind == "rows":
            return typed.Linked(type=found, of=of, entity=entity, field=tree.field)
        kind = maybe(found, of.type.nullable)
        return typed.Member(type=kind, of=of, entity=entity, field=tree.field)

    def part(self, tree: syntax.Select, of: Expression, members: Mapping[str, Type]) -> Expression:
        """A member of an object in the request, or of a group."""
        if tree.field not in members:
            what = f"member of {self.parsed.text(tree.of)}"
            raise self.unknown(codes.UNKNOWN_INPUT, tree.at, tree.field, what, members)
        kind = maybe(members[tree.field], of.type.nullable)
        return typed.Part(type=kind, of=of, name=tree.field)

    def derived(self, tree: syntax.Select, of: Expression, entity: str) -> Expression:
        """A computed value, or the rows of a reverse relation."""
        value = self.scope.computed(entity, tree.field)
        if value is not None:
            return self.expanded(tree, value, of)
        rows = self.scope.related(entity, tree.field)
        if rows is not None:
            referring, field = rows
            return typed.Related(type=Type("rows", entity=referring), of=of, entity=referring, field=field)
        how = self.scope.unnamed(entity, tree.field)
        if how is not None:
            message = f"{entity} has no name {tree.field} for the rows that refer to it"
            raise self.refuse(codes.UNKNOWN_FIELD, tree.at, message, how)
        known = self.scope.fields(entity)
        raise self.unknown(codes.UNKNOWN_FIELD, tree.at, tree.field, f"field of {entity}", known)

    def expanded(self, tree: syntax.Select, value: Expression, of: Expression) -> Expression:
        self.size += sum(1 for _ in nodes(value))
        mend = "simplify the computed values"
        if self.size > LARGEST:
            message = f"with its computed values the expression has more than {LARGEST} parts"
            raise self.refuse(codes.TOO_LARGE, tree.start, message, mend)
        if levels(value) + levels(of) > HIGHEST:
            message = f"with its computed values the expression is nested deeper than {HIGHEST} levels"
            raise self.refuse(codes.TOO_LARGE, tree.start, message, mend)
        return inlined(value, of, [*self.variables, *self.scope.variables])
