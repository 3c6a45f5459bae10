"""The installation's signing key (Ed25519): made once, kept outside the database, replaced on record.

The private key lies in the secrets folder (mode 0600) or in the file that ``DAYLIGHT_SIGNING_KEY_FILE``
names, as 32 bytes in urlsafe base64. Only who publishes reads it. The public keys, one for each key
this installation ever had, lie in the secrets folder beside it; a machine that only checks needs no more.
"""

from __future__ import annotations

import base64
import hashlib
import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from portal.runtime.secrets import kept

# What is signed begins with its purpose, so that no signature can stand for something else.
RELEASE = b"daylight-release-v1\n"
OVERRIDE = b"daylight-override-v1\n"


class SigningKeyError(Exception):
    """The key that should sign is not here; the message says what to do."""


def key_file() -> Path:
    named = os.environ.get("DAYLIGHT_SIGNING_KEY_FILE")
    return Path(named) if named else settings.LAYOUT.secrets / "daylight_signing_key"


def public_keys_file() -> Path:
    return Path(settings.LAYOUT.secrets / "daylight_signing_keys.pub")


def signing_key(wanted: str) -> Ed25519PrivateKey:
    """The private key with the id ``wanted``, which is the one that the chain names last.

    wanted: empty before the chain has begun; the key is then made where there is none. Later it is
    never made silently: a chain whose key changes without a word is what a forger's looks like.
    """
    path = key_file()
    if wanted and not path.exists():
        raise SigningKeyError(
            f"got no signing key at {path}; the chain of releases ends with key {wanted}: put that key"
            ' back, or say that it is lost: manage.py rotate_key --lost --reason "..."'
        )
    found = _read(path)
    if wanted and key_id(public_of(found)) != wanted:
        found = _announced(wanted) or found
    if wanted and key_id(public_of(found)) != wanted:
        raise SigningKeyError(
            f"got key {key_id(public_of(found))} in {path}; the chain of releases ends with key {wanted}:"
            ' put that key back, or say that it is lost: manage.py rotate_key --lost --reason "..."'
        )
    remember(public_of(found))
    return found


def next_key() -> Ed25519PrivateKey:
    """The key that a rotation announces, in a file beside the present one until ``adopt_next_key``."""
    try:
        return _read(_next_file())
    except OSError as error:
        raise SigningKeyError(f"cannot write a new key beside {key_file()}: {error}") from error


def adopt_next_key() -> None:
    """The announced key takes the place of the old one, which is gone for good."""
    with suppress(FileNotFoundError):  # whoever met the announcement first has put it there
        _next_file().replace(key_file())
    remember(public_of(_read(key_file())))


def _announced(wanted: str) -> Ed25519PrivateKey | None:
    """The key of a rotation that has written its entry and not yet its file, or has just done so."""
    for path in (_next_file(), key_file()):
        try:
            key = _decoded(path.read_text(encoding="ascii"), path)
        except FileNotFoundError:
            continue
        if key_id(public_of(key)) == wanted:
            adopt_next_key()
            return key
    return None


def _next_file() -> Path:
    return key_file().with_name(f"{key_file().name}.next")


def _read(path: Path) -> Ed25519PrivateKey:
    return _decoded(kept(path), path)


def _decoded(text: str, path: Path) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(text))
    except ValueError as error:
        raise SigningKeyError(
            f"{path} holds no signing key; wanted 32 bytes in urlsafe base64"
        ) from error


def public_of(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """A short name for a public key."""
    return fingerprint(public)[:16]


def fingerprint(public: bytes) -> str:
    """What a person compares: SHA-256 of the 32 bytes."""
    return hashlib.sha256(public).hexdigest()


def text_of(public: bytes) -> str:
    return base64.b64encode(public).decode()


def known_keys() -> list[bytes]:
    """The public keys of this installation, oldest first. Reads no private key."""
    path = public_keys_file()
    lines = path.read_text(encoding="ascii").split() if path.exists() else []
    return [base64.b64decode(line) for line in lines]


def remember(public: bytes, *, alone: bool = False) -> None:
    """Note a public key. alone: forget those before, because they may be in other hands."""
    known = [] if alone else known_keys()
    if public in known:
        return
    path = public_keys_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text("".join(f"{text_of(key)}\n" for key in [*known, public]), encoding="ascii")
    partial.replace(path)


def sign(key: Ed25519PrivateKey, purpose: bytes, text: str) -> str:
    return base64.b64encode(key.sign(purpose + text.encode())).decode()


def is_signed(public: bytes, purpose: bytes, text: str, signature: str) -> bool:
    """Whether ``signature`` is that of the key over exactly this text, for this purpose."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            base64.b64decode(signature, validate=True), purpose + text.encode()
        )
    except (InvalidSignature, ValueError):
        return False
    return True
