"""A second importer: one row at a time, standard library, no cleverness. Slow, and easy to believe."""

from __future__ import annotations

import bz2
import csv
import datetime as dt
import fnmatch
import gzip
import json
import lzma
import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyproj

from incidents.codes import CATEGORIES

OPENERS = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a CSV or GeoJSON file as dictionaries of texts."""
    opener = OPENERS.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        if ".geojson" in path.name:
            for feature in json.load(file)["features"]:
                row = {k: "" if v is None else str(v) for k, v in feature["properties"].items()}
                lon, lat = feature["geometry"]["coordinates"]
                yield row | {"@lon": str(lon), "@lat": str(lat)}
        else:
            yield from csv.DictReader(file)


def records_of(path: Path, mapping_path: Path) -> list[dict[str, Any]]:
    """What a file says in our words, by the mapping's TOML alone."""
    mapping = tomllib.loads(mapping_path.read_text())
    return [record(row, mapping) for row in rows_of(path)]


def record(row: dict[str, str], mapping: dict[str, Any]) -> dict[str, Any]:
    """One row in our words; instants aware UTC, positions floats or None."""
    null = mapping.get("file", {}).get("null", [])
    row = {name.strip(): value.strip() for name, value in row.items()}
    row = {name: "" if value in null else value for name, value in row.items()}
    result: dict[str, Any] = {}
    for field, origin in mapping["columns"].items():
        text = first_value(row, origin)
        text = translated(text, mapping.get("values", {}).get(field, {}))
        if field.endswith("_at") or field.startswith("occurred"):
            result[field] = instant(text, mapping) if text else None
        else:
            result[field] = text
    result |= classified(row, result, mapping)
    return result


def first_value(row: dict[str, str], origin: Any) -> str:
    for alternative in origin if isinstance(origin, list) else [origin]:
        if isinstance(alternative, str):
            alternative = {"columns": [alternative]}
        if "constant" in alternative:
            return alternative["constant"]
        names = alternative.get("columns") or [alternative["column"]]
        if any(name not in row for name in names):
            continue
        text = alternative.get("join", " ").join(row[name] for name in names if row[name])
        if text:
            return alternative.get("prefix", "") + text.rjust(alternative.get("pad", 0), "0")
    return ""


def translated(text: str, table: dict[str, str]) -> str:
    return str(best_match(text, table, default=text))


def best_match(text: str, table: dict[str, Any], *, default: Any) -> Any:
    """The entry itself, else that of the fitting pattern with the most letters."""
    if text in table and "*" not in text:
        return table[text]
    fitting = [
        key for key in table if "*" in key and fnmatch.fnmatchcase(text.upper(), key.upper())
    ]
    return table[max(fitting, key=lambda key: len(key.replace("*", "")))] if fitting else default


def instant(text: str, mapping: dict[str, Any]) -> dt.datetime | None:
    text = re.sub(r"([+-]\d\d)$", r"\g<1>00", text) if ":" in text else text  # strptime wants +0000
    for form in mapping["dates"]["formats"]:
        form = {"format": form} if isinstance(form, str) else form
        try:
            value = dt.datetime.strptime(text, form["format"])
        except ValueError:
            continue
        if value.tzinfo is None:
            value = value.replace(tzinfo=ZoneInfo(form.get("zone", mapping["zone"])))
        return value.astimezone(dt.UTC)
    return None


ORDER = ["0a", "0b", "1", "2", "3"]


def classified(
    row: dict[str, str], values: dict[str, Any], mapping: dict[str, Any]
) -> dict[str, Any]:
    code = values.get("code", values.get("call_type", ""))
    found = best_match(code, mapping.get("codes", {}), default="unclassified")
    found = {"category": found} if isinstance(found, str) else found
    category = found["category"]
    tiers = [found.get("tier", CATEGORIES[category].tier)]
    flags = [values["victim_flags"]] if values.get("victim_flags") else []
    for rule in mapping.get("rules", []):
        if all(
            any(fnmatch.fnmatchcase(row[name].upper(), word.upper()) for word in words)
            for name, words in rule["when"].items()
        ):
            tiers.append(rule.get("tier", "0a"))
            flags += [rule["flag"]] if "flag" in rule else []
    return {
        "category": category,
        "tier": max(tiers, key=ORDER.index),
        "victim_flags": " ".join(flags),
    }


@lru_cache
def transformer(crs: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def position(values: dict[str, Any], crs: str | None) -> tuple[float, float] | None:
    """Degrees rounded to seven decimals, or None where the row has none that can be."""
    for names, project in ((("lon", "lat"), False), (("x", "y"), True)):
        try:
            east, north = (float(values.get(name) or "nan") for name in names)
        except ValueError:
            continue
        if project and crs and east and north and east == east:
            east, north = transformer(crs).transform(east, north)
        if abs(east) <= 180 and abs(north) <= 90 and max(abs(east), abs(north)) > 1e-3:
            return round(east, 7), round(north, 7)
    return None
