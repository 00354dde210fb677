"""Signed approvals: SSH signatures (`ssh-keygen -Y`), by signers whom the base branch allows.

Where the base branch has `approvals/allowed_signers` (ssh-keygen's format ALLOWED SIGNERS), an approval counts only
with a valid signature of the person whom it names. The file is read from the base branch and not from the working tree,
so that nobody allows themselves in the change that they want to have approved.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from backwright.plan import codes
from backwright.plan.approval import Approval
from backwright.project import Project
from backwright.spec.diagnostics import NOWHERE, Diagnostic, Place, SpecificationError, diagnose

NAMESPACE = "backwright-approval"
SIGNERS = "allowed_signers"
BASE = "BACKWRIGHT_BASE"
"""The environment variable that names the base branch, where it is not the remote's default or `main`."""
IDENTITY = re.compile(r"[A-Za-z0-9._%+@-]{1,254}")
SECONDS = 30.0


def canonical(approval: Approval) -> bytes:
    """What is signed: the approval without its signature, as JSON with sorted members."""
    return msgspec.json.encode(msgspec.structs.replace(approval, signature=None), order="sorted")


def signed(approval: Approval, key: Path) -> Approval:
    """The approval with a signature by a private key. Raises SpecificationError with what ssh-keygen says."""
    done = _ssh_keygen(["-Y", "sign", "-n", NAMESPACE, "-f", str(key)], canonical(approval))
    if done.returncode != 0:
        message = f"The approval cannot be signed: {done.stderr.decode(errors='replace').strip()}"
        mend = "Name a private key of yours, or its public key where an agent holds it."
        raise SpecificationError([diagnose(codes.UNSIGNED, NOWHERE, message, mend)])
    return msgspec.structs.replace(approval, signature=done.stdout.decode())


def allowed_signers(project: Project) -> str | None:
    """The signers that the base branch allows; None where it demands no signatures, or there is no repository."""
    for base in _bases():
        shown = _git(project.root, "show", f"{base}:./approvals/{SIGNERS}")
        if shown is not None:
            return shown
        if _git(project.root, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}") is not None:
            return None
    return None


def accepted(project: Project, approvals: Iterable[Approval]) -> tuple[list[Approval], list[Diagnostic]]:
    """The approvals that count, and why each of the others does not."""
    signers = allowed_signers(project)
    if signers is None:
        return list(approvals), []
    counted: list[Approval] = []
    refused: list[Diagnostic] = []
    for each in approvals:
        wrong = _unsigned(each, signers)
        if wrong is None:
            counted.append(each)
            continue
        place = Place(f"approvals/{each.plan}.yaml", 1, 1)
        mend = "Have somebody whom the base branch allows approve it with `--sign KEY`."
        refused.append(diagnose(codes.UNSIGNED, place, wrong, mend))
    return counted, refused


def _unsigned(approval: Approval, signers: str) -> str | None:
    """Why a signature does not count; None where it does."""
    if approval.signature is None:
        return f"The approval by {approval.by} is not signed."
    if not IDENTITY.fullmatch(approval.by):
        return "The approval does not name an identity of approvals/allowed_signers."
    with tempfile.TemporaryDirectory(prefix="backwright-signature-") as folder:
        allowed, signature = Path(folder) / SIGNERS, Path(folder) / "signature"
        allowed.write_text(signers, encoding="utf-8")
        signature.write_text(approval.signature, encoding="utf-8")
        command = [
            "-Y",
            "verify",
            "-n",
            NAMESPACE,
            "-I",
            approval.by,
            "-f",
            str(allowed),
            "-s",
            str(signature),
        ]
        done = _ssh_keygen(command, canonical(approval))
    return None if done.returncode == 0 else f"The signature of {approval.by} is not valid for this approval."


def _bases() -> Iterable[str]:
    wanted = os.environ.get(BASE)
    return [wanted] if wanted else ["origin/HEAD", "main", "master"]


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _ssh_keygen(arguments: list[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["ssh-keygen", *arguments], input=given, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"ssh-keygen did not run: {error}"
        mend = "Install OpenSSH: signatures of approvals are made and verified with it."
        raise SpecificationError([diagnose(codes.UNSIGNED, NOWHERE, message, mend)]) from error
