"""A specification as its author wrote it: typed, every value with its place, nothing resolved yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from backwright.spec.diagnostics import Place, Turn, placed, turns_from

T = TypeVar("T")


class At(msgspec.Struct, Generic[T], frozen=True):
    """A value and where it was written. A text has its `turns`, where it goes on elsewhere."""

    value: T
    place: Place
    turns: tuple[Turn, ...] = ()

    def at(self, offset: int) -> Place:
        """The place of an offset in a text."""
        return placed(self.place, self.turns, offset)

    def part(self, offset: int, text: str) -> At[str]:
        """A part of the text that begins at `offset`."""
        return At(text, self.at(offset), turns_from(self.turns, offset))

    def within(self: At[str], before: str, behind: str) -> At[str]:
        """The text with something written around it; what stood in it keeps its place."""
        first = len(before)
        moved = (Turn(turn.offset + first, turn.place) for turn in self.turns if turn.offset)
        return At(f"{before}{self.value}{behind}", self.place, (Turn(first, self.at(0)), *moved))


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """Common to all nodes: where it begins."""

    place: Place


class DeviationNode(Node, frozen=True, kw_only=True):
    rule: At[str]
    reason: At[str]
    operation: At[str] | None = None
    at: At[str] | None = None


class ContractNode(Node, frozen=True, kw_only=True):
    """A contract that was handed over. `sha256` is that of its files, which are read with the specification."""

    file: At[str]
    deviations: tuple[DeviationNode, ...] = ()
    sha256: str = ""


class ServiceNode(Node, frozen=True, kw_only=True):
    name: At[str]
    version: At[str]
    description: At[str] | None = None
    unknown_fields: At[str] | None = None
    names: At[str] | None = None
    envelope: At[bool] | None = None
    nulls: At[str] | None = None
    failures: At[str] | None = None
    changes: At[str] | None = None
    kept_days: At[int] | None = None
    contract: ContractNode | None = None


class PerformanceNode(Node, frozen=True, kw_only=True):
    """`rate` is like `50/second`; an operation has none of its own."""

    p95_ms: At[int] | None = None
    rate: At[str] | None = None


class SecurityNode(Node, frozen=True, kw_only=True):
    row_level: At[str] | None = None


class FlowNode(Node, frozen=True, kw_only=True):
    """One of the ready-made operations, and where it lives if the author says so."""

    name: At[str]
    route: At[str] | None = None


class AuthNode(Node, frozen=True, kw_only=True):
    """`cookie` is the session cookie's name, where callers come with cookies instead of a header."""

    identity: At[str]
    by: At[str]
    flows: tuple[FlowNode, ...] = ()
    token_minutes: At[int] | None = None
    scheme: At[str] | None = None
    cookie: At[str] | None = None


class TypeNode(Node, frozen=True, kw_only=True):
    """A type without its `?`. `name` may be "enum", "ref", "refs", "list" or "object" as well."""

    name: str
    nullable: bool = False


class FieldNode(Node, frozen=True, kw_only=True):
    """A field of an entity, a parameter, or a member of a body.

    `ref` and `refs` are the entity's name without its `?`, which counts in `nullable` like that of the type.
    `list` is what each element is, `object` the members of an object (bodies only). `like` is `Entity.field`:
    typed like that field (parameters and bodies only).
    """

    name: At[str]
    type: TypeNode | None = None
    ref: At[str] | None = None
    refs: At[str] | None = None
    list: FieldNode | None = None
    object: tuple[FieldNode, ...] | None = None
    like: At[str] | None = None
    inverse: At[str] | None = None
    on_delete: At[str] | None = None
    same: At[str] | None = None
    enum: tuple[At[str], ...] | None = None
    nullable: bool = False
    min: At[int] | None = None
    max: At[int] | None = None
    scale: At[int] | None = None
    media: tuple[At[str], ...] | None = None
    matches: At[str] | None = None
    source: At[str] | None = None
    unique: At[bool] | None = None
    default: At[str] | None = None
    set: At[str] | None = None
    on_update: At[str] | None = None
    input: At[bool] | None = None
    read: At[str] | None = None
    write: At[str] | None = None
    immutable: At[bool] | None = None
    folded: At[bool] | None = None
    personal: At[bool] | None = None
    encrypted: At[bool] | None = None
    wire: At[str] | None = None
    header: At[str] | None = None
    states: StatesNode | None = None
    was: At[str] | None = None


