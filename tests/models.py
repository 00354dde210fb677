"""Models built by hand, for tests of the stages behind the front end: `todos()` and `library()`.

They are what model building produces from the specifications in their docstrings, so that a test of a later
stage does not depend on the reading of YAML.
"""

from __future__ import annotations

from model_parts import (
    ALWAYS,
    CREATED_AT,
    EMAIL,
    FLAG,
    KEY,
    NEVER,
    PASSWORD,
    Crud,
    as_caller,
    auth_flows,
    caller,
    compare,
    constant,
    filtered,
    of_this,
    parameter,
    same_rule,
    signed_in,
    signed_in_for,
    string,
    this,
    type_of,
    view,
)

from backwright.expr.typed import (
    BOOLEAN,
    And,
    Constant,
    Member,
    Not,
    Or,
)
from backwright.model.types import (
    Assumption,
    Auth,
    Entity,
    Field,
    Index,
    InputField,
    Model,
    OrderTerm,
    Paging,
    ReferenceType,
    Rule,
    ScalarType,
    Service,
)

# The service of the language guide -------------------------------------------------------------------


def todos() -> Model:
    """The smallest useful service: users with their own todos (the example of the language guide)."""
    own = Rule(
        source="this == caller", condition=signed_in("User", compare(this("User"), "==", caller("User")))
    )
    user = Entity(
        name="User",
        plural="users",
        table="user",
        key="id",
        fields=(KEY, EMAIL, PASSWORD),
        access={"create": ALWAYS, "read": own, "update": NEVER, "delete": NEVER},
    )
    done = Field(name="done", column="done", type=FLAG, default=constant(False, BOOLEAN))
    owner = Field(name="owner", column="owner_id", type=ReferenceType(entity="User"), set=as_caller("User"))
    owned = Rule(
        source="this.owner == caller",
        condition=signed_in("User", compare(of_this("Todo", owner), "==", caller("User"))),
    )
    newest = OrderTerm(field="created_at", direction="desc")
    todo = Entity(
        name="Todo",
        plural="todos",
        table="todo",
        key="id",
        fields=(
            KEY,
            string("title", 1, 200),
            done,
            Field(name="due", column="due", type=ScalarType(scalar="date"), nullable=True),
            owner,
            CREATED_AT,
        ),
        indexes=(Index(name="todo_owner_id_created_at_idx", terms=(OrderTerm(field="owner"), newest)),),
        access=same_rule(owned),
    )
    crud = Crud(todo, "/todos", signed_in_for(), "todos")
    return Model(
        service=Service(name="todos", version="1.0.0", package="todos"),
        auth=Auth(identity="User", by="email", password="password", flows=("register", "login")),
        entities=(user, todo),
        views=(view(user), view(todo)),
        operations=(
            *auth_flows(user),
            crud.list(
                [newest, OrderTerm(field="id", direction="desc")],
                [filtered("Todo", done, "==", "done")],
                [parameter("done", done)],
            ),
            crud.create(),
            crud.get(),
            crud.update(),
            crud.delete(),
        ),
        assumptions=(
            Assumption(subject="Todo.id", text="Keys are UUIDs of version 7.", role="architect"),
            Assumption(subject="auth.token", text="Tokens are valid for 60 minutes.", role="security"),
        ),
    )


# A quite different service ---------------------------------------------------------------------------


def library() -> Model:
    """Books that everybody reads and librarians write, and reviews that are private until published.

    service: {name: library, version: 2.1.0, unknown_fields: reject}
    auth: {identity: Member, by: email, flows: [register, login], token: {minutes: 30}}
    entities:
      Member:
        fields:
          email: {type: email, unique: true}
          password: password
          name: string?
          role: {enum: [reader, librarian], default: reader, input: false}
        access: {create: public, read: "this == caller || caller.role == 'librarian'", update: this == caller}
        crud: {path: /members, only: [get, update]}
      Book:
        fields:
          title: {type: string, min: 1, max: 120}
          isbn: {type: string?, max: 17, unique: true}
          pages: {type: integer, min: 1, max: 20000}
          genre: {enum: [novel, essay, poetry]}
          summary: text?
          published_on: date?
          sequel_of: {ref: Book?}
          added_by: {ref: Member, set: caller}
        access: {read: public, write: "caller.role == 'librarian'"}
        crud:
          path: /books
          filters: {genre: this.genre == params.genre, longer_than: this.pages > params.longer_than,
                    before: this.published_on < params.before, sequel_of: this.sequel_of == params.sequel_of}
          order: [published_on desc, title]
          paging: {default: 3, max: 10}
      Review:
        fields:
          book: {ref: Book}
          author: {ref: Member, set: caller}
          stars: {type: integer, min: 1, max: 5}
          comment: text?
          published: {type: boolean, default: false}
          locked: {type: boolean, default: false}
          read_at: timestamp?
          created_at: {type: timestamp, set: now}
        indexes: [{on: [author, book], unique: true}]
        access:
          read: this.published || this.author == caller
          create: this.author == caller
          update: this.author == caller && !this.locked
          delete: this.author == caller
        crud: {path: /reviews, filters: {book: this.book == params.book}, order: created_at desc}
    """
    people, books, reviews = library_entities()
    own_page = Crud(people, "/members", signed_in_for(), "members")
    public = {**signed_in_for(), "list": "none", "get": "none"}
    shelf = Crud(books, "/books", public, "books")
    opinions = Crud(
        reviews, "/reviews", {**signed_in_for(), "list": "optional", "get": "optional"}, "reviews"
    )
    genre, pages, published_on = books.field("genre"), books.field("pages"), books.field("published_on")
    sequel_of, book = books.field("sequel_of"), reviews.field("book")
    return Model(
        service=Service(name="library", version="2.1.0", package="library", unknown_fields="reject"),
        auth=Auth(
            identity="Member",
            by="email",
            password="password",
            flows=("register", "login"),
            token_seconds=1800,
        ),
        entities=(people, books, reviews),
        views=(view(people), view(books), view(reviews)),
        operations=(
            *auth_flows(people),
            own_page.get(),
            own_page.update(),
            shelf.list(
                [
                    OrderTerm(field="published_on", direction="desc"),
                    OrderTerm(field="title"),
                    OrderTerm(field="id"),
                ],
                [
                    filtered("Book", genre, "==", "genre"),
                    filtered("Book", pages, ">", "longer_than"),
                    filtered("Book", published_on, "<", "before"),
                    filtered("Book", sequel_of, "==", "sequel_of"),
                ],
                [
                    parameter("genre", genre),
                    InputField(wire="longer_than", name="longer_than", type=ScalarType(scalar="integer")),
                    parameter("before", published_on),
                    parameter("sequel_of", sequel_of),
                ],
                Paging(default=3, max=10),
            ),
            shelf.create(),
            shelf.get(),
            shelf.update(),
            shelf.delete(),
            opinions.list(
                [OrderTerm(field="created_at", direction="desc"), OrderTerm(field="id", direction="desc")],
                [filtered("Review", book, "==", "book")],
                [parameter("book", book)],
            ),
            opinions.create(),
            opinions.get(),
            opinions.update(),
            opinions.delete(),
        ),
    )


