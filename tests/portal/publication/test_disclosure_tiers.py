from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.codes import CATEGORIES, TIERS
from portal.publication.disclosure import Tier, tier_of
from tests.reference import disclosure as reference

CODES = {"0a": "0a", "0b": "0b", "1": "1", "2": "2", "3": "3", "": "2", "7": "2", None: "2"}
PLACES = {
    "STREET": "0a",
    "PARKING LOT/GARAGE(NON.RESID.)": "0a",
    "APARTMENT": "0b",
    "CHA PARKING LOT/GROUNDS": "0b",
    "": "0b",
    "never heard of": "0b",
    "SCHOOL, PUBLIC, BUILDING": "2",
    "Women's shelter": "2",
    "Clínica": "2",
}
FLAGS = {
    "": "0a",
    None: "0a",
    "adult": "0a",
    "juvenile": "2",
    "adult domestic": "2",
    "brand-new-flag": "2",
    "officer-home": "3",
    "sealed, adult": "3",
}
RELATIONS = {
    "": "0a",
    "Stranger": "0a",
    "NOT RELATED": "0a",
    "Vecino": "0a",
    "Spouse": "2",
    "girl friend": "2",
    "OTHER FAMILY": "2",
    "hermana": "2",
    "zzz": "2",
}
STORIES = {"": "0a", None: "0a", "Bicycle taken from rack.": "0a", "She was raped.": "2"}


@given(
    st.lists(
        st.tuples(*(st.sampled_from(list(t)) for t in (CODES, PLACES, FLAGS, RELATIONS, STORIES))),
        min_size=1,
        max_size=30,
    )
)
def test_the_tier_is_the_strictest_of_all_screens(rows):
    code, place, flags, relation, story = zip(*rows, strict=True)
    expected = reference.strictest(
        [
            [table[value] for value in column]
            for table, column in (
                (CODES, code),
                (PLACES, place),
                (FLAGS, flags),
                (RELATIONS, relation),
                (STORIES, story),
            )
        ]
    )

    tiers = tier_of(
        code,
        location_type=place,
        victim_flags=flags,
        relationship=relation,
        narrative=story,
    )

    assert [Tier(tier).label for tier in tiers] == expected


SPELLINGS = [
    str.upper,
    str.title,
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in text),
    lambda text: "\u00ad".join(text),  # soft hyphens, as from a text that was set in columns
    lambda text: text.replace(" ", "\u00a0"),
    lambda text: text.replace(" ", "\u2010"),
    lambda text: f"  {text}\t",
    lambda text: f"other / {text}",
]
SHELTERED = [
    "clínica",
    "day care",
    "group home",
    "women's shelter",
    "safe house",
    "doctor's office",
]


@given(st.sampled_from(SHELTERED), st.lists(st.sampled_from(SPELLINGS), max_size=3))
def test_a_sheltered_place_is_one_however_it_is_spelled(place, spellings):
    for spell in spellings:
        place = spell(place)

    assert tier_of(["0a"], location_type=[place]).tolist() == [Tier.SENSITIVE]


def test_a_place_in_a_script_that_the_lists_are_not_is_sensitive():
    places = [
        "Школа",
        "学校",
        "Sch\u043eol",
        "Café\ufffd",
        "Café",
    ]  # a Cyrillic o among Latin letters

    tiers = tier_of(["0a"] * len(places), location_type=places)

    assert tiers.tolist() == [Tier.SENSITIVE] * 4 + [Tier.LOW_DWELLING]


NEVER = ["officer-home", "active-operation", "witness-protection", "informant", "sealed"]


@given(st.sampled_from(NEVER), st.sampled_from("-_ \u2010"), st.sampled_from(["{}", "adult,{}", "({})", "{}; male"]))  # fmt: skip
def test_what_is_never_told_is_not_counted_either_however_it_is_written(flag, joint, among):
    written = among.format(flag.replace("-", joint))

    assert tier_of(["0a"], victim_flags=[written.upper()]).tolist() == [Tier.NEVER]


def test_a_low_harm_offence_at_a_dwelling_is_coarser():
    tiers = tier_of(["0a", "0a", "0b", "1"], location_type=["STREET", "HOUSE", "STREET", "HOUSE"])

    assert tiers.tolist() == [Tier.LOW_PUBLIC, Tier.LOW_DWELLING, Tier.LOW_DWELLING, Tier.PERSON]


def test_an_unstated_location_counts_as_a_dwelling_unless_the_offence_is_always_outdoors():
    tiers = tier_of(
        ["0a", "0a", "0a"],
        location_type=["", None, "HOUSE"],
        outdoors_by_nature=[False, True, True],
    )

    assert tiers.tolist() == [Tier.LOW_DWELLING, Tier.LOW_PUBLIC, Tier.LOW_DWELLING]


def test_without_a_location_column_nothing_is_known_to_be_public():
    assert tier_of(["0a", "0a"], outdoors_by_nature=[True, False]).tolist() == [0, 1]


def test_sealed_beats_everything():
    assert tier_of(["0a", "2"], sealed=[True, True]).tolist() == [Tier.NEVER] * 2


@given(
    st.text(max_size=20),
    st.text(max_size=20),
    st.text(max_size=20),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_no_text_breaks_it_and_no_screen_can_lower_a_tier(code, place, flags, relation, story):
    least = Tier.of_label(code)

    tier = tier_of(
        [code],
        location_type=[place],
        victim_flags=[flags],
        relationship=[relation],
        narrative=[story],
    )

    assert tier[0] >= least


def test_labels_are_those_of_the_vocabulary():
    assert tuple(tier.label for tier in Tier) == TIERS
    for category in CATEGORIES.values():
        assert Tier.of_label(category.tier).label == category.tier


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="wanted 2"):
        tier_of(["0a", "0a"], narrative=["x"])


def test_it_works_on_no_records():
    assert tier_of([]).size == 0
    assert tier_of([]).dtype == np.int64
