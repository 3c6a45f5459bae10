"""When a file cannot be right, and how that is said."""

from __future__ import annotations

from collections import Counter

from incidents.importers.quality import LIMITS, Refusal, Tally, failure, report


def tally(**values: object) -> Tally:
    return Tally(rows=1000, categories=Counter(theft=600, assault=400), **values)  # type: ignore[arg-type]


def checks(found: dict, severity: str) -> list[str]:
    return [finding["check"] for finding in found["findings"] if finding["severity"] == severity]


def test_a_clean_file_has_no_findings() -> None:
    found = report(tally(), limits={})

    assert (found["severity"], found["findings"]) == ("ok", [])
    assert found["categories"] == {"assault": 400, "theft": 600}


def test_a_share_over_its_limit_is_a_warning_and_far_over_it_an_error() -> None:
    few = report(tally(has_positions=True, ungeocodable=51), limits={})
    many = report(tally(has_positions=True, ungeocodable=501), limits={})

    assert checks(few, "warning") == ["ungeocodable"]
    assert checks(many, "error") == ["ungeocodable"]
    assert few["findings"][0]["sentence"] == "51 of 1,000 rows have no position (5.1 %; limit 5 %)."


def test_the_limit_itself_is_allowed() -> None:
    assert report(tally(has_positions=True, ungeocodable=50), limits={})["severity"] == "ok"


def test_a_mapping_may_set_other_limits() -> None:
    limits = {"ungeocodable_warning_pct": 80.0, "ungeocodable_error_pct": 90.0}

    assert report(tally(has_positions=True, ungeocodable=700), limits=limits)["severity"] == "ok"


def test_rows_that_a_rule_leaves_out_are_no_fault() -> None:
    left_out = tally(refused=Counter({"rule:test-row": 900}))

    found = report(left_out, limits={})
    assert found["severity"] == "ok"
    assert found["refused"] == {"rule:test-row": 900}


def test_positions_are_no_question_where_the_file_has_none() -> None:
    assert report(tally(ungeocodable=1000), limits={})["severity"] == "ok"


def test_a_category_is_missed_only_where_many_were_to_be_expected() -> None:
    before = {"categories": {"theft": 900, "robbery": 100}}
    small = Tally(rows=199, categories=Counter(theft=199))
    large = Tally(rows=200, categories=Counter(theft=200))

    assert checks(report(small, limits={}, previous=before), "error") == []
    found = report(large, limits={}, previous=before)
    assert checks(found, "error") == ["empty_category"]
    assert "robbery" in found["findings"][0]["sentence"]
    assert "about 20" in found["findings"][0]["sentence"]


def test_an_error_that_a_person_accepted_is_a_warning() -> None:
    found = report(
        tally(has_positions=True, ungeocodable=900), limits={}, accepted=frozenset({"ungeocodable"})
    )

    assert checks(found, "warning") == ["ungeocodable"]
    assert "Accepted by hand." in found["findings"][0]["sentence"]


def test_unknown_codes_are_listed_the_most_frequent_first() -> None:
    codes = Counter({"A": 1, "B": 5})

    found = report(tally(has_codes=True, unknown_codes=codes), limits={})
    assert list(found["unknown_codes"].items()) == [("B", 5), ("A", 1)]
    assert checks(found, "warning") == ["unknown_code"]


def test_only_the_first_refused_rows_are_shown() -> None:
    filled = tally()
    filled.refuse([Refusal(n, "date", "got x", "raw") for n in range(50)])

    found = report(filled, limits={})
    assert len(found["refused_examples"]) == 20
    assert found["refused"] == {"date": 50}


def test_a_file_that_cannot_be_read_says_why() -> None:
    found = failure("got an empty file")

    assert found["severity"] == "error"
    assert found["findings"][0]["sentence"] == "got an empty file"


def test_every_limit_is_used() -> None:
    for name in LIMITS:
        assert name.endswith(("_warning_pct", "_error_pct", "_expected_rows"))
