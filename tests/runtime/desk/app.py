"""The service of backwright.yaml beside it, written by hand."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from backwright_runtime import (
    Application,
    Cache,
    Conflict,
    Cookie,
    Deprecation,
    Email,
    ErrorAnswer,
    ErrorAnswers,
    ErrorWords,
    FieldError,
    Forbidden,
    Gone,
    InvalidCredentials,
    Keyset,
    KeysetQuery,
    OffsetQuery,
    Page,
    Passwords,
    Queries,
    Rate,
    RequestContext,
    Response,
    Router,
    RuntimeSettings,
    Seam,
    UniqueViolation,
    answer,
    created,
    csv,
    found,
    given,
    no_content,
    ok,
    sql,
    text,
    timestamp,
)

MIGRATIONS = Path(__file__).parent / "migrations"
Password = Annotated[str, Meta(min_length=8, max_length=128)]
Title = Annotated[str, Meta(min_length=1, max_length=20)]
Size = Annotated[int, Meta(ge=1, le=3)]


# Errors ---------------------------------------------------------------------------------------------


def oops(error: ErrorWords) -> object:
    """{oops, code, at}"""
    return {"oops": error.message, "code": error.code, "at": error.request_id}


def at_length(error: ErrorWords) -> object:
    """Every word that there is."""
    return {
        "errors": error.by_field,
        "all": error.messages,
        "list": error.fields,
        "is": error.category,
        "of": error.status,
        "words": ["fixed", error.message],
    }


ERRORS: ErrorAnswers = {
    "not_found": ErrorAnswer(body=oops),
    "gone": ErrorAnswer(404, body=at_length),
    "forbidden": ErrorAnswer(401),
    "too_many_requests": ErrorAnswer(empty=True),
}


# Inputs ---------------------------------------------------------------------------------------------


class Register(Struct, frozen=True, kw_only=True):
    email: Email
    password: Password
    role: Literal["clerk", "guest"] = "guest"


class Login(Struct, frozen=True, kw_only=True):
    email: Email
    password: Password


class NewNote(Struct, frozen=True, kw_only=True):
    title: Title
    rank: int | None = None


class NoteChanges(Struct, frozen=True, kw_only=True):
    title: Title | UnsetType = UNSET
    rank: int | UnsetType | None = UNSET


class NotesQuery(KeysetQuery, frozen=True, kw_only=True):
    limit: Size = field(default=2, name="size")
    after: str | None = field(default=None, name="cursor")
    sort: Literal["newest", "ranked"] | UnsetType = UNSET
    title: Title | UnsetType = UNSET


class NotePagesQuery(OffsetQuery, frozen=True, kw_only=True):
    limit: Size = 2


class Clerks(Struct, frozen=True, kw_only=True):
    n: int


class UsedQuery(Struct, frozen=True, kw_only=True):
    what: Annotated[str, Meta(max_length=255)] | UnsetType = UNSET


class ChosenQuery(Struct, frozen=True, kw_only=True):
    n: int = 0


# Rows -----------------------------------------------------------------------------------------------


class Person(Struct, frozen=True, kw_only=True):
    id: UUID
    email: str
    password: str
    role: str


class Note(Struct, frozen=True, kw_only=True):
    id: int
    title: str
    rank: int | None
    at: datetime
    owner_id: UUID
    version: int


PERSON = "id, email, password, role"
NOTE = "id, title, rank, at, owner_id, version"
BY_ID = sql(f"SELECT {PERSON} FROM person WHERE id = :id")
BY_EMAIL = sql(f"SELECT {PERSON} FROM person WHERE email = :email")
JOIN = sql("INSERT INTO person (id, email, password, role) VALUES (:id, :email, :password, :role)")
WRITE = sql(
    "INSERT INTO note (title, rank, at, owner_id, version) VALUES (:title, :rank, :at, :owner, 1)"
    f" RETURNING {NOTE}"
)
FIND = sql(f"SELECT {NOTE} FROM note WHERE id = :id")
LOCK = sql(f"SELECT {NOTE} FROM note WHERE id = :id FOR UPDATE")
CHANGE = sql("UPDATE note SET title = :title, rank = :rank, version = :version WHERE id = :id")
ALL = sql(f"SELECT {NOTE} FROM note ORDER BY id LIMIT :limit")
SOME = sql(f"SELECT {NOTE} FROM note ORDER BY id LIMIT :limit OFFSET :offset")
COUNT = sql("SELECT count(*) AS n FROM note")
LIST_NEWEST = sql(f"""
    SELECT {NOTE} FROM note WHERE TRUE {{AND title = :title}} {{AND id < :after_id}}
    ORDER BY id DESC LIMIT :limit
