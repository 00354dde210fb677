"""The library: who callers are, what they send, and what they can do."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from backwright_runtime import (
    SYSTEM,
    Application,
    Conflict,
    Email,
    FieldError,
    Keyset,
    KeysetQuery,
    NotFound,
    Passwords,
    Queries,
    RequestContext,
    Response,
    Router,
    RuntimeSettings,
    Seam,
    UniqueViolation,
    created,
    no_content,
    ok,
    sql,
    timestamp,
)
from backwright_runtime.testing import CHEAP_PASSWORDS, settings_for

MIGRATIONS = Path(__file__).parent / "migrations"
Password = Annotated[str, Meta(min_length=8, max_length=128)]


class Settings(RuntimeSettings, frozen=True):
    """What the library reads from its environment."""


class Member(Struct, frozen=True, kw_only=True):
    """A row of `member`."""

    id: UUID
    email: str
    password: str


class Book(Struct, frozen=True, kw_only=True):
    """A row of `book`."""

    id: UUID
    title: str
    pages: int | None
    lent: bool
    due: date | None
    keeper_id: UUID
    created_at: datetime


class Caller(Struct, frozen=True):
    """The member who is signed in."""

    id: UUID
    email: str


class Credentials(Struct, frozen=True, kw_only=True):
    """The body of joining and of signing in."""

    email: Email
    password: Password


class CreateBook(Struct, frozen=True, kw_only=True):
    """The body of POST /books."""

    title: Annotated[str, Meta(min_length=1, max_length=20)]
    pages: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    shelf: Literal["high", "low"] = "low"
    due: date | None = None


class ListBooks(KeysetQuery, frozen=True, kw_only=True):
    """The query of GET /books."""

    lent: bool | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=3)] = 2


Context = RequestContext[Caller]
router = Router()
NEWEST = Keyset(Book, "created_at desc", "id desc")
COLUMNS = "id, title, pages, lent, due, keeper_id, created_at"
LIST = sql(f"""
    SELECT {COLUMNS} FROM book WHERE keeper_id = :caller
      {{AND lent = :lent}}
      {{AND (created_at, id) < (:after_created_at, :after_id)}}
    ORDER BY created_at DESC, id DESC LIMIT :limit
""")
FIND = sql(f"SELECT {COLUMNS} FROM book WHERE id = :id AND keeper_id = :caller")
LOCK = sql(f"SELECT {COLUMNS} FROM book WHERE id = :id AND keeper_id = :caller FOR UPDATE")
INSERT = sql("""
    INSERT INTO book (id, title, pages, lent, due, keeper_id, created_at)
    VALUES (:id, :title, :pages, :lent, :due, :keeper_id, :created_at)
""")
DELETE = sql("DELETE FROM book WHERE id = :id")
JOIN = sql("INSERT INTO member (id, email, password) VALUES (:id, :email, :password)")
BY_EMAIL = sql("SELECT id, email, password FROM member WHERE email = :email")
BY_ID = sql("SELECT id, email FROM member WHERE id = :id")


async def identify(db: Queries, subject: UUID) -> Caller | None:
    """The caller that a token names."""
    return await db.fetch_one(Caller, BY_ID, id=subject)


@router.post("/members", caller="none")
async def join(ctx: Context, body: Credentials) -> Response:
    """Become a member."""
    member = Member(
        id=ctx.new_id(), email=body.email.lower(), password=await ctx.passwords.hash(body.password)
    )
    try:
        await ctx.db.execute(JOIN, id=member.id, email=member.email, password=member.password)
    except UniqueViolation as violation:
        assert violation.constraint == "member_email_key"
        raise Conflict(FieldError("email", "taken")) from violation
    return created({"id": member.id, "token": ctx.issue_token(member.id)})


@router.post("/sessions", caller="none")
async def sign_in(ctx: Context, body: Credentials) -> Response:
    """Sign in."""
    member = await ctx.db.fetch_one(Member, BY_EMAIL, email=body.email.lower())
    member = await ctx.passwords.verified(member, member.password if member else None, body.password)
    return ok({"token": ctx.issue_token(member.id)})


def shown(book: Book) -> dict[str, object]:
    """A book as callers see it."""
    return {"id": book.id, "title": book.title, "due": book.due, "created_at": timestamp(book.created_at)}


@router.get("/books", caller="required")
async def list_books(ctx: Context, query: ListBooks) -> Response:
    """The caller's books, newest first."""
    rows = await ctx.db.fetch_all(
        Book,
        LIST,
        caller=ctx.signed_in().id,
        lent=query.lent,
        limit=query.limit + 1,
        **NEWEST.after(query),
    )
    page = NEWEST.page(rows, query)
    return ok([shown(book) for book in page.rows], next=page.next)


@router.get("/books/greeting", caller="optional")
async def greeting(ctx: Context) -> Response:
    """Who is there."""
    return ok(ctx.caller.email if ctx.caller else "stranger")


@router.post("/books", caller="required")
async def create_book(ctx: Context, body: CreateBook) -> Response:
    """Keep a new book."""
    book = Book(
        id=ctx.new_id(),
        title=body.title,
        pages=body.pages,
        lent=False,
        due=body.due,
        keeper_id=ctx.signed_in().id,
        created_at=ctx.now,
    )
    await ctx.db.execute(
        INSERT,
        id=book.id,
        title=book.title,
        pages=book.pages,
        lent=book.lent,
        due=book.due,
        keeper_id=book.keeper_id,
        created_at=book.created_at,
    )
    return created(shown(book), location=f"/books/{book.id}")


@router.get("/books/{id}", caller="required")
async def get_book(ctx: Context, id: UUID) -> Response:
    """One book."""
    book = await ctx.db.fetch_one(Book, FIND, id=id, caller=ctx.signed_in().id)
    if book is None:
        raise NotFound("book")
    return ok(shown(book))


@router.delete("/books/{id}", caller="required")
async def delete_book(ctx: Context, id: UUID) -> Response:
    """Give a book away."""
    async with ctx.transaction() as tx:
        book = await tx.fetch_one(Book, LOCK, id=id, caller=ctx.signed_in().id)
        if book is None:
            raise NotFound("book")
        await tx.execute(DELETE, id=book.id)
    return no_content()


@router.post("/defects", caller="none")
async def defect(ctx: Context, body: Credentials) -> Response:
    """Goes wrong, holding what must not be told."""
    raise RuntimeError(f"{body.email} {body.password}")


def create_app(
    settings: Settings,
    *,
    seam: Seam = SYSTEM,
    passwords: Passwords = CHEAP_PASSWORDS,
    openapi: Path | None = None,
) -> Application:
    """The library."""
    return Application(
        name="library",
        version="1.0.0",
        settings=settings,
        routers=[router],
        identify=identify,
        openapi=openapi,
        seam=seam,
        passwords=passwords,
    )


def create_for(url: str, *, seam: Seam = SYSTEM, largest: int = 4096) -> Application:
    """The library on this database."""
    settings = settings_for(Settings, url)
    limited = Settings(
        database_url=url, token_keys=settings.token_keys, max_body_bytes=largest, pool_size=settings.pool_size
    )
    return create_app(limited, seam=seam)
