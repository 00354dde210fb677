"""A rival: FastAPI with SQLAlchemy 2's asyncio ORM and Pydantic, as its documentation teaches, without N+1.

The author comes by a join in the same statement, counts by a subquery, what the caller favorited and whom it follows by
EXISTS. A session per request from a pool, the token verified and the caller loaded by dependencies.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import time
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import jwt
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from models import IS_SQLITE, Article, Favorite, Follow, User
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_serializer
from sqlalchemy import event, exists, false, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import contains_eager

URL = os.environ["DATABASE_URL"]
SECRET = os.environ["TOKEN_KEYS"].partition(":")[2]

engine = create_async_engine(
    URL.replace("sqlite:", "sqlite+aiosqlite:")
    if IS_SQLITE
    else re.sub("^postgres(ql)?:", "postgresql+asyncpg:", URL),
    pool_size=10,
    max_overflow=0,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)

if IS_SQLITE:

    @event.listens_for(engine.sync_engine, "connect")
    def _configured(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")


# What goes in and out --------------------------------------------------------------------------------

Tag = Annotated[str, StringConstraints(min_length=1, max_length=50)]


class NewArticle(BaseModel):
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    description: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    body: Annotated[str, StringConstraints(min_length=1, max_length=65535)]
    tag_list: list[Tag] = Field(default_factory=list, max_length=20, alias="tagList")


class CreateArticle(BaseModel):
    article: NewArticle


class Profile(BaseModel):
    username: str
    bio: str | None
    image: str | None
    following: bool


class ArticleItem(BaseModel):
    model_config = ConfigDict(validate_by_name=True)
    slug: str
    title: str
    description: str
    created_at: datetime = Field(alias="createdAt")
    updated_at: datetime = Field(alias="updatedAt")
    favorited: bool
    favorites_count: int = Field(alias="favoritesCount")
    author: Profile
    tag_list: list[str] = Field(alias="tagList")

    @field_serializer("created_at", "updated_at")
    def _printed(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


class ArticleWhole(ArticleItem):
    body: str


class OneArticle(BaseModel):
    article: ArticleWhole


class Articles(BaseModel):
    articles: list[ArticleItem]
    articlesCount: int  # noqa: N815 (the contract's name)


# Dependencies ----------------------------------------------------------------------------------------


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


async def optional_caller(db: Session, authorization: Annotated[str | None, Header()] = None) -> User | None:
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], issuer="conduit")
    except jwt.PyJWTError:
        raise HTTPException(401, "the token is invalid") from None
    found = await db.get(User, UUID(claims["sub"])) if scheme == "Token" else None
    if found is None:
        raise HTTPException(401, "the token is invalid")
    return found


async def required_caller(found: Annotated[User | None, Depends(optional_caller)]) -> User:
    if found is None:
        raise HTTPException(401, "a token is required")
    return found


MaybeCaller = Annotated[User | None, Depends(optional_caller)]
Caller = Annotated[User, Depends(required_caller)]


# Queries ---------------------------------------------------------------------------------------------


def articles_for(caller: User | None) -> Any:
    """Articles with their authors, and what the caller has to do with both, in one statement."""
    if caller is None:
        favorited = following = false()
    else:
        favorited = exists().where(Favorite.article_id == Article.id, Favorite.user_id == caller.id)
        following = exists().where(Follow.followed_id == Article.author_id, Follow.follower_id == caller.id)
    return select(Article, favorited, following).join(Article.author).options(contains_eager(Article.author))


def shown(kind: type[ArticleItem], row: Sequence[Any]) -> Any:
    article, favorited, following = row
    return kind(
        slug=article.slug,
        title=article.title,
        description=article.description,
        created_at=article.created_at,
        updated_at=article.updated_at,
        favorited=favorited,
        favorites_count=article.favorites_count,
        author=Profile(
            username=article.author.username,
            bio=article.author.bio,
            image=article.author.image,
            following=following,
        ),
        tag_list=sorted(article.tags),
        **({"body": article.body} if kind is ArticleWhole else {}),
    )


async def one_article(db: AsyncSession, caller: User | None, slug: str) -> Any:
    row = (await db.execute(articles_for(caller).where(Article.slug == slug))).one_or_none()
    if row is None:
        raise HTTPException(404, "article not found")
    return row


# Operations ------------------------------------------------------------------------------------------


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


api = FastAPI(lifespan=lifespan)


@api.get("/articles")
async def get_articles(
    db: Session,
    caller: MaybeCaller,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
    author: Annotated[str | None, Query(min_length=1, max_length=50)] = None,
) -> Articles:
    newest = articles_for(caller).order_by(Article.created_at.desc(), Article.id.desc())
    count = select(func.count()).select_from(Article)
    if author is not None:
        newest = newest.where(User.username == author)
        count = count.join(Article.author).where(User.username == author)
    rows = (await db.execute(newest.limit(limit).offset(offset))).all()
    total = await db.scalar(count)
    return Articles(articles=[shown(ArticleItem, row) for row in rows], articlesCount=total or 0)


@api.get("/articles/{slug}")
async def get_article(db: Session, caller: MaybeCaller, slug: str) -> OneArticle:
    return OneArticle(article=shown(ArticleWhole, await one_article(db, caller, slug)))


@api.post("/articles", status_code=201)
async def create_article(db: Session, caller: Caller, sent: CreateArticle) -> OneArticle:
    given, now = sent.article, datetime.now(UTC)
    slug = slug_of(given.title)
    if not slug or await db.scalar(select(exists().where(Article.slug == slug))):
        slug = f"{slug}-{secrets.token_hex(4)}"
    article = Article(
        id=uuid4(),
        slug=slug,
        title=given.title,
        description=given.description,
        body=given.body,
        tags=given.tag_list,
        author=caller,
        created_at=now,
        updated_at=now,
    )
    db.add(article)
    await db.commit()
    return OneArticle(article=shown(ArticleWhole, await one_article(db, caller, slug)))


@api.post("/articles/{slug}/favorite")
async def favorite(db: Session, caller: Caller, slug: str) -> OneArticle:
    key = await db.scalar(select(Article.id).where(Article.slug == slug))
    if key is None:
        raise HTTPException(404, "article not found")
    if await db.get(Favorite, (key, caller.id)) is None:
        db.add(Favorite(article_id=key, user_id=caller.id))
        await db.commit()
    return OneArticle(article=shown(ArticleWhole, await one_article(db, caller, slug)))


def slug_of(title: str) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFKD", title) if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80].strip("-")


# Errors, and what is around every request ------------------------------------------------------------


@api.exception_handler(RequestValidationError)
async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    fields: dict[str, list[str]] = {}
    for each in error.errors():
        fields.setdefault(str(each["loc"][-1]), []).append(each["msg"])
    return JSONResponse({"errors": fields}, 422)


@api.exception_handler(HTTPException)
async def failed(_: Request, error: HTTPException) -> JSONResponse:
    return JSONResponse({"errors": {"body": [error.detail]}}, error.status_code)


SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class Around:
    """Request id, security headers and the access log, as a plain ASGI layer (BaseHTTPMiddleware is slow)."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, request_id, status = time.perf_counter(), secrets.token_hex(12), 500

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += [(b"x-request-id", request_id.encode()), *SECURITY]
            await send(message)

        await self._app(scope, receive, sending)
        line = {
            "time": datetime.now(UTC).isoformat(),
            "level": "info",
            "event": "request",
            "request_id": request_id,
            "method": scope["method"],
            "route": scope["route"].path if "route" in scope else "",
            "status": status,
            "milliseconds": round((time.perf_counter() - started) * 1000, 3),
        }
        sys.stdout.write(json.dumps(line) + "\n")


app = Around(api)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False, server_header=False)
