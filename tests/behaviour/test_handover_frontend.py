"""The clients that front ends are handed: their types hold, and they say what the service means."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from handover_packs import ROOT, mock_serving, packs_of, specified
from npm import installed

from backwright.emit.contract import document
from backwright.emit.names import names
from backwright.handover import place
from backwright.handover.clients import python, typescript
from backwright.handover.clients.interface import interface
from backwright.project import Project

EVERY_TYPE = Project(ROOT / "tests" / "cases" / "requests" / "every-type")
EXAMPLES = ("todos", "conduit", "forum")
TYPESCRIPT = "typescript@7.0.2"
HOSTILE = (
    """
service: {name: hostile, version: 1.0.0, description: '\"\"\" */ ${x} {{ x }} {% x %}'}
auth: {identity: Person, by: email, flows: [register, login]}
entities:
  Person:
    fields: {email: {type: email, unique: true}, password: password}
    access: {create: public, read: public, update: this == caller}
  Thing:
    fields:
      str: {type: string, wire: 'class'}
      list: {type: integer, default: 0}
      kind: {type: string?, wire: '*/ } alert(1) /* ${x}'}
      größe: {type: 'string?', wire: "it's größe"}
      proto: {type: 'string?', wire: __proto__}
      words: {type: 'string?', wire: '{{ x }} {% x %}', matches: '[*]/[{]x[}]'}
    access: {read: public, write: public}
views:
  Client: {of: Thing, fields: [str, list, kind, größe, proto, words]}
  Answer: {of: Thing, fields: [list], shape: {None: this.str, Any: {str: this.str}}}
operations:
  list:
    route: GET /things
    list: Thing
    view: Client
    filters: {self: this.list == params.self, body: this.str == params.body, import_: this.list != params.import_}
    paging: {names: {limit: from, after: next_of}}
  then: {route: POST /things, create: Thing, view: Answer}
  constructor: {route: "PATCH /things/{id}", update: Thing, view: Client}
  record: {route: POST /record, create: Thing, view: Client}
  promise: {route: POST /promise, create: Thing, body: [str], view: Client}
  send: {route: "GET /things/{id}", read: Thing, view: Client}
""".replace("größe:", "groesse:")
    .replace("größe,", "groesse,")
    .replace("größe]", "groesse]")
)


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The front end's pack of each example, and of a specification that is called like nothing good."""
    folder = tmp_path_factory.mktemp("handover")
    found = {name: packs_of(name) / "fe" for name in EXAMPLES}
    hostile = folder / "hostile"
    hostile.mkdir()
    (hostile / "backwright.yaml").write_text(HOSTILE, encoding="utf-8")
    found["hostile"] = clients(Project(hostile), hostile / "handover" / "fe")
    found["every_type"] = clients(EVERY_TYPE, folder / "every" / "handover" / "fe")
    return found


def clients(project: Project, folder: Path) -> Path:
    """The clients of a specification, which is not built for it."""
    model = specified(project)
    found = interface(document(model, names(model)))
    package = f"{model.service.package}_client"
    files = {f"python/{path}": text for path, text in python.package(found, model.auth, package).items()}
    files |= {f"typescript/{path}": text for path, text in typescript.package(found, model.auth).items()}
    place.put(folder, files)
    return folder


# Python -----------------------------------------------------------------------------------------------

WRONG = """
from todos_client import Client, Connection, NotFound
client = Client(Connection("http://127.0.0.1:9"))
client.create_todo({"titel": "Milk"})
client.list_todos(done="yes")
client.update_todo("1", {"due": None})
client.create_todo({"title": "Milk"}).body["data"]["owner"] + 1
try:
    client.delete_todo("1").body
except NotFound as refused:
    refused.body["error"]["code"] == "gone"
"""


def test_the_python_clients_are_typed_and_clean(packs: dict[str, Path], tmp_path: Path) -> None:
    for name, pack in packs.items():
        shutil.copytree(pack / "python" / f"{name}_client", tmp_path / f"{name}_client")
    shutil.copy(packs["todos"].parent / "qa" / "answers.py", tmp_path)
    (tmp_path / "wrong.py").write_text(WRONG)
    told = ran(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", os.devnull, "."],
        tmp_path,
    )
    assert [line.split(":")[:2] for line in told.splitlines() if ": error:" in line] == [
        ["wrong.py", "4"],
        ["wrong.py", "4"],
        ["wrong.py", "5"],
        ["wrong.py", "7"],
        ["wrong.py", "11"],
    ], told
    (tmp_path / "wrong.py").unlink()
    shutil.copy(packs["todos"].parent / "qa" / "load.py", tmp_path)
    rules = "E,F,I,B,C4,PIE,RET,RUF,SIM,PL,S"
    ignored = "RUF001,RUF002,RUF003,PLR0913,PLR0911,PLR0912,PLR2004,E501"
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", rules]
    assert "All checks passed" in ran([*command, "--ignore", ignored, "."], tmp_path)
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", "--line-length", "100"]
    assert "would" not in ran([*command, "--check", "."], tmp_path)


