"""The tables of the service as Django maps them, on either database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce


class KeyField(models.UUIDField):
    """A UUID, with its dashes where it is text."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if connection.vendor == "sqlite" and value is not None:
            return str(value)
        return super().get_db_prep_value(value, connection, prepared)


def printed(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


class MomentField(models.DateTimeField):
    """A time, in UTC with a Z where it is text."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if connection.vendor == "sqlite" and value is not None:
            return printed(value)
        return super().get_db_prep_value(value, connection, prepared)


class Table(models.Model):
    class Meta:
        abstract = True
        managed = False
        app_label = "conduit"


class User(Table):
    id = KeyField(primary_key=True)
    email = models.TextField()
    username = models.TextField()
    password = models.TextField()
    bio = models.TextField(null=True)
    image = models.TextField(null=True)
    is_authenticated = True

    class Meta(Table.Meta):
        db_table = "user"


class Follow(Table):
    pk = models.CompositePrimaryKey("follower_id", "followed_id")
    follower = models.ForeignKey(User, models.CASCADE, related_name="+")
    followed = models.ForeignKey(User, models.CASCADE, related_name="+")

    class Meta(Table.Meta):
        db_table = "follow"


class Article(Table):
    id = KeyField(primary_key=True)
    slug = models.TextField()
    title = models.TextField()
    description = models.TextField()
    body = models.TextField()
    tags = models.JSONField() if settings.IS_SQLITE else ArrayField(models.TextField())
    author = models.ForeignKey(User, models.CASCADE)
    created_at = MomentField()
    updated_at = MomentField()

    class Meta(Table.Meta):
        db_table = "article"


class Favorite(Table):
    pk = models.CompositePrimaryKey("article_id", "user_id")
    article = models.ForeignKey(Article, models.CASCADE, related_name="favorites")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")

    class Meta(Table.Meta):
        db_table = "favorite"


def articles_for(caller: User | None) -> Any:
    """Articles with their authors, and what the caller has to do with both, in one statement."""
    count = (
        Favorite.objects.filter(article=OuterRef("id")).order_by().values("article").annotate(n=Count("*"))
    )
    shown = Article.objects.select_related("author").defer("author__password", "author__email")
    shown = shown.annotate(favorites_count=Coalesce(Subquery(count.values("n")), 0))
    if caller is None:
        return shown.annotate(favorited=models.Value(False), following=models.Value(False))
    return shown.annotate(
        favorited=Exists(Favorite.objects.filter(article=OuterRef("id"), user=caller)),
        following=Exists(Follow.objects.filter(followed=OuterRef("author"), follower=caller)),
    )
