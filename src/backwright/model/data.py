"""What is stored: entities, their fields and types, rules, keys, checks and states."""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

from backwright.expr.typed import Expression
from backwright.spec.diagnostics import NOWHERE, Place

Verb = OneOf["create", "read", "update", "delete"]
Scalar = OneOf[
    "string", "text", "integer", "decimal", "double", "boolean", "date", "timestamp", "uuid", "email", "password",
    "enum", "slug", "token", "json", "bytes",
]  # fmt: skip
Direction = OneOf["asc", "desc"]
Generated = OneOf["sequence", "slug", "token", "version"]
OnDelete = OneOf["restrict", "cascade", "set_null"]


class Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Common settings of every model value."""


class Formula(Frozen, frozen=True, kw_only=True):
    """An expression of the specification: its own words, and what they mean."""

    source: str
    meaning: Expression
    place: Place = NOWHERE


class ScalarType(Frozen, frozen=True, kw_only=True, tag="scalar"):
    """A column of one value.

    `min` and `max` bound the length of text in code points (string, text, email, password, slug), the size of
    bytes, or the value of a number; both inclusive. They are always set for text and bytes: every input is
    limited. `scale` is the number of digits of a decimal behind the point (18 digits in all). `media` are the
    media types that bytes may have.
    """

    scalar: Scalar
    min: int | None = None
    max: int | None = None
    values: tuple[str, ...] = ()
    scale: int | None = None
    media: tuple[str, ...] = ()


class ReferenceType(Frozen, frozen=True, kw_only=True, tag="reference"):
    """A column that holds the key of another entity's row (a foreign key).

    `inverse` is what the author calls the rows that point to one; None: the plural, where it is clear.
    """

    entity: str
    inverse: str | None = None
    on_delete: OnDelete = "restrict"


class ManyType(Frozen, frozen=True, kw_only=True, tag="many"):
    """Any number of rows of another entity, in no order, each once: a table of links, no column.

    `inverse` is what the rows listed call the rows that list them. Deleting either side removes the link.
    In rows of the reference and in requests the value is the list of their keys. `max` bounds it.
    """

    entity: str
    inverse: str | None = None
    max: int = 100


class ListType(Frozen, frozen=True, kw_only=True, tag="list"):
    """Several values in order. `min` and `max` bound how many; `max` is always set."""

    element: ScalarType | ReferenceType | RecordType
    min: int | None = None
    max: int = 100


class RecordType(Frozen, frozen=True, kw_only=True, tag="record"):
    """An object in a request body. Never the type of a field."""

    members: tuple[InputField, ...]


FieldType = ScalarType | ReferenceType | ManyType | ListType | RecordType


class Field(Frozen, frozen=True, kw_only=True):
    """A stored value of an entity.

    `column` is the database's name: the field's own, with `_id` behind it for references.
    `default` may be overridden by the client; `set` is the system's and never input. `on_update` is a value that
    the system gives at creation (where there is no `set`) and at every update.
    `generated` says that the service makes it: the next number of a `sequence` (from 1), a `slug` of the field
    `source` (made again when that changes, unless `immutable`), a random `token`, or the `version` (1, then one
    more per update).
    A key of type uuid is a uuid7 that the service makes.
    `read` and `write` are rules about the row: who may see the value, and who may send it.
    `same` names a reference that this row and the row it refers to share (a composite foreign key).
    `immutable` values never change once the row is there.
    `folded` text is stored in lower case (ASCII). `wire` is its name in requests and answers, where that is
    not its own; `matches` a pattern (RE2) for input. `was` is the name before a rename.
    """

    name: str
    column: str
    type: FieldType
    nullable: bool = False
    unique: bool = False
    default: Formula | None = None
    set: Formula | None = None
    on_update: Formula | None = None
    input: bool = True
    generated: Generated | None = None
    source: str | None = None
    read: Rule | None = None
    write: Rule | None = None
    same: str | None = None
    immutable: bool = False
    folded: bool = False
    personal: bool = False
    encrypted: bool = False
    wire: str | None = None
    matches: str | None = None
    was: str | None = None
    place: Place = NOWHERE

    @property
    def follows_source(self) -> bool:
        """Whether it is a slug that is made again when its source changes: not where it stays as it is."""
        return self.generated == "slug" and not self.immutable


class OrderTerm(Frozen, frozen=True, kw_only=True):
    """One term of an order: a field name and its direction. The key ends every order.

    `value` is what is ordered by where `field` is not just a stored field: a computed value, or a field that
    not everyone may read.
    """

    field: str
    direction: Direction = "asc"
    value: Formula | None = None


class Index(Frozen, frozen=True, kw_only=True):
    """An index over fields in order. `name` is the database's name for it."""

    name: str
    terms: tuple[OrderTerm, ...]
    unique: bool = False
    place: Place = NOWHERE


