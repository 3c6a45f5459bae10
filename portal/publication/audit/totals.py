"""Attacks on the noisy counts of sensitive incidents, and on the public map: does anything change that never should?"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from portal.feeds.files import folder_of
from portal.models import Release
from portal.publication.audit.attacks.limits import Finding, exact, share
from portal.publication.audit.geography import query

KEY: Final = ("statistic", "period", "district", "category_group")
# Noise is drawn once for good: a share that is too high by chance could never be mended, so that only
# what chance does not bring about in ten thousand cities counts.
UNLIKELY: Final = 1e-4


def noisy_counts(release: Release, previous: Release | None) -> Iterator[Finding]:
    """Whether a count was drawn again since the release before, and how many counts are exact."""
    before, now = ({} if each is None else _counts(each) for each in (previous, release))
    both = before.keys() & now.keys()
    again = sum(before[key] != now[key] for key in both)
    yield exact("sensitive-totals", "drawn-again", again, n=len(both))
    rows = query(_AGAINST_THE_TRUTH, {"number": release.number})
    hits = np.array([noisy == true for noisy, true in rows], bool)
    yield share("sensitive-totals", "exact", hits, chance=UNLIKELY)


# Each district's count of a quarter beside the incidents that were counted in it.
_AGAINST_THE_TRUTH: Final = (
    "SELECT r.noisy_count, (SELECT count(*) FROM vault.publication_countedincident c "
    "JOIN vault.incidents_incident i ON i.id = c.record_id "
    "JOIN vault.incidents_area a ON a.id = i.district_id "
    "WHERE c.statistic = r.statistic AND c.period = r.period AND a.slug = r.district_slug) "
    "FROM release.sensitive_count r WHERE r.statistic = 'district-quarter' AND r.district_slug <> '' "
    "AND r.first_release <= %(number)s AND (r.retired_release IS NULL OR r.retired_release > %(number)s)"
)


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
