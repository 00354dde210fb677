"""What handlers return, and how it becomes an answer."""

import csv as csv_files
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backwright_runtime.errors import NotFound
from backwright_runtime.texts import file_name, header_text, timestamp

if TYPE_CHECKING:
    import jinja2.sandbox

JSON = "application/json"
MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w.-]+)?", re.ASCII)
PAGE_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
NOT_OF_COOKIES = re.compile(r"[^!#-+\--:<-\[\]-~]")
COMPUTED = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for a formula (OWASP, CSV injection)."""

Headers = Mapping[str, str | None]
NO_HEADERS: Headers = {}


class Cookie(Struct, frozen=True):
    """A cookie of an answer, until the browser closes or for some seconds. None removes it."""

    name: str
    value: str | None
    seconds: int | None = None

    def text(self) -> str:
        """The value of its Set-Cookie header."""
        if self.value is None:
            return f"{self.name}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
        age = "" if self.seconds is None else f"; Max-Age={self.seconds}"
        value = NOT_OF_COOKIES.sub("_", self.value)
        return f"{self.name}={value}; Path=/{age}; HttpOnly; Secure; SameSite=Lax"


class Page(Struct, frozen=True):
    """A page of a template: its names are printed like JSON and escaped."""

    template: str
    names: Mapping[str, object]


class Content(Struct, frozen=True):
    """A body that is no JSON."""

    body: bytes
    media: str


class Response(Struct, frozen=True, kw_only=True):
    """A successful answer.

    `data` is JSON (UNSET: no body). `next` and `total` say that it is a page; `wrap` is the member that holds
    it; `bare` leaves out the envelope. `version` is the row's, shown as ETag.
    """

    status: int
    data: object = UNSET
    page: Page | None = None
    content: Content | None = None
    next: str | UnsetType | None = UNSET
    total: int | UnsetType = UNSET
    wrap: str | None = None
    bare: bool = False
    location: str | None = None
    version: int | None = None
    headers: Headers = {}
    cookies: Sequence[Cookie] = ()


class Answer(Struct, frozen=True):
    """A whole answer as HTTP carries it. None is no body."""

    status: int
    headers: dict[str, str]
    body: bytes | None
    cookies: tuple[str, ...] = ()


# What handlers return -------------------------------------------------------------------------------


def answer(
    data: object = UNSET,
    *,
    status: int = 200,
    next: str | UnsetType | None = UNSET,
    total: int | UnsetType | None = UNSET,
    wrap: str | None = None,
    bare: bool = False,
    location: str | None = None,
    version: int | None = None,
    headers: Headers = NO_HEADERS,
    cookies: Sequence[Cookie] = (),
) -> Response:
    """JSON with any status of success; without data there is no body. `next` or `total` make it a page."""
    return Response(
        status=status,
        data=data,
        next=next,
        total=UNSET if total is None else total,
        wrap=wrap,
        bare=bare,
        location=location,
        version=version,
        headers=headers,
        cookies=cookies,
    )


def ok(
    data: object,
    *,
    status: int = 200,
    next: str | UnsetType | None = UNSET,
    total: int | UnsetType | None = UNSET,
    wrap: str | None = None,
    bare: bool = False,
    version: int | None = None,
    headers: Headers = NO_HEADERS,
    cookies: Sequence[Cookie] = (),
) -> Response:
    """200 with data; with `next` or `total`, a page."""
    return answer(
        data,
        status=status,
        next=next,
        total=total,
        wrap=wrap,
        bare=bare,
        version=version,
        headers=headers,
        cookies=cookies,
    )


def created(
    data: object,
    *,
    status: int = 201,
    location: str | None = None,
    wrap: str | None = None,
    bare: bool = False,
    version: int | None = None,
    headers: Headers = NO_HEADERS,
    cookies: Sequence[Cookie] = (),
) -> Response:
    """201 with the new thing, and where it is from now on."""
    return answer(
        data,
        status=status,
        wrap=wrap,
        bare=bare,
        location=location,
        version=version,
        headers=headers,
        cookies=cookies,
    )


def no_content(
    *, status: int = 204, headers: Headers = NO_HEADERS, cookies: Sequence[Cookie] = ()
) -> Response:
    """204, or another status without a body."""
    return Response(status=status, headers=headers, cookies=cookies)


def html(
    template: str,
    names: Mapping[str, object],
    *,
    status: int = 200,
    headers: Headers = NO_HEADERS,
    cookies: Sequence[Cookie] = (),
) -> Response:
    """A page of a template, which also gets `csrf_token`."""
    return Response(status=status, page=Page(template, names), headers=headers, cookies=cookies)


def text(
    body: str, *, status: int = 200, headers: Headers = NO_HEADERS, cookies: Sequence[Cookie] = ()
) -> Response:
    """Plain text."""
    content = Content(body.encode(), "text/plain; charset=utf-8")
    return Response(status=status, content=content, headers=headers, cookies=cookies)


def csv(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    filename: str | None = None,
    status: int = 200,
    headers: Headers = NO_HEADERS,
    cookies: Sequence[Cookie] = (),
) -> Response:
    """A file of rows (RFC 4180), offered for saving under a name."""
    out = io.StringIO()
    file = csv_files.writer(out, lineterminator="\r\n")
    file.writerow(headings)
    file.writerows([_cell(value) for value in row] for row in rows)
    content = Content(out.getvalue().encode(), "text/csv; charset=utf-8")
    return Response(
        status=status, content=content, headers={**headers, **_saved_as(filename)}, cookies=cookies
    )


def file(
    content: bytes | None,
    *,
    media: str | None = None,
    filename: str | None = None,
    status: int = 200,
    headers: Headers = NO_HEADERS,
    cookies: Sequence[Cookie] = (),
) -> Response:
    """A file with its media type, offered for saving under a name. Raises NotFound where there is none."""
    if content is None:
        raise NotFound("file")
    sure = media if media is not None and MEDIA_TYPE.fullmatch(media) else "application/octet-stream"
    return Response(
        status=status,
        content=Content(content, sure),
        headers={**headers, **_saved_as(filename)},
        cookies=cookies,
    )


def _saved_as(filename: str | None) -> dict[str, str]:
    return {} if filename is None else {"content-disposition": file_name(filename)}


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return f"'{value}" if value.startswith(COMPUTED) else value
        case datetime():
            return timestamp(value)
        case Decimal():
            return f"{value:f}"
        case date() | UUID():
            return str(value)
        case _:
            return _encode(value).decode()


# How it becomes an answer ---------------------------------------------------------------------------

_encode = msgspec.json.Encoder().encode


class Meta(Struct, frozen=True):
    """What the envelope says beside the data."""

    request_id: str
    next: str | UnsetType | None = UNSET
    total: int | UnsetType = UNSET


class _Envelope(Struct, frozen=True):
    data: object
    error: None
    meta: Meta


class Rendering:
    """How one service renders its answers."""

    def __init__(self, *, envelope: bool, templates: Path | None) -> None:
        self._envelope = envelope
        self._folder = templates
        self._templates: jinja2.sandbox.SandboxedEnvironment | None = None

    def answer(self, response: Response, request_id: str, csrf_token: str | None) -> Answer:
        """The answer that a handler's response becomes."""
        headers = {name: header_text(value) for name, value in response.headers.items() if value is not None}
        body: bytes | None = None
        if response.content is not None:
            body, headers["content-type"] = response.content.body, response.content.media
        elif response.page is not None:
            body = self._page(response.page, csrf_token)
            headers["content-type"] = "text/html; charset=utf-8"
            headers.setdefault("content-security-policy", PAGE_POLICY)
        else:
            body = self._json(response, request_id)
            if body is not None:
                headers["content-type"] = JSON
        if response.location is not None:
            headers["location"] = header_text(response.location)
        if response.version is not None:
            headers["etag"] = f'"{response.version}"'
        return Answer(response.status, headers, body, tuple([each.text() for each in response.cookies]))

    def _json(self, response: Response, request_id: str) -> bytes | None:
        data = response.data
        is_page = response.next is not UNSET or response.total is not UNSET
        if response.status in (204, 304) or isinstance(data, UnsetType):
            return None
        if self._envelope and not response.bare:
            data = data if response.wrap is None else {response.wrap: data}
            return _encode(_Envelope(data, None, Meta(request_id, response.next, response.total)))
        if is_page:
            about = {"next": response.next, "total": response.total}
            return _encode({response.wrap or "items": data, **_set(about)})
        if response.wrap is not None:
            return _encode({response.wrap: data})
        return None if data is None else _encode(data)

    def _page(self, page: Page, csrf_token: str | None) -> bytes:
        names = msgspec.to_builtins(page.names, str_keys=True)
        return self._loaded(page.template).render({"csrf_token": csrf_token, **names}).encode()

    def _loaded(self, name: str) -> "jinja2.Template":
        if self._templates is None:
            import jinja2.sandbox  # noqa: PLC0415 (only services that have pages load it)

            assert self._folder is not None, "Application(templates=folder)"
            loader = jinja2.FileSystemLoader(self._folder)
            self._templates = jinja2.sandbox.SandboxedEnvironment(
                autoescape=True, loader=loader, auto_reload=False
            )
        return self._templates.get_template(name)


def _set(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not UNSET}
