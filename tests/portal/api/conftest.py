"""The machine doors of a small released city, asked by a program that nobody knows."""

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
def api(city_db: None) -> Client:
    released_city()
    return Client()
