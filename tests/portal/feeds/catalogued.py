"""Catalogues as a reader has them: fetched, saved beside the files they describe, broken on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

PROJECT = Path(__file__).resolve().parents[3]
# What others published: see requirements-schemas.txt.
SCHEMAS = PROJECT / ".venv" / "schemas"


def fetch(address: str) -> bytes:
    """What the site answers at an absolute or relative address."""
    response: Any = Client().get(urlsplit(address).path)
    assert response.status_code == 200, f"{address}: {response.status_code}"
    return b"".join(response.streaming_content) if response.streaming else response.content


def fetch_json(address: str) -> Any:
    return json.loads(fetch(address))


def save(address: str, folder: Path) -> Path:
    """The same as a file of the same name."""
    path = folder / Path(urlsplit(address).path).name
    path.write_bytes(fetch(address))
    return path


def published(path: str) -> Path:
    """A schema or shapes that others published; skips where they are not installed."""
    found = SCHEMAS / path
    if not found.exists():
        pytest.skip(f"no {found}; `make check` puts it there")
    return found


def broken(document: Any, breaking: Callable[[Any], None]) -> Any:
    """A deep copy with one fault in it."""
    copy = json.loads(json.dumps(document))
    breaking(copy)
    return copy
