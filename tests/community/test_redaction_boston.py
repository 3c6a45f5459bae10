"""On 49,000 messages that residents really wrote (plates and phone numbers in them are random ones)."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from community.redaction import Gazetteer, find_personal_data
from community.redaction.spans import covered

pytestmark = pytest.mark.shared_data

# Written without a look at ours: ten digits in American groups; what follows the word "plate".
PHONE = re.compile(r"(?<![\d#])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?!\d)")
PLATE = re.compile(
    r"(?i)plates?(?: ?(?:number|#|:|is|no\.?))* ?#? ?((?=[A-Z0-9]*\d)[A-Z0-9]{5,7})\b"
)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


@pytest.fixture(scope="module")
def messages(shared_data: Path) -> list[str]:
    path = shared_data / "boston_open311_text" / "requests.jsonl.gz"
    if not path.exists():
        pytest.skip("no Boston messages")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line).get("description") or "" for line in lines]


def planted(text: str) -> Iterator[tuple[int, int]]:
    yield from (found.span() for found in PHONE.finditer(text))
    yield from (found.span(1) for found in PLATE.finditer(text))
    yield from (found.span() for found in EMAIL.finditer(text))


def test_every_phone_plate_and_mail_address_is_found(messages: list[str]) -> None:
    n_planted, missed = 0, []
    for text in messages:
        for start, end in planted(text):
            n_planted += 1
            hidden = covered(find_personal_data(text).spans, len(text))
            if not all(hidden[start:end]):
                missed.append(text[start:end])

    assert n_planted > 180
    assert missed == []


@pytest.fixture(scope="module")
def boston(shared_data: Path, messages: list[str]) -> Gazetteer:
    """The city's own names, from the addresses of the requests: "801 E Third St, South Boston"."""
    with gzip.open(shared_data / "boston_open311_text" / "requests.jsonl.gz", "rt") as lines:
        addresses = {json.loads(line).get("address") or "" for line in lines}
    parts = [address.split(", ") for address in addresses]
    streets = {re.sub(r"^[\d\s-]+", "", part[0]).removeprefix("Intersection Of ") for part in parts}
    return Gazetteer.of(
        streets={name for street in streets for name in street.split(" & ")},
        places={part[-1] for part in parts} | {"Boston"},
    )


def test_most_messages_pass_without_a_doubt(messages: list[str], boston: Gazetteer) -> None:
    sample = random.Random(3).sample(messages, 2000)

    found = [find_personal_data(text, gazetteer=boston) for text in sample]
    held = sum(findings.hold_for_human for findings in found) / len(found)
    # 0.33; without the city's own names 0.43. The reference rules of the design held 0.35.
    assert 0.1 < held < 0.37, Counter(reason for f in found for reason in f.reasons)
