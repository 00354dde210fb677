"""The tables of the service as SQLAlchemy maps them, on either database."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, Text, TypeDecorator, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship

IS_SQLITE = os.environ["DATABASE_URL"].startswith("sqlite:")


class UuidText(TypeDecorator[UUID]):
    """A UUID with its dashes, as the SQLite file has it."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Any) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Any) -> UUID | None:
        return None if value is None else UUID(value)


class MomentText(TypeDecorator[datetime]):
    """A time in UTC, as the SQLite file has it."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


Key = UuidText() if IS_SQLITE else postgresql.UUID(as_uuid=True)
Moment = MomentText() if IS_SQLITE else postgresql.TIMESTAMP(timezone=True)
Tags = JSON() if IS_SQLITE else postgresql.ARRAY(Text())


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[UUID] = mapped_column(Key, primary_key=True)
    email: Mapped[str]
    username: Mapped[str]
    password: Mapped[str] = mapped_column(deferred=True)
    bio: Mapped[str | None]
    image: Mapped[str | None]


class Follow(Base):
    __tablename__ = "follow"
    follower_id: Mapped[UUID] = mapped_column(Key, ForeignKey("user.id"), primary_key=True)
    followed_id: Mapped[UUID] = mapped_column(Key, ForeignKey("user.id"), primary_key=True)


class Favorite(Base):
    __tablename__ = "favorite"
    article_id: Mapped[UUID] = mapped_column(Key, ForeignKey("article.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Key, ForeignKey("user.id"), primary_key=True)


class Article(Base):
    __tablename__ = "article"
    id: Mapped[UUID] = mapped_column(Key, primary_key=True)
    slug: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    body: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(Tags)
    author_id: Mapped[UUID] = mapped_column(Key, ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)
    author: Mapped[User] = relationship(lazy="raise")
    favorites_count: Mapped[int] = column_property(
        select(func.count())
        .select_from(Favorite)
        .where(Favorite.article_id == id)
        .correlate_except(Favorite)
        .scalar_subquery()
    )
