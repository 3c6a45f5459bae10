"""Linking 70,853 alerts to as many responses and to 700,000 incidents, beside the plain rule "the nearest".

python benchmarks/linking.py [--incidents 700000]

Alerts are Washington DC's of 2006 to 2018 where the file is there (DAYLIGHT_SHARED_DATA), else made
up. Responses and the incidents that tell of an alert are made of known alerts, so that every link can
be judged; the other incidents lie anywhere in the same city and years. The plain rule takes the
nearest alert within 250 m of the record and 15 minutes before it, as is often done with such data.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

PROJECT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("DAYLIGHT_SHARED_DATA") or PROJECT.parent / "shared" / "data")
sys.path.insert(0, str(PROJECT))

from incidents.linking import (  # noqa: E402
    RESPONSE,
    SHOOTING,
    Alerts,
    Law,
    Records,
    link_one_to_one,
)
from sensors.geodesy import LocalPlane  # noqa: E402

NAMES = {
    "dc_shotspotter_2006_2013.csv.gz": ("Date Time", "Longitude-100meter", "Latitude-100meter"),
    "dc_shotspotter_2014_2018q3.csv.gz": ("Date", "Longitude", "Latitude"),
}


def dc_alerts() -> np.ndarray | None:
    """Seconds, longitude, latitude; None where the files are not there."""
    folder, rows = SHARED / "dc_shotspotter_2006_2018", []
    for name, (when, lon, lat) in NAMES.items():
        if not (folder / name).is_file():
            return None
        with gzip.open(folder / name, "rt") as file:
            for row in csv.DictReader(file):
                if "Date Time" in row:
                    at = datetime.strptime(row[when], "%m/%d/%y %H:%M")  # noqa: DTZ007
                else:
                    at = datetime.strptime(f"{row['Date']} {row['Time']}", "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
                rows.append((at.timestamp(), float(row[lon]), float(row[lat])))
    return np.array(rows)


def alerts_of(rng: np.random.Generator) -> Alerts:
    """DC's alerts, each moved within the 100 m to which the file rounds its place."""
    rows = dc_alerts()
    if rows is None:
        n = 70_853
        focus = rng.normal(0.0, 4_000.0, (60, 2))[rng.integers(60, size=n)]
        t, xy = rng.uniform(0, 12.7 * 365.25 * 86_400, n), focus + rng.normal(0.0, 400.0, (n, 2))
    else:
        plane = LocalPlane.around(rows[:, 1], rows[:, 2])
        t, xy = rows[:, 0], np.column_stack(plane.to_xy(rows[:, 1], rows[:, 2]))
        t, xy = t + rng.uniform(0, 60, t.size), xy + rng.uniform(-50, 50, xy.shape)
    nan = np.full(t.size, np.nan)
    return Alerts(t, xy[:, 0], xy[:, 1], nan, nan, nan)


def told_of(alerts: Alerts, source: np.ndarray, law: Law, rng: np.random.Generator) -> Records:
    """Records as the law has them; one in twenty is written down at a place far off."""
    m = source.size
    sd = np.where(rng.random(m) < 0.05, 4.0, 1.0) * np.hypot(law.place_sd_m, 25.0)
    late = rng.exponential(law.mean_s, m) + rng.normal(0.0, law.clock_sd_s, m)
    at = np.round((alerts.t_s[source] + late) / 60.0) * 60.0
    return Records(
        at, at, alerts.x_m[source] + sd * rng.normal(size=m),
        alerts.y_m[source] + sd * rng.normal(size=m), np.full(m, np.nan),
    )  # fmt: skip


def unrelated(alerts: Alerts, m: int, rng: np.random.Generator) -> Records:
    """Where alerts are and when they are, but not of them."""
    place, time_ = rng.integers(len(alerts), size=(2, m))
    at = alerts.t_s[time_] + rng.uniform(-43_200, 43_200, m)
    off = rng.normal(0.0, 300.0, (2, m))
    return Records(
        at, at, alerts.x_m[place] + off[0], alerts.y_m[place] + off[1], np.full(m, np.nan)
    )


def nearest(alerts: Alerts, records: Records) -> np.ndarray:
    """The plain rule; ties and several records of one alert are not looked at."""
    scale = np.array([250.0, 250.0, 450.0])
    tree = cKDTree(np.column_stack([alerts.x_m, alerts.y_m, alerts.t_s]) / scale)
    points = np.column_stack([records.x_m, records.y_m, records.from_s - 450.0]) / scale
    gap, index = tree.query(points, distance_upper_bound=1.0)
    return np.where(np.isfinite(gap), index, -1)


def judged(link: np.ndarray, truth: np.ndarray) -> str:
    right = int(((link == truth) & (truth >= 0)).sum())
    precision, recall = right / max(int((link >= 0).sum()), 1), right / int((truth >= 0).sum())
    return f"precision {precision:.4f}  recall {recall:.4f}"


def timed(work: Callable[[], np.ndarray], truth: np.ndarray, name: str) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    link = work()
    clock, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"  {name:<8} {clock:6.2f} s  cpu {cpu:6.2f} s  {judged(link, truth)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--incidents", type=int, default=700_000)
    m = parser.parse_args().incidents
    rng = np.random.default_rng(11)
    alerts = alerts_of(rng)
    n = len(alerts)

    truth = rng.permutation(n)
    responses = told_of(alerts, truth, RESPONSE, rng)
    print(f"{n:,} alerts, {n:,} responses")
    timed(lambda: nearest(alerts, responses), truth, "nearest")
    timed(lambda: link_one_to_one(alerts, responses, RESPONSE).alert, truth, "ours")

    telling = rng.choice(n, n // 5, replace=False)
    about, other = told_of(alerts, telling, SHOOTING, rng), unrelated(alerts, m - n // 5, rng)
    incidents = Records(
        *(np.concatenate([getattr(about, f), getattr(other, f)]) for f in Records.__annotations__)
    )
    truth = np.concatenate([telling, np.full(m - n // 5, -1)])
    print(f"{n:,} alerts, {m:,} incidents of which {n // 5:,} tell of one")
    timed(lambda: nearest(alerts, incidents), truth, "nearest")
    timed(lambda: link_one_to_one(alerts, incidents, SHOOTING).alert, truth, "ours")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main()
