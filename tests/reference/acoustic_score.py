"""The examiner of acoustic detection: what was found, how well it was placed, counted and named.

Shares no code with the core. Events are judged by their attributes ``t_ns, x_m, y_m, n_shots, prob,
cov_xx, cov_xy, cov_yy``, so that any method can be examined.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy.stats import rankdata

from sensors.simulation.streams import Incident, Truth

WITHIN_S, WITHIN_M = 2.0, 100.0
TRIM = 0.98
CHI2_95 = 5.991464547107979
MPS_PER_C = 0.607
ROUNDED_TO_C = 1.0 / np.sqrt(12.0)  # reports give whole degrees


@dataclass(frozen=True)
class Marks:
    """How a detection did. Counts, and one value for each found incident that was asked for.

    Not asked for, and not held against a detector that reports them: incidents outside the array or
    heard directly by fewer than four healthy sensors, and the blows of building sites.
    """

    asked: int
    found: int
    false: int
    tolerated: int
    guns_asked: int
    guns_found: int
    guns_false: int
    error_m: np.ndarray
    bound_m: np.ndarray
    in_95: np.ndarray
    area_ratio: np.ndarray
    shots_off: np.ndarray
    prob: np.ndarray
    """Of every event that is a real source, asked for or not, and whether that was gunfire."""
    is_gun: np.ndarray

    @property
    def precision(self) -> float:
        return _ratio(self.found, self.found + self.false)

    @property
    def recall(self) -> float:
        return _ratio(self.found, self.asked)

    @property
    def f1(self) -> float:
        return _ratio(2 * self.found, self.found + self.false + self.asked)

    @property
    def gun_f1(self) -> float:
        return _ratio(2 * self.guns_found, self.guns_found + self.guns_false + self.guns_asked)

    @property
    def median_m(self) -> float:
        return _percentile(self.error_m, 50)

    @property
    def p95_m(self) -> float:
        return _percentile(self.error_m, 95)

    @property
    def over_bound(self) -> float:
        """Root mean square of error over each incident's own bound, best 98 %."""
        ratios = np.sort(self.error_m / self.bound_m)
        kept = ratios[: int(np.ceil(TRIM * ratios.size))]
        return float(np.sqrt(np.mean(kept**2))) if kept.size else float("nan")

    @property
    def rmse_over_bound(self) -> float:
        """RMSE of the best 98 % over the root mean square of the same incidents' bounds."""
        kept = np.argsort(self.error_m)[: int(np.ceil(TRIM * self.error_m.size))]
        if not kept.size:
            return float("nan")
        return float(np.sqrt(np.sum(self.error_m[kept] ** 2) / np.sum(self.bound_m[kept] ** 2)))

    @property
    def in_ellipse(self) -> float:
        return _mean(self.in_95)

    @property
    def ellipse_area(self) -> float:
        """Median area of the 95 % ellipse over the bound's."""
        return _percentile(self.area_ratio, 50)

    @property
    def rounds_right(self) -> float:
        return _mean(self.shots_off == 0)

    @property
    def rounds_within_one(self) -> float:
        return _mean(np.abs(self.shots_off) <= 1)

    @property
    def auc(self) -> float:
        """Chance that a gunfire's probability exceeds another source's (Mann-Whitney)."""
        guns = int(self.is_gun.sum())
        others = self.is_gun.size - guns
        if not guns or not others:
            return float("nan")
        ranks = rankdata(self.prob)[self.is_gun].sum()
        return float((ranks - guns * (guns + 1) / 2.0) / (guns * others))

    @property
    def ece(self) -> float:
        """Expected calibration error over ten equal bins of the stated probability."""
        if not self.prob.size:
            return float("nan")
        bins = np.minimum((10.0 * self.prob).astype(int), 9)
        gaps = [np.sum(self.prob[bins == b]) - np.sum(self.is_gun[bins == b]) for b in range(10)]
        return float(np.sum(np.abs(gaps)) / self.prob.size)


def pooled(marks: list[Marks]) -> Marks:
    """Several streams as one."""
    columns: dict[str, Any] = {}
    for field in fields(Marks):
        values = [getattr(one, field.name) for one in marks]
        columns[field.name] = sum(values) if isinstance(values[0], int) else np.concatenate(values)
    return Marks(**columns)


def mark(detection: Any, truth: Truth) -> Marks:
    """One to one, nearest first: an event is an incident's within 2 s and 100 m."""
    events, incidents = list(detection.events), truth.incidents
    pairs = _pairs(events, incidents)
    sources = [(events[k], incidents[n]) for k, n in pairs.items()]
    found = [(event, incident) for event, incident in sources if incident.is_asked]
    loose = [event for k, event in enumerate(events) if k not in pairs]
    at_site = [event for event in loose if any(_is_at_site(event, i) for i in incidents)]
    real = [(e, i.kind == "gunfire") for e, i in sources] + [(e, False) for e in at_site]
    guns = [event for event in events if event.prob >= 0.5]
    true_guns = {id(e) for e, i in sources if i.kind == "gunfire"}
    bounds = [bound(incident, truth) for _, incident in found]
    told = [_covariance(event) for event, _ in found]
    away = [np.array([e.x_m - i.x_m, e.y_m - i.y_m]) for e, i in found]
    return Marks(
        asked=sum(incident.is_asked for incident in incidents),
        found=len(found),
        false=len(loose) - len(at_site),
        tolerated=len(sources) - len(found) + len(at_site),
        guns_asked=sum(i.is_asked and i.kind == "gunfire" for i in incidents),
        guns_found=sum(e.prob >= 0.5 and i.kind == "gunfire" for e, i in found),
        guns_false=sum(id(event) not in true_guns for event in guns),
        error_m=np.array([np.hypot(*d) for d in away]),
        bound_m=np.array([np.sqrt(np.trace(b)) for b in bounds]),
        in_95=np.array([_inside(d, c) for d, c in zip(away, told, strict=True)], bool),
        area_ratio=np.array([_area_ratio(c, b) for c, b in zip(told, bounds, strict=True)]),
        shots_off=np.array([e.n_shots - i.rounds_t_ns.size for e, i in found], int),
        prob=np.array([event.prob for event, _ in real], float),
        is_gun=np.array([is_gun for _, is_gun in real], bool),
    )


