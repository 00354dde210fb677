"""Answers: responses to success, and to each category of failures."""

from __future__ import annotations

from backwright.spec.grammar.shapes import ERROR_SHAPE, SHAPE
from backwright.spec.grammar.takes import (
    NAME,
    ORDER,
    PATH,
    Either,
    Expr,
    Fixed,
    Key,
    Named,
    Whole,
)

CATEGORIES = (
    "malformed", "unauthenticated", "invalid_credentials", "forbidden", "not_found", "method_not_allowed",
    "conflict", "gone", "precondition_failed", "payload_too_large", "unsupported_media_type", "invalid",
    "precondition_required", "too_many_requests",
)  # fmt: skip
_STATUSES = (400, 401, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 428, 429)

COOKIE = Fixed(
    name="cookie",
    description="A cookie that the answer sets.",
    keys=(
        Key(name="value", takes=Expr(), required=True, example="theme.name", description="Its value."),
        Key(
            name="minutes",
            takes=Whole(1, 60 * 24 * 366),
            example="60",
            description="How long browsers keep it (default: until they close).",
        ),
    ),
)

RESPOND = Fixed(
    name="respond",
    description="What success looks like. `respond: 204` is short for `respond: {status: 204}`.",
    keys=(
        Key(
            name="status",
            takes=Expr(),
            example="201",
            description="The status: a number from 200 to 399, or an expression that chooses between such.",
        ),
        Key(
            name="body",
            takes=SHAPE,
            example="{article: Article(article)}",
            description="The JSON that is sent; `none` is no body.",
        ),
        Key(
            name="view",
            takes=NAME,
            example="ArticleItem",
            description="The view of the row or page that is shown.",
        ),
        Key(
            name="text",
            takes=Expr(),
            example="thread.title",
            description="Plain text instead of JSON.",
        ),
        Key(
            name="html",
            takes=PATH,
            example="templates/thread.html",
            description="A page: a Jinja template in the project, which gets what `with` names. Values are escaped.",
        ),
        Key(
            name="with",
            takes=Named("value", SHAPE),
            example="{threads: items, total: total}",
            description="The values of an `html` template.",
        ),
        Key(name="csv", takes=Expr(), example="items", description="CSV with one line per row."),
        Key(
            name="columns",
            takes=Named("column", Expr()),
            example="{Number: this.number, Author: this.author.nick}",
            description="The columns of `csv`: heading and value, where `this` is the row.",
        ),
        Key(
            name="order",
            takes=ORDER,
            example="number",
            description="The order of `csv`, where the rows are no page.",
        ),
        Key(
            name="file",
            takes=Expr(),
            example="member.avatar",
            description="The content of a file; 404 when it is null.",
        ),
        Key(
            name="media",
            takes=Expr(),
            example="member.avatar_type",
            description="The media type of `file` (default: application/octet-stream).",
        ),
        Key(
            name="filename",
            takes=Expr(),
            example="posts.csv",
            description="The name under which browsers save it: a name for `csv`, an expression for `file`.",
        ),
        Key(
            name="headers",
            takes=Named("header", Expr()),
            example="{location: \"'/threads/' + thread.slug\"}",
            description="Headers, each an expression of type string; null leaves one out.",
        ),
        Key(
            name="cookies",
            takes=Named("cookie", Either((Expr(), COOKIE))),
            example="{theme: {value: body.theme, minutes: 60}}",
            description="Cookies; null removes one.",
        ),
    ),
    at_most_one=("body", "view", "text", "html", "csv", "file"),
)

ERROR_ANSWER = Fixed(
    name="errors.answer",
    description="How one category of failures is answered.",
    keys=(
        Key(name="status", takes=Whole(400, 599), example="400", description="Its status."),
        Key(
            name="body",
            takes=ERROR_SHAPE,
            example="{message: message}",
            description="Its body; `none` is no body.",
        ),
    ),
)

ERRORS = Fixed(
    name="errors",
    description="How failures are answered. In a body the words code, category, status, message, request_id, "
    "fields (a list of field, code and message), messages (a list of texts) and by_field (texts by field) stand "
    "for their values; any other text is itself.",
    keys=(
        Key(
            name="body",
            takes=ERROR_SHAPE,
            example="{status: status, detail: message}",
            description="The body of every failure that has none of its own.",
        ),
        *(
            Key(
                name=category,
                takes=Either((Whole(400, 599), ERROR_ANSWER)),
                example="400" if category == "invalid" else str(status),
                description=f"Failures of the category {category}: a status (default: {status}), or more.",
            )
            for category, status in zip(CATEGORIES, _STATUSES, strict=True)
        ),
    ),
)