class AssignmentNode(Node, frozen=True, kw_only=True):
    """`name: expression`, as in `set:`."""

    name: At[str]
    value: At[str]


class MoveNode(Node, frozen=True, kw_only=True):
    name: At[str]
    sources: tuple[At[str], ...]
    target: At[str]
    may: At[str] | None = None
    when: At[str] | None = None
    set: tuple[AssignmentNode, ...] = ()


class StatesNode(Node, frozen=True, kw_only=True):
    """The states of a field in order (the first is the initial one) and its moves."""

    names: tuple[At[str], ...]
    moves: tuple[MoveNode, ...] = ()


class TermNode(Node, frozen=True, kw_only=True):
    """One term of an order or index. `direction` is the author's word, if there is one."""

    field: At[str]
    direction: At[str] | None = None


class IndexNode(Node, frozen=True, kw_only=True):
    terms: tuple[TermNode, ...]
    unique: bool = False


class CheckNode(Node, frozen=True, kw_only=True):
    """`that` has to hold about every row. `field` is what a caller is told is wrong, `code` how it is."""

    name: At[str]
    that: At[str]
    field: At[str] | None = None
    code: At[str] | None = None


class ComputedNode(Node, frozen=True, kw_only=True):
    name: At[str]
    value: At[str]
    stored: At[bool] | None = None


class AccessNode(Node, frozen=True, kw_only=True):
    """Either one rule for `all` verbs, or rules by verb (`write` and `check` among them)."""

    all: At[str] | None = None
    verbs: tuple[tuple[At[str], At[str]], ...] = ()


class AuditNode(Node, frozen=True, kw_only=True):
    """What is recorded, and who may read the records (a rule about the audited entity's tenancy: `this`)."""

    verbs: tuple[At[str], ...] | None = None
    read: At[str] | None = None


class PagingNode(Node, frozen=True, kw_only=True):
    """`names` renames the parameters `limit`, `after` and `offset`."""

    style: At[str] | None = None
    default: At[int] | None = None
    max: At[int] | None = None
    names: tuple[tuple[At[str], At[str]], ...] = ()


class SortNode(Node, frozen=True, kw_only=True):
    name: At[str]
    order: tuple[TermNode, ...]


class ShapeNode(Node, frozen=True, kw_only=True):
    """A response as it is written: exactly one of an expression, an object, an array, or one item per row.

    `each` (rows), `shape` or `view`, `order`, `limit` and `depth` belong together.
    """

    text: At[str] | None = None
    members: tuple[tuple[At[str], ShapeNode], ...] | None = None
    items: tuple[ShapeNode, ...] | None = None
    each: At[str] | None = None
    view: At[str] | None = None
    shape: ShapeNode | None = None
    order: tuple[TermNode, ...] = ()
    limit: At[int] | None = None
    depth: At[int] | None = None


class ElseNode(Node, frozen=True, kw_only=True):
    """What a step answers when it fails: a category, and if wanted a code, a message and a field."""

    category: At[str]
    code: At[str] | None = None
    message: At[str] | None = None
    field: At[str] | None = None


class StepNode(Node, frozen=True, kw_only=True):
    """One step. `target` is what stands behind the verb: an entity, a binding or an expression.

    `binding` is its `as`, `source` its `from`, `condition` its `if`, `otherwise` its `else`.
    """

    verb: At[str]
    target: At[str]
    binding: At[str] | None = None
    where: At[str] | None = None
    set: tuple[AssignmentNode, ...] = ()
    source: At[str] | None = None
    by: tuple[At[str], ...] = ()
    condition: At[str] | None = None
    otherwise: ElseNode | None = None
    if_exists: At[str] | None = None
    trusted: At[str] | None = None
    optional: At[bool] | None = None
    filters: tuple[tuple[At[str], At[str]], ...] = ()
    order: tuple[TermNode, ...] = ()
    sort: tuple[SortNode, ...] = ()
    paging: PagingNode | None = None
    group: tuple[AssignmentNode, ...] = ()
    values: tuple[AssignmentNode, ...] = ()


class BodyNode(Node, frozen=True, kw_only=True):
    """What a request carries: fields of the operation's entity by name, or members declared here.

    A `FieldNode` with nothing but a name is a field of the entity.
    """

    fields: tuple[FieldNode, ...]
    media: At[str] | None = None


class CookieNode(Node, frozen=True, kw_only=True):
    name: At[str]
    value: At[str]
    minutes: At[int] | None = None


