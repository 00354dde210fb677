"""Answers: status, headers, cookies, and what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backwright.expr.scope import Scope
from backwright.expr.typed import Conditional, Constant, Expression, Type
from backwright.expr.walk import nodes
from backwright.model.expand.codes import CSV, HEADER, RESPOND, STATUS
from backwright.model.expand.draft import Draft
from backwright.model.expand.orders import order_of
from backwright.model.expand.templates import template
from backwright.model.expand.words import TOKEN
from backwright.model.naming import snake
from backwright.model.shapes import Shapes
from backwright.model.types import (
    Column,
    Cookie,
    Entity,
    Formula,
    Header,
    Respond,
    Show,
    ShowCsv,
    ShowFile,
    ShowHtml,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowShape,
    ShowText,
)
from backwright.spec.nodes import AssignmentNode, At, CookieNode, RespondNode

STRING = Type("string", nullable=True)
EMPTY = (204, 205, 304)
OWN = frozenset(
    {
        "connection", "content-length", "content-type", "date", "keep-alive", "server", "set-cookie", "te",
        "trailer", "transfer-encoding", "upgrade", "x-request-id",
    }
)  # fmt: skip
"""Headers that only the server itself writes."""
SHOWN_AS_TEXT = ("integer", "decimal", "boolean", "date", "timestamp", "uuid", "enum")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")
COMPUTED = ("=", "+", "-", "@")
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]*")


def respond(draft: Draft, *, location: str | None = None) -> Respond:
    """The success answer of an operation. `location` is the path template of a created row."""
    node = draft.node.respond
    show = _show(draft, node, location)
    status, choose = _status(draft, node, show)
    if status in EMPTY:
        show = ShowNothing()
    return Respond(
        status=status,
        show=show,
        choose=choose,
        headers=() if node is None else tuple(_headers(draft, node.headers)),
        cookies=() if node is None else tuple(_cookies(draft, node.cookies)),
        envelope=draft.building.envelope,
        wrap=draft.node.wrap.value if draft.node.wrap is not None and wraps(show) else None,
    )


def wraps(show: Show) -> bool:
    """Whether an answer's `wrap` is that of the operation: not where its shape says everything."""
    return isinstance(show, ShowRow | ShowPage)


def _verb(draft: Draft) -> str | None:
    return None if draft.node.verb is None else draft.node.verb.value


def _show(draft: Draft, node: RespondNode | None, location: str | None) -> Show:
    if node is None:
        return _usual(draft, None, location)
    named = {
        "body": node.body, "text": node.text, "html": node.html, "csv": node.csv, "file": node.file,
        "view": node.view,
    }  # fmt: skip
    written = [name for name, value in named.items() if value is not None]
    written += ["none"] if node.nothing else []
    if len(written) > 1:
        message = f"an answer has {' and '.join(f'`{name}`' for name in written)}"
        draft.refuse(RESPOND, node.place, message, "keep one of them")
        return ShowNothing()
    _check_places(draft, node)
    scope = draft.scope(answer=True)
    shapes = Shapes(draft.building, scope, draft.listed)
    if node.nothing:
        return ShowNothing()
    if node.body is not None:
        shape = shapes.shape(node.body)
        return ShowNothing() if shape is None else ShowShape(shape=shape)
    if node.text is not None:
        text = _text(draft, node.text, scope)
        return ShowNothing() if text is None else ShowText(text=text)
    if node.html is not None:
        return _page(draft, node, node.html, shapes) or ShowNothing()
    if node.csv is not None:
        return _csv(draft, node, node.csv, scope) or ShowNothing()
    if node.file is not None:
        return _file(draft, node, node.file, scope) or ShowNothing()
    if node.status is not None and node.status.value.strip() in map(str, EMPTY):
        return ShowNothing()
    return _usual(draft, node.view, location)


def _check_places(draft: Draft, node: RespondNode) -> None:
    """`columns`, `with`, `media` and their like belong to one kind of answer each."""
    belongs = (
        ("with", bool(node.context), node.html is not None, "html"),
        ("columns", bool(node.columns), node.csv is not None, "csv"),
        ("order", bool(node.order), node.csv is not None, "csv"),
        ("media", node.media is not None, node.file is not None, "file"),
        ("filename", node.filename is not None, node.csv is not None or node.file is not None, "csv or file"),
    )
    for key, is_written, fits, kind in belongs:
        if is_written and not fits:
            message = f"`{key}` belongs to an answer of {kind}"
            draft.refuse(RESPOND, node.place, message, f"remove it, or add `{kind.split()[0]}`")


