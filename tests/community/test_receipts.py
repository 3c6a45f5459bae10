from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.receipts import ALPHABET, ENTROPY_BITS, code_from, keyed_hash, parse_code

entropy = st.binary(min_size=8, max_size=32)


def test_it_carries_at_least_sixty_bits() -> None:
    assert ENTROPY_BITS >= 60
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_a_hand_checked_code() -> None:
    assert code_from(bytes(8)) == "DAY-0000-0000-0000"
    assert code_from(b"\xff" * 8) == "DAY-ZZZZ-ZZZZ-ZZZZ"
    assert code_from(b"\x08" + bytes(7)) == "DAY-1000-0000-0000"


@given(entropy, entropy)
def test_codes_differ_as_their_first_sixty_bits_do(one: bytes, other: bytes) -> None:
    same = int.from_bytes(one[:8], "big") >> 4 == int.from_bytes(other[:8], "big") >> 4

    assert (code_from(one) == code_from(other)) is same


@given(entropy)
def test_it_reads_its_own_codes(bits: bytes) -> None:
    code = code_from(bits)

    assert parse_code(code) == code


@given(entropy, st.data())
def test_it_forgives_how_people_copy(bits: bytes, data: st.DataObject) -> None:
    code = code_from(bits)
    typed = ""
    for symbol in code.removeprefix("DAY-") if data.draw(st.booleans()) else code:
        lookalikes = {"0": "0OoО"[:3], "1": "1IiLl", "-": ["-", " ", "", "–", " - ", "."]}
        typed += data.draw(st.sampled_from(list(lookalikes.get(symbol, symbol + symbol.lower()))))

    assert parse_code(f"  {typed}\n") == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "DAY",
        "DAY-0000-0000-000",
        "DAY-0000-0000-00000",
        "DAY-0000-0000-000U",
        "日" * 12,
        "!" * 12,
    ],
)
def test_it_refuses_what_cannot_be_a_code(typed: str) -> None:
    assert parse_code(typed) is None


@given(st.text(max_size=60))
def test_it_survives_anything_typed(typed: str) -> None:
    code = parse_code(typed)

    assert code is None or parse_code(code) == code


def test_the_hash_needs_the_key() -> None:
    code = code_from(bytes(8))

    assert keyed_hash(code, key=b"a") != keyed_hash(code, key=b"b")
    assert len(keyed_hash(code, key=b"a")) == 64


def test_too_little_entropy_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        code_from(b"1234567")
