"""Steps: from what an author writes to what the operation does, one after the other."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backwright.expr.typed import BOOLEAN, Mapped, Name, Type
from backwright.model.expand.bodies import is_changeable
from backwright.model.expand.building import RESERVED
from backwright.model.expand.codes import (
    BINDING,
    LATE_CALL,
    SIGN_IN,
    STEP_FORM,
    UNCHANGEABLE,
    UNIQUE_KEY,
    UNKNOWN,
)
from backwright.model.expand.draft import Draft
from backwright.model.expand.failing import failing
from backwright.model.expand.forms import has_form
from backwright.model.expand.logic import given_to, result_type
from backwright.model.expand.planning import binding_of, is_list
from backwright.model.expand.selecting import find, group_type, select
from backwright.model.expand.values import changed, created
from backwright.model.types import (
    Call,
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Entity,
    Failing,
    Formula,
    Group,
    Require,
    ScalarType,
    SignIn,
    SignOut,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)
from backwright.spec.diagnostics import Place
from backwright.spec.nodes import At, StepNode

STRING = Type("string")
WRITING = (Create, Update, Delete, UpdateAll, DeleteAll, Ensure, Upsert)


class StepWriter:
    """Writes the steps of one operation into its draft. What is wrong is recorded, and left out."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.building = draft.building

    def write(
        self, node: StepNode, *, given: Mapping[str, str] | None = None, view: str | None = None
    ) -> None:
        """Adds a step. `given` are the references that parents fill; `view` shows the rows of a page."""
        if not has_form(node, self.building):
            return
        when = self._when(node)
        if node.condition is not None and when is None:
            return
        step = self._step(node, dict(given or {}), view, when)
        if step is not None:
            self.draft.steps.append(step)

    def _when(self, node: StepNode) -> Formula | None:
        if node.condition is None:
            return None
        return self.draft.formula(node.condition, self.draft.scope(), BOOLEAN)

    def _step(
        self, node: StepNode, given: dict[str, str], view: str | None, when: Formula | None
    ) -> Step | None:
        match node.verb.value:
            case "require":
                return self._require(node, when)
            case "verify_password":
                return self._verify(node, when)
            case "sign_in":
                return self._sign_in(node, when)
            case "sign_out":
                return self._sign_out(node, when)
            case "call":
                return self._call(node, when)
            case "update" | "delete" if (
                node.where is None and node.target.value not in self.building.entities
            ):
                return self._update(node, when) if node.verb.value == "update" else self._delete(node, when)
            case _:
                return self._about_entity(node, given, view, when)

    def _about_entity(
        self, node: StepNode, given: dict[str, str], view: str | None, when: Formula | None
    ) -> Step | None:
        entity = self.building.entity(node.target)
        if entity is None or not self._in_time(node):
            return None
        bind = binding_of(node, entity)
        place = node.binding.place if node.binding is not None else node.target.place
        step: Step | None
        match node.verb.value:
            case "find":
                step = find(node, entity, bind, self.draft, given, when)
                self._bind(bind, _row(entity, nullable=_is_optional(node)), place, when)
            case "select":
                step = select(node, entity, bind, self.draft, given, when)
                self._bind(bind, group_type(step) if isinstance(step, Group) else _rows(entity), place, when)
                if not isinstance(step, Group):
                    self.draft.listed[bind] = view or entity.name
                    self.draft.selections.append((bind, entity.name))
            case "create":
                step = self._create(node, entity, bind, given, when)
                wrong = node.source is not None and is_list(node.source)  # it was to be several all the same
                many = step.each is not None if isinstance(step, Create) else wrong
                self._bind(bind, _rows(entity) if many else _row(entity), place, when)
                if many:
                    self.draft.listed[bind] = entity.name
            case "ensure":
                step = self._ensure(node, entity, bind, given, when)
                self._bind(bind, _row(entity), place, when)
                self._bind(f"{bind}_created", BOOLEAN, place, when)
            case "upsert":
                step = self._upsert(node, entity, bind, given, when)
                self._bind(bind, _row(entity), place, when)
                self._bind(f"{bind}_created", BOOLEAN, place, when)
            case "update":
                step = self._update_all(node, entity, bind, when)
                self._bind(bind, Type("integer"), place, when)
            case _:
                step = self._delete_all(node, entity, bind, when)
                self._bind(bind, Type("integer"), place, when)
        return step

    def _in_time(self, node: StepNode) -> bool:
        """`update: Entity` and `delete: Entity` are the bulk forms: they say which rows."""
        if node.verb.value in ("update", "delete") and node.where is None:
            message = f"`{node.verb.value}: {node.target.value}` does not say which rows"
            mend = "add `where: …`, or find one first and name its binding"
            self.draft.refuse(STEP_FORM, node.target.place, message, mend)
            return False
        return True

    def _bind(self, name: str, kind: Type, place: Place, when: Formula | None) -> None:
        if name in RESERVED or name in self.building.entities:
            self.draft.refuse(BINDING, place, f"`{name}` is reserved", "choose another name with `as`")
        elif name in self.draft.bindings:
            message = f"there is a `{name}` already"
            self.draft.refuse(BINDING, place, message, "choose another name with `as`")
        self.draft.bind(name, kind, when=when)

    def _bound(self, node: StepNode) -> Entity | None:
        """The entity of the row that an earlier step bound; what is not there is recorded."""
        name = node.target
        kind = self.draft.bindings.get(name.value)
        if kind is None:
            rows = [each for each, at in self.draft.bindings.items() if at.kind == "entity"]
            self.building.unknown(UNKNOWN, name, "row bound before as", rows)
            return None
        if kind.kind != "entity" or kind.entity not in self.building.entities:
            message = f"`{name.value}` is {kind}, not one row"
            self.draft.refuse(UNKNOWN, name.place, message, "find the row first")
            return None
        return self.building.entities[kind.entity]

    def _require(self, node: StepNode, when: Formula | None) -> Require | None:
        condition = self.draft.formula(node.target, self.draft.scope(), BOOLEAN)
        if condition is None:
            return None
        otherwise = failing(node.otherwise, self.building) or Failing(category="invalid", code="invalid")
        return Require(condition=condition, otherwise=otherwise, when=when)

    def _create(
        self, node: StepNode, entity: Entity, bind: str, given: dict[str, str], when: Formula | None
    ) -> Create | None:
        trusted = node.trusted is not None
        each: Formula | None = None
        source: str | None = None
        members: tuple[str, ...] = ()
        variables: dict[str, Type] = {}
        if node.source is not None and is_list(node.source):
            taken = self.draft.formula(node.source, self.draft.scope(), None)
            if taken is None:
                return None
            taken = self._listed(taken)
            kind = taken.meaning.type
            if kind.kind == "list" and kind.element is not None:
                each, source = taken, "item"
                variables["item"] = kind.element
                members = tuple(name for name, _ in kind.element.members)
            elif kind.kind == "record":
                source, members = node.source.value, tuple(name for name, _ in kind.members)
            else:
                self._refuse_source(node.source, kind)
                return None
        elif node.source is not None:
            source, members = "body", tuple(self.draft.members)
        values = created(
            entity, node.set, self.draft, self.draft.scope(variables=variables), node.place,
            source=source, members=members, given=given, rule=trusted,
        )  # fmt: skip
        return Create(
            entity=entity.name,
            bind=bind,
            values=values,
            allowed=None if trusted else entity.access["create"],
            trusted=_reason(node),
            each=each,
            when=when,
        )

    def _refuse_source(self, source: At[str], kind: Type) -> None:
        message = f"`{source.value}` is {kind}, neither an object nor a list"
        mend = "take from `body`, from a list in it, or from rows"
        if kind.kind == "rows":
            entity = self.building.entities[kind.entity or ""]
            message = f"`{source.value}` is {kind}, whose key is more than one value"
            mend = f"give {entity.name} a key of one value, and a `unique` over {' and '.join(entity.keys)}"
        self.draft.refuse(STEP_FORM, source.place, message, mend)

    def _listed(self, taken: Formula) -> Formula:
        """Rows as the list of their keys, which is what an element of a body is, too."""
        rows = taken.meaning.type
        if rows.kind != "rows" or self.building.entities[rows.entity or ""].composite:
            return taken
        row = Type("entity", entity=rows.entity)
        meaning = Mapped(
            type=Type("list", element=row),
            of=taken.meaning,
            variable="each",
            value=Name(type=row, root="variable", binding="each"),
        )
        return msgspec.structs.replace(taken, meaning=meaning)

    def _update(self, node: StepNode, when: Formula | None) -> Update | None:
        entity = self._bound(node)
        if entity is None or not self._may_change(node, entity):
            return None
        changes: tuple[str, ...] = ()
        if node.source is not None and is_list(node.source):
            message = f"`update` takes from the whole body, not from `{node.source.value}`"
            self.draft.refuse(STEP_FORM, node.source.place, message, "write `from: body`, or use `set`")
        elif node.source is not None and self.draft.body is not None:
            fields = self.building.fields[entity.name]
            changes = tuple(
                member.name
                for member in self.draft.body.fields
                if member.name in fields and is_changeable(fields[member.name], entity)
            )
        trusted = node.trusted is not None
        values = changed(entity, node.set, self.draft, self.draft.scope(entity.name), rule=trusted)
        return Update(
            entity=entity.name,
            bind=node.target.value,
            changes=changes,
            values=values,
            allowed=None if trusted else entity.access["update"],
            after=None if trusted else entity.after,
            trusted=_reason(node),
            when=when,
        )

    def _delete(self, node: StepNode, when: Formula | None) -> Delete | None:
        entity = self._bound(node)
        if entity is None:
            return None
        trusted = node.trusted is not None
        return Delete(
            entity=entity.name,
            bind=node.target.value,
            allowed=None if trusted else entity.access["delete"],
            trusted=_reason(node),
            when=when,
        )

    def _update_all(
        self, node: StepNode, entity: Entity, bind: str, when: Formula | None
    ) -> UpdateAll | None:
        trusted = node.trusted is not None
        scope = self.draft.scope(entity.name)
        where = None if node.where is None else self.draft.formula(node.where, scope, BOOLEAN, rule=trusted)
        values = changed(entity, node.set, self.draft, scope, rule=trusted)
        if where is None or not self._may_change(node, entity):
            return None
        return UpdateAll(
            entity=entity.name,
            bind=bind,
            where=where,
            values=values,
            readable=None if trusted else entity.access["read"],
            allowed=None if trusted else entity.access["update"],
            after=None if trusted else entity.after,
            trusted=_reason(node),
            when=when,
        )

    def _delete_all(
        self, node: StepNode, entity: Entity, bind: str, when: Formula | None
    ) -> DeleteAll | None:
        trusted = node.trusted is not None
        scope = self.draft.scope(entity.name)
        where = None if node.where is None else self.draft.formula(node.where, scope, BOOLEAN, rule=trusted)
        if where is None:
            return None
        return DeleteAll(
            entity=entity.name,
            bind=bind,
            where=where,
            readable=None if trusted else entity.access["read"],
            allowed=None if trusted else entity.access["delete"],
            trusted=_reason(node),
            when=when,
        )

    def _may_change(self, node: StepNode, entity: Entity) -> bool:
        if entity.immutable:
            message = f"{entity.name} is immutable: its rows are never changed"
            self.draft.refuse(UNCHANGEABLE, node.target.place, message, "create another row instead")
        return not entity.immutable

    def _ensure(
        self, node: StepNode, entity: Entity, bind: str, given: dict[str, str], when: Formula | None
    ) -> Ensure | None:
        trusted = node.trusted is not None
        values = created(
            entity, node.set, self.draft, self.draft.scope(), node.place, given=given, rule=trusted
        )
        by = self._unique_key(node, entity, given)
        if by is None:
            return None
        return Ensure(
            entity=entity.name,
            bind=bind,
            by=by,
            values=values,
            readable=None if trusted else entity.access["read"],
            allowed=None if trusted else entity.access["create"],
            trusted=_reason(node),
            when=when,
        )

    def _upsert(
        self, node: StepNode, entity: Entity, bind: str, given: dict[str, str], when: Formula | None
    ) -> Upsert | None:
        trusted = node.trusted is not None
        values = created(
            entity, node.set, self.draft, self.draft.scope(), node.place, given=given, rule=trusted
        )
        by = self._unique_key(node, entity, given)
        if by is None or not self._may_change(node, entity):
            return None
        written = [assignment for assignment in node.set if assignment.name.value not in by]
        changes = changed(entity, written, self.draft, self.draft.scope(), rule=trusted)
        exists: Formula | None = None
        if node.if_exists is not None:
            exists = self.draft.formula(node.if_exists, self.draft.scope(entity.name), BOOLEAN, rule=trusted)
        otherwise = failing(node.otherwise, self.building)
        if exists is not None and otherwise is None:
            otherwise = Failing(category="conflict", code="conflict")
        return Upsert(
            entity=entity.name,
            bind=bind,
            by=by,
            values=values,
            changes=changes,
            if_exists=exists,
            otherwise=otherwise,
            readable=None if trusted else entity.access["read"],
            created=None if trusted else entity.access["create"],
            updated=None if trusted else entity.access["update"],
            after=None if trusted else entity.after,
            trusted=_reason(node),
            when=when,
        )

    def _unique_key(self, node: StepNode, entity: Entity, given: dict[str, str]) -> tuple[str, ...] | None:
        """The unique key that the step means: the one it names, or the first that its values fill."""
        keys = unique_keys(entity)
        if node.by:
            named = tuple(name.value for name in node.by)
            found = next((key for key in keys if set(key) == set(named)), None)
            if found is None:
                offered = ", ".join(" + ".join(key) for key in keys) or "none"
                message = f"{' + '.join(named)} is not a unique key of {entity.name}"
                self.draft.refuse(UNIQUE_KEY, node.by[0].place, message, f"its unique keys: {offered}")
            return found
        filled = {assignment.name.value for assignment in node.set} | set(given)
        filled |= {field.name for field in entity.fields if field.set is not None}
        found = next((key for key in keys if set(key) <= filled), None)
        if found is None:
            offered = ", ".join(" + ".join(key) for key in keys) or "none"
            message = f"`set` fills no unique key of {entity.name}"
            self.draft.refuse(UNIQUE_KEY, node.target.place, message, f"its unique keys: {offered}")
        return found

    def _verify(self, node: StepNode, when: Formula | None) -> VerifyPassword | None:
        entity = self._bound(node)
        given = None if node.source is None else self.draft.needed(node.source, self.draft.scope(), STRING)
        if entity is None or given is None:
            return None
        password = next(
            (f for f in entity.fields if isinstance(f.type, ScalarType) and f.type.scalar == "password"), None
        )
        if password is None:
            message = f"{entity.name} has no password"
            self.draft.refuse(SIGN_IN, node.target.place, message, "name a row that has one")
            return None
        return VerifyPassword(
            bind=node.target.value,
            field=password.name,
            given=given,
            otherwise=failing(node.otherwise, self.building),
            when=when,
        )

    def _sign_in(self, node: StepNode, when: Formula | None) -> SignIn | None:
        entity = self._bound(node)
        if entity is None:
            return None
        identity = None if self.building.auth is None else self.building.auth.identity
        if entity.name != identity:
            message = (
                f"`{node.target.value}` is a row of {entity.name}, and callers are {identity or 'nobody'}"
            )
            self.draft.refuse(SIGN_IN, node.target.place, message, "sign in a row of `auth.identity`")
            return None
        bind = node.binding.value if node.binding is not None else "token"
        self._bind(bind, STRING, node.target.place, when)
        return SignIn(row=node.target.value, bind=bind, when=when)

    def _call(self, node: StepNode, when: Formula | None) -> Call | None:
        name = node.target
        logic = self.building.logic.get(name.value)
        if logic is None:
            self.building.unknown(UNKNOWN, name, "logic called", self.building.logic)
            return None
        if any(isinstance(each, WRITING) for each in self.draft.steps):
            message = f"`call: {name.value}` comes after a step that writes"
            mend = "call it first: what it returns is then there for everything that is written"
            self.draft.refuse(LATE_CALL, node.verb.place, message, mend)
        values = given_to(logic, node, self.draft)
        bind = node.binding.value if node.binding is not None else name.value
        place = node.binding.place if node.binding is not None else name.place
        self._bind(bind, result_type(logic), place, when)
        return Call(logic=logic.name, bind=bind, values=values, when=when)

    def _sign_out(self, node: StepNode, when: Formula | None) -> SignOut | None:
        if node.target.value != "caller" or self.building.auth is None:
            message = f"`{node.target.value}` cannot be signed out"
            mend = "write `sign_out: caller`, and say who callers are with `auth`"
            self.draft.refuse(SIGN_IN, node.target.place, message, mend)
            return None
        return SignOut(when=when)


def unique_keys(entity: Entity) -> list[tuple[str, ...]]:
    """The unique keys of an entity, in declared order."""
    found = [tuple(entity.keys)]
    found += [(field.name,) for field in entity.fields if field.unique and field.name != entity.key]
    found += [tuple(term.field for term in index.terms) for index in entity.indexes if index.unique]
    return list(dict.fromkeys(found))


def _row(entity: Entity, *, nullable: bool = False) -> Type:
    return Type("entity", nullable, entity=entity.name)


def _rows(entity: Entity) -> Type:
    return Type("rows", entity=entity.name)


def _is_optional(node: StepNode) -> bool:
    return node.optional is not None and node.optional.value


def _reason(node: StepNode) -> str | None:
    return None if node.trusted is None else node.trusted.value