def library_entities() -> tuple[Entity, Entity, Entity]:
    """Member, Book and Review with their rules."""
    roles = ScalarType(scalar="enum", values=("reader", "librarian"))
    role = Field(
        name="role", column="role", type=roles, default=constant("reader", type_of(roles)), input=False
    )
    callers_role = Member(
        type=type_of(roles, nullable=True), of=caller("Member"), entity="Member", field="role"
    )
    is_librarian = compare(callers_role, "==", Constant(type=type_of(roles), value="librarian"))
    is_caller = compare(this("Member"), "==", caller("Member"))
    librarians = Rule(source="caller.role == 'librarian'", condition=signed_in("Member", is_librarian))
    themselves = Rule(source="this == caller", condition=signed_in("Member", is_caller))
    parts = (signed_in("Member", is_caller), signed_in("Member", is_librarian))
    either = Rule(
        source="this == caller || caller.role == 'librarian'", condition=Or(type=BOOLEAN, parts=parts)
    )
    people = Entity(
        name="Member",
        plural="members",
        table="member",
        key="id",
        fields=(KEY, EMAIL, PASSWORD, string("name", nullable=True), role),
        access={"create": ALWAYS, "read": either, "update": themselves, "delete": NEVER},
    )
    genres = ScalarType(scalar="enum", values=("novel", "essay", "poetry"))
    summary = ScalarType(scalar="text", max=65535)
    books = Entity(
        name="Book",
        plural="books",
        table="book",
        key="id",
        fields=(
            KEY,
            string("title", 1, 120),
            string("isbn", None, 17, nullable=True, unique=True),
            Field(name="pages", column="pages", type=ScalarType(scalar="integer", min=1, max=20000)),
            Field(name="genre", column="genre", type=genres),
            Field(name="summary", column="summary", type=summary, nullable=True),
            Field(name="published_on", column="published_on", type=ScalarType(scalar="date"), nullable=True),
            Field(name="sequel_of", column="sequel_of_id", type=ReferenceType(entity="Book"), nullable=True),
            Field(
                name="added_by",
                column="added_by_id",
                type=ReferenceType(entity="Member"),
                set=as_caller("Member"),
            ),
        ),
        access={"create": librarians, "read": ALWAYS, "update": librarians, "delete": librarians},
    )
    return people, books, review_entity()


def review_entity() -> Entity:
    """Review, whose read, update and delete rules differ."""
    writer = Field(
        name="author", column="author_id", type=ReferenceType(entity="Member"), set=as_caller("Member")
    )
    published = Field(name="published", column="published", type=FLAG, default=constant(False, BOOLEAN))
    locked = Field(name="locked", column="locked", type=FLAG, default=constant(False, BOOLEAN))
    wrote_it = compare(of_this("Review", writer), "==", caller("Member"))
    by_author = Rule(source="this.author == caller", condition=signed_in("Member", wrote_it))
    visible = (of_this("Review", published), signed_in("Member", wrote_it))
    unlocked = And(type=BOOLEAN, parts=(wrote_it, Not(type=BOOLEAN, of=of_this("Review", locked))))
    return Entity(
        name="Review",
        plural="reviews",
        table="review",
        key="id",
        fields=(
            KEY,
            Field(name="book", column="book_id", type=ReferenceType(entity="Book")),
            writer,
            Field(name="stars", column="stars", type=ScalarType(scalar="integer", min=1, max=5)),
            Field(name="comment", column="comment", type=ScalarType(scalar="text", max=65535), nullable=True),
            published,
            locked,
            Field(name="read_at", column="read_at", type=ScalarType(scalar="timestamp"), nullable=True),
            CREATED_AT,
        ),
        indexes=(
            Index(
                name="review_author_id_book_id_key",
                terms=(OrderTerm(field="author"), OrderTerm(field="book")),
                unique=True,
            ),
        ),
        access={
            "create": by_author,
            "read": Rule(
                source="this.published || this.author == caller", condition=Or(type=BOOLEAN, parts=visible)
            ),
            "update": Rule(
                source="this.author == caller && !this.locked", condition=signed_in("Member", unlocked)
            ),
            "delete": by_author,
        },
    )
