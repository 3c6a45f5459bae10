"""Street addresses as they are written in four cities."""

from __future__ import annotations

import pytest

from incidents.streets import StreetAddress, parse_address, street_key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("705 S COLORADO BLVD", (705, 705, "S COLORADO BLVD")),
        ("705  south  colorado boulevard apt 4", (705, 705, "S COLORADO BLVD")),
        ("029XX N HOYNE AVE", (2900, 2999, "N HOYNE AVE")),
        ("1XX W LAKE ST", (100, 199, "W LAKE ST")),
        ("800 - 899 BLOCK OF H STREET NW", (800, 899, "H ST NW")),
        ("2100 BLOCK E 17TH AVE", (2100, 2199, "E 17TH AVE")),
        ("628 Massachusetts Avenue #3", (628, 628, "MASSACHUSETTS AVE")),
        ("12B St. Mary's Road", (12, 12, "ST MARYS RD")),
        ("12 1/2 Elm Street", (12, 12, "ELM ST")),
        ("7TH STREET NW AND P STREET NW", None),
        ("PEARL ST & 5TH AVE", None),
        ("N CEDAR STREET / OAK AVE", None),
        ("CITY HALL", None),
        ("", None),
        ("12", None),
    ],
)
def test_an_address_is_taken_apart(text: str, expected: tuple[int, int, str] | None) -> None:
    assert parse_address(text) == (StreetAddress(*expected) if expected else None)


def test_two_spellings_of_a_street_have_one_key() -> None:
    assert street_key("N. Main Street") == street_key("north main st") == "N MAIN ST"