class RespondNode(Node, frozen=True, kw_only=True):
    """How success looks. Of `body`, `view`, `text`, `html`, `csv` and `file` there is at most one.

    `status` is a number or an expression. `order` is that of `csv`. `filename` is text for csv and an
    expression for file.
    """

    status: At[str] | None = None
    body: ShapeNode | None = None
    nothing: bool = False
    view: At[str] | None = None
    text: At[str] | None = None
    html: At[str] | None = None
    context: tuple[tuple[At[str], ShapeNode], ...] = ()
    csv: At[str] | None = None
    columns: tuple[AssignmentNode, ...] = ()
    order: tuple[TermNode, ...] = ()
    file: At[str] | None = None
    media: At[str] | None = None
    filename: At[str] | None = None
    headers: tuple[AssignmentNode, ...] = ()
    cookies: tuple[CookieNode, ...] = ()


class ErrorAnswerNode(Node, frozen=True, kw_only=True):
    """How one category of failures is answered. Texts of `body` that are known words stand for their value."""

    category: At[str]
    status: At[int] | None = None
    body: ShapeNode | None = None
    empty: bool = False


class LimitsNode(Node, frozen=True, kw_only=True):
    """`rate` is like `10/minute`, `by` is caller or address, `body` a number of bytes."""

    rate: At[str] | None = None
    by: At[str] | None = None
    body: At[int] | None = None


class CacheNode(Node, frozen=True, kw_only=True):
    seconds: At[int]
    scope: At[str] | None = None


class DeprecatedNode(Node, frozen=True, kw_only=True):
    since: At[str]
    sunset: At[str] | None = None
    link: At[str] | None = None


class OperationNode(Node, frozen=True, kw_only=True):
    """An operation. `verb` and `target` are its sugar: `list: Order`, `move: Order.ship`.

    `parents` are the rows that the path goes through: binding name and entity.
    """

    name: At[str]
    route: At[str] | None = None
    summary: At[str] | None = None
    verb: At[str] | None = None
    target: At[str] | None = None
    like: At[str] | None = None
    access: At[str] | None = None
    parents: tuple[tuple[At[str], At[str]], ...] = ()
    params: tuple[FieldNode, ...] = ()
    body: BodyNode | None = None
    accepts: At[str] | None = None
    wrap: At[str] | None = None
    bare: At[str] | None = None
    replace: At[bool] | None = None
    where: At[str] | None = None
    set: tuple[AssignmentNode, ...] = ()
    filters: tuple[tuple[At[str], At[str]], ...] = ()
    sort: tuple[SortNode, ...] = ()
    order: tuple[TermNode, ...] = ()
    paging: PagingNode | None = None
    view: At[str] | None = None
    trusted: At[str] | None = None
    steps: tuple[StepNode, ...] = ()
    respond: RespondNode | None = None
    errors: tuple[ErrorAnswerNode, ...] = ()
    limits: LimitsNode | None = None
    cache: CacheNode | None = None
    deprecated: DeprecatedNode | None = None
    idempotent: At[str] | None = None
    if_match: At[str] | None = None
    performance: PerformanceNode | None = None


class CrudNode(Node, frozen=True, kw_only=True):
    """`operations` holds what the author says about single ones (`list`, `create`, `get`, `update`, `delete`);
    their names are these words."""

    path: At[str]
    key: At[str] | None = None
    only: tuple[At[str], ...] | None = None
    parents: tuple[tuple[At[str], At[str]], ...] = ()
    where: At[str] | None = None
    filters: tuple[tuple[At[str], At[str]], ...] = ()
    order: tuple[TermNode, ...] = ()
    sort: tuple[SortNode, ...] = ()
    paging: PagingNode | None = None
    view: At[str] | None = None
    wrap: At[str] | None = None
    replace: At[bool] | None = None
    if_match: At[str] | None = None
    limits: LimitsNode | None = None
    operations: tuple[OperationNode, ...] = ()


class LogicErrorNode(Node, frozen=True, kw_only=True):
    """One way in which custom logic fails: its code, and what is answered."""

    code: At[str]
    category: At[str]
    message: At[str] | None = None
    field: At[str] | None = None


class LogicExampleNode(Node, frozen=True, kw_only=True):
    """What goes in, and what comes out: literal values as JSON has them, or the code of an error."""

    input: tuple[tuple[At[str], object], ...]
    output: tuple[tuple[At[str], object], ...] | None = None
    error: At[str] | None = None


