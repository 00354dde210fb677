"""Operations, their steps and answers."""

from __future__ import annotations

from backwright.spec.grammar import CATEGORIES, STEP_VERBS, SUGAR
from backwright.spec.nodes import (
    At,
    BodyNode,
    CacheNode,
    CookieNode,
    DeprecatedNode,
    ElseNode,
    ErrorAnswerNode,
    LimitsNode,
    OperationNode,
    PerformanceNode,
    RespondNode,
    ShapeNode,
    StepNode,
)
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.reader.fields import read_fields, read_members
from backwright.spec.reader.raws import (
    assignments,
    entries,
    expression,
    expressions,
    flag,
    names,
    read_by,
    required,
    text,
    whole,
    word,
    words_of,
)
from backwright.spec.reader.shapes import (
    read_error_shape,
    read_order,
    read_paging,
    read_shape,
    read_shapes,
    read_sort,
)

NOTHING = "none"


def read_operation(name: Scalar, table: Table) -> OperationNode:
    """An operation by its name and its table."""
    verb = next((entry.key for entry in table.entries if entry.key.value in SUGAR), None)
    steps = table.get("steps")
    respond = table.get("respond")
    return OperationNode(
        place=name.place,
        name=word(name),
        route=text(table, "route"),
        summary=text(table, "summary"),
        verb=None if verb is None else word(verb),
        target=None if verb is None else text(table, verb.value),
        like=text(table, "like"),
        access=expression(table, "access"),
        parents=names(table, "parent"),
        params=read_fields(table, "params"),
        body=_body(table),
        accepts=text(table, "accepts"),
        wrap=text(table, "wrap"),
        bare=text(table, "bare"),
        replace=flag(table, "replace"),
        where=expression(table, "where"),
        set=assignments(table, "set"),
        filters=expressions(table, "filters"),
        sort=read_sort(table),
        order=read_order(table.get("order")),
        paging=read_by(table, "paging", read_paging),
        view=text(table, "view"),
        trusted=text(table, "trusted"),
        steps=tuple(_step(item) for item in steps.items if isinstance(item, Table))
        if isinstance(steps, Items)
        else (),
        respond=None if respond is None else _respond(respond),
        errors=read_errors(table),
        limits=read_by(table, "limits", read_limits),
        cache=_cache(table.get("cache")),
        deprecated=_deprecated(table.get("deprecated")),
        idempotent=text(table, "idempotent"),
        if_match=text(table, "if_match"),
        performance=read_by(table, "performance", read_performance),
    )


def _body(table: Table) -> BodyNode | None:
    body = table.get("body")
    if body is None:
        return None
    return BodyNode(place=body.place, fields=read_members(body), media=text(table, "accepts"))


def read_performance(table: Table) -> PerformanceNode:
    """`performance`."""
    return PerformanceNode(place=table.place, p95_ms=whole(table, "p95_ms"), rate=text(table, "rate"))


def read_limits(table: Table) -> LimitsNode:
    """`limits`."""
    return LimitsNode(
        place=table.place,
        rate=text(table, "rate"),
        by=text(table, "by"),
        body=whole(table, "body"),
    )


def _cache(raw: Raw | None) -> CacheNode | None:
    match raw:
        case Scalar():
            seconds = word(raw)
            return CacheNode(place=raw.place, seconds=At(int(seconds.value), seconds.place))
        case Table():
            found = whole(raw, "seconds")
            assert found is not None, "the grammar requires seconds"
            return CacheNode(place=raw.place, seconds=found, scope=text(raw, "scope"))
        case _:
            return None


def _deprecated(raw: Raw | None) -> DeprecatedNode | None:
    match raw:
        case Scalar():
            return DeprecatedNode(place=raw.place, since=word(raw))
        case Table():
            return DeprecatedNode(
                place=raw.place,
                since=required(raw, "since"),
                sunset=text(raw, "sunset"),
                link=text(raw, "link"),
            )
        case _:
            return None


# Steps --------------------------------------------------------------------------------------------------


