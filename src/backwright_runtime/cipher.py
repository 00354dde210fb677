"""Encryption of single values, at rest: AES-256-GCM, or AES-SIV where equal values must stay equal.

A stored value is `<key id>:<mode>:<base64url>`. The first key encrypts, all decrypt, so keys rotate: put a new
one in front, write the rows anew, take the old one out.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backwright_runtime.settings import EncryptionKey

NONCE = 12


class Unreadable(Exception):
    """A stored value is not one that these keys encrypted for this purpose."""


class _Key:
    """What one secret is good for: a key for each mode, derived, so that neither tells of the other."""

    def __init__(self, key: EncryptionKey) -> None:
        self.kid = key.kid
        self.random = AESGCM(_derived(key.secret, "backwright gcm", 32))
        self.same = AESSIV(_derived(key.secret, "backwright siv", 64))


class Cipher:
    """Encrypts and decrypts. The purpose (`"table.column"`) is bound in: no value can be moved elsewhere."""

    def __init__(self, keys: Sequence[EncryptionKey]) -> None:
        self._keys = [_Key(key) for key in keys]
        self._known = {key.kid: key for key in self._keys}

    @overload
    def encrypt(self, value: str, purpose: str) -> str: ...
    @overload
    def encrypt(self, value: str | None, purpose: str) -> str | None: ...
    def encrypt(self, value: str | None, purpose: str) -> str | None:
        """The value as it is stored; unlike every time."""
        if value is None:
            return None
        key, nonce = self._keys[0], os.urandom(NONCE)
        sealed = nonce + key.random.encrypt(nonce, value.encode(), purpose.encode())
        return f"{key.kid}:gcm:{urlsafe_b64encode(sealed).decode()}"

    @overload
    def encrypt_same(self, value: str, purpose: str) -> str: ...
    @overload
    def encrypt_same(self, value: str | None, purpose: str) -> str | None: ...
    def encrypt_same(self, value: str | None, purpose: str) -> str | None:
        """The value as it is stored; alike every time, so that it can be unique and compared."""
        return None if value is None else _same(self._keys[0], value, purpose)

    @overload
    def decrypt(self, stored: str, purpose: str) -> str: ...
    @overload
    def decrypt(self, stored: str | None, purpose: str) -> str | None: ...
    def decrypt(self, stored: str | None, purpose: str) -> str | None:
        """The value. Raises Unreadable."""
        if stored is None:
            return None
        try:
            kid, mode, text = stored.split(":")
            sealed, key = urlsafe_b64decode(text), self._known[kid]
            if mode == "gcm":
                opened = key.random.decrypt(sealed[:NONCE], sealed[NONCE:], purpose.encode())
            else:
                opened = key.same.decrypt(sealed, [purpose.encode()])
            return opened.decode()
        except (ValueError, KeyError, InvalidTag):
            raise Unreadable(purpose) from None

    def candidates(self, value: str, purpose: str) -> list[str]:
        """What a row with this value may hold, whichever key it was written with (`encrypt_same`)."""
        return [_same(key, value, purpose) for key in self._keys]


def _same(key: _Key, value: str, purpose: str) -> str:
    sealed = key.same.encrypt(value.encode(), [purpose.encode()])
    return f"{key.kid}:siv:{urlsafe_b64encode(sealed).decode()}"


def _derived(secret: str, info: str, length: int) -> bytes:
    return HKDF(SHA256(), length, None, info.encode()).derive(secret.encode())
