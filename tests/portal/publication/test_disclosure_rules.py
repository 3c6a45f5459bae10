from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal.publication.disclosure import FLOORS, Grain, Rules, RulesError, threshold_names


def test_the_defaults_are_the_promise():
    rules = Rules()

    assert (rules.place_addresses, rules.cell_addresses) == (20, 500)
    assert (rules.group_records, rules.group_categories, rules.group_addresses) == (5, 2, 3)
    assert (rules.low_delay_h, rules.person_delay_d, rules.sensitive_delay_d) == (48, 7, 45)
    assert rules.epsilon_lifetime == 2.0
    assert rules.covers_per_removal == 2


def documented(column: int) -> dict[str, str]:
    """What the table of the document says of each rule in one of its columns."""
    page = (Path(__file__).parents[3] / "docs" / "gate.md").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for row in page.split("## Parameters")[1].splitlines():
        names = re.findall(r"`(\w+)`", row.split("|")[1]) if row.startswith("| `") else []
        cell = row.split("|")[column].replace("each", "").replace("(up)", "") if names else ""
        values = re.findall(r"[\w.]+|-", cell)
        if len(values) == 1:
            values *= len(names)
        found |= dict(zip(names, values, strict=True))
    return found


def test_the_document_names_every_rule_with_its_default():
    assert documented(2) == {
        name: value.name.lower() if isinstance(value, Grain) else str(value)
        for name in threshold_names()
        for value in [getattr(Rules(), name)]
    }


def test_the_document_says_how_far_an_override_may_go():
    assert documented(4) == {name: str(FLOORS.get(name, "-")) for name in threshold_names()}


@pytest.mark.parametrize("name", threshold_names())
def test_no_rule_can_be_loosened(name):
    default = getattr(Rules(), name)
    looser = default * 1.01 if name.startswith("epsilon_") else default - 1

    with pytest.raises(RulesError, match=name):
        Rules(**{name: looser})


@pytest.mark.parametrize("name", [name for name in threshold_names() if name != "epsilon_lifetime"])
def test_every_rule_can_be_tightened(name):
    default = getattr(Rules(), name)
    stricter = default / 2 if name.startswith("epsilon_") else default + 1

    assert getattr(Rules(**{name: stricter}), name) == stricter


def test_shares_must_fit_the_lifetime():
    with pytest.raises(RulesError, match="add up"):
        Rules(epsilon_lifetime=1.0)

    assert Rules(
        epsilon_lifetime=0.4,
        epsilon_district_quarter=0.1,
        epsilon_groups=0.1,
        epsilon_city_month=0.1,
        epsilon_revision=0.1,
    )


@pytest.mark.parametrize("value", ["20", None, True, 25.5])
def test_a_threshold_that_is_no_whole_number_is_refused(value):
    with pytest.raises(RulesError, match="wanted a number"):
        Rules(place_addresses=value)


@pytest.mark.parametrize("value", [0.0, -0.1, float("nan")])
def test_an_epsilon_that_means_nothing_is_refused(value):
    with pytest.raises(RulesError, match="above 0"):
        Rules(epsilon_groups=value)


def test_a_grain_that_does_not_exist_is_refused():
    with pytest.raises(RulesError, match="wanted one of"):
        Rules(person_grain=9)


def test_a_city_file_uses_words_for_grains():
    rules = Rules.from_mapping({"low_public_grain": "week", "place_addresses": 50})

    assert rules.low_public_grain is Grain.WEEK
    assert rules.place_addresses == 50


@pytest.mark.parametrize(
    "values", [{"low_public_grain": "hour"}, {"low_public_grain": 1}, {"k": 20}]
)
def test_a_city_file_with_a_mistake_is_refused(values):
    with pytest.raises(RulesError, match="wanted"):
        Rules.from_mapping(values)
