"""GET /docs: Swagger UI, served from its package: it works offline and loads nothing from elsewhere."""

from html import escape
from pathlib import Path

from openapi_ui_bundles import swagger_ui

from backwright_runtime.errors import NotFound
from backwright_runtime.responses import Answer

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FILES = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="documentation"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = b"""SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  validatorUrl: null,
});
"""
CACHED = {"cache-control": "public, max-age=86400"}


class Documentation:
    """The contract as JSON, and a page that shows it."""

    def __init__(self, title: str, contract: Path) -> None:
        contract_answer = Answer(200, {"content-type": "application/json"}, contract.read_bytes())
        page = PAGE.format(title=escape(title)).encode()
        about_page = {"content-type": "text/html; charset=utf-8", "content-security-policy": POLICY}
        about_start = {"content-type": "text/javascript; charset=utf-8", **CACHED}
        self._documents = {
            "/openapi.json": contract_answer,
            "/docs": Answer(200, about_page, page),
            "/docs/start.js": Answer(200, about_start, START),
        }

    def find(self, path: str) -> Answer:
        """The document at this path. Raises NotFound."""
        known = self._documents.get(path)
        if known is not None:
            return known
        name = path.removeprefix("/docs/")
        if name not in FILES:
            raise NotFound
        body = (Path(swagger_ui.static_path) / name).read_bytes()
        document = Answer(200, {"content-type": FILES[name], **CACHED}, body)
        self._documents[path] = document
        return document
