"""examples/conduit, as it is delivered, answers as the RealWorld contract says: over HTTP, on both databases.

The tests share one backend for each database, so each of them makes people and articles of its own.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from jsonschema import Draft202012Validator
from production import serving
from ruamel.yaml import YAML

EXAMPLE = Path(__file__).parents[2] / "examples" / "conduit"
PASSWORD = "correct horse"
PROFILE = {"username", "bio", "image", "following"}
ITEM = {
    "slug", "title", "description", "createdAt", "updatedAt", "favorited", "favoritesCount", "author", "tagList"
}  # fmt: skip
COMMENT = {"id", "createdAt", "updatedAt", "body", "author"}
METHODS = ("get", "post", "put", "delete")


class Conduit:
    """Requests to the backend. `heard` is called with every answer."""

    def __init__(self, address: str) -> None:
        self.http = httpx.Client(base_url=address, timeout=20)
        self.heard: list[httpx.Response] = []

    def send(
        self, method: str, path: str, body: Any = None, *, by: Person | None = None, **query: Any
    ) -> httpx.Response:
        headers = {} if by is None else {"Authorization": f"Token {by.token}"}
        answer = self.http.request(method, path, json=body, headers=headers, params=query)
        self.heard.append(answer)
        return answer

    def asked(self, status: int, *request: Any, **more: Any) -> Any:
        """The JSON of an answer, which has this status."""
        answer = self.send(*request, **more)
        assert answer.status_code == status, f"{request}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def refused(self, status: int, *request: Any, **more: Any) -> list[str]:
        """What an answer says that refuses: it has this status, and the contract's shape."""
        body = self.asked(status, *request, **more)
        assert set(body) == {"errors"} and set(body["errors"]) == {"body"}
        messages: list[str] = body["errors"]["body"]
        assert messages and all(isinstance(each, str) and each for each in messages)
        return messages

    def person(self) -> Person:
        """Somebody new."""
        name = f"u{uuid.uuid4().hex[:12]}"
        account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        made = self.asked(201, "POST", "/users", {"user": account})
        return Person(name, made["user"]["token"])

    def article(self, author: Person, **given: Any) -> Any:
        """A new article."""
        article = {"title": f"T {uuid.uuid4().hex[:12]}", "description": "d", "body": "b"} | given
        return self.asked(201, "POST", "/articles", {"article": article}, by=author)["article"]

    def signs_in(self, email: str, password: str) -> int:
        """The status of a sign-in."""
        user = {"email": email, "password": password}
        return self.send("POST", "/users/login", {"user": user}).status_code


class Person:
    """Somebody with an account."""

    def __init__(self, name: str, token: str) -> None:
        self.name, self.token, self.email = name, token, f"{name}@example.com"


@pytest.fixture(scope="module")
def address(module_database_url: str) -> Iterator[str]:
    with serving(EXAMPLE, "conduit", module_database_url) as url:
        yield url


@pytest.fixture
def conduit(address: str) -> Iterator[Conduit]:
    client = Conduit(address)
    yield client
    client.http.close()


# Accounts -----------------------------------------------------------------------------------------------


def test_a_newcomer_registers_with_201_and_signs_in_with_200(conduit: Conduit) -> None:
    name = f"u{uuid.uuid4().hex[:12]}"
    account = {"username": name, "email": f"{name.upper()}@Example.com", "password": PASSWORD}
    made = conduit.asked(201, "POST", "/users", {"user": account})["user"]
    assert set(made) == {"email", "token", "username", "bio", "image"}
    assert (made["username"], made["email"]) == (name, f"{name}@example.com")
    user = {"email": f"{name}@EXAMPLE.com", "password": PASSWORD}
    there = conduit.asked(200, "POST", "/users/login", {"user": user})["user"]
    assert there | {"token": ""} == made | {"token": ""}
    current = conduit.asked(200, "GET", "/user", by=Person(name, there["token"]))["user"]
    assert current == there


def test_a_wrong_password_and_a_stranger_are_refused_alike(conduit: Conduit) -> None:
    ann = conduit.person()
    said = [
        conduit.refused(401, "POST", "/users/login", {"user": {"email": email, "password": password}})
        for email, password in ((ann.email, "wrong horse"), ("nobody@example.com", PASSWORD))
    ]
    assert said[0] == said[1]