class LogicNode(Node, frozen=True, kw_only=True):
    """Custom logic by what goes in and what comes out."""

    name: At[str]
    description: At[str] | None = None
    input: tuple[FieldNode, ...] = ()
    output: tuple[FieldNode, ...] = ()
    errors: tuple[LogicErrorNode, ...] = ()
    uses: tuple[At[str], ...] = ()
    reads: tuple[At[str], ...] = ()
    seconds: At[int] | None = None
    trusted: At[str] | None = None
    examples: tuple[LogicExampleNode, ...] = ()


class SettingNode(Node, frozen=True, kw_only=True):
    """A variable of the environment."""

    name: At[str]
    type: At[str] | None = None
    description: At[str] | None = None
    default: At[str] | None = None
    secret: At[bool] | None = None


class IntegrationNode(Node, frozen=True, kw_only=True):
    """A partner that custom logic asks over HTTP."""

    name: At[str]
    description: At[str] | None = None
    header: At[str] | None = None
    seconds: At[int] | None = None
    attempts: At[int] | None = None
    private: At[bool] | None = None


class ViewNode(Node, frozen=True, kw_only=True):
    """A view `of` an entity, or one that `extends` another."""

    name: At[str]
    of: At[str] | None = None
    extends: At[str] | None = None
    arguments: tuple[FieldNode, ...] = ()
    fields: tuple[At[str], ...] = ()
    shape: tuple[tuple[At[str], ShapeNode], ...] = ()


class EntityNode(Node, frozen=True, kw_only=True):
    """`keys` are the field or fields of the key; `key_type` is how a key that is not declared is made
    (uuid, sequence, token). `records` is the entity whose writes this one records: nobody wrote it."""

    name: At[str]
    fields: tuple[FieldNode, ...]
    keys: tuple[At[str], ...] = ()
    key_type: At[str] | None = None
    unique: tuple[tuple[At[str], ...], ...] = ()
    indexes: tuple[IndexNode, ...] = ()
    checks: tuple[CheckNode, ...] = ()
    access: AccessNode | None = None
    computed: tuple[ComputedNode, ...] = ()
    version: At[bool] | None = None
    soft_delete: At[bool] | None = None
    tenancy: At[str] | None = None
    audit: AuditNode | None = None
    immutable: At[bool] | None = None
    expected_rows: At[int] | None = None
    crud: CrudNode | None = None
    was: At[str] | None = None
    plural: At[str] | None = None
    records: At[str] | None = None

    def field(self, name: str) -> FieldNode | None:
        """The field of that name, if the author declared it."""
        return next((field for field in self.fields if field.name.value == name), None)


class SpecDocument(Node, frozen=True, kw_only=True):
    """All files of a specification, merged. `files` are relative to the project, in the order of reading.

    `templates` are the texts of the HTML templates that operations name, by their path in the project.
    """

    service: ServiceNode
    auth: AuthNode | None = None
    entities: tuple[EntityNode, ...] = ()
    views: tuple[ViewNode, ...] = ()
    operations: tuple[OperationNode, ...] = ()
    logic: tuple[LogicNode, ...] = ()
    settings: tuple[SettingNode, ...] = ()
    integrations: tuple[IntegrationNode, ...] = ()
    errors: tuple[ErrorAnswerNode, ...] = ()
    limits: LimitsNode | None = None
    security: SecurityNode | None = None
    performance: PerformanceNode | None = None
    files: tuple[str, ...] = ()
    templates: dict[str, str] = {}

    def entity(self, name: str) -> EntityNode | None:
        """The entity of that name, if the author declared it."""
        return self.by_name.get(name)

    @property
    def by_name(self) -> dict[str, EntityNode]:
        """The entities by name."""
        found = _BY_NAME.get(id(self.entities))
        if found is None or found[0] is not self.entities:
            found = (self.entities, {entity.name.value: entity for entity in self.entities})
            _BY_NAME.clear()
            _BY_NAME[id(self.entities)] = found
        return found[1]


_BY_NAME: dict[int, tuple[tuple[EntityNode, ...], dict[str, EntityNode]]] = {}
"""The entities of the document that was asked last: thousands of references are looked up in it."""


def below(found: object) -> Iterator[Node]:
    """A node with all nodes within it, in the order in which they are kept."""
    if isinstance(found, Node):
        yield found
        for name in found.__struct_fields__:
            yield from below(getattr(found, name))
    elif isinstance(found, tuple):
        for each in found:
            yield from below(each)
