"""What an operation does, one step after the other: a closed union. Each names its binding in `bind`.

Common to many: `when` is the step's `if` (a binding that was not made is null); `trusted` says why the step
goes past the rules, which are then None; `otherwise` is what it answers instead of its usual failure.
"""

from __future__ import annotations

from typing import Literal as OneOf

from backwright.model.data import Assignment, Formula, Frozen, OrderTerm, Rule


class Failing(Frozen, frozen=True, kw_only=True):
    """An answer other than success: an error category, a stable code, words, and the field that it is about."""

    category: str
    code: str
    message: str | None = None
    field: str | None = None


class Filter(Frozen, frozen=True, kw_only=True):
    """A condition that applies when all parameters it mentions are present."""

    name: str
    condition: Formula


class Paging(Frozen, frozen=True, kw_only=True):
    """How much of a list is answered. `default` and `max` are numbers of rows.

    keyset: query parameters `limit` and `after`; offset: `limit` and `offset`; none: at most `max` rows.
    `numbered`: instead of rows to leave out, the caller gives the number of a page of `limit` rows, from 1 on.
    The parameters' names in the contract are `limit_name`, `after_name`, and `offset_name` for the row or the page.
    """

    default: int
    max: int
    style: OneOf["keyset", "offset", "none"] = "keyset"
    limit_name: str = "limit"
    after_name: str = "after"
    offset_name: str = "offset"
    numbered: bool = False

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters that decide the page, by their usual names: what each is called in the contract."""
        match self.style:
            case "keyset":
                return {"limit": self.limit_name, "after": self.after_name}
            case "offset":
                return {"limit": self.limit_name, "page" if self.numbered else "offset": self.offset_name}
            case "none":
                return {}


class Sort(Frozen, frozen=True, kw_only=True):
    """An order that callers choose with `?sort=name`."""

    name: str
    order: tuple[OrderTerm, ...]


class Find(Frozen, frozen=True, kw_only=True, tag="find"):
    """Binds one row. The row must match `where` and the entity's `read` rule, unless the step is trusted.

    `error` is the code answered when there is none ("not_found", or "invalid_credentials" in sign-in).
    `optional`: then the binding is null. `lock` is set when a later step of the operation writes the row.
    """

    entity: str
    bind: str
    where: Formula
    readable: Rule | None
    trusted: str | None = None
    error: str = "not_found"
    otherwise: Failing | None = None
    optional: bool = False
    lock: bool = False
    when: Formula | None = None


class Select(Frozen, frozen=True, kw_only=True, tag="select"):
    """Binds a page of rows: those the caller may read that match `where` and the filters, in a total order.

    `sorts` are the orders that callers may choose; `order` holds without a choice. `total` and `next` of the
    binding are names of expressions behind it.
    """

    entity: str
    bind: str
    readable: Rule | None
    trusted: str | None = None
    where: Formula | None = None
    filters: tuple[Filter, ...] = ()
    order: tuple[OrderTerm, ...]
    sorts: tuple[Sort, ...] = ()
    paging: Paging
    when: Formula | None = None


class Named(Frozen, frozen=True, kw_only=True):
    """A name and its value."""

    name: str
    value: Formula


class Group(Frozen, frozen=True, kw_only=True, tag="group"):
    """Binds a list of records, one for each combination of the `keys` (about `this`) among the rows that match.

    Their `values` speak of the group's rows (`rows`). In the order of `order`, terms of which name keys and values, and
    then of the keys, null least, at most `max`. Without keys it binds one record, about all rows that match.
    """

    entity: str
    bind: str
    readable: Rule | None
    trusted: str | None = None
    where: Formula | None = None
    filters: tuple[Filter, ...] = ()
    keys: tuple[Named, ...]
    values: tuple[Named, ...]
    order: tuple[OrderTerm, ...] = ()
    max: int = 1000
    when: Formula | None = None


class Require(Frozen, frozen=True, kw_only=True, tag="require"):
    """Goes on only where the condition holds; else it answers `otherwise`."""

    condition: Formula
    otherwise: Failing
    when: Formula | None = None


class Create(Frozen, frozen=True, kw_only=True, tag="create"):
    """Inserts a row: `values` covers every field but the key and what is generated. The `create` rule judges
    the candidate.

    With `each` (a list; the variable `item` is one of its elements) it inserts one row for each, all or none,
    and binds the list of rows.
    """

    entity: str
    bind: str
    values: tuple[Assignment, ...]
    allowed: Rule | None
    trusted: str | None = None
    each: Formula | None = None
    when: Formula | None = None


class Update(Frozen, frozen=True, kw_only=True, tag="update"):
    """Writes an earlier binding; afterwards the binding is the row after.

    `changes` are fields taken from the partial body when present there; `values` are set by the system, where
    `this` is the stored row. The `allowed` rule must hold before, and `after` (None: the same) on the row after.
    `match`: the stored version must be the one that `If-Match` names (412).
    """

    entity: str
    bind: str
    changes: tuple[str, ...] = ()
    values: tuple[Assignment, ...] = ()
    allowed: Rule | None
    after: Rule | None = None
    trusted: str | None = None
    match: bool = False
    when: Formula | None = None


class Delete(Frozen, frozen=True, kw_only=True, tag="delete"):
    """Removes an earlier binding's row. Rows that refer to it are dealt with as their reference says."""

    entity: str
    bind: str
    allowed: Rule | None
    trusted: str | None = None
    match: bool = False
    when: Formula | None = None