""")
LIST_RANKED = sql(f"""
    SELECT {NOTE} FROM note WHERE TRUE {{AND title = :title}}
      {{AND (COALESCE(rank, -1000), id) < (COALESCE(CAST(:after_rank AS bigint), -1000), :after_id)}}
    ORDER BY COALESCE(rank, -1000) DESC, id DESC LIMIT :limit
""")
NEWEST = Keyset(Note, "id desc")
RANKED = Keyset(Note, "rank desc", "id desc")


Context = RequestContext[Person]
router = Router()


async def identify(db: Queries, subject: UUID) -> Person | None:
    """The person whom a token names."""
    return await db.fetch_one(Person, BY_ID, id=subject)


def person_view(person: Person) -> dict[str, object]:
    """A person as callers see it."""
    return {"id": person.id, "email": person.email}


def note_view(note: Note) -> dict[str, object]:
    """A note as callers see it."""
    return {
        "id": note.id,
        "title": note.title,
        "rank": note.rank,
        "at": timestamp(note.at),
        "version": note.version,
    }


def is_clerk(ctx: Context) -> bool:
    """caller.role == 'clerk'"""
    return ctx.caller is not None and ctx.caller.role == "clerk"


@router.post("/auth/register", caller="none")
async def register(ctx: Context, body: Register) -> Response:
    """Create an account and sign in."""
    person = Person(
        id=ctx.new_id(), email=body.email, password=await ctx.passwords.hash(body.password), role=body.role
    )
    try:
        await ctx.db.execute(
            JOIN, id=person.id, email=person.email, password=person.password, role=person.role
        )
    except UniqueViolation:
        raise Conflict(FieldError("email", "taken")) from None
    return created({"person": person_view(person), "token": ctx.issue_token(person.id)})


@router.post("/auth/login", caller="none")
async def login(ctx: Context, body: Login) -> Response:
    """Sign in."""
    person = await ctx.db.fetch_one(Person, BY_EMAIL, email=body.email)
    person = await ctx.passwords.verified(person, person and person.password, body.password)
    return ok(
        {"person": person_view(found(person, InvalidCredentials())), "token": ctx.issue_token(person.id)}
    )


@router.post("/auth/logout", caller="required")
async def logout(ctx: Context) -> Response:
    """Sign out."""
    async with ctx.transaction() as tx:
        await ctx.sign_out(tx)
    return no_content()


@router.get("/auth/me", caller="required")
async def me(ctx: Context) -> Response:
    """Who the caller is."""
    return ok(person_view(ctx.signed_in()))


async def written(ctx: Context, body: NewNote) -> Note:
    """A new note."""
    async with ctx.transaction() as tx:
        return found(
            await tx.fetch_one(
                Note, WRITE, title=body.title, rank=body.rank, at=ctx.now, owner=ctx.signed_in().id
            )
        )


@router.post("/notes", caller="required", idempotent="optional", errors={"invalid": ErrorAnswer(400)})
async def create_note(ctx: Context, body: NewNote) -> Response:
    """Create a note."""
    note = await written(ctx, body)
    return created(note_view(note), version=note.version)


@router.post("/keyed-notes", caller="required", idempotent="required", wrap="note")
async def must_create_note(ctx: Context, body: NewNote) -> Response:
    """Create a note."""
    note = await written(ctx, body)
    return created(note_view(note), wrap="note", version=note.version)


@router.get(
    "/notes/{id}",
    caller="none",
    cache=Cache(60, scope="public"),
    errors={"not_found": ErrorAnswer(410)},
)
async def get_note(ctx: Context, id: int) -> Response:
    """Get one note."""
    note = found(await ctx.db.fetch_one(Note, FIND, id=id), "note")
    return ok(note_view(note), version=note.version)


@router.patch("/notes/{id}", caller="required", if_match="required")
async def update_note(ctx: Context, id: int, body: NoteChanges) -> Response:
    """Change a note."""
    async with ctx.transaction() as tx:
        note = found(await tx.fetch_one(Note, LOCK, id=id), "note")
        if note.owner_id != ctx.signed_in().id:
            raise Forbidden
        ctx.must_match(note.version)
        after = Note(
            id=note.id,
            title=given(body.title, note.title),
            rank=given(body.rank, note.rank),
            at=note.at,
            owner_id=note.owner_id,
            version=note.version + 1,
        )
        await tx.execute(CHANGE, id=id, title=after.title, rank=after.rank, version=after.version)
    return ok(note_view(after), version=after.version)


@router.get("/notes", caller="none")
async def list_notes(ctx: Context, query: NotesQuery) -> Response:
    """Notes by keyset."""
    keyset, statement = (RANKED, LIST_RANKED) if query.sort == "ranked" else (NEWEST, LIST_NEWEST)
    rows = await ctx.db.fetch_all(
        Note, statement, title=query.title, limit=query.limit + 1, **keyset.after(query)
    )
    page = keyset.page(rows, query)
    return ok([note_view(note) for note in page.rows], next=page.next)


@router.get("/note-pages", caller="none")
async def page_notes(ctx: Context, query: NotePagesQuery) -> Response:
    """Notes by offset."""
    async with ctx.snapshot() as db:
        count = await db.fetch_value(int, COUNT)
        rows = await db.fetch_all(Note, SOME, limit=query.limit, offset=query.offset)
    page = Page(rows, total=count)
    return ok([note_view(note) for note in page.rows], total=page.total)


@router.get("/all-notes", caller="none")
async def all_notes(ctx: Context) -> Response:
    """The first three notes."""
    rows = await ctx.db.fetch_all(Note, ALL, limit=3)
    return ok([note_view(note) for note in rows], wrap="notes")


@router.post("/clerks", caller="required", access=is_clerk, rates=[Rate(1, 3600)])
async def for_clerks(ctx: Context, body: Clerks) -> Response:
    """For clerks."""
    return answer({"n": body.n}, status=202)


@router.get(
    "/rare",
    caller="none",
    rates=[Rate(2, 60, by="address")],
    deprecated=Deprecation("2029-01-01", sunset="2031-06-01", link="https://desk.example/new"),
)
async def rare(ctx: Context) -> Response:
    """What may be asked rarely."""
    return ok({"now": timestamp(ctx.now)})


@router.get("/used", caller="none")
async def used(ctx: Context, query: UsedQuery) -> Response:
    """Redirects."""
    what = given(query.what, "")
    if not what.startswith("all"):
        raise Gone(code="used_up", field="what")
    return answer(
        status=303,
        headers={"location": f"/notes/{what}é", "x-none": None},
        cookies=[Cookie("mark", what, seconds=120), Cookie("old", None)],
    )


@router.get("/chosen", caller="none")
async def chosen(ctx: Context, query: ChosenQuery) -> Response:
    """Another status for another number."""
    return answer({"n": query.n}, status=200 if query.n == 0 else 201)


@router.get("/notes/{id}/title.txt", caller="none")
async def title_text(ctx: Context, id: int) -> Response:
    """The title alone."""
    return text(found(await ctx.db.fetch_one(Note, FIND, id=id), "note").title)


@router.get("/notes.csv", caller="none")
async def notes_csv(ctx: Context) -> Response:
    """All notes as a file."""
    rows = await ctx.db.fetch_all(Note, ALL, limit=100)
    return csv(
        ("Number", "Title", "Rank", "At", "Old"),
        [(note.id, note.title, note.rank, note.at, note.rank is None) for note in rows],
        filename="my notes.csv",
    )


def create_app(settings: RuntimeSettings, seam: Seam) -> Application:
    """The desk."""
    return Application(
        name="desk",
        version="1.0.0",
        settings=settings,
        routers=[router],
        identify=identify,
        token_seconds=60,
        scheme="Token",
        revocation=True,
        errors=ERRORS,
        max_body=2000,
        seam=seam,
        passwords=Passwords.cheap(),
    )