@pytest.mark.parametrize("taken", ["username", "email"])
def test_a_name_or_address_that_is_taken_is_422_and_named(conduit: Conduit, taken: str) -> None:
    ann = conduit.person()
    other = f"u{uuid.uuid4().hex[:12]}"
    account = {"username": other, "email": f"{other}@example.com", "password": PASSWORD}
    account[taken] = {"username": ann.name, "email": ann.email.upper()}[taken]
    (message,) = conduit.refused(422, "POST", "/users", {"user": account})
    assert message.startswith(taken)
    (message,) = conduit.refused(422, "PUT", "/user", {"user": {taken: account[taken]}}, by=conduit.person())
    assert message.startswith(taken)
    assert conduit.signs_in(f"{other}@example.com", PASSWORD) == 401  # nothing was made


def test_every_bad_field_of_a_registration_is_named(conduit: Conduit) -> None:
    messages = conduit.refused(422, "POST", "/users", {"user": {"username": "", "email": "nonsense"}})
    assert {each.split()[0] for each in messages} == {"username", "email", "password"}
    conduit.refused(422, "POST", "/users", {})
    conduit.refused(422, "POST", "/users", {"user": {"username": 5, "email": None, "password": []}})


def test_an_account_changes_in_part_and_a_new_password_counts(conduit: Conduit) -> None:
    ann = conduit.person()
    changed = conduit.asked(
        200, "PUT", "/user", {"user": {"bio": "I write.", "password": "battery staple"}}, by=ann
    )
    assert changed["user"]["bio"] == "I write."
    assert (changed["user"]["username"], changed["user"]["email"], changed["user"]["image"]) == (
        ann.name,
        ann.email,
        "",
    )
    assert conduit.signs_in(ann.email, PASSWORD) == 401
    assert conduit.signs_in(ann.email, "battery staple") == 200
    image = "https://example.com/ann.png"
    changed = conduit.asked(200, "PUT", "/user", {"user": {"image": image}}, by=ann)
    assert (changed["user"]["bio"], changed["user"]["image"]) == ("I write.", image)
    assert conduit.signs_in(ann.email, "battery staple") == 200
    assert conduit.asked(200, "GET", f"/profiles/{ann.name}")["profile"]["image"] == image


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/user"),
        ("PUT", "/user"),
        ("GET", "/articles/feed"),
        ("POST", "/articles"),
        ("PUT", "/articles/{slug}"),
        ("DELETE", "/articles/{slug}"),
        ("POST", "/articles/{slug}/favorite"),
        ("DELETE", "/articles/{slug}/favorite"),
        ("POST", "/articles/{slug}/comments"),
        ("DELETE", "/articles/{slug}/comments/1"),
        ("POST", "/profiles/{name}/follow"),
        ("DELETE", "/profiles/{name}/follow"),
    ],
)
def test_nobody_is_401_where_somebody_is_needed(conduit: Conduit, method: str, path: str) -> None:
    ann = conduit.person()
    there = path.format(slug=conduit.article(ann)["slug"], name=ann.name)
    body = {} if method in ("POST", "PUT") else None
    conduit.refused(401, method, there, body)
    conduit.refused(401, method, there, body, by=Person("forged", f"{ann.token[:-4]}AAAA"))
    conduit.refused(401, method, there, body, by=Person("odd", "not a token"))


def test_a_token_of_another_scheme_or_that_is_broken_is_401_even_where_none_is_needed(
    conduit: Conduit,
) -> None:
    ann = conduit.person()
    for header in (f"Bearer {ann.token}", "Token", "Token x.y.z"):
        answer = conduit.http.get("/articles", headers={"Authorization": header})
        assert answer.status_code == 401, header


# Profiles -----------------------------------------------------------------------------------------------


def test_following_is_the_viewers_own_and_can_be_said_twice(conduit: Conduit) -> None:
    ann, bob, cem = conduit.person(), conduit.person(), conduit.person()
    for _ in range(2):
        shown = conduit.asked(200, "POST", f"/profiles/{ann.name}/follow", by=bob)["profile"]
        assert set(shown) == PROFILE and shown["following"] is True
    seen = [
        conduit.asked(200, "GET", f"/profiles/{ann.name}", by=viewer)["profile"]["following"]
        for viewer in (bob, cem, None)
    ]
    assert seen == [True, False, False]
    for _ in range(2):
        shown = conduit.asked(200, "DELETE", f"/profiles/{ann.name}/follow", by=bob)["profile"]
        assert shown["following"] is False
    for request in (
        ("GET", "/profiles/nobody-of-that-name"),
        ("POST", "/profiles/nobody-of-that-name/follow"),
    ):
        conduit.refused(404, *request, by=bob)


# Articles -----------------------------------------------------------------------------------------------


