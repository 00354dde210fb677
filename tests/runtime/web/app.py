"""The service of backwright.yaml beside it, written by hand."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from backwright_runtime import (
    FOLDED,
    Application,
    Conflict,
    ErrorAnswer,
    ErrorAnswers,
    ErrorWords,
    FieldError,
    FromFile,
    Keyset,
    KeysetQuery,
    Media,
    OffsetQuery,
    Passwords,
    Pattern,
    Queries,
    RequestContext,
    Response,
    Router,
    RuntimeSettings,
    Scale,
    Seam,
    UniqueViolation,
    answer,
    decimal_text,
    file,
    found,
    html,
    no_content,
    ok,
    sql,
)

FOLDER = Path(__file__).parent
MIGRATIONS = FOLDER / "migrations"
Nick = Annotated[str, Pattern("[A-Za-z]+"), FOLDED, Meta(min_length=2, max_length=12)]
About = Annotated[str, Meta(max_length=20)]
PathNick = Annotated[str, FOLDED, Meta(min_length=2, max_length=12)]
Photo = Annotated[bytes, Media("image/png", "text/html"), Meta(max_length=100)]


def body(error: ErrorWords) -> object:
    """{status, fields}"""
    return {"status": error.status, "fields": error.fields}


ERRORS: ErrorAnswers = {"*": ErrorAnswer(body=body)}


class Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Join(Strict, frozen=True, kw_only=True):
    nick: Nick
    password: Annotated[str, Meta(min_length=8, max_length=128)]
    about: About | None = None


class Change(Strict, frozen=True, kw_only=True):
    about: About | None = None
    seen: Annotated[Decimal, Scale(2)] | None = None


class ChangeInJson(Strict, frozen=True, kw_only=True):
    about: About | None = None


class ShowYourself(Strict, frozen=True, kw_only=True):
    photo: Photo | None = None
    photo_type: FromFile = None
    photo_name: FromFile = None


class PeopleQuery(KeysetQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=2)] = 1


class PeopleInAllQuery(OffsetQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=100)] = 1


class Person(Struct, frozen=True, kw_only=True):
    id: UUID
    nick: str
    password: str
    about: str | None
    seen: str | None
    photo: bytes | None
    photo_type: str | None
    photo_name: str | None


COLUMNS = "id, nick, password, about, seen, photo, photo_type, photo_name"
BY_ID = sql(f"SELECT {COLUMNS} FROM person WHERE id = :id")
BY_NICK = sql(f"SELECT {COLUMNS} FROM person WHERE nick = :nick")
JOIN = sql("INSERT INTO person (id, nick, password, about) VALUES (:id, :nick, :password, :about)")
CHANGE = sql("UPDATE person SET about = :about, seen = :seen WHERE id = :id")
CHANGE_ABOUT = sql("UPDATE person SET about = :about WHERE id = :id")
SHOW = sql("UPDATE person SET photo = :photo, photo_type = :media, photo_name = :name WHERE id = :id")
LIST = sql(f"SELECT {COLUMNS} FROM person WHERE TRUE {{AND id > :after_id}} ORDER BY id LIMIT :limit")
SOME = sql(f"SELECT {COLUMNS} FROM person ORDER BY id LIMIT :limit OFFSET :offset")
COUNT = sql("SELECT count(*) AS n FROM person")
BY_KEY = Keyset(Person, "id")
Context = RequestContext[Person]
router = Router()


async def identify(db: Queries, subject: UUID) -> Person | None:
    """The person whom a token names."""
    return await db.fetch_one(Person, BY_ID, id=subject)


def view(person: Person) -> dict[str, object]:
    """A person as callers see it."""
    return {"nick": person.nick, "about": person.about, "seen": person.seen}


def signed_in(ctx: Context) -> bool:
    """caller != null"""
    return ctx.caller is not None


@router.post("/people", caller="none", media="form")
async def join(ctx: Context, body: Join) -> Response:
    """Create an account and sign in."""
    id = ctx.new_id()
    hashed = await ctx.passwords.hash(body.password)
    try:
        async with ctx.transaction() as tx:
            await tx.execute(JOIN, id=id, nick=body.nick, password=hashed, about=body.about)
    except UniqueViolation:
        raise Conflict(FieldError("nick", "taken")) from None
    ctx.issue_token(id)
    return answer(status=303, headers={"location": f"/people/{body.nick}"})


@router.post("/leaving", caller="required", access=signed_in)
async def leave(ctx: Context) -> Response:
    """Sign out."""
    async with ctx.transaction() as tx:
        await ctx.sign_out(tx)
    return answer(status=303, headers={"location": "/"})


@router.get("/", caller="optional")
async def home(ctx: Context) -> Response:
    """The page."""
    who = ctx.caller
    return html(
        "home.html",
        {"who": who and who.nick, "about": who and who.about, "seen": who and who.seen},
    )


@router.get("/people/{nick}", caller="none")
async def person(ctx: Context, nick: PathNick) -> Response:
    """One person."""
    return ok(view(found(await ctx.db.fetch_one(Person, BY_NICK, nick=nick))), wrap="person")


@router.get("/people", caller="none")
async def people(ctx: Context, query: PeopleQuery) -> Response:
    """People by keyset."""
    rows = await ctx.db.fetch_all(Person, LIST, limit=query.limit + 1, **BY_KEY.after(query))
    page = BY_KEY.page(rows, query)
    return ok([view(each) for each in page.rows], next=page.next)


@router.get("/people-in-all", caller="none")
async def people_in_all(ctx: Context, query: PeopleInAllQuery) -> Response:
    """People by offset."""
    rows = await ctx.db.fetch_all(Person, SOME, limit=query.limit, offset=query.offset)
    count = await ctx.db.fetch_value(int, COUNT)
    return ok([view(each) for each in rows], total=count, wrap="people")


@router.get("/some-people", caller="none")
async def some_people(ctx: Context) -> Response:
    """Two people."""
    return ok([view(each) for each in await ctx.db.fetch_all(Person, SOME, limit=2, offset=0)])


@router.post("/me", caller="required", media="form")
async def change(ctx: Context, body: Change) -> Response:
    """Change oneself by form."""
    seen = None if body.seen is None else decimal_text(body.seen, 2)
    await ctx.db.execute(CHANGE, id=ctx.signed_in().id, about=body.about, seen=seen)
    return ok({"about": body.about, "seen": body.seen})


@router.patch("/me", caller="required")
async def change_in_json(ctx: Context, body: ChangeInJson) -> Response:
    """Change oneself."""
    await ctx.db.execute(CHANGE_ABOUT, id=ctx.signed_in().id, about=body.about)
    return no_content()


@router.post("/me/photo", caller="required", media="multipart")
async def show_yourself(ctx: Context, body: ShowYourself) -> Response:
    """Upload a photo."""
    await ctx.db.execute(
        SHOW, id=ctx.signed_in().id, photo=body.photo, media=body.photo_type, name=body.photo_name
    )
    return no_content()


@router.get("/people/{nick}/photo", caller="none")
async def photo(ctx: Context, nick: PathNick) -> Response:
    """The photo."""
    found_person = found(await ctx.db.fetch_one(Person, BY_NICK, nick=nick))
    return file(found_person.photo, media=found_person.photo_type, filename=found_person.photo_name)


def create_app(settings: RuntimeSettings, seam: Seam) -> Application:
    """The web service."""
    return Application(
        name="web",
        version="1.0.0",
        settings=settings,
        routers=[router],
        identify=identify,
        token_seconds=600,
        cookie="web",
        revocation=True,
        envelope=False,
        errors=ERRORS,
        templates=FOLDER / "templates",
        seam=seam,
        passwords=Passwords.cheap(),
    )