class UpdateAll(Frozen, frozen=True, kw_only=True, tag="update_all"):
    """Writes every row that the caller may read and that matches; one forbidden row and nothing changes.

    All `values` speak of the rows as they were. Binds how many there were.
    """

    entity: str
    bind: str
    where: Formula
    values: tuple[Assignment, ...]
    readable: Rule | None
    allowed: Rule | None
    after: Rule | None = None
    trusted: str | None = None
    when: Formula | None = None


class DeleteAll(Frozen, frozen=True, kw_only=True, tag="delete_all"):
    """Removes every row that the caller may read and that matches; one forbidden row and nothing changes.

    Binds how many there were.
    """

    entity: str
    bind: str
    where: Formula
    readable: Rule | None
    allowed: Rule | None
    trusted: str | None = None
    when: Formula | None = None


class Ensure(Frozen, frozen=True, kw_only=True, tag="ensure"):
    """Binds the row whose unique key `by` has the values given, inserting it where there is none.

    The row that is there is judged by no rule but `readable` (404). `<bind>_created` says which it was.
    """

    entity: str
    bind: str
    by: tuple[str, ...]
    values: tuple[Assignment, ...]
    readable: Rule | None
    allowed: Rule | None
    trusted: str | None = None
    when: Formula | None = None


class Upsert(Frozen, frozen=True, kw_only=True, tag="upsert"):
    """Inserts a row, or writes `changes` to the row whose unique key `by` has the values given.

    `if_exists` has to hold about the stored row first (`this`), or `otherwise` is answered.
    `<bind>_created` says which it was.
    """

    entity: str
    bind: str
    by: tuple[str, ...]
    values: tuple[Assignment, ...]
    changes: tuple[Assignment, ...]
    if_exists: Formula | None = None
    otherwise: Failing | None = None
    readable: Rule | None
    created: Rule | None
    updated: Rule | None
    after: Rule | None = None
    trusted: str | None = None
    when: Formula | None = None


class VerifyPassword(Frozen, frozen=True, kw_only=True, tag="verify_password"):
    """Checks `given` against the password field of a binding; takes as long when the row is missing.

    Answers "invalid_credentials" (401) when it does not match.
    """

    bind: str
    field: str
    given: Formula
    otherwise: Failing | None = None
    when: Formula | None = None


class SignIn(Frozen, frozen=True, kw_only=True, tag="sign_in"):
    """Issues an access token for the identity row in `row`; binds the token as a string.

    With cookie sessions the answer sets the session's cookie and that of its CSRF token.
    """

    row: str
    bind: str
    when: Formula | None = None


class SignOut(Frozen, frozen=True, kw_only=True, tag="sign_out"):
    """Revokes the token that the request came with, and clears its cookies."""

    bind: str = ""
    when: Formula | None = None


class Call(Frozen, frozen=True, kw_only=True, tag="call"):
    """Runs custom logic and binds what comes out, a record. `values` are its inputs, all of them.

    It comes before all writes, and is run again where the operation begins again.
    """

    logic: str
    bind: str
    values: tuple[Named, ...] = ()
    when: Formula | None = None


Step = (
    Find
    | Select
    | Group
    | Require
    | Create
    | Update
    | Delete
    | UpdateAll
    | DeleteAll
    | Ensure
    | Upsert
    | VerifyPassword
    | SignIn
    | SignOut
    | Call
)
