"""Keys of this installation: from the environment, from a file named there, or made once in the home folder."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path


def secret(name: str, folder: Path) -> str:
    """The secret ``name``: ``$NAME``, the file ``$NAME_FILE``, or ``folder/name`` (made on first use, mode 0600)."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return kept(folder / name.lower())


def kept(path: Path) -> str:
    """What a file holds; where it is missing, 32 random bytes, urlsafe base64 (the form Fernet wants). Two processes that start at once agree."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = base64.urlsafe_b64encode(secrets.token_bytes(32))
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.touch(mode=0o600)
        partial.write_bytes(fresh)
        try:
            os.link(partial, path)  # atomic, and fails where another process was first
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return path.read_text().strip()