def test_an_article_is_published_with_201_and_has_what_the_contract_names(conduit: Conduit) -> None:
    ann = conduit.person()
    made = conduit.article(ann, title="How to train", tagList=["training", "dragons"])
    assert set(made) == ITEM | {"body"} and set(made["author"]) == PROFILE
    assert made["createdAt"] == made["updatedAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", made["createdAt"])
    assert set(made["tagList"]) == {"training", "dragons"}
    assert (made["favorited"], made["favoritesCount"], made["author"]["username"]) == (False, 0, ann.name)
    assert conduit.asked(200, "GET", f"/articles/{made['slug']}")["article"] == made
    assert conduit.article(ann)["tagList"] == []


def test_bad_articles_are_422_and_every_bad_field_is_named(conduit: Conduit) -> None:
    ann = conduit.person()
    messages = conduit.refused(422, "POST", "/articles", {"article": {"title": ""}}, by=ann)
    assert {each.split()[0] for each in messages} == {"title", "description", "body"}
    bad = {"title": "t", "description": "d", "body": "b", "tagList": "dragons"}
    (message,) = conduit.refused(422, "POST", "/articles", {"article": bad}, by=ann)
    assert message.startswith("tagList")
    conduit.refused(422, "GET", "/articles", limit=0)
    conduit.refused(422, "GET", "/articles", offset="x")


@pytest.mark.parametrize(
    "title", ["Über Drachen & déjà vu!", "Дракон", "竜の訓練", "🐉🐉", "a/b?c#d%20e", "..", "-"]
)
def test_any_title_has_an_address_that_is_its_own_and_safe_in_a_url(conduit: Conduit, title: str) -> None:
    ann = conduit.person()
    slugs = [conduit.article(ann, title=title)["slug"] for _ in range(3)]
    assert len(set(slugs)) == 3
    for slug in slugs:
        assert slug and quote(slug, safe="") == slug and slug not in (".", "..", "feed")
        assert conduit.asked(200, "GET", f"/articles/{slug}")["article"]["title"] == title


def test_the_address_follows_the_title_and_everything_that_belongs_to_it(conduit: Conduit) -> None:
    ann, bob = conduit.person(), conduit.person()
    before = conduit.article(ann, tagList=["x"])
    comment = {"comment": {"body": "Nice."}}
    conduit.asked(200, "POST", f"/articles/{before['slug']}/comments", comment, by=bob)
    conduit.asked(200, "POST", f"/articles/{before['slug']}/favorite", by=bob)
    title = f"Neuer Titel {uuid.uuid4().hex}"
    after = conduit.asked(200, "PUT", f"/articles/{before['slug']}", {"article": {"title": title}}, by=ann)[
        "article"
    ]
    assert after["slug"] == title.lower().replace(" ", "-")
    assert after["updatedAt"] > before["updatedAt"] and after["createdAt"] == before["createdAt"]
    assert {key: after[key] for key in ("body", "description", "tagList")} == {
        key: before[key] for key in ("body", "description", "tagList")
    }
    assert after["favoritesCount"] == 1
    conduit.refused(404, "GET", f"/articles/{before['slug']}")
    assert len(conduit.asked(200, "GET", f"/articles/{after['slug']}/comments")["comments"]) == 1
    same = conduit.asked(200, "PUT", f"/articles/{after['slug']}", {"article": {"body": "New."}}, by=ann)[
        "article"
    ]
    assert (same["slug"], same["title"], same["body"]) == (after["slug"], title, "New.")


def test_only_its_author_changes_or_deletes_an_article(conduit: Conduit) -> None:
    ann, bob = conduit.person(), conduit.person()
    made = conduit.article(ann)
    conduit.refused(403, "PUT", f"/articles/{made['slug']}", {"article": {"body": "hacked"}}, by=bob)
    conduit.refused(403, "DELETE", f"/articles/{made['slug']}", by=bob)
    assert conduit.asked(200, "GET", f"/articles/{made['slug']}")["article"] == made
    for method in ("GET", "PUT", "DELETE"):
        conduit.refused(
            404, method, "/articles/there-is-none", {"article": {}} if method == "PUT" else None, by=ann
        )
    answer = conduit.send("DELETE", f"/articles/{made['slug']}", by=ann)
    assert (answer.status_code, answer.content) == (204, b"")
    conduit.refused(404, "DELETE", f"/articles/{made['slug']}", by=ann)


