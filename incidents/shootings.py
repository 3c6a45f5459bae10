"""Confirmed shootings: which records tell of the same shots, and whether the array should have heard. PURE."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from incidents.linking import Float, Int, Law, Records


def same_shooting(records: Records, law: Law, *, apart_s: float = 900.0) -> Int:
    """A number for each record, the same for records of the same shots; shape (m,), from 0.

    Two records tell of the same where their times are at most ``apart_s`` apart and their places
    2.5 standard deviations. Records without place or time stand alone.
    """
    m = len(records)
    usable = np.flatnonzero(~records.is_vague(law))
    sd = np.where(np.isnan(records.place_sd_m), law.place_sd_m, records.place_sd_m)
    if not usable.size:
        return np.arange(m, dtype=np.int64)
    reach_m = 2.5 * np.sqrt(2.0) * float(sd[usable].max())
    middle, half = (records.from_s + records.to_s) / 2.0, (records.to_s - records.from_s) / 2.0
    reach_s = apart_s + 2.0 * float(half[usable].max())
    tree = cKDTree(
        np.column_stack([records.x_m, records.y_m, middle])[usable]
        / np.array([reach_m, reach_m, reach_s])
    )
    i, j = usable[tree.query_pairs(np.sqrt(2.0), output_type="ndarray").T]
    apart = np.hypot(records.x_m[i] - records.x_m[j], records.y_m[i] - records.y_m[j])
    gap = np.abs(middle[i] - middle[j]) - half[i] - half[j]
    same = (apart <= 2.5 * np.hypot(sd[i], sd[j])) & (gap <= apart_s)
    graph = coo_array((np.ones(int(same.sum())), (i[same], j[same])), shape=(m, m))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def is_covered(
    x_m: Float,
    y_m: Float,
    sensor_x_m: Float,
    sensor_y_m: Float,
    active: NDArray[np.bool_],
    *,
    near_m: float = 300.0,
    around_m: float = 800.0,
) -> NDArray[np.bool_]:
    """Whether the array could be expected to hear and place shots there; shape (n,).

    active: (n, sensors), which of them worked then. Three within ``near_m``, or inside the hull of
    the four or more within ``around_m`` (three of five direct sounds arrive over that distance):
    a point is inside the hull of others where no gap between their bearings is 180 degrees or more.
    """
    covered = np.zeros(x_m.size, bool)
    if not sensor_x_m.size or not x_m.size:
        return covered
    tree = cKDTree(np.column_stack([sensor_x_m, sensor_y_m]))
    for n, near in enumerate(tree.query_ball_point(np.column_stack([x_m, y_m]), around_m)):
        heard = np.array(near, np.int64)
        heard = heard[active[n, heard]]
        dx, dy = sensor_x_m[heard] - x_m[n], sensor_y_m[heard] - y_m[n]
        if int((np.hypot(dx, dy) <= near_m).sum()) >= 3:
            covered[n] = True
        elif heard.size >= 4:
            bearing = np.sort(np.arctan2(dy, dx))
            covered[n] = np.diff(bearing, append=bearing[0] + 2.0 * np.pi).max() < np.pi
    return covered
