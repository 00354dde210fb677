"""What callers see: views, bodies, answers, errors and operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Literal as OneOf

from backwright.model.data import Formula, Frozen, InputField, OrderTerm, Rule, ScalarType
from backwright.model.steps import Step
from backwright.spec.diagnostics import NOWHERE, Place

Method = OneOf["GET", "POST", "PUT", "PATCH", "DELETE"]
Media = OneOf["json", "form", "multipart"]


# Shapes: what JSON is made of -----------------------------------------------------------------------


class Value(Frozen, frozen=True, kw_only=True, tag="value"):
    """The value of an expression: a scalar, a list, a record; a row shows as its key."""

    value: Formula


class Members(Frozen, frozen=True, kw_only=True, tag="members"):
    """A JSON object."""

    members: tuple[ShapeMember, ...]


class ShapeMember(Frozen, frozen=True, kw_only=True):
    """One member of an object: its wire name and what it holds."""

    wire: str
    shape: Shape


class Array(Frozen, frozen=True, kw_only=True, tag="array"):
    """A JSON array written out."""

    items: tuple[Shape, ...]


class Viewed(Frozen, frozen=True, kw_only=True, tag="viewed"):
    """A row under a view: `Profile(this.author)`; null for null.

    `arguments` are the view's arguments. `depth` is left of a recursive view: where it is 0, null is shown.
    """

    view: str
    row: Formula
    arguments: tuple[Argument, ...] = ()
    depth: int | None = None


class Argument(Frozen, frozen=True, kw_only=True):
    """The value of one argument of a view."""

    name: str
    value: Formula


class Each(Frozen, frozen=True, kw_only=True, tag="each"):
    """An array with one item per row: `rows` is a set of rows, a page, or a list of rows that were created.

    The rows of a page and of a list are in its order; others in `order`, which is total. In `shape` the name
    `this` is the row. `limit` is the most that are shown; `depth` as in `Viewed`: at 0 the array is empty.
    """

    rows: Formula
    shape: Shape
    order: tuple[OrderTerm, ...] = ()
    limit: int | None = None
    depth: int | None = None


Shape = Value | Members | Array | Viewed | Each


class ViewField(Frozen, frozen=True, kw_only=True):
    """One member of a view: its wire name and the field of the row it shows. A reference shows as its key."""

    wire: str
    field: str


class View(Frozen, frozen=True, kw_only=True):
    """What callers see of an entity: passwords never appear in one.

    `fields` are stored fields that are shown as they are; `shape` is everything else, about `this`. `arguments`
    are the names of what whoever shows the view has to give; expressions call them bindings.
    """

    name: str
    entity: str
    fields: tuple[ViewField, ...]
    shape: tuple[ShapeMember, ...] = ()
    arguments: tuple[str, ...] = ()
    place: Place = NOWHERE


# Requests -------------------------------------------------------------------------------------------


class Body(Frozen, frozen=True, kw_only=True):
    """A request body. In a `partial` body an absent member means unchanged.

    `wrap` is the member of the JSON object that holds the fields; `bare` the one field, a list, that is the body
    itself. Fields of type bytes come as a file (multipart) or in base64 (JSON); `<name>_type` and `<name>_name` are
    then names of the body, too.
    """

    fields: tuple[InputField, ...]
    partial: bool = False
    media: Media = "json"
    wrap: str | None = None
    bare: str | None = None

    def whole(self, members: Mapping[str, Any]) -> Any:
        """What a JSON body with these members is as a whole."""
        if self.bare is not None:
            return members.get(self.bare)
        return members if self.wrap is None else {self.wrap: members}


class PathParameter(Frozen, frozen=True, kw_only=True):
    """A `{wire}` of the route, called `name` in expressions (None: the same). A value that cannot be parsed is
    answered as a missing row (404). `folded` text becomes lower case (ASCII)."""

    name: str
    type: ScalarType
    wire: str | None = None
    folded: bool = False


# Answers --------------------------------------------------------------------------------------------


class ShowRow(Frozen, frozen=True, kw_only=True, tag="row"):
    """Responds with a view of one binding. `location` is the path template of the created row, if any."""

    bind: str
    view: str
    location: str | None = None


class ShowPage(Frozen, frozen=True, kw_only=True, tag="page"):
    """Responds with a page: a list of views, and the cursor of the next page in the envelope's `meta`."""

    bind: str
    view: str


class ShowSession(Frozen, frozen=True, kw_only=True, tag="session"):
    """Responds with the identity row and its token: `{<row>: view, token: string}`."""

    row: str
    view: str
    token: str


class ShowNothing(Frozen, frozen=True, kw_only=True, tag="nothing"):
    """Responds with no body."""


class ShowShape(Frozen, frozen=True, kw_only=True, tag="shape"):
    """Responds with JSON of the author's own shape (in `data` of the envelope, where there is one)."""

    shape: Shape


class ShowText(Frozen, frozen=True, kw_only=True, tag="text"):
    """Responds with `text/plain; charset=utf-8`."""

    text: Formula


class ShowHtml(Frozen, frozen=True, kw_only=True, tag="html"):
    """Responds with a page: the Jinja template `source` of the file `template`, everything in it escaped.

    Its names are the members of `context`, and `csrf_token` where there are cookie sessions.
    """

    template: str
    source: str
    context: tuple[ShapeMember, ...] = ()


class Column(Frozen, frozen=True, kw_only=True):
    """A column of a CSV file: its heading and the value about `this`."""

    heading: str
    value: Formula