def _usual(draft: Draft, view: At[str] | None, location: str | None) -> Show:
    """The answer of an operation that does not describe it: the page, the row, or nothing."""
    entity, verb = draft.entity, _verb(draft)
    named = view or draft.node.view
    if entity is None or verb is None or verb == "delete":
        if named is not None:
            message = f"the view `{named.value}` shows nothing here"
            mend = f"write `body: {named.value}(…)` with the row that is meant"
            draft.refuse(RESPOND, named.place, message, mend)
        return ShowNothing()
    name = _view(draft, named, entity)
    if verb == "list":
        return ShowPage(bind=entity.plural, view=name)
    return ShowRow(bind=snake(entity.name), view=name, location=location if verb == "create" else None)


def _view(draft: Draft, written: At[str] | None, entity: Entity) -> str:
    """The view that shows rows of an entity; one that is of another, or needs values, is recorded."""
    if written is None:
        head = draft.building.heads.get(entity.name)
        if head is not None and (head.arguments or head.entity != entity.name):
            message = f"the view `{entity.name}` cannot show a row by itself"
            draft.refuse(RESPOND, draft.place, message, "say `view: …`, or write the `body`")
        return entity.name
    head = draft.building.heads.get(written.value)
    if head is None:
        draft.building.unknown(RESPOND, written, "view", draft.building.heads)
    elif head.entity != entity.name:
        message = f"`{written.value}` is a view of {head.entity}, not of {entity.name}"
        draft.refuse(RESPOND, written.place, message, f"name a view of {entity.name}")
    elif head.arguments:
        given = ", ".join(["row", *head.arguments])
        message = f"the view `{written.value}` needs {', '.join(head.arguments)}"
        draft.refuse(RESPOND, written.place, message, f"write `body: {written.value}({given})`")
    return written.value


# Status -----------------------------------------------------------------------------------------------


def _status(draft: Draft, node: RespondNode | None, show: Show) -> tuple[int, Formula | None]:
    usual = _usual_status(draft, show)
    if node is None or node.status is None:
        return usual, None
    text = node.status.value.strip()
    if text.isdigit():
        return _number(draft, node.status, int(text), usual), None
    choose = draft.needed(node.status, draft.scope(answer=True), Type("integer"))
    if choose is None:
        return usual, None
    chosen = [_number(draft, node.status, number, usual) for number in sorted(set(leaves(choose.meaning)))]
    if not chosen:
        message = f"`{text}` does not say which statuses there are"
        draft.refuse(STATUS, node.status.place, message, "write numbers: condition ? 201 : 200")
    return (chosen[0] if chosen else usual), choose


def _usual_status(draft: Draft, show: Show) -> int:
    if isinstance(show, ShowNothing):
        return 204
    return 201 if _verb(draft) == "create" else 200


def _number(draft: Draft, written: At[str], number: int, usual: int) -> int:
    if 200 <= number <= 399:
        return number
    message = f"{number} is not the status of a success"
    mend = "give one from 200 to 399; failures are said with `else` and `errors`"
    draft.refuse(STATUS, written.place, message, mend)
    return usual


def leaves(expression: Expression) -> Iterator[int]:
    """The numbers that a choice between statuses can give."""
    match expression:
        case Conditional(then=then, otherwise=otherwise):
            yield from leaves(then)
            yield from leaves(otherwise)
        case Constant(value=int(number)):
            yield number
        case _:
            pass


# Text, files and CSV ----------------------------------------------------------------------------------


def _text(draft: Draft, written: At[str], scope: Scope, *, or_nothing: bool = False) -> Formula | None:
    """A value as text; numbers and dates are written as in JSON. `or_nothing`: null alone says something, too."""
    found = draft.formula(written, scope, None)
    if found is None or found.meaning.type.kind == "string":
        return found
    if or_nothing and found.meaning.type.kind == "null":
        return found
    if found.meaning.type.kind in SHOWN_AS_TEXT:
        return draft.formula(written.within("string(", ")"), scope, STRING)
    message = f"`{written.value}` is {found.meaning.type}, text is needed"
    draft.refuse(RESPOND, written.place, message, "give one value: string(…)")
    return None


def _page(draft: Draft, node: RespondNode, written: At[str], shapes: Shapes) -> ShowHtml | None:
    context = shapes.members(node.context)
    return template(draft, written, context, (name.value for name, _ in node.context))


def _csv(draft: Draft, node: RespondNode, written: At[str], scope: Scope) -> ShowCsv | None:
    rows = draft.formula(written, scope, None)
    if rows is None:
        return None
    kind = rows.meaning.type
    entity = draft.building.entities.get(kind.entity or "") if kind.kind == "rows" else None
    if entity is None:
        message = f"`{written.value}` is {kind}, not rows"
        draft.refuse(CSV, written.place, message, "name a page (items), or rows with `order`")
        return None
    shapes = Shapes(draft.building, scope, draft.listed)
    paged = shapes.page(rows) is not None
    if not paged and not node.order:
        draft.refuse(CSV, written.place, f"`{written.value}` is in no order", "add `order: …`")
    columns = list(_columns(draft, node.columns, entity, scope))
    if not columns and not node.columns:
        draft.refuse(CSV, node.place, "a CSV file without columns", "add `columns: {Heading: this.…}`")
    name = node.filename
    if name is not None and not _FILENAME.fullmatch(name.value):
        message = f"`{name.value}` is not a name of a file"
        draft.refuse(CSV, name.place, message, "use letters, digits, spaces and `. _ -`")
    return ShowCsv(
        rows=rows,
        columns=tuple(columns),
        order=() if paged else order_of(node.order, entity, draft.building),
        filename=None if name is None else name.value,
    )