def test_what_belongs_to_an_article_goes_with_it(conduit: Conduit) -> None:
    ann, bob = conduit.person(), conduit.person()
    tag = f"tag-{uuid.uuid4().hex[:8]}"
    made = conduit.article(ann, tagList=[tag])
    slug = made["slug"]
    conduit.asked(200, "POST", f"/articles/{slug}/comments", {"comment": {"body": "Nice."}}, by=bob)
    conduit.asked(200, "POST", f"/articles/{slug}/favorite", by=bob)
    assert tag in conduit.asked(200, "GET", "/tags")["tags"]
    assert conduit.asked(200, "GET", "/articles", favorited=bob.name)["articlesCount"] == 1
    conduit.asked(204, "DELETE", f"/articles/{slug}", by=ann)
    assert tag not in conduit.asked(200, "GET", "/tags")["tags"]
    assert conduit.asked(200, "GET", "/articles", favorited=bob.name)["articlesCount"] == 0
    again = conduit.article(ann, title=made["title"])
    assert (again["slug"], again["favoritesCount"]) == (slug, 0)
    assert conduit.asked(200, "GET", f"/articles/{slug}/comments")["comments"] == []
    assert conduit.asked(200, "GET", f"/articles/{slug}", by=bob)["article"]["favorited"] is False


def test_three_viewers_see_the_same_count_and_each_his_own_mark(conduit: Conduit) -> None:
    ann, bob, cem = conduit.person(), conduit.person(), conduit.person()
    slug = conduit.article(ann)["slug"]
    conduit.asked(200, "POST", f"/profiles/{ann.name}/follow", by=cem)
    for _ in range(2):
        shown = conduit.asked(200, "POST", f"/articles/{slug}/favorite", by=bob)["article"]
        assert (shown["favorited"], shown["favoritesCount"]) == (True, 1)
    seen = []
    for viewer in (bob, cem, None):
        one = conduit.asked(200, "GET", f"/articles/{slug}", by=viewer)["article"]
        (item,) = conduit.asked(200, "GET", "/articles", by=viewer, author=ann.name)["articles"]
        assert set(item) == ITEM and {key: one[key] for key in ITEM} == item
        seen.append((item["favorited"], item["favoritesCount"], item["author"]["following"]))
    assert seen == [(True, 1, False), (False, 1, True), (False, 1, False)]
    shown = conduit.asked(200, "DELETE", f"/articles/{slug}/favorite", by=bob)["article"]
    assert (shown["favorited"], shown["favoritesCount"]) == (False, 0)
    conduit.refused(404, "POST", "/articles/there-is-none/favorite", by=bob)


def test_totals_count_what_the_filters_leave_whatever_the_page(conduit: Conduit) -> None:
    ann, bob = conduit.person(), conduit.person()
    tag = f"tag-{uuid.uuid4().hex[:8]}"
    slugs = [conduit.article(ann, tagList=[tag, "all"] if n % 2 else [tag])["slug"] for n in range(5)]
    conduit.article(bob, tagList=[tag])
    page = conduit.asked(200, "GET", "/articles", author=ann.name, limit=2, offset=1)
    assert (page["articlesCount"], [each["slug"] for each in page["articles"]]) == (5, slugs[::-1][1:3])
    beyond = conduit.asked(200, "GET", "/articles", author=ann.name, offset=99)
    assert (beyond["articlesCount"], beyond["articles"]) == (5, [])
    assert conduit.asked(200, "GET", "/articles", tag=tag)["articlesCount"] == 6
    assert conduit.asked(200, "GET", "/articles", tag=tag, author=ann.name)["articlesCount"] == 5
    for no_one in ({"author": "nobody-there"}, {"tag": "no-such-tag"}, {"favorited": "nobody-there"}):
        empty = conduit.asked(200, "GET", "/articles", **no_one)
        assert empty == {"articles": [], "articlesCount": 0}


def test_the_feed_is_what_the_followed_wrote_newest_first(conduit: Conduit) -> None:
    ann, bob, cem, reader = (conduit.person() for _ in range(4))
    for followed in (ann, bob):
        conduit.asked(200, "POST", f"/profiles/{followed.name}/follow", by=reader)
    slugs = [conduit.article(author)["slug"] for author in (ann, bob, cem, ann)]
    feed = conduit.asked(200, "GET", "/articles/feed", by=reader)
    assert [each["slug"] for each in feed["articles"]] == [slugs[3], slugs[1], slugs[0]]
    assert feed["articlesCount"] == 3
    assert all(set(each) == ITEM and each["author"]["following"] for each in feed["articles"])
    page = conduit.asked(200, "GET", "/articles/feed", by=reader, limit=1, offset=1)
    assert (page["articlesCount"], page["articles"][0]["slug"]) == (3, slugs[1])
    assert conduit.asked(200, "GET", "/articles/feed", by=cem) == {"articles": [], "articlesCount": 0}


def test_tags_are_told_once(conduit: Conduit) -> None:
    ann = conduit.person()
    tag = f"tag-{uuid.uuid4().hex[:8]}"
    for _ in range(2):
        conduit.article(ann, tagList=[tag])
    assert conduit.asked(200, "GET", "/tags")["tags"].count(tag) == 1