def ran(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


class Calling(NamedTuple):
    """A client as somebody who was handed it has it."""

    package: Any
    connection: Any
    client: Any


@contextmanager
def imported(pack: Path, name: str) -> Iterator[Any]:
    """The package, imported from the pack."""
    sys.path.insert(0, str(pack / "python"))
    try:
        yield importlib.import_module(f"{name}_client")
    finally:
        sys.path.remove(str(pack / "python"))
        for module in [each for each in sys.modules if each.partition(".")[0] == f"{name}_client"]:
            del sys.modules[module]


@contextmanager
def calling(pack: Path, name: str) -> Iterator[Calling]:
    """The client, connected to a mock."""
    model = specified(Project(pack.parents[1]))
    with (
        mock_serving(model) as address,
        imported(pack, name) as package,
        package.Connection(address) as connection,
    ):
        yield Calling(package, connection, package.Client(connection))


def test_a_python_client_signs_in_writes_reads_and_is_refused(packs: dict[str, Path]) -> None:
    with calling(packs["todos"], "todos") as (package, connection, client):
        with pytest.raises(package.Unauthorized) as nobody:
            client.list_todos()
        assert nobody.value.body["error"]["code"] == "unauthenticated"
        account = {"email": "ann@example.com", "password": "correct horse"}
        connection.token = client.register(account).body["data"]["token"]
        made = client.create_todo({"title": "Milk & more", "due": None})
        assert (made.status, made.headers["location"]) == (201, f"/todos/{made.body['data']['id']}")
        key = made.body["data"]["id"]
        assert client.update_todo(key, {"done": True}).body["data"]["done"] is True
        assert [each["id"] for each in client.list_todos(done=True).body["data"]] == [key]
        assert client.list_todos(done=False, limit=1).body["data"] == []
        with pytest.raises(package.Unprocessable) as invalid:
            client.create_todo({"title": ""})
        assert [each["field"] for each in invalid.value.body["error"]["fields"]] == ["title"]
        assert invalid.value.request_id == invalid.value.body["meta"]["request_id"]
        assert client.delete_todo(key).body is None
        with pytest.raises(package.NotFound):
            client.get_todo(key)
        for wrong in ("", ".", "..", "a/b"):
            with pytest.raises(ValueError, match="cannot be the value of id"):
                client.delete_todo(wrong)


def test_a_python_client_speaks_another_scheme_and_lists(packs: dict[str, Path]) -> None:
    with calling(packs["conduit"], "conduit") as (package, connection, client):
        person = {"username": "ann & bob? 50%2F", "email": "ann@example.com", "password": "correct horse"}
        connection.token = client.register({"user": person}).body["user"]["token"]
        assert client.get_profile("ann & bob? 50%2F").body["profile"]["username"] == "ann & bob? 50%2F"
        article = {"title": "A", "description": "b", "body": "c", "tagList": ["x", "é"]}
        assert client.create_article({"article": article}).body["article"]["tagList"] == ["x", "é"]
        assert client.get_articles(tag="é").body["articlesCount"] == 1
        assert client.get_articles(tag="e").body["articlesCount"] == 0
        with pytest.raises(package.Refused) as refused:
            client.register({"user": person})
        assert refused.value.body["errors"]["body"]


def test_a_python_client_keeps_cookies_and_sends_forms_and_files(packs: dict[str, Path]) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + b"\x00\xff"
    with calling(packs["forum"], "forum") as (package, _, client):
        joined = client.join({"nick": "ann", "password": "correct horse", "about": "a & b = ü"})
        assert (joined.status, joined.headers["location"]) == (303, "/members/ann")
        assert client.get_member("ann").body["about"] == "a & b = ü"
        client.set_avatar({"picture": package.File("a.png", picture, "image/png")})
        shown = client.get_avatar("ann")
        assert (shown.body, shown.headers["content-type"]) == (picture, "image/png")
        assert "<" in client.front_page().body
        with pytest.raises(package.Forbidden):
            client.create_board({"name": "news", "title": "News"})
        client.sign_out()
        with pytest.raises(package.Unauthorized):
            client.set_avatar({"picture": package.File("a.png", picture, "image/png")})


def test_what_the_contract_does_not_know_is_unexpected(packs: dict[str, Path]) -> None:
    answers: list[httpx.Response] = []
    transport = httpx.MockTransport(lambda request: answers.pop())
    with imported(packs["todos"], "todos") as package:
        client = package.Client(package.Connection("http://127.0.0.1", transport=transport))
        answers.append(httpx.Response(200, text="<html>"))
        with pytest.raises(package.Unexpected):
            client.list_todos()
        answers.append(httpx.Response(206, json={}))
        with pytest.raises(package.Unexpected):
            client.list_todos()
        answers.append(httpx.Response(502, text="<html>bad gateway"))
        with pytest.raises(package.Refused) as refused:
            client.list_todos()
        assert (refused.value.status, refused.value.body) == (502, None)


def test_hostile_names_are_called_and_sent_as_they_are(packs: dict[str, Path]) -> None:
    odd = {"class": "a", "list": 1, "*/ } alert(1) /* ${x}": "b", "it's größe": "c", "__proto__": "d"}
    with calling(packs["hostile"], "hostile") as (_, _, client):
        made = client.record(odd | {"{{ x }} {% x %}": "*/{x}"}).body["data"]
        assert {name: made[name] for name in odd} == odd
        assert client.then_({"class": "z"}).body["data"]["Any"] == {"str": "z"}
        found = client.list_(self_=1, body_="a", from_=5).body["data"]
        assert [each["class"] for each in found] == ["a"]


# TypeScript -------------------------------------------------------------------------------------------

STORY = """
import { Client, Connection, NotFound, Unauthorized } from "./todos/client.js";
import { Client as Forum, Connection as ToForum, Forbidden } from "./forum/client.js";
import { Client as Hostile, Connection as ToHostile } from "./hostile/client.js";

declare const process: { argv: string[] };
const [todosAt = "", forumAt = "", hostileAt = ""] = process.argv.slice(2);
const said: unknown[] = [];

async function refusal(made: Promise<unknown>): Promise<unknown> {
  try {
    await made;
  } catch (error) {
    return error;
  }
  throw new Error("was not refused");
}

const connection = new Connection(todosAt);
const client = new Client(connection);
const nobody = await refusal(client.list_todos());
said.push(nobody instanceof Unauthorized && nobody.body.error.code);
const account = { email: "ann@example.com", password: "correct horse" };
connection.token = (await client.register(account)).body.data.token;
const made = (await client.create_todo({ title: "Milk & more" })).body.data;
// @ts-expect-error: a member of another name
said.push(await refusal(client.create_todo({ titel: "Milk" })) instanceof Error);
// @ts-expect-error: another type
await refusal(client.list_todos({ done: "maybe" }));
said.push((await client.update_todo({ id: made.id }, { done: true })).body.data.done);
said.push((await client.list_todos({ done: true, limit: 5 })).body.data.length);
said.push((await client.delete_todo({ id: made.id })).body);
said.push(await refusal(client.get_todo({ id: made.id })) instanceof NotFound);
said.push(await refusal(client.get_todo({ id: "a/.." })) instanceof RangeError);

const forum = new Forum(new ToForum(forumAt));
const joined = await forum.join({ nick: "ann", password: "correct horse", about: "a & b = ü" });
said.push(joined.status, (await forum.get_member({ nick: "ann" })).body.about);
const picture = new Blob([new Uint8Array([137, 80, 78, 71, 0, 255])], { type: "image/png" });
await forum.set_avatar({ picture });
said.push([...new Uint8Array((await forum.get_avatar({ nick: "ann" })).body)]);
said.push(await refusal(forum.create_board({ name: "news", title: "News" })) instanceof Forbidden);
await forum.sign_out();

const hostile = new Hostile(new ToHostile(hostileAt));
const odd = { class: "a", list: 1, "*/ } alert(1) /* ${x}": "b", "it's größe": "c" };
const record = (await hostile.record(odd)).body.data;
said.push(record["*/ } alert(1) /* ${x}"], record["it's größe"]);
said.push((await hostile.list_({ self_: 1, body_: "a", from_: 5 })).body.data.length);
console.log(JSON.stringify(said));
"""


@pytest.fixture(scope="module")
def tsc() -> Path:
    return installed(TYPESCRIPT) / ".bin" / "tsc"


def test_the_typescript_clients_are_typed_and_run(packs: dict[str, Path], tsc: Path, tmp_path: Path) -> None:
    options: Any = json.loads((packs["todos"] / "typescript" / "tsconfig.json").read_text())
    assert options["compilerOptions"]["strict"] is True
    options |= {"include": ["*.ts", "*/*.ts"]}
    options["compilerOptions"] |= {"outDir": "out"}
    (tmp_path / "tsconfig.json").write_text(json.dumps(options))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "story.ts").write_text(STORY)
    for name, pack in packs.items():
        (tmp_path / name).mkdir()
        shutil.copy(pack / "typescript" / "client.ts", tmp_path / name)
    done = subprocess.run([str(tsc), "-p", "."], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    models = [specified(Project(packs[name].parents[1])) for name in ("todos", "forum", "hostile")]
    with (
        mock_serving(models[0]) as todos,
        mock_serving(models[1]) as forum,
        mock_serving(models[2]) as hostile,
    ):
        command = ["node", "out/story.js", todos, forum, hostile]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == [
        "unauthenticated", True, True, 1, None, True, True,
        303, "a & b = ü", [137, 80, 78, 71, 0, 255], True,
        "b", "c", 1,
    ]  # fmt: skip