def _step(table: Table) -> StepNode:
    verb = next(entry.key for entry in table.entries if entry.key.value in STEP_VERBS)
    target = expression(table, verb.value)
    assert target is not None, "the grammar takes text behind a verb"
    otherwise = table.get("else")
    return StepNode(
        place=table.place,
        verb=word(verb),
        target=target,
        binding=text(table, "as"),
        where=expression(table, "where"),
        set=assignments(table, "set"),
        source=expression(table, "from"),
        by=words_of(table.get("by")),
        condition=expression(table, "if"),
        otherwise=None if otherwise is None else _else(otherwise),
        if_exists=expression(table, "if_exists"),
        trusted=text(table, "trusted"),
        optional=flag(table, "optional"),
        filters=expressions(table, "filters"),
        order=read_order(table.get("order")),
        sort=read_sort(table),
        paging=read_by(table, "paging", read_paging),
        group=assignments(table, "group"),
        values=assignments(table, "values"),
    )


def _else(raw: Raw) -> ElseNode:
    if isinstance(raw, Scalar):
        return ElseNode(place=raw.place, category=word(raw))
    assert isinstance(raw, Table), "the grammar takes a word or a table"
    return ElseNode(
        place=raw.place,
        category=required(raw, "error"),
        code=text(raw, "code"),
        message=text(raw, "message"),
        field=text(raw, "field"),
    )


# Answers ------------------------------------------------------------------------------------------------


def _respond(raw: Raw) -> RespondNode:
    if isinstance(raw, Scalar):
        return RespondNode(place=raw.place, status=word(raw))
    assert isinstance(raw, Table), "the grammar takes a status or a table"
    body = raw.get("body")
    nothing = isinstance(body, Scalar) and body.value.strip() == NOTHING
    csv = expression(raw, "csv")
    return RespondNode(
        place=raw.place,
        status=expression(raw, "status"),
        body=None if body is None or nothing else read_shape(body),
        nothing=nothing,
        view=text(raw, "view"),
        text=expression(raw, "text"),
        html=text(raw, "html"),
        context=read_shapes(raw, "with"),
        csv=csv,
        columns=assignments(raw, "columns"),
        order=read_order(raw.get("order")),
        file=expression(raw, "file"),
        media=expression(raw, "media"),
        filename=text(raw, "filename") if csv is not None else expression(raw, "filename"),
        headers=assignments(raw, "headers"),
        cookies=tuple(_cookie(entry.key, entry.value) for entry in entries(raw, "cookies")),
    )


def _cookie(name: Scalar, raw: Raw) -> CookieNode:
    if isinstance(raw, Scalar):
        return CookieNode(place=name.place, name=word(name), value=word(raw))
    assert isinstance(raw, Table), "the grammar takes an expression or a table"
    value = expression(raw, "value")
    assert value is not None, "the grammar requires value"
    return CookieNode(place=name.place, name=word(name), value=value, minutes=whole(raw, "minutes"))


def read_errors(table: Table) -> tuple[ErrorAnswerNode, ...]:
    """`errors`: the category `*` is what `body` says of all that have no body of their own."""
    found: list[ErrorAnswerNode] = []
    for entry in entries(table, "errors"):
        if entry.key.value == "body":
            category = At("*", entry.key.place)
            body, empty = _error_body(entry.value)
            found.append(ErrorAnswerNode(place=entry.key.place, category=category, body=body, empty=empty))
        elif entry.key.value in CATEGORIES:
            found.append(_error_answer(entry.key, entry.value))
    return tuple(found)


def _error_answer(category: Scalar, raw: Raw) -> ErrorAnswerNode:
    if isinstance(raw, Scalar):
        status = word(raw)
        return ErrorAnswerNode(
            place=category.place, category=word(category), status=At(int(status.value), status.place)
        )
    assert isinstance(raw, Table), "the grammar takes a status or a table"
    written = raw.get("body")
    body, empty = (None, False) if written is None else _error_body(written)
    return ErrorAnswerNode(
        place=category.place, category=word(category), status=whole(raw, "status"), body=body, empty=empty
    )


def _error_body(raw: Raw) -> tuple[ShapeNode | None, bool]:
    if isinstance(raw, Scalar) and raw.value.strip() == NOTHING:
        return None, True
    return read_error_shape(raw), False
