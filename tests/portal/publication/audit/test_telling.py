"""The results of the audit are public; they must not count what nothing else may count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.publication.audit.attacks.limits import LIMITS, Finding
from portal.publication.audit.auditing import as_check
from portal.publication.audit.telling import SECRET_RESULT, SECRET_TRIALS, at_least, told


def finding(attack: str, subject: str, *, n: int, measured: float = 0.1234) -> Finding:
    return Finding(attack, subject, measured, 0.1, "at_most", "passed", n, blocks=True)


@given(st.integers(1, 10**7))
def test_a_number_told_as_at_least_has_one_digit_and_is_true(n: int) -> None:
    assert at_least(n) <= n < at_least(n) + 10 ** (len(str(n)) - 1)
    assert len(str(at_least(n)).rstrip("0")) == 1


@pytest.mark.parametrize(("attack", "subject"), sorted(SECRET_TRIALS))
def test_yesterday_and_today_do_not_tell_how_many_sensitive_records_came(
    attack: str, subject: str
) -> None:
    yesterday, today = (told(finding(attack, subject, n=n)) for n in (2_793, 2_797))

    assert yesterday == today
    assert (today.n, today.measured) == (2_000, 0.12)
    assert told(finding(attack, subject, n=3)).n == told(finding(attack, subject, n=0)).n == 0


def test_how_many_totals_are_exact_is_not_told() -> None:
    assert told(finding("sensitive-totals", "exact", n=8)).measured is None


def test_what_counts_public_rows_is_told_as_it_is() -> None:
    plain = finding("exact-point", "", n=43_329)

    assert told(plain) == plain


def test_what_fails_stays_failed_and_is_told_no_closer() -> None:
    failed = Finding("scanner", "sensitive", 0.51234, 0.1, "at_most", "failed", 7, blocks=True)

    check = as_check([failed])

    assert not check["passed"]
    assert "0.51 of 7" in check["detail"]


def test_every_name_is_one_of_an_attack() -> None:
    known = {(attack, subject) for attack, subjects in LIMITS.items() for subject in subjects}

    assert known >= SECRET_TRIALS | SECRET_RESULT
