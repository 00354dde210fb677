"""Secrets in code, switched-off verification, passwords, shells, formats that run code, answers that hide failures."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from backwright.review.findings import Finding, Severity, Site
from backwright.review.migrations.calls import argument, dotted, flag, last, word, words
from backwright.review.python.endpoints import Module, truth
from backwright.review.python.rules import RULES

Met = Iterator[tuple[str, str, Severity]]


def dangerous(module: Module) -> Iterator[Finding]:
    """All findings about single expressions of a module."""
    inside = {id(node) for e in module.endpoints for node in ast.walk(e.function)}
    for node in ast.walk(module.tree):
        for rule, message, severity in _met(node, module, id(node) in inside):
            assert isinstance(node, ast.expr | ast.stmt | ast.arg | ast.keyword)
            site = Site(module.file, node.lineno, node.col_offset + 1)
            yield site.finding(RULES[rule], message, severity)
    yield from _settings(module)
    yield from _hidden_failures(module)


def _met(node: ast.AST, module: Module, in_endpoint: bool) -> Met:
    match node:
        case ast.Call():
            yield from _secret_arguments(node)
            yield from _tls(node)
            yield from _jwt(node)
            yield from _password_hash(node)
            yield from _shell(node)
            yield from _formats(node, in_endpoint)
            yield from _switches(node)
        case ast.Assign(targets=[target], value=value):
            yield from _secret(dotted(target).rpartition(".")[2], value)
        case ast.AnnAssign(target=target, value=value) if value is not None:
            yield from _secret(dotted(target).rpartition(".")[2], value)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            yield from _comparison(left, right)
        case ast.Attribute(attr="CERT_NONE"):
            yield "tls-not-verified", "CERT_NONE", "error"
        case ast.Constant(value=str() as text) if _KNOWN.search(text):
            yield "secret-in-code", "a key in the form of a well-known service", "error"
        case _:
            return


_SECRET = re.compile(
    r"(^|_)(secret|secret_?key|password|passwd|pwd|api_?key|private_?key|access_?key|auth_?token|access_?token|signing_?key|"
    r"client_?secret|jwt_?secret|encryption_?key)$",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"\bAKIA[0-9A-Z]{16}\b|\bghp_[A-Za-z0-9]{36}\b|\bsk_live_[A-Za-z0-9]{16,}|"
    r"\bxox[bp]-[0-9A-Za-z-]{20,}|-----BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY-----|"
    r"\w+://[^\s:/@{}$<>]+:[^\s:/@{}$<>*]{3,}@(?!(?:localhost|127\.0\.0\.1|db|postgres|mysql|redis|host)(?:[:/]|$))[\w.-]+"
)
_PLACEHOLDER = re.compile(
    r"^<.*>$|^\$|^\{|\.\.\.|^x+$|^\*+$|example|placeholder|your[-_ ]|env:|^none$|\s|^/|^https?:|^X-",
    re.IGNORECASE,
)
_FIELDS = {
    "password",
    "passwd",
    "secret",
    "apikey",
    "accesstoken",
    "authtoken",
    "clientsecret",
    "secretkey",
    "bearer",
}
"""What members of a body are called: the name of a secret, and not one."""


def _is_secret(name: str, value: ast.expr | None) -> bool:
    text = value.value if isinstance(value, ast.Constant) else None
    if not isinstance(text, str) or len(text) < 6 or _PLACEHOLDER.search(text):
        return False
    bare = re.sub(r"[^a-z0-9]", "", text.lower())
    return bare not in _FIELDS and bare != re.sub(r"[^a-z0-9]", "", name.lower())


def _secret(name: str, value: ast.expr) -> Met:
    if not _SECRET.search(name):
        return
    if _is_secret(name, value):
        yield "secret-in-code", f"`{name}` is written down", "error"
    elif isinstance(value, ast.Call) and last(value.func) in {"get", "getenv", "config", "env"}:
        default = argument(value, 1, "default")
        if re.search(r"environ|getenv|config|env", dotted(value.func)) and _is_secret(name, default):
            yield "secret-in-code", f"`{name}` has a default that works", "error"


def _secret_arguments(call: ast.Call) -> Met:
    if last(call.func) in {"Field", "Column", "Form", "Body", "dict"} or last(call.func).endswith("Create"):
        return
    for keyword in call.keywords:
        if keyword.arg and _SECRET.search(keyword.arg) and _is_secret(keyword.arg, keyword.value):
            yield "secret-in-code", f"`{keyword.arg}` is written down", "error"


def _tls(call: ast.Call) -> Met:
    name = dotted(call.func)
    if flag(argument(call, -1, "verify")) is False and not name.startswith(("jwt.", "jose.")):
        yield "tls-not-verified", f"{last(call.func)}(verify=False)", "error"
    if name.endswith("_create_unverified_context"):
        yield "tls-not-verified", "an unverified context", "error"


def _jwt(call: ast.Call) -> Met:
    if dotted(call.func) not in {"jwt.decode", "jose.jwt.decode", "pyjwt.decode"}:
        return
    options = argument(call, -1, "options")
    pairs = zip(options.keys, options.values, strict=True) if isinstance(options, ast.Dict) else ()
    if any(word(key) == "verify_signature" and flag(value) is False for key, value in pairs if key):
        yield "token-not-verified", "verify_signature is off", "error"
    elif flag(argument(call, -1, "verify")) is False:
        yield "token-not-verified", "verify=False", "error"
    else:
        algorithms = argument(call, 2, "algorithms", "algorithm")
        if algorithms is None and not any(k.arg is None for k in call.keywords):
            yield "token-not-verified", "no algorithms are named", "error"
        elif algorithms is not None and "none" in {a.lower() for a in words(algorithms)}:
            yield "token-not-verified", "the algorithm none is taken", "error"


_PASSWORD = re.compile(r"(^|_)(password|passwd|pwd|passphrase)$", re.IGNORECASE)
_REPEATED = re.compile(r"confirm|repeat|again|retype|password_?2|new_|old_|current_", re.IGNORECASE)


def _called(node: ast.AST) -> str:
    match node:
        case ast.Subscript(slice=ast.Constant(value=str() as key)):
            return key
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str() as key), *_]):
            return key
        case _:
            return dotted(node).rpartition(".")[2]


def _comparison(left: ast.expr, right: ast.expr) -> Met:
    names = _called(left), _called(right)
    both = all(names) and any(_PASSWORD.search(name) for name in names)
    if both and not any(_REPEATED.search(ast.unparse(node)) for node in (left, right)):
        yield "password-compared", f"`{ast.unparse(left)}` with `{ast.unparse(right)}`", "error"


_FAST = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "new"}


def _password_hash(call: ast.Call) -> Met:
    name = dotted(call.func)
    if last(call.func) not in _FAST or not (name.startswith("hashlib.") or name in _FAST - {"new"}):
        return
    for part in (n for arg in call.args for n in ast.walk(arg)):
        if isinstance(part, ast.Name | ast.Attribute) and _PASSWORD.search(last(part)):
            yield "password-hashed-fast", f"{last(call.func)} of `{last(part)}`", "error"
            return


def _constant(node: ast.expr | None) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return all(_constant(element) for element in elements)
        case ast.JoinedStr(values=values):
            return all(isinstance(value, ast.Constant) for value in values)
        case ast.Name(id=name):
            return name.isupper()
        case _:
            return False


def _shell(call: ast.Call) -> Met:
    name = dotted(call.func)
    command = argument(call, 0, "args", "cmd")
    shelled = name.startswith("subprocess.") and truth(call, "shell")
    if (shelled or name in {"os.system", "os.popen"}) and command is not None and not _constant(command):
        yield "shell-with-values", f"{name} of `{ast.unparse(command)[:60]}`", "error"


_INPUT = re.compile(r"request|body|payload|cookie|upload|file\.read|\.data\b|message", re.IGNORECASE)
_PICKLES = {"pickle", "cPickle", "dill", "marshal", "jsonpickle", "cloudpickle"}


def _formats(call: ast.Call, in_endpoint: bool) -> Met:
    name = dotted(call.func)
    if name == "yaml.load":
        loader = argument(call, 1, "Loader")
        if loader is None or not re.search(r"Safe|Base", ast.unparse(loader)):
            yield "unsafe-deserialization", "yaml.load without a safe loader", "error"
    elif name in {"yaml.unsafe_load", "yaml.full_load"}:
        yield "unsafe-deserialization", name, "error"
    elif name.partition(".")[0] in _PICKLES and last(call.func) in {"load", "loads", "decode"}:
        given = in_endpoint or bool(call.args and _INPUT.search(ast.unparse(call.args[0])))
        yield "unsafe-deserialization", name, "error" if given else "warning"


def _switches(call: ast.Call) -> Met:
    name = last(call.func)
    served = name == "run" and re.search(r"app|server|api", dotted(call.func)) is not None
    if truth(call, "debug") and (served or name in {"FastAPI", "Flask", "Starlette", "Quart", "Litestar"}):
        yield "debug-on", f"{name}(debug=True)", "error"
    middle = call.args and last(call.args[0]) == "CORSMiddleware"
    if name == "CORSMiddleware" or (name in {"add_middleware", "Middleware"} and middle):
        origins = set(words(argument(call, -1, "allow_origins"))) | {
            word(argument(call, -1, "allow_origin_regex"))
        }
        if origins & {"*", ".*", "^.*$", "https?://.*"} and truth(call, "allow_credentials"):
            yield "any-origin-with-credentials", "every origin, with credentials", "error"
    elif name == "CORS" and truth(call, "supports_credentials"):
        listed = argument(call, -1, "origins")
        if listed is None or "*" in {word(listed), *words(listed)}:
            yield "any-origin-with-credentials", "every origin, with credentials", "error"


def _settings(module: Module) -> Iterator[Finding]:
    """Django's settings, where a name at the top of a module is what is set."""
    name = "/".join(Path(module.file).parts[-2:])
    if not re.search(r"settings|config", name) or re.search(r"dev|local|test|ci\b", name):
        return
    found: dict[str, tuple[ast.stmt, object]] = {}
    for node in module.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                found[name] = (node, value)
            case _:
                continue
    if found.get("DEBUG", (None, None))[1] is True:
        place = found["DEBUG"][0]
        yield Site(module.file, place.lineno, 1).finding(RULES["debug-on"], "DEBUG = True")
    every = next(
        (n for n in ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL") if found.get(n, (0, 0))[1] is True),
        None,
    )
    if every and found.get("CORS_ALLOW_CREDENTIALS", (None, None))[1] is True:
        place = found[every][0]
        message = f"{every} with CORS_ALLOW_CREDENTIALS"
        yield Site(module.file, place.lineno, 1).finding(RULES["any-origin-with-credentials"], message)


def _hidden_failures(module: Module) -> Iterator[Finding]:
    for endpoint in module.endpoints:
        for node in ast.walk(endpoint.function):
            if not isinstance(node, ast.ExceptHandler) or not _broad(node):
                continue
            if any(isinstance(inner, ast.Raise) for inner in ast.walk(node)):
                continue
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None and _success(inner.value, node):
                    site = Site(module.file, inner.lineno, inner.col_offset + 1)
                    message = "what failed is answered with 200"
                    yield site.finding(RULES["failure-answered-as-success"], message)
                    break


def _broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or last(handler.type) in {"Exception", "BaseException"}


def _success(value: ast.expr, handler: ast.ExceptHandler) -> bool:
    if "status" in ast.unparse(handler):
        return False
    match value:
        case ast.Tuple():
            return False  # Flask: the status is the second
        case ast.Call(func=func, args=arguments):
            if last(func) in {"Response", "JSONResponse", "HttpResponse", "JsonResponse"}:
                return not any(isinstance(a, ast.Constant) and isinstance(a.value, int) for a in arguments)
            return last(func) in {"jsonify", "dict", "model_dump"}
        case ast.Dict() | ast.List() | ast.Constant():
            return True
        case _:
            return False
