"""Reads a target file: every mistake with its place, all of them at once."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from backwright.spec.diagnostics import Code, Diagnostic, SpecificationError, diagnose
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.yamltext import parse
from backwright.verify.observed import Target as Performance
from backwright.verify.scenarios import literal
from backwright.verify.target.contract import operations_of
from backwright.verify.target.documents import ContractUnusable, read_contract
from backwright.verify.target.file import (
    CONTRACT,
    CREDENTIAL,
    ENVIRONMENT,
    OPERATION,
    PLACEHOLDER,
    REMOTE,
    SHAPE,
    CallerPlan,
    Database,
    SignIn,
    Start,
    Target,
)

KEYS: Mapping[str, str] = {
    "name": "what reports call the backend; default: the name of the file",
    "start": "how it is started; without it, it has to be running already",
    "url": "its address; `{port}` is a free port; default: http://127.0.0.1:{port}",
    "allow_remote": "`true`: the address may be another machine's. It will be attacked",
    "ready": "a path that answers 2xx when it is ready; default: any answer to `/`",
    "base_path": "what stands before the contract's paths; default: the path of its first server",
    "contract": "the OpenAPI document (3.0 or 3.1, YAML or JSON), relative to this file",
    "operations": "which of the contract's operations it has (`GET /things/{id}`); default: all",
    "callers": "who calls, by name, and how each comes to credentials; two strangers at least",
    "shared": "operations that anyone who is signed in may call on what others made",
    "reserved": "operations that only some may call, and who: `{POST /articles: [editor]}`",
    "database": "the database behind it",
    "expected": "declared performance, for gates that measure it",
}
START_KEYS = {
    "command": "a list: the program and its arguments, run without a shell",
    "folder": "where it is run, relative to this file; default: beside it",
    "env": "additions to the environment",
    "seconds": "how long it may take to be ready; default: 30",
}
DATABASE_KEYS = {
    "url": "its address; of PostgreSQL that is started with `{database}`, statements are counted",
    "reset": "a command (a list) that empties it; run before each start",
}
CALLER_KEYS = {
    "like": "the name of a caller above, whose `sign_in` and `headers` it has where it says none of its own",
    "sign_in": "requests that are sent one after the other",
    "headers": "what each of the caller's requests carries",
}
SIGN_IN_KEYS = {
    "request": "method and path: `POST /users`",
    "headers": "headers of this request",
    "body": "what is sent as JSON",
    "form": "what is sent as a form, instead",
    "keep": "values of the answer by name: `{token: user.token}`, `{csrf: cookie:csrftoken}`, `{key: header:X-Key}`",
}
EXPECTED_KEYS = {
    "p95_ms": "95th percentile in milliseconds; default: 500",
    "rate": "requests per second; default: 20",
}

GIVEN = ("port", "database", "unique")
"""What can be filled in anywhere: a free port, the database's address, a word that no other run has used."""

_HOLE = re.compile(r"(?<!\$)\{([a-z][a-z0-9_]*)\}")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET = re.compile(r"authorization|cookie|api[-_]?key|token|secret|csrf", re.IGNORECASE)
_METHOD = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (/\S*)")


def read_target(path: Path, environment: Mapping[str, str] | None = None) -> Target:
    """The target of a file. Raises SpecificationError with all that is wrong in it, and OSError.

    `environment` is where `${NAME}` comes from; default: this process's.
    """
    root, found = parse(path.read_text(encoding="utf-8"), path.name)
    if root is None or found:
        raise SpecificationError(found)
    reading = _Reading(path, os.environ if environment is None else environment)
    target = reading.target(root)
    if reading.found or target is None:
        raise SpecificationError(reading.found)
    return target


