"""What else locates impulses, on the same streams: a plain SciPy solver, and PyOcto with its help.

Both get what is fair: rows nobody can use and repeats taken out, the report's sound speed, rounds at one
place less than 4 s apart joined into one incident. Neither states an ellipse or a probability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from tests.reference.acoustic_stream import MadeStream

REACH_M = 1000.0
JOIN_S, JOIN_M = 4.0, 100.0
SOUND_UNITS = (
    5.0  # PyOcto weighs a second like 5 units of length (src/types.h), so c is made 5 units/s
)


class PyOctoAbsentError(Exception):
    """PyOcto is not installed; the message says how to get it."""


@dataclass(frozen=True)
class Rival:
    """An incident as a rival tells it; what it does not tell is NaN."""

    t_ns: int
    x_m: float
    y_m: float
    n_shots: int
    prob: float = 1.0
    cov_xx: float = np.nan
    cov_xy: float = np.nan
    cov_yy: float = np.nan


@dataclass(frozen=True)
class RivalDetection:
    events: list[Rival]


@dataclass(frozen=True)
class Plain:
    """A stream as a rival wants it: seconds in order of time, sensors by row, metres, one speed."""

    t0_ns: int
    t_s: np.ndarray
    sensor: np.ndarray
    xy_m: np.ndarray
    c_mps: float
    wind_mps: np.ndarray
    """The report's wind, east and north, as the air moves."""


def plain(stream: MadeStream) -> Plain:
    pulses, sensors = stream.pulses, stream.sensors
    row = {str(name): k for k, name in enumerate(sensors.sensor_id)}
    sensor = np.array([row.get(str(name), -1) for name in pulses.sensor_id])
    report_ns = stream.weather.t_ns
    sane = (sensor >= 0) & (pulses.t_ns > report_ns.min()) & (pulses.t_ns < report_ns.max())
    t_ns, sensor = pulses.t_ns[sane], sensor[sane]
    order = np.lexsort([sensor, t_ns])
    t_ns, sensor = t_ns[order], sensor[order]
    fresh = np.concatenate([[True], (np.diff(t_ns) != 0) | (np.diff(sensor) != 0)])[: t_ns.size]
    t0_ns = int(t_ns[0]) if t_ns.size else 0
    from_rad = np.radians(stream.weather.wind_from_deg)
    towards = -stream.weather.wind_mps * np.array([np.sin(from_rad), np.cos(from_rad)])
    return Plain(
        t0_ns=t0_ns,
        t_s=(t_ns[fresh] - t0_ns) / 1e9,
        sensor=sensor[fresh],
        xy_m=np.column_stack([sensors.x_m, sensors.y_m]),
        c_mps=float(20.03 * np.sqrt(np.median(stream.weather.temp_c) + 273.15)),
        wind_mps=np.median(towards, axis=1),
    )


def plain_scipy(stream: MadeStream) -> RivalDetection:
    """What one writes in an afternoon: one solve per pulse that has company, nothing joint, no sense
    of silence. Each pulse in turn is taken for the first arrival."""
    p = plain(stream)
    free, rounds = np.ones(p.t_s.size, bool), []
    for k in range(p.t_s.size):
        if free[k]:
            solved = _solve_from(k, free, p)
            if solved is not None:
                place, used = solved
                free[used] = False
                rounds.append(place)
    return _joined(rounds, p)


def _solve_from(k, free, p):
    later = k + 1 + np.flatnonzero(free[k + 1 : np.searchsorted(p.t_s, p.t_s[k] + 3.0)])
    reach = np.hypot(*(p.xy_m[p.sensor[later]] - p.xy_m[p.sensor[k]]).T)
    in_time = p.t_s[later] - p.t_s[k] < reach / p.c_mps + 0.05
    later = later[(reach < REACH_M) & (reach > 0.0) & in_time]
    _, first = np.unique(p.sensor[later], return_index=True)
    group = np.concatenate([[k], later[first]])
    return _solve(group, p, start=p.xy_m[p.sensor[k]] + 1.0, least=6)


