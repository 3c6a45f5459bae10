"""Attacks on the noisy counts of sensitive incidents, and on the public map: does anything change that never should?"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from portal.feeds.files import folder_of
from portal.models import Release
from portal.publication.audit.attacks.limits import UNLIKELY, Finding, exact, limit_of, share
from portal.publication.audit.geography import query
from portal.publication.audit.reading import IN_RELEASE
from portal.publication.disclosure import ALL_SENSITIVE, GROUPS, sensitive_groups
from portal.publication.sources import SENSITIVE_GROUP
from portal.publication.totals import CITY, STATISTICS

_KINDS: Final = {kind.purpose.value: kind for kind in STATISTICS}
KEY: Final = ("statistic", "period", "district", "category_group")


def noisy_counts(release: Release, previous: Release | None) -> Iterator[Finding]:
    """Whether a count was drawn again since the release before, and how many counts of one kind are exact."""
    before, now = ({} if each is None else _counts(each) for each in (previous, release))
    both = before.keys() & now.keys()
    again = sum(before[key] != now[key] for key in both)
    yield exact("sensitive-totals", "drawn-again", again, n=len(both))
    # Each kind by itself, or a few plain counts would drown in many noisy ones.
    found = [_exactness(np.array([]), np.array([]))]
    found += [_exactness(hits, epsilon) for hits, epsilon in _against_the_truth(release)]
    yield max(found, key=lambda finding: (finding.status == "failed", finding.measured or 0.0))


def _exactness(hits: NDArray[np.bool_], epsilon: NDArray[np.float64]) -> Finding:
    """How many draws are zero; of a wide budget, which a signed override may allow, more are."""
    by_chance = float(np.tanh(epsilon / 2).mean()) if len(epsilon) else 0.0
    usual = limit_of("sensitive-totals", "exact")
    limit = replace(usual, value=max(usual.value or 0.0, by_chance))
    return share(
        "sensitive-totals", "exact", hits, limit=limit, chance=UNLIKELY, enough=math.inf
    )  # fmt: skip


def _against_the_truth(release: Release) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """By kind of count: whether each is what was counted, and its epsilon. Sums of several draws are left out."""
    counted = query(
        "SELECT c.statistic, c.period, coalesce(a.slug, ''), i.category, i.victim_flags, i.relationship "
        "FROM vault.publication_countedincident c JOIN vault.incidents_incident i ON i.id = c.record_id "
        "LEFT JOIN vault.incidents_area a ON a.id = i.district_id"
    )
    columns = list(zip(*counted, strict=True)) or [()] * 6
    group = sensitive_groups(*columns[3:], of_category=SENSITIVE_GROUP).tolist()
    truth: Counter[tuple[str, ...]] = Counter()
    for (statistic, period, district, *_), g in zip(counted, group, strict=True):
        kind = _KINDS[statistic]
        where = district if kind.by_district else CITY
        truth[statistic, period, where, GROUPS[g] if kind.by_group else ALL_SENSITIVE] += 1
    said = query(
        "SELECT r.statistic, r.period, r.district_slug, r.category_group, r.noisy_count, r.epsilon "  # noqa: S608
        f"FROM release.sensitive_count r WHERE {IN_RELEASE}",
        {"number": release.number},
    )
    for statistic, kind in _KINDS.items():
        mine = [
            row for row in said if row[0] == statistic and bool(row[2]) is kind.by_district
        ]  # the city's total is the sum of its districts'
        hits = [truth[row[:4]] == row[4] for row in mine]
        yield np.array(hits, bool), np.array([row[5] for row in mine], float)


def _counts(release: Release) -> dict[tuple[str, ...], str]:
    """What the files of a release say, as readers have them."""
    found = {}
    for path in folder_of(release).glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                found[tuple(line[name] for name in KEY)] = line["count"]
    return found


SLIVER_DEG2 = 1e-11  # a tenth of a square metre


def redrawn_map() -> Iterator[Finding]:
    """Places and cells that are not, or not where, they were when they were published first."""
    changed = compared = 0
    for slug, table, code, own in (
        ("places", "place", "place_code", "stands_for_addresses"),
        ("cells", "cell", "cell_code", "n_addresses"),
    ):
        published = _features(slug, code, own)
        rows = query(f"SELECT code, {own}, lon, lat, footprint FROM release.{table}")  # noqa: S608
        for name, n, lon, lat, footprint in rows if published else []:
            dot = (lon, lat) if slug == "places" else (None, None)
            compared += 1
            changed += not _is_same(published.get(name), (n, *dot, json.loads(footprint)))
        changed += len(published.keys() - {row[0] for row in rows})
    yield exact("earlier-release", "map-redrawn", changed, n=compared)


def _is_same(published: tuple[Any, ...] | None, now: tuple[Any, ...]) -> bool:
    """Equal, save that a file leaves out rings and slivers without area, which RFC 7946 has no place for."""
    if published is None or published[:-1] != now[:-1]:
        return False
    if published[-1] == now[-1]:
        return True
    one, other = (
        shapely.make_valid(shapely.from_geojson(json.dumps(shape[-1])))
        for shape in (published, now)
    )
    return bool(one.symmetric_difference(other).area < SLIVER_DEG2)


def _features(slug: str, code: str, own: str) -> dict[str, tuple[Any, ...]]:
    """What the file of the map says of each place or cell; nothing where the file is gone."""
    found = {}
    for path in _newest_files(slug):
        for feature in json.loads(path.read_bytes())["features"]:
            row = feature["properties"]
            dot = (row.get("longitude"), row.get("latitude"))
            found[row[code]] = (row[own], *dot, feature["geometry"])
    return found


def _newest_files(slug: str) -> list[Path]:
    release = (
        Release.objects.using("publisher")
        .filter(dataset__slug=slug, state=Release.State.ACTIVE)
        .select_related("dataset")
        .order_by("-number")
        .first()
    )
    return sorted(folder_of(release).glob("*.geojson")) if release else []
