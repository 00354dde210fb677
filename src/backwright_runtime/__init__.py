"""What every backend built by Backwright imports. Public names are re-exported here, once.

Each is imported when it is first asked for: the tool that writes backends uses parts of the
runtime without its servers.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backwright_runtime.application import Application
    from backwright_runtime.cipher import Cipher
    from backwright_runtime.context import RequestContext
    from backwright_runtime.database.interface import (
        CheckViolation,
        Database,
        DatabaseUnavailable,
        ForeignKeyViolation,
        Queries,
        UniqueViolation,
        Value,
    )
    from backwright_runtime.database.statement import Statement, guarded, sql
    from backwright_runtime.errors import (
        Conflict,
        FieldError,
        Forbidden,
        Gone,
        Internal,
        Invalid,
        InvalidCredentials,
        Malformed,
        MethodNotAllowed,
        NotFound,
        PayloadTooLarge,
        PreconditionFailed,
        PreconditionRequired,
        ServiceError,
        TooManyRequests,
        Unauthenticated,
        Unavailable,
        UnsupportedMediaType,
        found,
    )
    from backwright_runtime.failures import ErrorAnswer, ErrorAnswers, ErrorWords
    from backwright_runtime.grouping import grouped
    from backwright_runtime.inputs import given
    from backwright_runtime.kinds import (
        EMAIL_ADDRESS,
        FOLDED,
        WORD,
        Email,
        FromFile,
        Json,
        Media,
        Pattern,
        Scale,
    )
    from backwright_runtime.limits import Rate
    from backwright_runtime.notices import Cache, Deprecation
    from backwright_runtime.paging import Keyset, KeysetQuery, NumberedQuery, OffsetQuery, Page, counted
    from backwright_runtime.passwords import ARGON2ID, Passwords
    from backwright_runtime.responses import (
        Cookie,
        Response,
        answer,
        created,
        csv,
        file,
        html,
        no_content,
        ok,
        text,
    )
    from backwright_runtime.routing import Router
    from backwright_runtime.seam import SYSTEM, Moment, Seam
    from backwright_runtime.settings import EncryptionKey, RuntimeSettings, SettingsError, TokenKey
    from backwright_runtime.texts import as_text, base64_text, decimal_text, plain, slug, suffixed, timestamp
    from backwright_runtime.tokens import Session

__version__ = "0.1.0"

__all__ = [
    "ARGON2ID",
    "EMAIL_ADDRESS",
    "FOLDED",
    "SYSTEM",
    "WORD",
    "Application",
    "Cache",
    "CheckViolation",
    "Cipher",
    "Conflict",
    "Cookie",
    "Database",
    "DatabaseUnavailable",
    "Deprecation",
    "Email",
    "EncryptionKey",
    "ErrorAnswer",
    "ErrorAnswers",
    "ErrorWords",
    "FieldError",
    "Forbidden",
    "ForeignKeyViolation",
    "FromFile",
    "Gone",
    "Internal",
    "Invalid",
    "InvalidCredentials",
    "Json",
    "Keyset",
    "KeysetQuery",
    "Malformed",
    "Media",
    "MethodNotAllowed",
    "Moment",
    "NotFound",
    "NumberedQuery",
    "OffsetQuery",
    "Page",
    "Passwords",
    "Pattern",
    "PayloadTooLarge",
    "PreconditionFailed",
    "PreconditionRequired",
    "Queries",
    "Rate",
    "RequestContext",
    "Response",
    "Router",
    "RuntimeSettings",
    "Scale",
    "Seam",
    "ServiceError",
    "Session",
    "SettingsError",
    "Statement",
    "TokenKey",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "UniqueViolation",
    "UnsupportedMediaType",
    "Value",
    "answer",
    "as_text",
    "base64_text",
    "counted",
    "created",
    "csv",
    "decimal_text",
    "file",
    "found",
    "given",
    "grouped",
    "guarded",
    "html",
    "no_content",
    "ok",
    "plain",
    "slug",
    "sql",
    "suffixed",
    "text",
    "timestamp",
]

_NAMES = {
    "backwright_runtime.application": ("Application",),
    "backwright_runtime.cipher": ("Cipher",),
    "backwright_runtime.context": ("RequestContext",),
    "backwright_runtime.database.interface": (
        "CheckViolation",
        "Database",
        "DatabaseUnavailable",
        "ForeignKeyViolation",
        "Queries",
        "UniqueViolation",
        "Value",
    ),
    "backwright_runtime.database.statement": ("Statement", "guarded", "sql"),
    "backwright_runtime.errors": (
        "Conflict",
        "FieldError",
        "Forbidden",
        "Gone",
        "Internal",
        "Invalid",
        "InvalidCredentials",
        "Malformed",
        "MethodNotAllowed",
        "NotFound",
        "PayloadTooLarge",
        "PreconditionFailed",
        "PreconditionRequired",
        "ServiceError",
        "TooManyRequests",
        "Unauthenticated",
        "Unavailable",
        "UnsupportedMediaType",
        "found",
    ),
    "backwright_runtime.failures": ("ErrorAnswer", "ErrorAnswers", "ErrorWords"),
    "backwright_runtime.grouping": ("grouped",),
    "backwright_runtime.inputs": ("given",),
    "backwright_runtime.kinds": (
        "EMAIL_ADDRESS",
        "FOLDED",
        "WORD",
        "Email",
        "FromFile",
        "Json",
        "Media",
        "Pattern",
        "Scale",
    ),
    "backwright_runtime.limits": ("Rate",),
    "backwright_runtime.notices": ("Cache", "Deprecation"),
    "backwright_runtime.paging": ("Keyset", "KeysetQuery", "NumberedQuery", "OffsetQuery", "Page", "counted"),
    "backwright_runtime.passwords": ("ARGON2ID", "Passwords"),
    "backwright_runtime.responses": (
        "Cookie",
        "Response",
        "answer",
        "created",
        "csv",
        "file",
        "html",
        "no_content",
        "ok",
        "text",
    ),
    "backwright_runtime.routing": ("Router",),
    "backwright_runtime.seam": ("SYSTEM", "Moment", "Seam"),
    "backwright_runtime.settings": ("EncryptionKey", "RuntimeSettings", "SettingsError", "TokenKey"),
    "backwright_runtime.texts": (
        "as_text",
        "base64_text",
        "decimal_text",
        "plain",
        "slug",
        "suffixed",
        "timestamp",
    ),
    "backwright_runtime.tokens": ("Session",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    """A public name, from its module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
