"""A rival: Django with Django REST framework under gunicorn's threads, without N+1.

`select_related` for the author, subqueries for counts and for what the caller has to do with both; connections are
pooled and stay open.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

if __name__ == "__main__":
    gunicorn = Path(sys.executable).with_name("gunicorn")
    address = f"127.0.0.1:{os.environ['PORT']}"
    options = [
        "--worker-class=gthread",
        "--workers=1",
        "--threads=16",
        "--keep-alive=60",
        "--log-level=warning",
    ]
    os.execv(gunicorn, [str(gunicorn), *options, f"--bind={address}", "app:application"])  # noqa: S606

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
