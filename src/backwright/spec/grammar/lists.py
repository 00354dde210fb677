"""Lists: order, sorting, filters and paging, wherever rows are selected."""

from __future__ import annotations

from backwright.spec.grammar.takes import NAME, ORDER, Choice, Expr, Fixed, Key, Named, Whole

PAGING = Fixed(
    name="paging",
    description="How a list is cut into pages.",
    keys=(
        Key(
            name="style",
            takes=Choice(("keyset", "offset", "page", "none")),
            example="offset",
            description="keyset (default): `?after=` takes the cursor of the page before; offset: `?offset=` skips "
            "rows, and the total is counted; page: the same by the number of the page, `?page=2`; none: one page, and "
            "the request cannot ask for another length. The answer can name what held: `params.limit`, `params.page`.",
        ),
        Key(name="default", takes=Whole(1, 1000), example="20", description="Rows if not asked (20)."),
        Key(
            name="max",
            takes=Whole(1, 1000),
            example="100",
            description="Most rows of one page (100); asking for more is 422.",
        ),
        Key(
            name="names",
            takes=Fixed(
                name="paging.names",
                description="Other names of the parameters.",
                keys=(
                    Key(name="limit", takes=NAME, example="per_page", description="Instead of `limit`."),
                    Key(name="after", takes=NAME, example="cursor", description="Instead of `after`."),
                    Key(name="offset", takes=NAME, example="skip", description="Instead of `offset`."),
                    Key(name="page", takes=NAME, example="pageNumber", description="Instead of `page`."),
                ),
            ),
            example="{limit: per_page}",
            description="Other names of the parameters.",
        ),
    ),
)

WHERE_LISTED = Key(
    name="where",
    takes=Expr(),
    example="this.author.active",
    description="Which rows; `this` is each of them.",
)
FILTERS = Key(
    name="filters",
    takes=Named("filter", Expr()),
    example='{paid: "this.paid == params.paid"}',
    description="Conditions, each applied when its parameters are present. Parameters that are not declared are "
    "typed like the field they are compared with.",
)
SORT = Key(
    name="sort",
    takes=Named("sort", ORDER),
    example="{newest: created_at desc, title: [title]}",
    description="Orders by name: `?sort=newest`. The first is the default.",
)
ORDER_KEY = Key(
    name="order",
    takes=ORDER,
    example="created_at desc",
    description="The order; the key ends it (default: the key).",
)
PAGING_KEY = Key(
    name="paging", takes=PAGING, example="{default: 20, max: 100}", description=PAGING.description
)
LISTED = (FILTERS, SORT, ORDER_KEY, PAGING_KEY)
