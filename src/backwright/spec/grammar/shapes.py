"""Shapes: what an answer looks like, written as an example of itself."""

from __future__ import annotations

from backwright.spec.grammar.takes import (
    NAME,
    ORDER,
    Defined,
    Either,
    Expr,
    Fixed,
    Key,
    Named,
    Several,
    Text,
    Whole,
    define,
)

SHAPE = Defined("shape", "a shape: an expression, a table or list of shapes, or `{each: …}`")
ERROR_SHAPE = Defined("error shape", "text, or a table or list of such")

EACH = Fixed(
    name="each",
    mark="each",
    description="A list with one item per row. A table with the key `each` is always this.",
    keys=(
        Key(
            name="each",
            takes=Expr(),
            required=True,
            example="this.comments",
            description="The rows, or a list.",
        ),
        Key(name="view", takes=NAME, example="Comment", description="The view that shows each row."),
        Key(
            name="shape",
            takes=SHAPE,
            example="{id: this.id, by: this.author.name}",
            description="What each row looks like, where that is no view; `this` is the row.",
        ),
        Key(
            name="order",
            takes=ORDER,
            example="created_at desc",
            description="The order of the rows; the key ends it. Required, unless a page or list has its own.",
        ),
        Key(name="limit", takes=Whole(1, 1000), example="10", description="Most rows that are shown."),
        Key(
            name="depth",
            takes=Whole(1, 16),
            example="3",
            description="How many levels a view that shows itself goes down; below, the list is empty.",
        ),
    ),
    at_most_one=("view", "shape"),
)

define(SHAPE, Either((Expr(), EACH, Named("member", SHAPE), Several(SHAPE))))
define(
    ERROR_SHAPE,
    Either((Text("text or a word of errors"), Named("member", ERROR_SHAPE), Several(ERROR_SHAPE))),
)

VIEW = Fixed(
    name="view",
    description="What callers see of a row.",
    keys=(
        Key(name="of", takes=NAME, example="Article", description="The entity whose rows it shows."),
        Key(
            name="extends",
            takes=NAME,
            example="ArticleItem",
            description="The view that it adds to, instead of `of`.",
        ),
        Key(
            name="fields",
            takes=Several(NAME),
            example="[title, created_at]",
            description="Fields and computed values that are shown under their own names.",
        ),
        Key(
            name="shape",
            takes=Named("member", SHAPE),
            example="{author: Profile(this.author)}",
            description="Further members, each with its shape; `this` is the row.",
        ),
        Key(
            name="args",
            takes=Named("argument", Defined("parameter", "a type")),
            example="{token: string}",
            description="Values that must be given besides the row: Account(user, token).",
        ),
    ),
    one_of=("of", "extends"),
)