def _columns(
    draft: Draft, written: tuple[AssignmentNode, ...], entity: Entity, scope: Scope
) -> Iterator[Column]:
    inner = msgspec.structs.replace(scope, this=entity.name)
    seen: set[str] = set()
    for column in written:
        heading = column.name.value
        if heading in seen or not heading.strip() or not _ONE_LINE.fullmatch(heading):
            message = f"`{heading}` cannot be the heading of a column"
            draft.refuse(CSV, column.name.place, message, "give each column one line of its own")
            continue
        if heading.startswith(COMPUTED):
            message = f"a spreadsheet would compute the heading `{heading}`"
            draft.refuse(CSV, column.name.place, message, "begin it with another character")
        seen.add(heading)
        value = draft.formula(column.value, inner, None)
        if value is None:
            continue
        if value.meaning.type.kind in ("rows", "list", "record", "bytes", "json", "duration"):
            message = f"`{column.value.value}` is {value.meaning.type}, not one value"
            draft.refuse(CSV, column.value.place, message, "show one value in each column")
            continue
        yield Column(heading=heading, value=value)


def _file(draft: Draft, node: RespondNode, written: At[str], scope: Scope) -> ShowFile | None:
    content = draft.formula(written, scope, Type("bytes", nullable=True))
    media = node.media or At("'application/octet-stream'", written.place)
    kind = draft.needed(media, scope, STRING)
    name = None if node.filename is None else draft.needed(node.filename, scope, STRING)
    if content is None or kind is None:
        return None
    return ShowFile(content=content, media=kind, filename=name)


# Headers and cookies ----------------------------------------------------------------------------------


def _headers(draft: Draft, written: tuple[AssignmentNode, ...]) -> Iterator[Header]:
    scope = draft.scope(answer=True)
    seen: set[str] = set()
    for header in written:
        name = header.name.value.lower()
        if not TOKEN.fullmatch(name):
            message = f"`{header.name.value}` is not the name of a header"
            draft.refuse(HEADER, header.name.place, message, "use letters, digits and -")
        elif name in OWN or name in seen:
            message = f"the header `{name}` is written by the server"
            message = f"the header `{name}` is there twice" if name in seen else message
            draft.refuse(HEADER, header.name.place, message, "leave it out")
        else:
            seen.add(name)
            value = _line(draft, header.value, scope)
            if value is not None:
                yield Header(name=name, value=value)


def _cookies(draft: Draft, written: tuple[CookieNode, ...]) -> Iterator[Cookie]:
    scope = draft.scope(answer=True)
    auth = draft.building.auth
    taken = {auth.cookie, "csrf_token"} if auth is not None and auth.cookie is not None else set()
    for cookie in written:
        name = cookie.name.value
        if not TOKEN.fullmatch(name) or name in taken:
            what = "belongs to the session" if name in taken else "is not the name of a cookie"
            draft.refuse(HEADER, cookie.name.place, f"`{name}` {what}", "choose another name")
            continue
        if cookie.minutes is not None and cookie.minutes.value < 1:
            message = f"a cookie for {cookie.minutes.value} minutes"
            draft.refuse(HEADER, cookie.minutes.place, message, "give at least 1; null removes a cookie")
            continue
        value = _line(draft, cookie.value, scope, or_nothing=True)
        if value is not None:
            seconds = None if cookie.minutes is None else cookie.minutes.value * 60
            yield Cookie(name=name, value=value, seconds=seconds)


def _line(draft: Draft, written: At[str], scope: Scope, *, or_nothing: bool = False) -> Formula | None:
    """A value of one line. What the request or a row puts into it is dealt with when it is sent."""
    found = _text(draft, written, scope, or_nothing=or_nothing)
    for constant in constants(found.meaning) if found is not None else ():
        if not _ONE_LINE.fullmatch(constant):
            message = f"`{written.value}` has a line break or a control character in it"
            draft.refuse(HEADER, written.place, message, "write one line")
    return found


def constants(expression: Expression) -> Iterator[str]:
    """The texts that stand in an expression."""
    return (
        node.value for node in nodes(expression) if isinstance(node, Constant) and isinstance(node.value, str)
    )
