"""How PostgreSQL writes a row as text: the cells of a CSV, the members of a JSON object."""

from __future__ import annotations

from portal.feeds.projections import Projection
from portal.feeds.renderers import FORMULA_STARTS
from portal.feeds.specs import DatasetSpec


def csv_columns(spec: DatasetSpec, projection: Projection) -> str:
    """Select list of the cells: text that a spreadsheet would run is led by an apostrophe, numbers are left alone."""
    wire = projection.wire(spec)
    kinds = {field.name: field.type for field in spec.fields}
    return ", ".join(
        f"{guarded_sql(sql) if kinds[name] == 'string' else sql} AS {name}"
        for name, sql in wire.items()
    )


def json_columns(spec: DatasetSpec, projection: Projection) -> str:
    """Select list of the members of an object."""
    return ", ".join(f"{sql} AS {name}" for name, sql in projection.wire(spec).items())


def guarded_sql(sql: str) -> str:
    """What ``renderers.guarded`` does, in SQL; a test proves that they agree."""
    signs = " || ".join(f"chr({ord(sign)})" for sign in FORMULA_STARTS)
    first = f"left(ltrim({sql}, ''''), 1)"
    return f"CASE WHEN {first} <> '' AND strpos({signs}, {first}) > 0 THEN '''' || {sql} ELSE {sql} END"
