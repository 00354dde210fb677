"""What every backend built by Backwright imports. Public names are re-exported here, once."""

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
from backwright_runtime.database.statement import Statement, sql
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
from backwright_runtime.paging import Keyset, KeysetQuery, OffsetQuery, Page
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
    "created",
    "csv",
    "decimal_text",
    "file",
    "found",
    "given",
    "grouped",
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