# Comments -----------------------------------------------------------------------------------------------


def test_comments_belong_to_their_article_and_their_author(conduit: Conduit) -> None:
    ann, bob = conduit.person(), conduit.person()
    slug, other = conduit.article(ann)["slug"], conduit.article(ann)["slug"]
    made = conduit.asked(200, "POST", f"/articles/{slug}/comments", {"comment": {"body": "Nice. ❤"}}, by=bob)[
        "comment"
    ]
    assert set(made) == COMMENT and isinstance(made["id"], int)
    assert (made["body"], made["author"]["username"]) == ("Nice. ❤", bob.name)
    assert conduit.asked(200, "GET", f"/articles/{slug}/comments")["comments"] == [made]
    assert conduit.asked(200, "GET", f"/articles/{other}/comments")["comments"] == []
    conduit.refused(422, "POST", f"/articles/{slug}/comments", {"comment": {"body": ""}}, by=bob)
    conduit.refused(404, "POST", "/articles/there-is-none/comments", {"comment": {"body": "x"}}, by=bob)
    conduit.refused(404, "GET", "/articles/there-is-none/comments")
    conduit.refused(404, "DELETE", f"/articles/{other}/comments/{made['id']}", by=bob)
    conduit.refused(404, "DELETE", f"/articles/{slug}/comments/not-a-number", by=bob)
    conduit.refused(403, "DELETE", f"/articles/{slug}/comments/{made['id']}", by=ann)
    conduit.asked(204, "DELETE", f"/articles/{slug}/comments/{made['id']}", by=bob)
    assert conduit.asked(200, "GET", f"/articles/{slug}/comments")["comments"] == []


# The contract itself ------------------------------------------------------------------------------------


def test_the_answers_are_as_the_published_contract_describes_them(conduit: Conduit, realworld: Path) -> None:
    """Every operation of it is called; each answer has a documented status and the schema that belongs to it."""
    contract = YAML(typ="safe").load((realworld / "openapi.yml").read_text("utf-8"))
    ann, bob = conduit.person(), conduit.person()
    assert conduit.signs_in(bob.email, PASSWORD) == 200
    conduit.asked(200, "GET", "/user", by=ann)
    conduit.asked(200, "PUT", "/user", {"user": {"bio": "I write."}}, by=ann)
    conduit.refused(422, "POST", "/users", {"user": {"username": ann.name}})
    slug = conduit.article(ann, tagList=["x"])["slug"]
    for path in (f"/profiles/{ann.name}/follow", f"/articles/{slug}/favorite"):
        conduit.asked(200, "POST", path, by=bob)
    for path in ("/articles/feed", "/articles", f"/articles/{slug}", f"/profiles/{ann.name}", "/tags"):
        conduit.asked(200, "GET", path, by=bob)
    conduit.asked(200, "PUT", f"/articles/{slug}", {"article": {"description": "other"}}, by=ann)
    made = conduit.asked(200, "POST", f"/articles/{slug}/comments", {"comment": {"body": "Nice."}}, by=bob)
    conduit.asked(200, "GET", f"/articles/{slug}/comments")
    for path in (f"/profiles/{ann.name}/follow", f"/articles/{slug}/favorite"):
        conduit.asked(200, "DELETE", path, by=bob)
    conduit.asked(204, "DELETE", f"/articles/{slug}/comments/{made['comment']['id']}", by=bob)
    conduit.refused(401, "DELETE", f"/articles/{slug}")
    conduit.asked(204, "DELETE", f"/articles/{slug}", by=ann)
    met = {described(answer, contract) for answer in conduit.heard}
    assert met == {
        (path, method) for path, item in contract["paths"].items() for method in METHODS if method in item
    }


def described(answer: httpx.Response, contract: dict[str, Any]) -> tuple[str, str]:
    """The operation that answered, after its answer was held against its description."""
    method, path = answer.request.method.lower(), answer.request.url.path
    fits = [each for each in contract["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), path)]
    route = min(fits, key=lambda each: each.count("{"))
    responses = contract["paths"][route][method]["responses"]
    assert str(answer.status_code) in responses, f"{method} {route}: {answer.status_code}"
    name = responses[str(answer.status_code)]["$ref"].rpartition("/")[2]
    content = contract["components"]["responses"][name]["content"]
    if content:
        schema = {**content["application/json"]["schema"], "components": contract["components"]}
        Draft202012Validator(schema).validate(answer.json())
    elif answer.status_code == 204:
        assert answer.content == b""
    return route, method
