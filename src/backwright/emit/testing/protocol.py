"""Tests of what surrounds an operation: preconditions, idempotency, rates, sessions, and bodies that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.contract.answers import NOT_MODIFIED
from backwright.emit.testing.cases import Case, Repeated, Test, outcome
from backwright.emit.testing.trial import Scene, Stage, Trial, tried
from backwright.model.types import Operation, Rate, SignOut

MOST_TIMES = 400
"""A rate that allows more requests is not tested."""
LONGEST_BODY = 2_000_000
"""A limit of bodies beyond this is not tested."""
MEDIA = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data; boundary=x",
}
HALF = {"json": b"{", "form": b"\xff", "multipart": b"--x\r\n"}
"""What is no body of its media type."""
FEW_TIMES = 20
"""A rate that allows more requests, and that several operations have, is tested with one of them."""


def protocol_tests(trial: Trial) -> Iterator[Test]:
    """The tests of one operation's surroundings."""
    yield from _preconditions(trial)
    yield from _known_version(trial)
    yield from _idempotency(trial)
    yield from _rates(trial)
    yield from _sessions(trial)
    yield from unreadable_bodies(trial)


def _preconditions(trial: Trial) -> Iterator[Test]:
    scene, operation = trial.scene, trial.scene.operation
    if operation.if_match == "no":
        return
    for name, header in (("of_another_version", '"7"'), ("of_no_version", None), ("of_any_version", "*")):
        made = scene.copy()
        made.headers.pop("If-Match", None)
        if header is not None:
            made.headers["If-Match"] = header
        asked = tried(made)
        yield Case(f"{name}_{outcome(asked)}", [asked], "If-Match")


def _known_version(trial: Trial) -> Iterator[Test]:
    """Who has the version that is shown is not shown it again."""
    version = trial.response.headers.get("etag")
    if version is None or trial.scene.operation.method != "GET":
        return
    made = trial.scene.copy()
    made.headers["If-None-Match"] = version
    asked = tried(made)
    if asked.response.status == NOT_MODIFIED:
        yield Case("of_a_known_version_is_not_modified", [asked], "If-None-Match")


def _idempotency(trial: Trial) -> Iterator[Test]:
    scene, operation = trial.scene, trial.scene.operation
    if operation.idempotent == "no":
        return
    scene = scene.copy()
    scene.headers["Idempotency-Key"] = "once"
    stage = Stage(scene.world)
    yield Case("again_gives_the_same_answer", [stage.send(scene), stage.send(scene)], "Idempotency-Key")
    other = _other_body(scene)
    if other is not None:
        stage = Stage(scene.world)
        yield Case(
            "with_the_key_of_another_request", [stage.send(scene), stage.send(other)], "Idempotency-Key"
        )
    if operation.idempotent == "required":
        keyless = scene.copy()
        del keyless.headers["Idempotency-Key"]
        asked = tried(keyless)
        yield Case(f"without_a_key_{outcome(asked)}", [asked], "Idempotency-Key")
    crooked = scene.copy()
    crooked.headers["Idempotency-Key"] = "two words"
    asked = tried(crooked)
    if asked.failure is not None:
        yield Case(f"with_a_crooked_key_{outcome(asked)}", [asked], "Idempotency-Key")


def _other_body(scene: Scene) -> Scene | None:
    """The request with another body, if it has one."""
    for name, value in (scene.body or {}).items():
        made = scene.copy()
        assert made.body is not None
        if isinstance(value, str):
            made.body[name] = f"{value}?"
        elif isinstance(value, int) and not isinstance(value, bool):
            made.body[name] = value + 1
        else:
            continue
        return made
    return None


def _rates(trial: Trial) -> Iterator[Test]:
    scene, operation = trial.scene, trial.scene.operation
    for rate in operation.rates:
        if rate.count > MOST_TIMES or (rate.count > FEW_TIMES and not _is_first(operation, rate, scene)):
            continue
        for asking in (scene, _backwards(scene)):
            stage = Stage(asking.world)
            answers = [stage.send(asking) for _ in range(rate.count + 1)]
            last = answers[-1]
            if last.failure is not None and last.failure.category == "too_many_requests":
                yield Repeated(f"{rate.count + 1}_times_{outcome(last)}", answers[0], last, rate.count)
                break


def _backwards(scene: Scene) -> Scene:
    """The request with its texts written backwards: refused, it does not end the session by which it is counted."""
    made = scene.copy()
    made.body = {
        name: sent[::-1] if isinstance(sent, str) else sent for name, sent in (scene.body or {}).items()
    }
    return made


def _is_first(operation: Operation, rate: Rate, scene: Scene) -> bool:
    """Whether an operation is the first that reads and has the rate; the first of all where none reads."""
    having = [each for each in scene.world.setting.model.operations if rate in each.rates]
    reading = [each for each in having if each.method == "GET"]
    return operation.name == (reading or having)[0].name


def _sessions(trial: Trial) -> Iterator[Test]:
    scene, operation = trial.scene, trial.scene.operation
    auth = scene.world.setting.model.auth
    if auth is None or scene.caller is None:
        return
    if auth.cookie is not None and operation.method != "GET":
        made = scene.copy()
        made.tokenless = True
        asked = tried(made)
        if asked.failure is not None:
            yield Case(
                f"from_another_site_{outcome(asked)}",
                [asked],
                "Nothing proves that a page of ours sends it",
            )
    if auth.cookie is None and operation.caller == "optional":
        made = scene.copy()
        made.caller = None
        made.headers["Authorization"] = f"{auth.scheme} nonsense"
        asked = tried(made)
        yield Case(f"with_a_bad_token_{outcome(asked)}", [asked], "A token is looked at where there is one")
    if any(isinstance(step, SignOut) for step in operation.steps):
        stage = Stage(scene.world)
        yield Case("ends_the_session", [stage.send(scene), stage.send(scene)])


def unreadable_bodies(trial: Trial) -> Iterator[Test]:
    """Bodies that are no JSON, are declared as something else, or are too long."""
    scene, operation = trial.scene, trial.scene.operation
    body = operation.body
    if body is None:
        return
    most = operation.max_body or scene.world.setting.model.service.max_body
    asked = [
        ("of_another_media_type_is_refused", "unsupported_media_type", b"text", "text/plain"),
        ("with_too_long_a_body_is_refused", "payload_too_large", b"x" * (most + 1), MEDIA[body.media]),
    ]
    asked.insert(0, ("with_half_a_body_is_malformed", "malformed", HALF[body.media], MEDIA[body.media]))
    for name, category, content, media in asked:
        if len(content) > LONGEST_BODY:
            continue
        made = _with_content(scene, content, media)
        if made.failure is not None and made.failure.category == category:
            yield Case(name, [made])


def _with_content(scene: Scene, content: bytes, media: str) -> Trial:
    made = scene.copy()
    made.raw, made.media = content, media
    return tried(made)
