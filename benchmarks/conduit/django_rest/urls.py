"""Addresses."""

from django.urls import path
from views import Articles, Favorites, OneArticle

urlpatterns = [
    path("articles", Articles.as_view()),
    path("articles/<slug:slug>", OneArticle.as_view()),
    path("articles/<slug:slug>/favorite", Favorites.as_view()),
]
