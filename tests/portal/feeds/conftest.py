"""Small released cities, written once for all tests of a module that only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, override_settings

from tests.conftest import empty_every_table

if TYPE_CHECKING:
    from portal.models import Release


@pytest.fixture(scope="module")
def shown_city(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """What happened, the map, and what is counted of it."""
    from tests.factories.released import released_city

    with _shown(released_city, django_db_blocker, tmp_path_factory):
        yield Client()


@pytest.fixture(scope="module")
def every_dataset(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """One release of each."""
    from tests.portal.feeds.catalogued import release_every_dataset

    with _shown(release_every_dataset, django_db_blocker, tmp_path_factory):
        yield Client()


@pytest.fixture(scope="module")
def hostile_city(every_dataset: Client) -> dict[str, Release]:
    """The same, with names and shapes that would break a careless writer; its releases, by dataset."""
    from portal.models import Release
    from tests.portal.feeds.catalogued import release_odd_rows

    release_odd_rows()
    return {r.dataset.slug: r for r in Release.objects.select_related("dataset")}


@contextmanager
def _shown(
    release: Callable[[], None], blocker: Any, folders: pytest.TempPathFactory
) -> Iterator[None]:
    with blocker.unblock(), override_settings(FILES=folders.mktemp("files")):
        try:
            release()
            yield
        finally:
            empty_every_table()
