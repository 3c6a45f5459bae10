"""The public pages of a small released city, read by somebody who never signed in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories.released import released_city


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path


@pytest.fixture
def client(city_db: None) -> Client:
    """Before anything was released."""
    return Client()


@pytest.fixture
def reader(client: Client) -> Client:
    released_city()
    return client
