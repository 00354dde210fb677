"""Requests go over the wire as the contract says: lists and objects in their styles, uploads as files."""

from __future__ import annotations

from email.parser import BytesParser
from typing import Any

import pytest

from backwright.verify.target.contract import operations_of
from backwright.verify.target.encoding import encoded, queried, simple
from backwright.verify.target.files import ENDINGS, File, content_of, likely


def operation(**given: Any) -> Any:
    document = {"openapi": "3.1.0", "paths": {"/things": {"post": {"responses": {"201": {}}, **given}}}}
    return operations_of(document)[0]


@pytest.mark.parametrize(
    ("said", "value", "written"),
    [
        ({}, ["a", "b c"], "x=a&x=b%20c"),
        ({"explode": False}, ["a", "b,c"], "x=a,b%2Cc"),
        ({"style": "pipeDelimited", "explode": False}, ["a", "b"], "x=a%7Cb"),
        ({"style": "spaceDelimited", "explode": False}, ["a", "b"], "x=a%20b"),
        ({"style": "deepObject", "explode": True}, {"from": 1, "on": True}, "x[from]=1&x[on]=true"),
        ({}, {"from": 1, "to": 2}, "from=1&to=2"),
        ({"explode": False}, {"from": 1, "to": 2}, "x=from,1,to,2"),
        ({}, "a&b=c", "x=a%26b%3Dc"),
    ],
)
def test_a_parameter_is_written_in_its_style(said: dict[str, Any], value: Any, written: str) -> None:
    made = operation(parameters=[{"name": "x", "in": "query", "schema": {}, **said}])
    assert queried({each.name: each for each in made.parameters}, {"x": value}) == written


def test_a_parameter_with_content_is_written_whole() -> None:
    given = {"name": "x", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}}
    made = operation(parameters=[given])
    assert queried({"x": made.parameters[0]}, {"x": {"a": 1}}) == "x=%7B%22a%22%3A1%7D"


def test_a_list_in_a_header_has_commas() -> None:
    made = operation(parameters=[{"name": "X-Ids", "in": "header", "schema": {"type": "array"}}])
    assert simple(made.parameters[0], ["a", "b"]) == "a,b"


def test_what_is_binary_is_uploaded_as_a_file() -> None:
    properties = {
        "title": {"type": "string"},
        "file": {"type": "string", "format": "binary"},
        "pages": {"type": "array", "items": {"contentMediaType": "image/png"}},
        "about": {"type": "object", "properties": {"of": {"type": "integer"}}},
    }
    content = {
        "multipart/form-data": {
            "schema": {"allOf": [{"type": "object", "properties": properties}]},
            "encoding": {"file": {"contentType": "application/pdf, image/png"}},
        }
    }
    body = operation(requestBody={"content": content}).body
    assert body.files == {"file": "application/pdf, image/png", "pages": "image/png"}
    files = {name: likely(name, said) for name, said in body.files.items()}
    values = {"title": "a", "file": "word", "pages": ["one", "two"], "about": {"of": 3}}
    sent, media = encoded(values, body.media, files)
    parts = BytesParser().parsebytes(b"Content-Type: " + media.encode() + b"\r\n\r\n" + sent).get_payload()
    told = [
        (part.get_param("name", header="content-disposition"), part.get_filename(), part.get("content-type"))
        for part in parts
    ]
    assert told == [
        ("title", None, None),
        ("file", "word.pdf", "application/pdf"),
        ("pages", "one.png", "image/png"),
        ("pages", "two.png", "image/png"),
        ("about", None, "application/json"),
    ]
    assert parts[1].get_payload(decode=True).startswith(b"%PDF")


def test_a_body_that_is_a_file_is_sent_as_it_is() -> None:
    content = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
    body = operation(requestBody={"content": content}).body
    sent, media = encoded("word", body.media, {})
    assert (sent[:4], media) == (b"\x89PNG", "image/png")
    assert encoded(File("word", "text/html"), body.media)[1] == "text/html"


@pytest.mark.parametrize("media", ENDINGS)
def test_two_files_are_never_the_same(media: str) -> None:
    assert content_of(media, "one") != content_of(media, "two")


@pytest.mark.parametrize(
    ("name", "declared", "media"),
    [
        ("file", "", "text/plain"),
        ("avatar", "", "image/png"),
        ("file", "image/*", "image/png"),
        ("scan", "application/octet-stream", "text/plain"),
        ("invoice_pdf", "", "application/pdf"),
    ],
)
def test_what_a_file_likely_is(name: str, declared: str, media: str) -> None:
    assert likely(name, declared) == media
