"""The attacked city is built once for all files that ask for it, and its database emptied at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import empty_every_table

if TYPE_CHECKING:
    from tests.factories.attacked import AttackedCity


@pytest.fixture(scope="session")
def attacked_city(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> AttackedCity:
    """Set DAYLIGHT_ATTACKED_CITY=full for one of the demonstration city's size; see docs/gate.md."""
    from django.test import override_settings

    from tests.factories.attacked import attacked_city

    folder = tmp_path_factory.mktemp("attacked")
    is_full = os.environ.get("DAYLIGHT_ATTACKED_CITY") == "full"
    with django_db_blocker.unblock(), override_settings(FILES=folder / "files"):
        try:
            return attacked_city(folder, is_full=is_full)
        finally:
            empty_every_table()
