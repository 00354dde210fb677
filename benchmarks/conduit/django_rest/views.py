"""Serializers and views."""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from models import Article, Favorite, User, articles_for, printed
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.response import Response
from rest_framework.views import APIView


class Moment(serializers.Field):
    def to_representation(self, value: datetime) -> str:
        return printed(value)


class Profile(serializers.Serializer):
    username = serializers.CharField(source="author.username")
    bio = serializers.CharField(source="author.bio")
    image = serializers.CharField(source="author.image")
    following = serializers.BooleanField()


class ArticleItem(serializers.Serializer):
    slug = serializers.CharField(read_only=True)
    title = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=1000)
    createdAt = Moment(source="created_at", read_only=True)  # noqa: N815 (the contract's names)
    updatedAt = Moment(source="updated_at", read_only=True)  # noqa: N815
    favorited = serializers.BooleanField(read_only=True)
    favoritesCount = serializers.IntegerField(source="favorites_count", read_only=True)  # noqa: N815
    author = Profile(source="*", read_only=True)
    tagList = serializers.ListField(  # noqa: N815
        child=serializers.CharField(max_length=50), max_length=20, source="tags", required=False
    )

    def to_representation(self, instance: Article) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {**shown, "tagList": sorted(shown["tagList"])}


class WholeArticle(ArticleItem):
    body = serializers.CharField(max_length=65535)


class Pages(LimitOffsetPagination):
    default_limit = 20
    max_limit = 100


def one_article(caller: User | None, slug: str) -> dict[str, Any]:
    found = articles_for(caller).filter(slug=slug).first()
    if found is None:
        raise NotFound("article not found")
    return {"article": WholeArticle(found).data}


class Articles(APIView):
    def get(self, request: Any) -> Response:
        pages = Pages()
        newest = articles_for(request.user).order_by("-created_at", "-id")
        if "author" in request.query_params:
            newest = newest.filter(author__username=request.query_params["author"])
        rows = pages.paginate_queryset(newest, request, view=self)
        return Response({"articles": ArticleItem(rows, many=True).data, "articlesCount": pages.count})

    def post(self, request: Any) -> Response:
        sent = WholeArticle(data=request.data.get("article"))
        sent.is_valid(raise_exception=True)
        given, now = sent.validated_data, datetime.now(UTC)
        with transaction.atomic():
            slug = slug_of(given["title"])
            if not slug or Article.objects.filter(slug=slug).exists():
                slug = f"{slug}-{secrets.token_hex(4)}"
            Article(
                id=uuid4(),
                slug=slug,
                author=request.user,
                created_at=now,
                updated_at=now,
                **{"tags": [], **given},
            ).save(force_insert=True)
            return Response(one_article(request.user, slug), 201)


class OneArticle(APIView):
    def get(self, request: Any, slug: str) -> Response:
        return Response(one_article(request.user, slug))


class Favorites(APIView):
    def post(self, request: Any, slug: str) -> Response:
        with transaction.atomic():
            key = Article.objects.filter(slug=slug).values_list("id", flat=True).first()
            if key is None:
                raise NotFound("article not found")
            if not Favorite.objects.filter(article_id=key, user=request.user).exists():
                Favorite(article_id=key, user=request.user).save(force_insert=True)
            return Response(one_article(request.user, slug))


def slug_of(title: str) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFKD", title) if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80].strip("-")
