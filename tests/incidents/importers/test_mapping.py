"""A mapping file is checked whole when it is read, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidents.codes import CATEGORIES, strictest
from incidents.importers import MappingError, mapping_paths, parse_mapping, read_mapping
from incidents.importers.mapping import Code, Column, Origin
from incidents.importers.words import WordTable
from tests.incidents.conftest import MAPPING


def test_every_shipped_mapping_can_be_read() -> None:
    for name, path in mapping_paths().items():
        assert read_mapping(path).source == name


def test_columns_may_be_named_in_three_ways() -> None:
    mapping = parse_mapping(
        MAPPING.replace('source_id = "Case"', 'source_id = ["Case", {columns = ["A", "B"], join = "-", pad = 4}]')
        .replace('code = "Code"', 'code = { constant = "101" }')
        .encode()
    )  # fmt: skip

    assert mapping.columns["source_id"] == Origin(
        (Column(("Case",)), Column(("A", "B"), join="-", pad=4))
    )
    assert mapping.columns["code"] == Origin((Column(constant="101"),))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('source = "elsewhere-crime"', 'source = "Elsewhere Crime"', "wanted a short name"),
        ('source = "elsewhere-crime"', "", "source: got None"),
        ('kind = "incidents"', 'kind = "crimes"', "wanted one of incidents, calls"),
        ('zone = "America/Denver"', 'zone = "Denver"', "wanted a name as 'America/Chicago'"),
        ('title = "', 'titel = "', "got the keys titel; wanted some of"),
        ('code = "Code"', "", "got no code; wanted a column for each"),
        ('code = "Code"', "code = 7", "got 7; wanted a table"),
        ('code = "Code"', "code = []", "wanted at least one column"),
        ('code = "Code"', "code = {pad = 4}", "wanted a column name"),
        ('code = "Code"', 'colour = "Code"\ncode = "Code"', "[columns]: got colour"),
        ('lon = "Lon"', "", "got only one of lon and lat"),
        ("%m/%d/%Y %H:%M", "%H:%M", "wanted a format with year, month and day"),
        ('"30" = "assault"', '"30" = "asault"', "got category 'asault'"),
        ('"30" = "assault"', '"30" = {category = "assault", tier = "4"}', "got tier '4'"),
        ('"30" = "assault"', '"30" = {category = "hate", tier = "0a"}', "hate is at least tier 2"),
        ('tier = "2"', 'tier = "zero"', "got tier 'zero'"),
        ('flag = "juvenile"', 'flag = "a minor"', "wanted a word"),
        ('when = { "Minor" = ["Y"] }', "", "wanted `when` and one of"),
        ("[dates]", '[coordinates]\ncrs = "EPSG:1"\n[dates]', "wanted one as 'EPSG:2226'"),
        ("[dates]", '[file]\ndelimiter = "||"\n[dates]', "wanted one character"),
        ("[dates]", '[file]\nencoding = "klingon"\n[dates]', "unknown"),
        ("[dates]", '[file]\nrepeats = "keep"\n[dates]', "wanted one of refuse, number"),
        ("[dates]", "[checks]\nrefused_error_pct = -1\n[dates]", "wanted a number of at least 0"),
        ("[dates]", '[values.occurred_from]\n"a" = "b"\n[dates]', "cannot be translated"),
        ("[dates]", "[dates", "not valid TOML"),
    ],
)
def test_it_says_what_is_wrong(old: str, new: str, sentence: str) -> None:
    assert old in MAPPING

    with pytest.raises(MappingError) as error:
        parse_mapping(MAPPING.replace(old, new).encode())

    assert sentence in str(error.value)


def test_a_rule_may_do_only_what_its_kind_can_hold() -> None:
    calls = """
        source = "c"
        kind = "calls"
        columns = { source_id = "a", call_type = "b", received_at = "c" }
        rules = [{ when = { b = "x" }, flag = "juvenile" }]
    """
    areas = (
        'source = "a"\nkind = "areas"\ncolumns = {kind = "k", code = "c"}\nrules = [{skip = "x"}]'
    )

    with pytest.raises(MappingError, match="got flag; wanted some of"):
        parse_mapping(calls.encode())
    with pytest.raises(MappingError, match="areas take none"):
        parse_mapping(areas.encode())


def test_the_sentence_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"
    path.write_text("kind = 5")

    with pytest.raises(MappingError, match=r"nowhere.toml: kind"):
        read_mapping(path)
    with pytest.raises(MappingError, match="wanted a mapping file"):
        read_mapping(tmp_path / "missing.toml")


def test_a_tier_may_be_raised_and_not_lowered() -> None:
    for category in CATEGORIES.values():
        for tier in ("0a", "0b", "1", "2", "3"):
            row = f'"30" = {{ category = "{category.slug}", tier = "{tier}" }}'
            text = MAPPING.replace('"30" = "assault"', row).encode()
            if strictest(tier, category.tier) == tier:
                assert parse_mapping(text).codes.look_up("30") == Code(category.slug, tier)
            else:
                with pytest.raises(MappingError, match="at least"):
                    parse_mapping(text)


def test_the_longest_pattern_decides() -> None:
    table = WordTable({"*": 0, "02*": 1, "023*": 2, "0235": 3, "*juvenile*": 4, "A?": 5})

    found = [
        table.look_up(word) for word in ("9", "0211", "0236", "0235", "A  JUVENILE ", "ab", "a")
    ]
    assert found == [0, 1, 2, 3, 4, 5, 0]


def test_a_word_is_compared_without_case_and_spacing() -> None:
    assert WordTable({"Theft  From  Auto": 1}).look_up(" THEFT FROM AUTO") == 1
    assert WordTable({"a.c": 1}).look_up("abc") is None
    assert WordTable({"a.*": 1}).look_up("abc") is None
