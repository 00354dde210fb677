"""What is looked for in the code of a backend. Ids and names are stable and never reused."""

from __future__ import annotations

from backwright.review.rule import Rule

_ALL = [
    Rule(
        "PY101",
        "endpoint-without-authentication",
        "An endpoint asks for no credentials where its siblings do",
        "anybody on the network can call it",
        "An endpoint that writes, or reads by an id, without a dependency, decorator or permission class that names a "
        "user, token, login, role or the like, when another endpoint of the same module has one. Left out: whole "
        "routers and applications that are protected, also from another module of what is reviewed (include_router, "
        "middleware, settings), and paths that are public by their nature (login, sign-up, health, webhooks, …).",
        "`@router.delete('/{id}')` beside `@router.get('/', dependencies=[Depends(current_user)])`",
        "add the dependency that its siblings have, or protect the router",
    ),
    Rule(
        "PY102",
        "object-not-limited-to-owner",
        "An object is fetched by the id in the path, whoever asks",
        "a caller who guesses an id reads or changes what belongs to somebody else",
        "An endpoint with a caller that fetches a row by a path parameter and uses neither the caller nor a word such "
        "as owner or tenant in its body. An error where it writes or another endpoint of the module limits to "
        "the caller, "
        "otherwise a warning: some things are everybody's. Dependencies that ask for a role are left out.",
        "`db.get(Invoice, invoice_id)` with `user` unused",
        "filter by the caller too: `.where(Invoice.owner_id == user.id)`, and answer 404",
    ),
    Rule(
        "PY103",
        "mass-assignment",
        "A row is filled with whatever the body says",
        "a caller sets fields that were not meant for them: role, owner, price",
        "`Model(**request.json)`, `.create(**…)`, `.update(**…)` or a setattr loop over a body that no schema limits "
        "(raw JSON, form or `request.data`); `fields = '__all__'` and `exclude` of a ModelSerializer are warnings.",
        "`User(**await request.json())`",
        "name the fields that callers may set, in a schema",
    ),
    Rule(
        "PY201",
        "query-in-loop",
        "A query for each row",
        "the answer takes longer with every row; under load the database runs out of connections",
        "A reading query in a for loop or comprehension, in a method of a serializer (`get_…`), or an attribute of a "
        "related row in a loop over a Django query without select_related or prefetch_related (a warning). Loops over "
        "batches, pages, retries and ranges are left out.",
        "`for order in orders: await session.get(Customer, order.customer_id)`",
        "one query for all: a join, `in_(ids)`, selectinload, prefetch_related",
    ),
    Rule(
        "PY202",
        "list-without-limit",
        "A list has no limit",
        "one request reads the whole table: memory and time grow with it until the service stops",
        "An endpoint that reads and answers `.all()`, `fetchall()` or `objects.all()`, in a function that knows no "
        "limit, page, cursor, slice or `first`; `pagination_class = None`.",
        "`return db.query(Order).all()`",
        "a limit with a maximum, and a cursor",
    ),
    Rule(
        "PY301",
        "sql-from-strings",
        "SQL is put together from strings",
        "who controls the value runs statements of their own: reads, changes or deletes everything",
        "execute, text, raw, fetch… with an f-string, %, + or format() into words of SQL, also by way of a variable of "
        "the same function. Names in capitals, placeholders and quoted identifiers are left out; "
        "where only a table is named so, it is a warning.",
        "`db.execute(f\"SELECT * FROM t WHERE name = '{name}'\")`",
        "parameters: `execute(text('… = :name'), {'name': name})`",
    ),
    Rule(
        "PY302",
        "secret-in-code",
        "A secret stands in the code",
        "everybody who reads the repository, now or later, can act as the service",
        "A text assigned to a name such as secret_key, password or api_key, passed as such an argument, as default of "
        "os.environ.get, or in the form of a well-known key. Placeholders, names of things are left out.",
        "`SECRET_KEY = 's3cr3t-value'`",
        "read it from the environment without a default, and replace the one that was committed",
    ),
    Rule(
        "PY303",
        "tls-not-verified",
        "Certificates are not looked at",
        "whoever is in between reads and changes what is sent",
        "`verify=False` of a request or client, `ssl._create_unverified_context`, CERT_NONE.",
        "`httpx.get(url, verify=False)`",
        "leave verification on; name the authority's certificate if it is your own",
    ),
    Rule(
        "PY304",
        "token-not-verified",
        "A token is believed without looking at its signature",
        "anybody writes a token and is whoever they want to be",
        "jwt.decode with verify_signature off, `verify=False`, the algorithm none, or no algorithms.",
        "`jwt.decode(token, options={'verify_signature': False})`",
        "`jwt.decode(token, key, algorithms=['RS256'], audience=…)`",
    ),
    Rule(
        "PY305",
        "password-compared",
        "A password is compared as text",
        "passwords are stored readable, or the time of the comparison tells them",
        "== or != between two values of which one is called password (and the other not a repetition of it).",
        "`if user.password == form.password`",
        "verify a hash of argon2, scrypt or bcrypt",
    ),
    Rule(
        "PY306",
        "password-hashed-fast",
        "A password is hashed by a fast function",
        "whoever gets the table tries billions of passwords a second",
        "md5, sha1, sha224, sha256, sha384 or sha512 of hashlib of something called password.",
        "`hashlib.sha256(password.encode())`",
        "argon2, scrypt or bcrypt",
    ),
    Rule(
        "PY307",
        "shell-with-values",
        "A shell runs a line that was put together",
        "who controls the value runs commands on the server",
        "subprocess with shell=True, os.system or os.popen and a command that is not a constant.",
        "`subprocess.run(f'convert {name}', shell=True)`",
        "a list of arguments without a shell",
    ),
    Rule(
        "PY308",
        "unsafe-deserialization",
        "Data is read in a format that runs code",
        "who controls the data runs code on the server",
        "yaml.load without a safe loader, yaml.unsafe_load; pickle, marshal, dill and jsonpickle: an error in an "
        "endpoint or of something called request, body, payload, cookie or upload, otherwise a warning.",
        "`yaml.load(body)`",
        "yaml.safe_load, JSON",
    ),
    Rule(
        "PY309",
        "debug-on",
        "The debug mode is on",
        "errors show source, settings and a console to everybody",
        "`debug=True` of an application or its `run`, `DEBUG = True` in a settings module that is not called after "
        "development or test.",
        "`app.run(debug=True)`",
        "read it from the environment, off by default",
    ),
    Rule(
        "PY310",
        "any-origin-with-credentials",
        "Every web page may call with the user's credentials",
        "a page that a user visits acts in their name",
        "CORS of every origin (`*`, `.*`) with credentials: CORSMiddleware, flask_cors, django-cors-headers.",
        "`CORSMiddleware, allow_origins=['*'], allow_credentials=True`",
        "name the origins",
    ),
    Rule(
        "PY311",
        "failure-answered-as-success",
        "A failure is answered with 200",
        "callers take it for done; nothing alerts",
        "An endpoint whose `except Exception` or bare `except` returns a value without a status of 400 or more.",
        "`except Exception as e: return {'error': str(e)}`",
        "let it rise, or raise an error with its status",
    ),
]
RULES = {rule.name: rule for rule in _ALL}
"""Rules by name."""
