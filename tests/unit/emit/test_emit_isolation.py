"""Which operations run as if alone, and which need less because a unique key judges them."""

from __future__ import annotations

from pathlib import Path

import pytest

from backwright.emit.isolation import Isolation
from backwright.model.build import examine
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec import read

HEAD = """\
service: {name: small, version: 1.0.0}
auth: {identity: User, by: email, flows: [register, login]}
entities:
  User:
    fields: {email: {type: email, unique: true}, password: password}
    access: {create: public, read: public, update: this == caller}
  Post:
    fields:
      title: {type: string, min: 1, max: 80}
      SLUG
      author: {ref: User, set: caller, inverse: posts}
    access: {read: public, write: this.author == caller}
  Like:
    key: [post, user]
    fields: {post: {ref: Post, on_delete: cascade}, user: {ref: User, set: caller}}
    access: {read: public, write: this.user == caller}
operations:
  create_post: {route: POST /posts, create: Post}
  OTHER
"""
SLUG = "slug: {type: slug, source: title, unique: true}"
LIKE = "like: {route: 'POST /posts/{slug}/like', steps: [{find: Post}, {ensure: Like, set: {post: post}}]}"


def model_of(folder: Path, other: str, slug: str = SLUG) -> Model:
    text = HEAD.replace("SLUG", slug).replace("OTHER", other)
    (folder / "backwright.yaml").write_text(text, encoding="utf-8")
    model, found = examine(read(Project(folder)))
    assert model is not None, [each.text() for each in found]
    return model


def test_a_creation_whose_slug_is_unique_needs_no_serializable_transaction(tmp_path: Path) -> None:
    model = model_of(tmp_path, LIKE)
    found = {each.name: Isolation(model).serializable(each) for each in model.operations}
    assert (found["create_post"], found["like"]) == (False, True)


@pytest.mark.parametrize("name", ["create_article", "favorite", "update_article"])
def test_the_operations_of_the_example(name: str) -> None:
    folder = Path(__file__).parents[3] / "examples" / "conduit"
    model, _ = examine(read(Project(folder)))
    assert model is not None
    operation = next(each for each in model.operations if each.name == name)
    assert Isolation(model).serializable(operation) is (name != "create_article")


def test_a_creation_is_serializable_where_another_operation_counts_the_rows(tmp_path: Path) -> None:
    steps = "[{require: size(caller.posts) < 3, else: conflict}, {create: Like, set: {post: body.post}}]"
    other = (
        f"few: {{route: POST /few, access: caller != null, body: {{post: {{ref: Post}}}}, steps: {steps}}}"
    )
    model = model_of(tmp_path, other)
    found = {each.name: Isolation(model).serializable(each) for each in model.operations}
    assert found["create_post"]


COUNTS = """create_shown: {route: POST /shown, create: Post, view: VIEW}
views:
  Writer: {of: User, fields: [email], shape: {posts: "size(this.posts)"}}
  ByWriter: {of: Post, fields: [title], shape: {author: Writer(this.author)}}
  Liked: {of: Post, fields: [title], shape: {likes: "size(this.likes)"}}
  Plain: {of: Post, fields: [title], shape: {author: "this.author.email"}}"""


@pytest.mark.parametrize(
    ("view", "alone"),
    [
        ("ByWriter", True),  # two of one author must not both be the second
        ("Liked", False),  # nobody can like what is not there yet
        ("Plain", False),  # who changes an address looks at no posts
    ],
)
def test_what_an_answer_looks_at_is_not_written_meanwhile(view: str, alone: bool, tmp_path: Path) -> None:
    model = model_of(tmp_path, COUNTS.replace("VIEW", view))
    operation = next(each for each in model.operations if each.name == "create_shown")
    assert Isolation(model).serializable(operation) is alone
