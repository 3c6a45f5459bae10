"""The public words cover what can become public, and say the same as the private vocabulary."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from incidents import codes
from portal import vocabulary
from portal.feeds.dictionary import DATASETS
from portal.provenance import CALENDAR, GRAIN

ZONE = ZoneInfo("America/Chicago")


def test_every_category_that_can_be_a_row_has_the_same_word_on_both_sides() -> None:
    publishable = {
        slug: c.label for slug, c in codes.CATEGORIES.items() if c.tier in ("0a", "0b", "1")
    }

    assert {slug: str(label) for slug, label in vocabulary.CATEGORIES.items()} == publishable


def test_every_column_has_a_word_and_no_word_is_of_none() -> None:
    columns = {name for spec in DATASETS.values() for name in spec.columns}
    besides = {*CALENDAR, GRAIN}

    assert set(vocabulary.COLUMNS) == columns | besides


@pytest.mark.parametrize(
    ("period", "starts_at", "words"),
    [
        (
            "2026-10-06T18/PT6H",
            dt.datetime(2026, 10, 6, 23, tzinfo=dt.UTC),
            "Oct. 6, 2026, 18:00 to 24:00",
        ),
        (
            "2026-11-01T00/PT6H",
            dt.datetime(2026, 11, 1, 5, tzinfo=dt.UTC),
            "Nov. 1, 2026, 00:00 to 06:00",
        ),
        ("2026-W41", dt.datetime(2026, 10, 5, 5, tzinfo=dt.UTC), "Week of Oct. 5, 2026"),
    ],
)
def test_a_period_is_told_in_city_time(period: str, starts_at: dt.datetime, words: str) -> None:
    assert vocabulary.period_label(period, starts_at, ZONE) == words


def test_the_spanish_words_are_the_same_on_both_sides() -> None:
    with translation.override("es"):
        spanish = {slug: str(label) for slug, label in vocabulary.CATEGORIES.items()}

    assert spanish == {slug: codes.CATEGORIES[slug].label_es for slug in spanish}
