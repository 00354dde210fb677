"""The four requests: that everybody answers them alike, and how many of them a second."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
import tempfile
from typing import Any

import httpx
import rows
from msgspec import Struct
from processor import Clock, Used

OPERATIONS = ("read one", "list 20", "list 20 of an author", "favorite", "create")
WRITING = ("create", "favorite")
BODY = (
    '{"article": {"title": "TITLE", "description": "Made by the benchmark", '
    '"body": "Some words, and then some more.", "tagList": ["one", "two", "three"]}}'
)
SLUG = """
    local function slug(n)
      return string.format("%08x-article-%d", n * 2654435761 % 4294967296, n)
    end
"""
SCRIPTS = {
    "read one": """
        local n = 0
        request = function()
          n = (n + 7919) % COUNT
          return wrk.format("GET", "/articles/" .. slug(n))
        end
    """,
    "list 20": "",
    "list 20 of an author": """
        local n = 0
        request = function()
          n = (n + 7) % 1000
          return wrk.format("GET", "/articles?limit=20&author=author" .. n)
        end
    """,
    "create": """
        local n = 0
        request = function()
          n = n + 1
          local title = string.format("%08x made RUN %d", n * 2654435761 % 4294967296, n)
          return wrk.format("POST", "/articles", nil, (string.gsub('BODY', "TITLE", title)))
        end
    """,
    "favorite": """
        local n = 0
        request = function()
          n = (n + 7919) % COUNT
          return wrk.format("POST", "/articles/" .. slug(n) .. "/favorite")
        end
    """,
}


def asked(client: httpx.Client, operation: str, number: int, limit: int = 20) -> httpx.Response:
    """One of the four requests."""
    match operation:
        case "read one":
            return client.get(f"/articles/{rows.prefix(number)}-article-{number}")
        case "list 20":
            return client.get(f"/articles?limit={limit}&offset=0")
        case "list 20 of an author":
            return client.get(f"/articles?limit={limit}&author=author{number}")
        case "create":
            content = BODY.replace("TITLE", f"{secrets.token_hex(4)} made")
            return client.post("/articles", content=content, headers={"content-type": "application/json"})
        case _:
            return client.post(f"/articles/{rows.prefix(number)}-article-{number}/favorite")


def same(bases: dict[str, str], token: str, url: str) -> None:
    """Ends the benchmark where a rival answers otherwise than the emitted backend."""
    answers = {}
    for name, base in bases.items():
        rows.settle(url)
        answers[name] = _answers(base, token)
    for name, given in answers.items():
        for about, expected in answers["emitted"].items():
            if given[about] != expected:
                sys.exit(
                    f"{name} answers otherwise, {about}:\n{given[about]!s:.2000}\nexpected:\n{expected!s:.2000}"
                )


def _answers(base: str, token: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with httpx.Client(base_url=base, timeout=10) as client:
        found["read by nobody"] = asked(client, "read one", 20).json()
        found["create by nobody"] = asked(client, "create", 0).status_code
        client.headers["authorization"] = "Token nonsense"
        found["a bad token"] = asked(client, "read one", 20).status_code
        client.headers["authorization"] = f"Token {token}"
        found["nothing there"] = client.get("/articles/nothing").status_code
        found["a bad body"] = client.post("/articles", json={"article": {"title": ""}}).status_code
        for operation in OPERATIONS:
            answer = asked(client, operation, 20)
            around = [name in answer.headers for name in ("x-request-id", "x-content-type-options")]
            body = answer.json()
            if operation == "create":
                for name in ("slug", "title", "createdAt", "updatedAt"):
                    body["article"][name] = len(body["article"][name])
            found[operation] = answer.status_code, around, body
    return found


class Sample(Struct, frozen=True):
    """One measurement: requests per second, and microseconds of the processor for one request."""

    rate: float
    used: Used


def sampled(base: str, operation: str, token: str, rows: int, seconds: int, clock: Clock) -> Sample:
    """One measurement. Ends the benchmark when an answer is not a success."""
    script = (SLUG + SCRIPTS[operation]).replace("COUNT", str(rows)).replace("BODY", BODY)
    script = script.replace("RUN", secrets.token_hex(4))
    headers = ["-H", f"Authorization: Token {token}", "-H", "Content-Type: application/json"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        options = ["-t1", "-c16", f"-d{seconds}s", "--timeout", "10s", "-s", file.name]
        command = ["wrk", *options, *headers, f"{base}/articles?limit=20"]
        before = clock()
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        used = clock().since(before)
    if "Non-2xx" in output:
        sys.exit(f"{operation} at {base} did not succeed:\n{output}")
    requests = int(re.findall(r"(\d+) requests in", output)[0])
    return Sample(float(re.findall(r"Requests/sec:\s+([\d.]+)", output)[0]), used.each(max(requests, 1)))
