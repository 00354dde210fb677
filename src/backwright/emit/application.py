"""Writes `app.py`, `__main__.py`, `settings.py` and `__init__.py`."""

from __future__ import annotations

from backwright.emit.names import Names, module_name
from backwright.emit.source import Source, imports, indented, literal, module, printable, source
from backwright.model.types import Model

_RUNTIME = "backwright_runtime"


def app_module(model: Model, names: Names, tags: list[str]) -> str:
    """The application: what it consists of and what it runs on."""
    service, auth = model.service, model.auth
    modules = [module_name(tag) for tag in tags]
    given = [
        f"name={literal(service.name)},",
        f"version={literal(service.version)},",
        "settings=settings or Settings.from_environment(),",
        f"routers=[{', '.join(f'{each}.router' for each in modules)}],",
        *(["identify=identify,"] if auth else []),
        "openapi=OPENAPI,",
        "seam=seam,",
        *(["passwords=passwords,", f"token_seconds={auth.token_seconds},"] if auth else []),
    ]
    hashing = ", passwords: Passwords = ARGON2ID" if auth else ""
    text = (
        f"def create_app(\n    settings: Settings | None = None, *, seam: Seam = SYSTEM{hashing}\n"
        ") -> Application:\n"
        '    """The ASGI application. Settings come from the environment unless given.\n\n'
        "    Raises SettingsError, which names the variable, when the environment is incomplete.\n"
        '    """\n'
        "    return Application(\n" + indented("\n".join(given), 2) + "\n    )"
    )
    needed = imports(_RUNTIME, "SYSTEM", "Application", "Seam") | imports(
        f"{names.package}.settings", "Settings"
    )
    needed |= imports(f"{names.package}.routes", *modules)
    if auth:
        needed |= imports(_RUNTIME, "ARGON2ID", "Passwords") | imports(f"{names.package}.callers", "identify")
    contract = source('OPENAPI = Path(__file__).parent / "openapi.json"', imports("pathlib", "Path"))
    who = ", who its callers are," if auth else ""
    about = f"The application: its routes{who} and what it runs on."
    return module(about, [contract, source(text, needed)], package=names.package)


def main_module(names: Names) -> str:
    """The command line."""
    package = names.package
    text = 'if __name__ == "__main__":\n    main(create_app, Settings, migrations=Path("migrations"))'
    needed = (
        imports("pathlib", "Path")
        | imports(f"{_RUNTIME}.command", "main")
        | imports(f"{package}.app", "create_app")
        | imports(f"{package}.settings", "Settings")
    )
    about = f"`python -m {package} serve`, `python -m {package} migrate up|down|status`."
    return module(about, [source(text, needed)], package=package)


def settings_module(model: Model, names: Names) -> str:
    """The configuration. A service without accounts signs no tokens and needs no keys for them."""
    text = (
        "class Settings(RuntimeSettings, frozen=True):\n"
        '    """Every variable this service reads. `.env.example` lists them with their meaning."""'
    )
    needed = imports(_RUNTIME, "RuntimeSettings")
    if model.auth is None:
        text += "\n\n    token_keys: tuple[TokenKey, ...] = ()  # nobody signs in"
        needed |= imports(_RUNTIME, "TokenKey")
    about = "Configuration from the environment, validated at start (https://12factor.net/config)."
    return module(about, [source(text, needed)], package=names.package)


def package_module(model: Model, names: Names) -> str:
    """The package itself."""
    service = model.service
    about = service.description or f"The service {service.name}, version {service.version}."
    return module(printable(about), [], package=names.package)


def marker_module(about: str, names: Names) -> str:
    """A package that only holds modules."""
    pieces: list[Source] = []
    return module(about, pieces, package=names.package)
