"""Three formats, one multiset of rows; nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portal.feeds.renderers import FORMULA_STARTS, Edition, plain, to_csv, to_geojson, to_json
from portal.feeds.specs import DatasetSpec, Field

SPEC = DatasetSpec(
    slug="things",
    title="Things",
    summary="",
    one_row_is="a thing",
    updated="never",
    caveats=(),
    fields=(
        Field("name", "string", "", "unknown"),
        Field("count", "integer", "", "unknown"),
        Field("share", "number", "", "unknown"),
        Field("seen_at", "datetime", "", "unknown"),
    ),
)
EDITION = Edition(3, dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC), "CC-BY-4.0", "Testville Police")

instants = st.datetimes(
    min_value=dt.datetime(1970, 1, 1), max_value=dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)
)
rows_of_things = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
            "count": st.none() | st.integers(-(10**12), 10**12),
            "share": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "seen_at": st.none() | instants.map(lambda t: t.replace(microsecond=0)),
        }
    ),
    max_size=20,
)


def rendered(render: Any, rows: list[dict[str, Any]]) -> str:
    return b"".join(render(SPEC, EDITION, ((row, None) for row in rows))).decode()


def as_plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: plain(value) for key, value in row.items()} for row in rows]


@given(rows_of_things)
def test_json_and_geojson_hold_the_same_rows_in_the_same_order(rows: list[dict[str, Any]]) -> None:
    from_json = json.loads(rendered(to_json, rows))
    from_geojson = json.loads(rendered(to_geojson, rows))

    assert from_json["rows"] == as_plain(rows)
    assert [feature["properties"] for feature in from_geojson["features"]] == from_json["rows"]
    assert from_json["release"] == from_geojson["release"] == 3


@given(rows_of_things)
def test_csv_reads_back_as_the_same_rows(rows: list[dict[str, Any]]) -> None:
    text = rendered(to_csv, rows)

    read = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    assert len(read) == len(rows)
    for got, wanted in zip(read, as_plain(rows), strict=True):
        assert got["count"] == ("" if wanted["count"] is None else str(wanted["count"]))
        assert got["name"].removeprefix("'") == (wanted["name"] or "").removeprefix("'")
        assert got["share"] == ("" if wanted["share"] is None else str(wanted["share"]))
        assert got["seen_at"] == (wanted["seen_at"] or "")


@given(st.sampled_from(FORMULA_STARTS), st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_cell_begins_as_a_formula(start: str, rest: str) -> None:
    text = rendered(to_csv, [{"name": start + rest, "count": -5, "share": None, "seen_at": None}])

    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["name"].startswith("'")
    assert row["count"] == "-5"


def test_every_line_of_a_csv_ends_in_crlf() -> None:
    text = rendered(to_csv, [{"name": "a", "count": 1, "share": 0.5, "seen_at": None}])

    assert text == "name,count,share,seen_at\r\na,1,0.5,\r\n"
