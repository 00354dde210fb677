"""No key, token or password lies in the repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

from backwright.verify.gate import GateInput, Verdict, found
from backwright.verify.results import Finding

NAME = "secrets"
TITLE = "No secret in the repository"
WHY = "What was committed once is in every clone for ever, whoever may read the repository."
EXAMPLE = "A private key, a token of a cloud, or a .env with a password: failed, with file, line and kind."
DATABASE = False

DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector",
    "JwtTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector",
    "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SoftlayerDetector", "SquareOAuthDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
ENTROPY = (
    {"name": "Base64HighEntropyString", "limit": 4.5},
    {"name": "HexHighEntropyString", "limit": 3.0},
)
"""Random text in quotes, in code only: digests and examples of a contract are random text, too."""
LEFT_OUT = frozenset(
    {".git", ".venv", "__pycache__", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
LARGEST = 1 << 20
PLACEHOLDERS = frozenset({"password", "secret", "example", "changeme", "change-me", "postgres"})
"""What documentation writes in the place of a password."""


def judge(given: GateInput) -> Verdict:
    """detect-secrets over the files of the project: known forms everywhere, random text in Python code; and .env files.

    What git ignores is not in the repository and is left out, unless it is tracked all the same; without a repository
    every file is looked at. Files over 1 MiB are not. A line that says `pragma: allowlist secret` is an exception, in
    sight.
    """
    root = given.project.root
    findings, number = list[Finding](), 0
    for path in files(root):
        number += 1
        where = path.relative_to(root).as_posix()
        if path.name == ".env" or (path.name.startswith(".env.") and "example" not in path.name):
            findings.append(Finding(what="a file of the environment is in the repository", where=where))
        findings += [Finding(what=kind, where=f"{where}:{line}") for kind, line in secrets_of(path)]
    if not number:
        findings.append(Finding(what="there was no file to look at"))
    return found(findings, f"none in {number} files", {"files": number})


def secrets_of(path: Path) -> Iterator[tuple[str, int]]:
    """Kind and line of each secret in a file."""
    plugins: list[dict[str, object]] = [{"name": name} for name in DETECTORS]
    if path.suffix == ".py" and "tests" not in path.parts:
        plugins += ENTROPY
    with transient_settings({"plugins_used": plugins, "filters_used": FILTERS}):
        collection = SecretsCollection()
        collection.scan_file(str(path))
    for _, secret in collection:
        if secret.secret_value not in PLACEHOLDERS:
            yield secret.type, secret.line_number


FILTERS = [
    {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
    {"path": "detect_secrets.filters.heuristic.is_sequential_string"},
    {"path": "detect_secrets.filters.heuristic.is_potential_uuid"},
    {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
]


def files(root: Path) -> Iterator[Path]:
    """The files that are in the repository or would be with the next `git add`; all of them where there is none."""
    known = _not_ignored(root)
    for path in sorted(root.rglob("*") if known is None else known):
        parts = path.relative_to(root).parts
        if not LEFT_OUT.intersection(parts) and path.is_file() and path.stat().st_size <= LARGEST:
            yield path


def _not_ignored(root: Path) -> list[Path] | None:
    """What git tracks, and what it would add. None without a repository, or where the whole project is ignored."""
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is None or _git(root, "check-ignore", "-q", str(root)) is not None:
        return None
    return [root / os.fsdecode(name) for name in set(listed.split(b"\0")) if name]  # unmerged: thrice


def _git(root: Path, *arguments: str) -> bytes | None:
    """What git wrote, None where it refused. The settings of a repository may name a program to run: not here."""
    command = ["git", "-C", str(root), "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