class _Reading:
    """Reads one file and collects what is wrong with it."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self.path = path.resolve()
        self.environment = environment
        self.found: list[Diagnostic] = []

    def wrong(self, code: Code, value: Raw, message: str, mend: str) -> None:
        self.found.append(diagnose(code, value.place, message, mend))

    # The whole ------------------------------------------------------------------------------------

    def target(self, root: Table) -> Target | None:
        self.keys(root, KEYS, "a target")
        contract, file = self.contract(root)
        only = self.operations(root.get("operations"), contract)
        shared = self.operations(root.get("shared"), contract)
        url = self.text(root.get("url"), GIVEN) or "http://127.0.0.1:{port}"
        start = self.start(root.get("start"))
        self.address(root, url, start)
        if contract is None or file is None:
            return None
        return Target(
            name=self.text(root.get("name")) or self.path.stem,
            file=self.path,
            url=url,
            ready=self.text(root.get("ready")) or "",
            contract=self.served(root, url, contract, only),
            contract_file=file,
            start=start,
            database=self.database(root.get("database")),
            callers=tuple(self.callers(root.get("callers"))),
            only=only,
            shared=shared,
            reserved=self.reserved(root, contract),
            expected=self.expected(root.get("expected")),
        )

    def address(self, root: Table, url: str, start: Start | None) -> None:
        place = root.get("url") or root
        parts = urlsplit(url.replace("{port}", "1"))
        remote = self.flag(root.get("allow_remote"))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            self.wrong(SHAPE, place, f"`{url}` is no address", "write `url: http://127.0.0.1:8000`")
        elif not _local(parts.hostname) and not remote:
            message = f"`{parts.hostname}` is another machine"
            self.wrong(
                REMOTE, place, message, "start it here, or set `allow_remote: true` if it is yours to break"
            )
        if start is None and "{port}" in url:
            message = "neither `start` nor `url` says where the backend is"
            self.wrong(
                SHAPE, place, message, "say how it is started, or write the `url` at which it is running"
            )

    # The contract ---------------------------------------------------------------------------------

    def contract(self, root: Table) -> tuple[Mapping[str, Any] | None, Path | None]:
        given = root.get("contract")
        if given is None:
            self.wrong(SHAPE, root, "the target has no `contract`", "add `contract: openapi.yaml`")
            return None, None
        file = self.path.parent / (self.text(given) or "")
        try:
            return read_contract(file), file
        except ContractUnusable as error:
            self.wrong(CONTRACT, given, str(error), "name an OpenAPI 3.0 or 3.1 document in YAML or JSON")
            return None, None

    def served(
        self, root: Table, url: str, contract: Mapping[str, Any], only: tuple[str, ...]
    ) -> Mapping[str, Any]:
        """The contract as this backend serves it: its own base path, and nothing that it does not have."""
        base = self.text(root.get("base_path"))
        if base is None:
            base = urlsplit(url).path or None
        served = dict(contract)
        if base is not None:
            served["servers"] = [{"url": base.rstrip("/") or "/"}]
        if only:
            served["paths"] = {
                path: kept
                for path, item in contract["paths"].items()
                if (kept := _kept(path, item, frozenset(only)))
            }
        return served

    def operations(self, value: Raw | None, contract: Mapping[str, Any] | None) -> tuple[str, ...]:
        known = [each.name for each in operations_of(contract)] if contract else []
        named = []
        for item in self.items(value, "operations"):
            name = self.text(item) or ""
            if contract is not None and name not in known:
                near = difflib.get_close_matches(name, known, 1)
                mend = f"did you mean `{near[0]}`?" if near else "write method and path as the contract does"
                self.wrong(OPERATION, item, f"the contract has no `{name}`", mend)
            named.append(name)
        return tuple(named)

    def reserved(self, root: Table, contract: Mapping[str, Any] | None) -> Mapping[str, tuple[str, ...]]:
        value, callers = root.get("reserved"), root.get("callers")
        known = [each.key.value for each in callers.entries] if isinstance(callers, Table) else []
        if value is not None and not isinstance(value, Table):
            self.wrong(
                SHAPE, value, "`reserved` is not a table", "write `reserved: {POST /articles: [editor]}`"
            )
        found = {}
        for entry in value.entries if isinstance(value, Table) else ():
            (name,) = self.operations(Items((entry.key,), entry.key.place), contract)
            found[name] = tuple(self.text(item) or "" for item in self.items(entry.value, "reserved"))
            for each in found[name]:
                if each not in known:
                    self.wrong(SHAPE, entry.value, f"there is no caller `{each}`", f"name {', '.join(known)}")
        return found

    # Its parts ------------------------------------------------------------------------------------

    def start(self, value: Raw | None) -> Start | None:
        table = self.table(value, START_KEYS, "start")
        if table is None:
            return None
        folder = self.path.parent / (self.text(table.get("folder")) or ".")
        if not folder.is_dir():
            self.wrong(SHAPE, table.get("folder") or table, f"there is no folder {folder.name}", "name one")
        return Start(
            command=self.command(table, "command"),
            folder=folder,
            env=self.texts(table.get("env"), "env", GIVEN),
            seconds=self.number(table.get("seconds"), 30.0),
            place=table.place,
        )

    def database(self, value: Raw | None) -> Database | None:
        table = self.table(value, DATABASE_KEYS, "database")
        if table is None:
            return None
        reset = self.command(table, "reset") if table.get("reset") is not None else ()
        return Database(url=self.text(table.get("url")) or "", reset=reset, place=table.place)

    def command(self, table: Table, key: str) -> tuple[str, ...]:
        value = table.get(key)
        if not isinstance(value, Items) or not value.items:
            self.wrong(SHAPE, value or table, f"`{key}` is not a list", f"write `{key}: [python, app.py]`")
            return ()
        return tuple(self.text(item, GIVEN) or "" for item in value.items)

    def callers(self, value: Raw | None) -> Iterator[CallerPlan]:
        if value is None:
            return
        if not isinstance(value, Table):
            self.wrong(SHAPE, value, "`callers` is not a table", "write `callers: {ann: {…}, bob: {…}}`")
            return
        above: dict[str, Table] = {}
        for entry in value.entries:
            table = self.table(entry.value, CALLER_KEYS, "a caller")
            if table is not None:
                whole = self.likened(table, above)
                yield self.caller(entry.key.value, whole)
                above[entry.key.value] = whole

    def likened(self, table: Table, above: Mapping[str, Table]) -> Table:
        """The caller with what it has from another one, whose values are then read with this one's name."""
        like = table.get("like")
        if like is None:
            return table
        name = self.text(like) or ""
        if name not in above:
            mend = (
                f"name {', '.join(above)}" if above else "write its `sign_in`; a later caller may be like it"
            )
            self.wrong(SHAPE, like, f"no caller `{name}` stands above this one", mend)
            return table
        own = {entry.key.value for entry in table.entries}
        taken = [entry for entry in above[name].entries if entry.key.value not in own]
        return Table((*table.entries, *taken), table.place)

    def caller(self, name: str, table: Table) -> CallerPlan:
        known, requests = [*GIVEN, "name"], []
        for item in self.items(table.get("sign_in"), "sign_in"):
            request = self.request(item, tuple(known))
            if request is not None:
                requests.append(request)
                known += request.keep
        given = table.get("headers")
        headers = self.texts(given, "headers", tuple(known))
        for entry in given.entries if isinstance(given, Table) else ():
            self.credential(entry.key.value, entry.value)
        if not requests and not headers:
            self.wrong(SHAPE, table, f"`{name}` has no credentials", "add `sign_in`, `headers` or `like`")
        return CallerPlan(name=name, sign_in=tuple(requests), headers=headers, place=table.place)

    def credential(self, name: str, value: Raw) -> None:
        written = value.value if isinstance(value, Scalar) else ""
        if _SECRET.search(name) and "{" not in written:
            mend = "take it from an answer (`{token}`) or from the environment (`${TOKEN}`)"
            self.wrong(CREDENTIAL, value, f"the value of `{name}` is written out", mend)

    def request(self, value: Raw, known: tuple[str, ...]) -> SignIn | None:
        table = self.table(value, SIGN_IN_KEYS, "a request of `sign_in`")
        if table is None:
            return None
        line = self.text(table.get("request"), known) or ""
        matched = _METHOD.fullmatch(line)
        if matched is None:
            place = table.get("request") or table
            self.wrong(SHAPE, place, f"`{line}` is no method and path", "write `request: POST /users`")
            return None
        body, form = table.get("body"), table.get("form")
        if body is not None and form is not None:
            self.wrong(SHAPE, form, "there are both `body` and `form`", "keep one of them")
        return SignIn(
            method=matched[1],
            path=matched[2],
            headers=self.texts(table.get("headers"), "headers", known),
            body=None if body is None else self.values(body, known),
            form=None if form is None else self.texts(form, "form", known),
            keep=self.texts(table.get("keep"), "keep", ()),
            place=table.place,
        )

    def expected(self, value: Raw | None) -> Performance:
        table = self.table(value, EXPECTED_KEYS, "expected")
        if table is None:
            return Performance()
        return Performance(
            p95=self.number(table.get("p95_ms"), 500.0), rate=self.number(table.get("rate"), 20.0)
        )

    # Values ---------------------------------------------------------------------------------------

    def keys(self, table: Table, known: Mapping[str, str], what: str) -> None:
        for entry in table.entries:
            name = entry.key.value
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                mend = f"did you mean `{near[0]}`?" if near else f"use {', '.join(known)}"
                self.wrong(SHAPE, entry.key, f"{what} has no key `{name}`", mend)

    def table(self, value: Raw | None, known: Mapping[str, str], what: str) -> Table | None:
        if value is None:
            return None
        if not isinstance(value, Table):
            self.wrong(SHAPE, value, f"{what} is not a table", f"write it with the keys {', '.join(known)}")
            return None
        self.keys(value, known, what)
        return value

    def items(self, value: Raw | None, key: str) -> tuple[Raw, ...]:
        if value is None:
            return ()
        if not isinstance(value, Items):
            self.wrong(SHAPE, value, f"`{key}` is not a list", "write a list: `- …`")
            return ()
        return value.items

    def text(self, value: Raw | None, known: tuple[str, ...] = ("port",)) -> str | None:
        if value is None:
            return None
        if not isinstance(value, Scalar):
            self.wrong(SHAPE, value, "this is not a text", "write one value")
            return None
        return self.filled(value, value.value, known)

    def filled(self, value: Raw, text: str, known: tuple[str, ...]) -> str:
        """The text with its environment variables; says which placeholders nothing will fill."""

        def variable(found: re.Match[str]) -> str:
            if found[1] not in self.environment:
                mend = f"set it: `export {found[1]}=…`"
                self.wrong(ENVIRONMENT, value, f"the environment has no {found[1]}", mend)
            return self.environment.get(found[1], "")

        for name in _HOLE.findall(text) if known else ():
            if name not in known and not _is_path(text):
                mend = f"use one of {', '.join(known)}, or keep it from an answer"
                self.wrong(PLACEHOLDER, value, f"nothing fills `{{{name}}}`", mend)
        return _VARIABLE.sub(variable, text)

    def texts(self, value: Raw | None, key: str, known: tuple[str, ...]) -> dict[str, str]:
        if value is None:
            return {}
        if not isinstance(value, Table):
            self.wrong(SHAPE, value, f"`{key}` is not a table", f"write `{key}: {{name: value}}`")
            return {}
        return {entry.key.value: self.text(entry.value, known) or "" for entry in value.entries}

    def values(self, value: Raw, known: tuple[str, ...]) -> Any:
        """JSON as it is written, its texts filled."""
        match value:
            case Table(entries=entries):
                return {entry.key.value: self.values(entry.value, known) for entry in entries}
            case Items(items=items):
                return [self.values(item, known) for item in items]
            case Scalar():
                found = literal(value)
                return self.filled(value, found, known) if isinstance(found, str) else found

    def number(self, value: Raw | None, default: float) -> float:
        if value is None:
            return default
        found = literal(value)
        if isinstance(found, bool) or not isinstance(found, int | float) or found < 0:
            self.wrong(SHAPE, value, "this is not a number", "write a number that is not negative")
            return default
        return float(found)

    def flag(self, value: Raw | None) -> bool:
        found = None if value is None else literal(value)
        if value is not None and not isinstance(found, bool):
            self.wrong(SHAPE, value, "this is neither true nor false", "write `true` or `false`")
        return found is True


def _local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_path(text: str) -> bool:
    """Names of operations have braces that are the contract's."""
    return _METHOD.fullmatch(text) is not None


def _kept(path: str, item: Any, only: frozenset[str]) -> dict[str, Any]:
    """The part of a path's item that these operations need."""
    methods = {"get", "post", "put", "patch", "delete", "head", "options", "trace"}
    kept = {key: value for key, value in item.items() if key not in methods}
    wanted = {key: value for key, value in item.items() if f"{key.upper()} {path}" in only and key in methods}
    return kept | wanted if wanted else {}