def _solve(group, p, *, start, least):
    """Robust least squares, twice, without what misses by 40 ms after the first."""
    for _ in range(2):
        if group.size < max(least, 4):
            return None
        at, t = p.xy_m[p.sensor[group]], p.t_s[group]

        def late(q, at=at, t=t):
            away = at - q[:2]
            distance = np.hypot(*away.T)
            speed = p.c_mps + away @ p.wind_mps / np.maximum(distance, 1.0)
            return t - t[0] - q[2] - distance / speed

        first = -float(np.hypot(*(at[0] - start))) / p.c_mps
        fit = least_squares(late, [*start, first], loss="soft_l1", f_scale=0.01)
        group, start = group[np.abs(late(fit.x)) < 0.04], fit.x[:2]
    if group.size < least:
        return None
    return (float(t[0] + fit.x[2]), float(fit.x[0]), float(fit.x[1])), group


def pyocto(stream: MadeStream, **tuned) -> RivalDetection:
    """PyOcto associates, round by round; the plain solver places each round, as its handbook advises
    for locations. Settings: the best of some thirty tried on minutes of `urban`, seeds 1 to 3."""
    octo, pandas = _imported()
    settings = {"tolerance": 0.05, "match": 0.05, "node": 0.5, "reach_m": 800.0, "picks": 12,
                "fraction": 0.5} | tuned  # fmt: skip
    p = plain(stream)
    unit_m = p.c_mps / SOUND_UNITS
    at = p.xy_m / unit_m
    named = np.arange(len(at)).astype(str)
    stations = pandas.DataFrame({"id": named, "x": at[:, 0], "y": at[:, 1], "z": 0.0})
    picks = pandas.DataFrame({"station": named[p.sensor], "phase": "P", "time": p.t_s})
    sound = octo.VelocityModel0D(
        SOUND_UNITS, SOUND_UNITS / 2.0, settings["tolerance"], settings["reach_m"] / unit_m
    )
    associator = octo.OctoAssociator(
        xlim=(at[:, 0].min() - 2.0, at[:, 0].max() + 2.0),
        ylim=(at[:, 1].min() - 2.0, at[:, 1].max() + 2.0),
        zlim=(0.0, 0.01),
        velocity_model=sound,
        time_before=4.0,
        min_node_size=settings["node"],
        min_node_size_location=0.05,
        pick_match_tolerance=settings["match"],
        min_interevent_time=0.15,
        n_picks=settings["picks"],
        n_p_picks=settings["picks"],
        n_s_picks=0,
        n_p_and_s_picks=0,
        min_pick_fraction=settings["fraction"],
        time_slicing=60.0,
        n_threads=1,
    )
    events, assigned = associator.associate(picks, stations)
    return _joined(_placed(events, assigned, p, unit_m, least=settings["picks"] - 1), p)


def _placed(events, assigned, p, unit_m, *, least):
    rounds = []
    if not len(events):
        return rounds
    for number, x, y in zip(events["idx"], events["x"], events["y"], strict=True):
        group = np.sort(assigned["pick_idx"][assigned["event_idx"] == number].to_numpy())
        start = np.array([x, y]) * unit_m
        near = np.hypot(*(p.xy_m[p.sensor[group]] - start).T) < REACH_M
        solved = _solve(group[near], p, start=start, least=least)
        if solved is not None:
            rounds.append(solved[0])
    return rounds


def _imported():
    try:
        import pandas
        import pyocto as octo
    except ImportError as error:
        raise PyOctoAbsentError(
            f"PyOcto is not here ({error}). It asks for an older NumPy than ours but runs with it: "
            "pip install --no-deps --target DIR pyocto==0.2.2 pandas, then PYTHONPATH=DIR"
        ) from error
    return octo, pandas


def _joined(rounds, p):
    """Rounds (t_s, x, y) at one place less than 4 s apart are one incident."""
    groups: list[list[tuple[float, float, float]]] = []
    for t_s, x, y in sorted(rounds):
        for group in groups:
            middle = np.median(np.array(group)[:, 1:], axis=0)
            if t_s - group[-1][0] < JOIN_S and np.hypot(x - middle[0], y - middle[1]) < JOIN_M:
                group.append((t_s, x, y))
                break
        else:
            groups.append([(t_s, x, y)])
    return RivalDetection(
        [
            Rival(
                p.t0_ns + round(1e9 * group[0][0]),
                *(float(v) for v in np.median(np.array(group)[:, 1:], axis=0)),
                n_shots=len(group),
            )
            for group in groups
        ]
    )