@dataclass(frozen=True)
class HealthMarks:
    """By kind of fault: sensors that have it, those named with it, those named with another; and
    healthy sensors named at all."""

    asked: dict[str, int]
    named: dict[str, int]
    misnamed: dict[str, int]
    false: int


def mark_health(faults: Any, truth: Truth, sensor_ids: np.ndarray) -> HealthMarks:
    """faults: what a detector found, each with ``sensor_id`` and ``kind``."""
    true = {str(sensor_ids[fault.sensor]): fault.kind for fault in truth.faults}
    told = {str(fault.sensor_id): str(fault.kind) for fault in faults}
    both = [(kind, told[sensor]) for sensor, kind in true.items() if sensor in told]
    return HealthMarks(
        asked=dict(Counter(true.values())),
        named=dict(Counter(kind for kind, said in both if kind == said)),
        misnamed=dict(Counter(kind for kind, said in both if kind != said)),
        false=len(told.keys() - true.keys()),
    )


def bound(incident: Incident, truth: Truth) -> np.ndarray:
    """Hybrid Cramer-Rao bound of the place, (2, 2) m^2, from the sensors that truly heard it.

    One arrival a sensor with the path error, which rounds do not average, and the rounds' scatter,
    which they do; emission time free; sound speed and wind under the weather report as prior.
    """
    at = np.column_stack([truth.x_m, truth.y_m])[incident.sensor]
    away = at - [incident.x_m, incident.y_m]
    distance = np.maximum(np.hypot(*away.T), 1.0)
    unit = away / distance[:, None]
    c = 20.03 * np.sqrt(float(truth.sky.temp_c.mean()) + 273.15)
    rows = np.column_stack(
        [-unit / c, np.ones(distance.size), -distance / c**2, -distance[:, None] * unit / c**2]
    )
    variance = truth.path_sd_s**2 + truth.shot_sd_s**2 / incident.directs
    report = np.array(
        [MPS_PER_C * np.hypot(truth.temp_sd_c, ROUNDED_TO_C), truth.wind_sd_mps, truth.wind_sd_mps]
    )
    information = rows.T @ (rows / variance[:, None])
    information[[3, 4, 5], [3, 4, 5]] += 1.0 / report**2
    return np.linalg.inv(information)[:2, :2]


def _pairs(events: list[Any], incidents: tuple[Incident, ...]) -> dict[int, int]:
    if not events or not incidents:
        return {}
    start = incidents[0].t_ns
    t = np.array([int(e.t_ns) - start for e in events]) / 1e9
    at = np.array([[e.x_m, e.y_m] for e in events])
    true_t = np.array([i.t_ns - start for i in incidents]) / 1e9
    true_at = np.array([[i.x_m, i.y_m] for i in incidents])
    near = np.abs(t[:, None] - true_t) <= WITHIN_S
    k, n = np.nonzero(near)
    error = np.hypot(*(at[k] - true_at[n]).T)
    pairs: dict[int, int] = {}
    taken = set[int]()
    for j in np.argsort(error, kind="stable"):
        if error[j] <= WITHIN_M and int(k[j]) not in pairs and int(n[j]) not in taken:
            pairs[int(k[j])] = int(n[j])
            taken.add(int(n[j]))
    return pairs


def _is_at_site(event: Any, incident: Incident) -> bool:
    first, last = incident.rounds_t_ns[0], incident.rounds_t_ns[-1]
    slack = int(WITHIN_S * 1e9)
    return bool(
        incident.is_site
        and first - slack <= event.t_ns <= last + slack
        and np.hypot(event.x_m - incident.x_m, event.y_m - incident.y_m) <= WITHIN_M
    )


def _covariance(event: Any) -> np.ndarray:
    return np.array([[event.cov_xx, event.cov_xy], [event.cov_xy, event.cov_yy]], float)


def _inside(offset: np.ndarray, covariance: np.ndarray) -> bool:
    if not np.isfinite(covariance).all() or np.linalg.det(covariance) <= 0.0:
        return False
    return bool(offset @ np.linalg.solve(covariance, offset) <= CHI2_95)


def _area_ratio(covariance: np.ndarray, least: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        return float(np.sqrt(np.linalg.det(covariance) / np.linalg.det(least)))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if values.size else float("nan")


def _percentile(values: np.ndarray, percent: float) -> float:
    return float(np.percentile(values, percent)) if values.size else float("nan")
