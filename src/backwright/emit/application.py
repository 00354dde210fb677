"""Writes `app.py`, `__main__.py`, `settings.py` and `__init__.py`."""

from __future__ import annotations

from backwright.emit.logic.partners import in_python, kind_of
from backwright.emit.names import Names, module_name
from backwright.emit.secrets import encrypted_fields
from backwright.emit.source import Identifier, Source, imports, indented, literal, module, printable, source
from backwright.model.environment import variables
from backwright.model.types import Model, ShowHtml, SignOut
from backwright_runtime.database.names import caller_role
from backwright_runtime.retained import KEPT_DAYS

_RUNTIME = "backwright_runtime"
MAX_BODY = 1024 * 1024
"""What a body may have, in bytes, where the specification does not say; the runtime's own default."""


def app_module(model: Model, names: Names, tags: list[str]) -> str:
    """The application: what it consists of and what it runs on."""
    service, auth = model.service, model.auth
    modules = [module_name(tag) for tag in tags]
    templates = has_templates(model)
    given = [
        f"name={literal(service.name)},",
        f"version={literal(service.version)},",
        "settings=settings or Settings.from_environment(),",
        f"routers=[{', '.join(f'{each}.router' for each in modules)}],",
    ]
    if auth is not None:
        given += ["identify=identify,", f"token_seconds={auth.token_seconds},"]
        given += [f"scheme={literal(auth.scheme)},"] if auth.scheme != "Bearer" else []
        given += [f"cookie={literal(auth.cookie)},"] if auth.cookie is not None else []
        given += ["revocation=True,"] if signs_out(model) else []
    given += [f"row_level={literal(caller_role(service.package))},"] if model.security else []
    given += ["envelope=False,"] if not service.envelope else []
    given += ["errors=ERRORS,"] if service.answers else []
    given += ["failures=PROBLEM_JSON,"] if service.failures == "problem_json" else []
    given += [f"max_body={service.max_body},"] if service.max_body != MAX_BODY else []
    given += ["templates=TEMPLATES,"] if templates else []
    given += ["openapi=OPENAPI,", "seam=seam,", *(["passwords=passwords,"] if auth else [])]
    given += ["logic=logic,"] if model.logic else []
    hashing = ", passwords: Passwords = ARGON2ID" if auth else ""
    hashing += ", logic: Runner = WRITTEN" if model.logic else ""
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
    if model.logic:
        needed |= imports(f"{_RUNTIME}.logic", "WRITTEN", "Runner")
    if service.failures == "problem_json":
        needed |= imports(f"{_RUNTIME}.failures", "PROBLEM_JSON")
    if service.answers:
        needed |= imports(f"{names.package}.errors", "ERRORS")
    folders = 'OPENAPI = Path(__file__).parent / "openapi.json"'
    if templates:
        folders += '\nTEMPLATES = Path(__file__).parent / "templates"'
    contract = source(folders, imports("pathlib", "Path"))
    who = ", who its callers are," if auth else ""
    about = f"The application: its routes{who} and what it runs on."
    return module(about, [contract, source(text, needed)], package=names.package)


def has_templates(model: Model) -> bool:
    """Whether any operation answers with a page."""
    return any(isinstance(operation.respond.show, ShowHtml) for operation in model.operations)


def signs_out(model: Model) -> bool:
    """Whether tokens can be revoked."""
    return any(isinstance(step, SignOut) for operation in model.operations for step in operation.steps)


def main_module(model: Model, names: Names) -> str:
    """The command line."""
    package = names.package
    days = model.service.kept_days
    kept = "" if days == KEPT_DAYS else f", kept_days={days}"
    text = f'if __name__ == "__main__":\n    main(create_app, Settings, migrations=Path("migrations"){kept})'
    needed = (
        imports("pathlib", "Path")
        | imports(f"{_RUNTIME}.command", "main")
        | imports(f"{package}.app", "create_app")
        | imports(f"{package}.settings", "Settings")
    )
    about = f"`python -m {package} serve`, `python -m {package} migrate up|down|status|purge`."
    return module(about, [source(text, needed)], package=package)


def settings_module(model: Model, names: Names) -> str:
    """The configuration. A service without accounts signs no tokens and needs no keys for them."""
    lines: list[str] = []
    needed = imports(_RUNTIME, "RuntimeSettings")
    if model.auth is None:
        lines.append("token_keys: tuple[TokenKey, ...] = ()  # nobody signs in")
        needed |= imports(_RUNTIME, "TokenKey")
    if encrypted_fields(model):
        lines.append("encryption_keys: tuple[EncryptionKey, ...]  # the first encrypts, all decrypt")
        needed |= imports(_RUNTIME, "EncryptionKey")
    own = list(variables(model.settings, model.integrations))
    secret = [each.name for each in own if each.secret]
    if secret:
        named = ", ".join(literal(name) for name in secret)
        lines.append(f"secrets: ClassVar[frozenset[str]] = RuntimeSettings.secrets | {{{named}}}")
        needed |= imports("typing", "ClassVar")
    for each in own:
        kind = kind_of(each)
        default = "" if each.default is None else f" = {in_python(each, each.default)}"
        lines.append(f"{Identifier(each.name)}: {kind}{default}")
        needed |= kind.imports
    only_named = ", kw_only=True" if encrypted_fields(model) or own else ""
    text = (
        f"class Settings(RuntimeSettings, frozen=True{only_named}):\n"
        '    """Every variable this service reads. `.env.example` lists them with their meaning."""'
    )
    text += f"\n\n{indented(chr(10).join(lines))}" if lines else ""
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
