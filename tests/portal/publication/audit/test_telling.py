"""The results of the audit are public; they must not count what nothing else may count."""

from __future__ import annotations

from typing import Any

import pytest

from portal.publication.audit.attacks.limits import LIMITS, Finding
from portal.publication.audit.auditing import as_check
from portal.publication.audit.telling import NEVER, SHARE, VERDICT, told


def finding(attack: str, subject: str, **values: Any) -> Finding:
    usual: dict[str, Any] = {"measured": 0.1234, "n": 2_793, "status": "passed"}
    of = usual | values
    return Finding(
        attack, subject, of["measured"], 0.1, "at_most", of["status"], of["n"], blocks=True
    )


@pytest.mark.parametrize(("attack", "subject"), sorted(NEVER | VERDICT | SHARE))
def test_two_releases_do_not_tell_how_many_records_came_between(attack: str, subject: str) -> None:
    yesterday, today = (told(finding(attack, subject, n=n)) for n in (2_793, 2_797))

    assert yesterday == today
    assert today is None or today.n is None


@pytest.mark.parametrize(("attack", "subject"), sorted(VERDICT))
def test_of_sensitive_records_only_the_verdict_is_told(attack: str, subject: str) -> None:
    some = told(finding(attack, subject))
    none = told(finding(attack, subject, n=0, measured=None, status="not_applicable"))

    assert some == none
    assert some is not None
    assert (some.measured, some.status) == (None, "passed")


@pytest.mark.parametrize(("attack", "subject"), sorted(SHARE))
def test_a_share_is_told_in_whole_percents_of_many(attack: str, subject: str) -> None:
    many, few = (told(finding(attack, subject, n=n)) for n in (1_000, 999))

    assert many is not None
    assert few is not None
    assert (many.measured, few.measured) == (0.12, None)


def test_what_points_at_a_sealed_row_is_for_the_log_alone() -> None:
    assert told(finding("sealed", "newest", measured=1, n=1)) is None
    assert as_check([finding("sealed", "rarest", n=1)])["audit"] == []


def test_what_counts_public_rows_is_told_as_it_is() -> None:
    plain = finding("place-size", "median-by-record", n=43_329)

    assert told(plain) == plain


@pytest.mark.parametrize("attack", ["exact-point", "nearest-address", "largest-building"])
def test_two_days_do_not_tell_whether_the_one_new_dot_was_guessed_right(attack: str) -> None:
    """13 % of 1,594, then of 1,595: 211 hits and 211, or 212. The new dot is in the largest building, or not."""
    yesterday, right, wrong = (
        told(finding(attack, "", measured=hits / n, n=n))
        for hits, n in ((211, 1_594), (212, 1_595), (211, 1_595))
    )
    new_right, new_wrong = (told(finding(attack, "new", measured=hit, n=1)) for hit in (1.0, 0.0))

    assert yesterday == right == wrong
    assert new_right == new_wrong


@pytest.mark.parametrize("attack", ["box-difference", "time-difference"])
def test_guesses_that_are_tried_on_a_few_new_rows_are_told_as_a_verdict(attack: str) -> None:
    some, none = (told(finding(attack, "", measured=gain, n=16)) for gain in (0.0625, 0.0))

    assert some == none
    assert some is not None
    assert (some.status, some.n) == ("passed", None)


def test_what_fails_stays_failed_and_is_told_no_closer() -> None:
    check = as_check([finding("scanner", "sensitive", measured=0.51234, status="failed", n=7)])

    assert not check["passed"]
    assert "scanner sensitive" in check["detail"]
    assert "0.5" not in check["detail"]
    assert "7" not in check["detail"]


def test_every_name_is_one_of_an_attack() -> None:
    known = {(attack, subject) for attack, subjects in LIMITS.items() for subject in subjects}

    assert known >= NEVER | VERDICT | SHARE


def test_a_release_that_did_not_go_out_tells_no_number_of_sensitive_rows() -> None:
    """Else a release that was stopped for them would give the exact number that the totals blur."""
    one, three = (
        told(finding("sensitive-rows", "", measured=n, status="failed")) for n in (1.0, 3.0)
    )

    assert one == three
    assert one is not None
    assert (one.status, one.measured, one.n) == ("failed", None, None)
