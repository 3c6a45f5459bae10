"""A small released city, written once for all tests of a module that only read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.conftest import empty_every_table


@pytest.fixture(scope="module")
def shown_city(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    from django.test import override_settings

    from tests.factories.released import released_city

    files = tmp_path_factory.mktemp("files")
    with django_db_blocker.unblock(), override_settings(FILES=files):
        try:
            released_city()
            yield Client()
        finally:
            empty_every_table()