class Rule(Frozen, frozen=True, kw_only=True):
    """Who may do something. `condition` includes the implied `caller != null` of each `||` branch.

    `source` is the specification's own text, shown beside the clause that it became. `public` rules are the
    constant true, `none` rules the constant false.
    """

    source: str
    condition: Expression
    place: Place = NOWHERE


class Computed(Frozen, frozen=True, kw_only=True):
    """A named value of a row, for rules, filters and views. `value` is kept to be shown: its uses are expanded.

    `stored` changes its speed, never its meaning.
    """

    name: str
    value: Formula
    stored: bool = False
    place: Place = NOWHERE


class Check(Frozen, frozen=True, kw_only=True):
    """A condition that every stored row satisfies. Null values are for the condition to deal with.

    A row that does not is answered with 422 `invalid`: the field error `code` at `field` (None: no field).
    """

    name: str
    condition: Formula
    code: str
    field: str | None = None
    place: Place = NOWHERE


class Move(Frozen, frozen=True, kw_only=True):
    """A way from one state to another: who `may`, `when` (about the stored row), and what it sets beside."""

    name: str
    sources: tuple[str, ...]
    target: str
    may: Rule
    when: Formula | None = None
    values: tuple[Assignment, ...] = ()
    place: Place = NOWHERE


class States(Frozen, frozen=True, kw_only=True):
    """An enum field that changes only through its moves."""

    field: str
    initial: str
    moves: tuple[Move, ...]


class Assignment(Frozen, frozen=True, kw_only=True):
    """A field and the value it gets."""

    field: str
    value: Formula


class Audit(Frozen, frozen=True, kw_only=True):
    """Every write of these verbs adds a row to the companion entity `into`, in the same transaction.

    Its fields: `row` (the key as text), `action` (created, updated, deleted), `at`, `caller` (null: nobody),
    `operation`, `request_id`, `before` and `after` (json objects by field name; null where there is none), and
    a copy of the tenancy reference. Passwords, tokens, bytes and encrypted fields are left out.
    """

    into: str
    verbs: tuple[Verb, ...]


LARGE_ROWS = 100_000
"""From so many rows on, reading a table from end to end takes longer than a caller waits."""


class Entity(Frozen, frozen=True, kw_only=True):
    """A kind of row. `key` names the key field, which is the first of `fields`.

    A composite key is in `composite`, `key` is then its first field, and nothing can refer to such rows.

    `plural` names many of them in snake case, for operations and modules.

    `access` has a rule for each verb (deny by default: a verb that is not named has the rule `none`). The
    `update` rule holds before and after a write; `after` replaces the part after (`access.check`).

    `version` and `soft_delete` name the fields that hold them. A row whose `soft_delete` field is not null is
    gone: no rule, path, key, list or reference sees it. `tenancy` names the reference to the tenant.
    `expected_rows` is how many there will be: from `LARGE_ROWS` on its table is large.
    """

    name: str
    plural: str
    table: str
    key: str
    fields: tuple[Field, ...]
    indexes: tuple[Index, ...] = ()
    access: dict[Verb, Rule]
    after: Rule | None = None
    computed: tuple[Computed, ...] = ()
    composite: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    states: States | None = None
    version: str | None = None
    soft_delete: str | None = None
    tenancy: str | None = None
    audit: Audit | None = None
    immutable: bool = False
    expected_rows: int | None = None
    was: str | None = None
    place: Place = NOWHERE

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that together are unlike in every row, and end every order."""
        return self.composite or (self.key,)

    def field(self, name: str) -> Field:
        """The field of that name. Raises KeyError when there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.name}.{name}")

    def wire(self, name: str) -> str:
        """What callers know a field by; what is no field's name, as it is."""
        return next((field.wire for field in self.fields if field.name == name and field.wire), name)


class InputField(Frozen, frozen=True, kw_only=True):
    """One member of a request: wire name, type, and what its absence means.

    `required`: absence is an error. Otherwise `default` (a constant or `now`) applies, and without one the
    value is null (`nullable`) or, in a change, unchanged. `matches` is a pattern (RE2) that text must match as
    a whole; `folded` text is put into lower case (ASCII). `write` is the field's rule about who may send it (403).
    `header`: it is a parameter that comes in the header `wire`.
    """

    wire: str
    name: str
    type: FieldType
    nullable: bool = False
    required: bool = False
    default: Formula | None = None
    matches: str | None = None
    folded: bool = False
    write: Rule | None = None
    header: bool = False
    place: Place = NOWHERE
