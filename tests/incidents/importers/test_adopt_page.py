"""The page that tells a city how to write a mapping is itself put to the test."""

from __future__ import annotations

import re
from pathlib import Path

from incidents.importers import find_mapping, mapping_paths, parse_mapping
from incidents.importers.quality import LIMITS
from incidents.importers.shapes import FIELDS, Kind
from incidents.models import Area

PAGE = (Path(__file__).resolve().parents[3] / "docs/adopt.md").read_text()


def test_every_example_can_be_read() -> None:
    examples = [
        block for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "kind =" in block
    ]

    kinds = {parse_mapping(example.encode()).kind for example in examples}
    assert kinds == {Kind.INCIDENTS, Kind.ALERT_RESPONSES, Kind.AREAS, Kind.ADDRESSES}


def test_the_complete_example_is_complete() -> None:
    (example,) = re.findall(r"<!-- example -->\n```toml\n(.*?)```", PAGE, re.DOTALL)

    assert set(parse_mapping(example.encode()).columns) == set(FIELDS[Kind.INCIDENTS])


def test_every_field_check_and_kind_is_named() -> None:
    words = set(re.findall(r"[a-z_]+", PAGE))

    assert {name for fields in FIELDS.values() for name in fields} <= words
    assert {
        re.sub(r"_(warning_pct|error_pct|expected_rows)$", "", name) for name in LIMITS
    } <= words
    assert set(Area.Kind.values) <= words


def test_the_limits_of_the_table_are_those_in_force() -> None:
    row = re.compile(r"^\| `(\w+)`:.*?\| ([\d ]*)%? ?\| ?([\d ]*)%? ?\|$", re.MULTILINE)
    rows = row.findall(PAGE)

    assert len(rows) == 7
    for check, warns, undoes in rows:
        for limit, said in ((f"{check}_warning_pct", warns), (f"{check}_error_pct", undoes)):
            assert LIMITS.get(limit) == (float(said) if said.strip() else None), limit


def test_the_shipped_examples_are_there() -> None:
    sources = mapping_paths()
    for city in ("chicago", "denver", "dc", "sacramento", "cambridge"):
        assert any(source.startswith(city) for source in sources)
    assert len(find_mapping("dc-crime").columns["reported_at"].alternatives) == 2
