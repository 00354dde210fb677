"""What every backend built by Backwright imports. Public names are re-exported here, once."""

from backwright_runtime.application import Application
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
    Invalid,
    InvalidCredentials,
    Malformed,
    NotFound,
    ServiceError,
    Unauthenticated,
    Unavailable,
)
from backwright_runtime.inputs import Email, given
from backwright_runtime.paging import Keyset, KeysetQuery, Page
from backwright_runtime.passwords import ARGON2ID, Passwords
from backwright_runtime.responses import Response, created, no_content, ok, timestamp
from backwright_runtime.routing import Router
from backwright_runtime.seam import SYSTEM, Moment, Seam
from backwright_runtime.settings import RuntimeSettings, SettingsError, TokenKey

__version__ = "0.1.0"

__all__ = [
    "ARGON2ID",
    "SYSTEM",
    "Application",
    "CheckViolation",
    "Conflict",
    "Database",
    "DatabaseUnavailable",
    "Email",
    "FieldError",
    "Forbidden",
    "ForeignKeyViolation",
    "Invalid",
    "InvalidCredentials",
    "Keyset",
    "KeysetQuery",
    "Malformed",
    "Moment",
    "NotFound",
    "Page",
    "Passwords",
    "Queries",
    "RequestContext",
    "Response",
    "Router",
    "RuntimeSettings",
    "Seam",
    "ServiceError",
    "SettingsError",
    "Statement",
    "TokenKey",
    "Unauthenticated",
    "Unavailable",
    "UniqueViolation",
    "Value",
    "created",
    "given",
    "no_content",
    "ok",
    "sql",
    "timestamp",
]
