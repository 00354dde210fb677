"""Settings, from the same environment as the emitted backend's."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

URL = os.environ["DATABASE_URL"]
SECRET_KEY = os.environ["TOKEN_KEYS"].partition(":")[2]
IS_SQLITE = URL.startswith("sqlite:")
ALLOWED_HOSTS = ["127.0.0.1"]
APPEND_SLASH = False
INSTALLED_APPS = ["rest_framework"]
MIDDLEWARE = ["around.around"]
ROOT_URLCONF = "urls"
USE_TZ = True
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "EXCEPTION_HANDLER": "failures.failed",
    "UNAUTHENTICATED_USER": None,
}


def database() -> dict[str, Any]:
    if IS_SQLITE:
        pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": URL.removeprefix("sqlite:///"),
            "CONN_MAX_AGE": None,
            "OPTIONS": {"init_command": pragmas, "transaction_mode": "IMMEDIATE"},
        }
    address = urlsplit(URL)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": address.path.lstrip("/"),
        "USER": address.username or "",
        "PASSWORD": unquote(address.password or ""),
        "HOST": address.hostname or parse_qs(address.query).get("host", [""])[0],
        "PORT": str(address.port or ""),
        "OPTIONS": {"pool": {"min_size": 10, "max_size": 10}},
    }


DATABASES = {"default": database()}