class ShowCsv(Frozen, frozen=True, kw_only=True, tag="csv"):
    """Responds with `text/csv; charset=utf-8` (RFC 4180, heading first) of a page or a set of rows.

    A text that begins with one of `=+-@`, tab or CR gets an apostrophe in front (OWASP, CSV injection).
    `filename` is offered for saving.
    """

    rows: Formula
    columns: tuple[Column, ...]
    order: tuple[OrderTerm, ...] = ()
    filename: str | None = None


class ShowFile(Frozen, frozen=True, kw_only=True, tag="file"):
    """Responds with the content of a bytes value; null is 404. `filename` is offered for saving."""

    content: Formula
    media: Formula
    filename: Formula | None = None


Show = ShowRow | ShowPage | ShowSession | ShowNothing | ShowShape | ShowText | ShowHtml | ShowCsv | ShowFile


class Header(Frozen, frozen=True, kw_only=True):
    """A header of the answer (lower case) and its text; null leaves it out."""

    name: str
    value: Formula


class Cookie(Frozen, frozen=True, kw_only=True):
    """A cookie of the answer: HttpOnly, Secure, SameSite=Lax, Path=/. Null removes it."""

    name: str
    value: Formula
    seconds: int | None = None


class Respond(Frozen, frozen=True, kw_only=True):
    """The success answer: HTTP status and what is shown.

    `choose` is an expression that gives the status instead. `wrap` is the member that holds the row or page of
    an answer without envelope (None: bare).
    """

    status: int
    show: Show
    choose: Formula | None = None
    headers: tuple[Header, ...] = ()
    cookies: tuple[Cookie, ...] = ()
    envelope: bool = True
    wrap: str | None = None


# Errors ---------------------------------------------------------------------------------------------


class ErrorWord(Frozen, frozen=True, kw_only=True, tag="word"):
    """A value about the failure.

    code, category, status, message, request_id; `fields`: a list of {field, code, message}; `messages`: a list
    of text, "field message" each, or the message alone; `by_field`: an object of field → list of messages
    (failures without fields are under `base`).
    """

    word: OneOf[
        "code", "category", "status", "message", "request_id", "fields", "messages", "by_field"
    ]  # fmt: skip


MEDIA_OF_FAILURES = {"json": "application/json", "problem_json": "application/problem+json"}
"""The media types that failures can have."""


class ErrorText(Frozen, frozen=True, kw_only=True, tag="constant"):
    """Fixed text."""

    text: str


class ErrorMembers(Frozen, frozen=True, kw_only=True, tag="members"):
    """A JSON object."""

    members: tuple[ErrorMember, ...]


class ErrorArray(Frozen, frozen=True, kw_only=True, tag="array"):
    """A JSON array written out."""

    items: tuple[ErrorShape, ...]


ErrorShape = ErrorWord | ErrorText | ErrorMembers | ErrorArray


class ErrorMember(Frozen, frozen=True, kw_only=True):
    """One member of an error's object."""

    wire: str
    shape: ErrorShape


class ErrorAnswer(Frozen, frozen=True, kw_only=True):
    """How one category of failures is answered. `category` is "*" for all that have no own answer.

    `status` None: the category's own. `body` None: as the answer for "*" says, and there the envelope.
    `empty`: no body at all.
    """

    category: str
    status: int | None = None
    body: ErrorShape | None = None
    empty: bool = False


# Operations -----------------------------------------------------------------------------------------


class Rate(Frozen, frozen=True, kw_only=True):
    """At most `count` requests in each window of `seconds`, which begins at a multiple of it since 1970 (UTC).

    By caller (anonymous callers by address) or by address. One more is 429 with `retry-after`.
    """

    count: int
    seconds: int
    by: OneOf["caller", "address"] = "caller"


class Deprecation(Frozen, frozen=True, kw_only=True):
    """Since when (RFC 9745) and until when (RFC 8594) clients may still use an operation; dates of ISO 8601."""

    since: str
    sunset: str | None = None
    link: str | None = None


class Cache(Frozen, frozen=True, kw_only=True):
    """`cache-control` of the success answer."""

    seconds: int
    scope: OneOf["public", "private"] = "private"


Demand = OneOf["no", "optional", "required"]


class Operation(Frozen, frozen=True, kw_only=True):
    """One thing a caller can do: route, typed input, who may call, steps, response.

    `caller` says whether credentials are looked at: "none" (never: nothing mentions the caller),
    "optional", or "required" (401 without, because no anonymous caller could pass).
    `access` is the operation's own rule, about `caller` only. `query` are its declared query parameters.
    `rates` and `max_body` (bytes) are its limits. `idempotent`: whether `Idempotency-Key` is looked at.
    `if_match`: whether `If-Match` is. `answers` go before those of the service.
    `p95_ms` is its own target, instead of the service's.
    `tag` groups operations into a module: the first literal segment of the path.
    `origin` is the sugar it was expanded from ("crud", "auth.flows") or "operations".
    """

    name: str
    tag: str
    summary: str
    method: Method
    path: str
    caller: OneOf["none", "optional", "required"]
    path_parameters: tuple[PathParameter, ...] = ()
    query: tuple[InputField, ...] = ()
    body: Body | None = None
    access: Rule | None = None
    steps: tuple[Step, ...]
    respond: Respond
    errors: tuple[str, ...] = ()
    answers: tuple[ErrorAnswer, ...] = ()
    rates: tuple[Rate, ...] = ()
    max_body: int | None = None
    idempotent: Demand = "no"
    if_match: Demand = "no"
    cache: Cache | None = None
    deprecated: Deprecation | None = None
    p95_ms: int | None = None
    origin: str = "operations"
    place: Place = NOWHERE
