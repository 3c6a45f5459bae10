"""The one entrance: columns of pulses in, located and weighed incidents out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sensors.detection.association import Declined, Incident, associate
from sensors.detection.atmosphere import Soundings
from sensors.detection.classification import DEFAULT, Classifier
from sensors.detection.events import DeclinedPlace, DetectedEvent, Detection, Rejected
from sensors.detection.evidence import Stream
from sensors.detection.features import pooled_features
from sensors.detection.health import Fault, Mended, mend
from sensors.detection.hearing import background_per_s, stirred_per_s
from sensors.detection.propagation import Atmosphere, atmosphere_at
from sensors.detection.quality import NS_PER_S, Screened, screen
from sensors.detection.search import delays_of, find_seeds
from sensors.detection.second_pass import (
    faults_of,
    felt_air,
    heard_again,
    known_air,
    names_to_rows,
    row_moves,
    soundings_of,
    through_shared_air,
)
from sensors.detection.streams import (
    Floats,
    Ints,
    PulseArrays,
    SensorArrays,
    SensorSites,
    Weather,
    place,
)
from sensors.detection.twins import together
from sensors.detection.version import CORE_VERSION

ORIGIN_NS = 3_600 * NS_PER_S
"""Times become seconds from a whole hour: exact to a nanosecond for months, and the same grid of
time whichever window is asked for."""
BACKGROUND_BLOCK_S = 600.0


def detect(
    pulses: PulseArrays,
    sensors: SensorArrays,
    *,
    weather: Weather | None = None,
    soundings: Soundings | None = None,
    faults: Sequence[Fault] = (),
    classifier: Classifier | None = None,
    now_ns: int | None = None,
    progress: Callable[[float], object] | None = None,
) -> Detection:
    """Find every incident in a window of pulses, without any grouping given.

    pulses: n rows in any order; rows that cannot be used are rejected by cause, never raised.
    sensors: all sensors of the city, also silent ones: silence is evidence. weather: reports around
    the window, None if there are none (the ellipse grows). soundings: what incidents of the hours
    around said of the air, ``Detection.soundings`` of earlier calls; those from within the window are
    ignored, for it hears them itself. faults: what is known to be wrong with sensors,
    ``Detection.health`` of a longer stretch; they are mended first, and those sensors not judged again.
    classifier: weights that give the probability of gunfire, ``classification.DEFAULT`` if None. now_ns:
    the caller's clock, to refuse pulses from the future. progress: told the share of the work done, 0 to 1.
    Deterministic, and independent of the order of rows. Sound takes up to 4 s to cross the hearing
    range and rounds up to 4 s apart belong together, so a window needs 15 s before it and 45 s after it
    for the events whose t_ns lies inside to be whole; what hammers on for longer is cut at its end.
    Raises ColumnError for columns that do not fit together.
    """
    sites = place(sensors)
    screened = screen(pulses, sites, now_ns=now_ns)
    heard = _hear(pulses, screened, mend(sites, faults))
    if heard.rows.size == 0:
        none, unheard = soundings_of([], 0), _rejected(screened)
        return Detection((), (), unheard, len(pulses), CORE_VERSION, none, tuple(faults))
    sky = _Sky(weather, heard.origin_ns, known_air(soundings, pulses.t_ns[heard.rows]))
    air = sky.felt(heard.stream)
    found, refused = _search(heard.stream, air, progress)
    found = together(sky.shared(found, heard.stream))
    news = _new_faults(found, heard, pulses, known=faults)
    if news:
        mended, changed = mend(sites, (*faults, *news)), names_to_rows(news, sites)
        before, heard = heard, _hear(pulses, screened, mended, origin_ns=heard.origin_ns)
        found, fallen = _weigh_again(found, before, heard, air, changed)
        found, refused = together(sky.shared(found, heard.stream)), [*refused, *fallen]
    describe = _Describer(pulses, heard, classifier or DEFAULT)
    return Detection(
        tuple(describe.event(incident) for incident in found),
        tuple(describe.declined(one) for one in refused),
        _rejected(screened),
        len(pulses),
        CORE_VERSION,
        soundings_of(found, heard.origin_ns),
        (*faults, *news),
    )


def _rejected(screened: Screened) -> Rejected:
    return Rejected(
        row=np.flatnonzero(~screened.keep),
        cause=screened.cause[~screened.keep],
        counts=screened.counts,
        out_of_order=screened.out_of_order,
    )


@dataclass(frozen=True, eq=False)
class _Sky:
    """The air over the window: what the report says of it, and what incidents elsewhere have said."""

    weather: Weather | None
    origin_ns: int
    known: Soundings | None

    def report_at_ns(self, t_ns: int) -> Atmosphere:
        return atmosphere_at(self.weather, t_ns)

    def felt(self, stream: Stream) -> Callable[[float], Atmosphere]:
        """The air by time, also from what a first search finds of incidents."""
        return felt_air(
            stream,
            lambda stream, air: _search(stream, air, None)[0],
            origin_ns=self.origin_ns,
            report_at_ns=self.report_at_ns,
            known=self.known,
        )

    def shared(self, incidents: list[Incident], stream: Stream) -> list[Incident]:
        return through_shared_air(
            incidents,
            stream.xy_m,
            origin_ns=self.origin_ns,
            report_at_ns=self.report_at_ns,
            known=self.known,
        )


@dataclass(frozen=True, eq=False)
class _Heard:
    """The stream, with the row of the input that each of its pulses was, (n,), the instant of second 0,
    and the sensors as mended."""

    stream: Stream
    rows: Ints
    origin_ns: int
    mended: Mended


def _hear(
    pulses: PulseArrays, screened: Screened, mended: Mended, *, origin_ns: int | None = None
) -> _Heard:
    """Kept rows of the input in order of corrected time."""
    sites, rows = mended.sites, np.flatnonzero(screened.keep)
    sensor, t_ns = screened.sensor[rows], pulses.t_ns[rows]
    t_ns = t_ns - np.round(mended.correction_s(sensor, t_ns) * NS_PER_S).astype(np.int64)
    order = np.lexsort((sensor, t_ns))
    rows, sensor, t_ns = rows[order], sensor[order], t_ns[order]
    if origin_ns is None:
        origin_ns = int(t_ns[0] // ORIGIN_NS * ORIGIN_NS) if rows.size else 0
    t_s = (t_ns - origin_ns) / NS_PER_S
    block = np.floor(t_s / BACKGROUND_BLOCK_S).astype(np.int64)
    # the stretch of a block that the pulses span, so that a window of 60 s is not taken for 600 s
    _, which = np.unique(block, return_inverse=True)
    first, last = np.full(which.max(initial=-1) + 1, np.inf), np.zeros(which.max(initial=-1) + 1)
    np.minimum.at(first, which, t_s)
    np.maximum.at(last, which, t_s)
    rate = background_per_s(t_s, sensor, which, sites.background_per_h, (last - first)[which])
    stirred = stirred_per_s(t_s, sensor, rate)
    stream = Stream(t_s, sensor, rate, stirred, sites.xy_m, sites.active & sites.placed)
    return _Heard(stream, rows, origin_ns, mended)


def _search(
    stream: Stream,
    air: Callable[[float], Atmosphere],
    progress: Callable[[float], object] | None,
) -> tuple[list[Incident], list[Declined]]:
    delays = delays_of(stream.xy_m, stream.active)
    searched, explained = _halves(progress)
    seeds = find_seeds(
        stream.t_s,
        stream.sensor,
        stream.stirred_per_s,
        delays,
        sensor_xy_m=stream.xy_m,
        active=stream.active,
        atmosphere_at_s=air,
        progress=searched,
    )
    return associate(stream, seeds, delays, atmosphere_at_s=air, progress=explained)


def _new_faults(
    found: list[Incident], heard: _Heard, pulses: PulseArrays, *, known: Sequence[Fault]
) -> tuple[Fault, ...]:
    """What the incidents tell of sensors of which nothing was known: the others are the caller's to judge anew."""
    told = faults_of(
        found, heard.stream, pulses, rows=heard.rows, origin_ns=heard.origin_ns, sites=heard.mended.sites
    )  # fmt: skip
    named = {fault.sensor_id for fault in known}
    return tuple(fault for fault in told if fault.sensor_id not in named)


def _weigh_again(
    found: list[Incident],
    before: _Heard,
    heard: _Heard,
    air: Callable[[float], Atmosphere],
    changed: Ints,
) -> tuple[list[Incident], list[Declined]]:
    """The incidents as they are with sensors mended, changed of them; and those that fell with a sensor."""
    return heard_again(
        found, heard.stream, heard.mended, air=air,
        moved_to=row_moves(before.rows, heard.rows), changed=changed,
    )  # fmt: skip


def _halves(
    progress: Callable[[float], object] | None,
) -> tuple[Callable[[float], object] | None, Callable[[float], object] | None]:
    if progress is None:
        return None, None
    return lambda share: progress(0.5 * share), lambda share: progress(0.5 + 0.5 * share)


@dataclass(frozen=True, eq=False)
class _Describer:
    """Turns what the search found, in seconds and indices, into what the caller gave: ns, ids, rows."""

    pulses: PulseArrays
    heard: _Heard
    classifier: Classifier

    @property
    def sites(self) -> SensorSites:
        return self.heard.mended.sites

    def event(self, incident: Incident) -> DetectedEvent:
        burst, spot = incident.burst, incident.burst.location
        sites, sensor = self.sites, self.heard.stream.sensor[incident.pulse]
        distance = np.hypot(*(sites.xy_m - burst.place).T)
        row = self.heard.rows[incident.pulse]
        features = pooled_features(
            distance_m=distance[sensor],
            rise_ms=self.pulses.feature("rise_ms")[row],
            dur_ms=self.pulses.feature("dur_ms")[row],
            centroid_hz=self.pulses.feature("centroid_hz")[row],
            peak_db=self.pulses.feature("peak_db")[row],
            round_t_s=burst.round_t_s,
            n_asked=incident.asked,
            sensor=sensor,
        )
        verdict = self.classifier.judge(features)
        round_t_ns = self._ns(burst.round_t_s)
        x_m, y_m, lon, lat = self._where(spot.x_m, spot.y_m)
        return DetectedEvent(
            t_ns=int(round_t_ns[0]),
            x_m=x_m,
            y_m=y_m,
            lon=lon,
            lat=lat,
            cov_xx=float(spot.cov_m2[0, 0]),
            cov_xy=float(spot.cov_m2[0, 1]),
            cov_yy=float(spot.cov_m2[1, 1]),
            round_t_ns=round_t_ns,
            round_sd_s=burst.round_sd_s,
            sensor_id=sites.sensor_id[burst.sensor],
            sensor_residual_s=spot.residual_s,
            sensor_distance_m=distance[burst.sensor],
            sensor_used=spot.used,
            pulse_row=row,
            pulse_round=burst.row_round,
            pulse_residual_s=burst.row_residual_s,
            n_asked=incident.asked,
            weight=incident.weight,
            kind=verdict.kind,
            prob=verdict.prob,
            kind_probs=verdict.kind_probs,
            why=verdict.why,
            classifier_version=self.classifier.version,
            evidence=features,
            c_mps=spot.atmosphere.c_mps,
            wind_mps=(spot.atmosphere.wind_x_mps, spot.atmosphere.wind_y_mps),
            core_version=CORE_VERSION,
        )

    def declined(self, one: Declined) -> DeclinedPlace:
        t_ns = int(self._ns(np.array([one.t_s]))[0])
        return DeclinedPlace(t_ns, *self._where(one.x_m, one.y_m), one.reason)

    def _ns(self, t_s: Floats) -> Ints:
        return np.asarray(self.heard.origin_ns + np.round(t_s * NS_PER_S).astype(np.int64))

    def _where(self, x_m: float, y_m: float) -> tuple[float, float, float, float]:
        """x, y in the caller's metres; lon, lat in degrees, NaN if the caller has none."""
        x, y = x_m + float(self.sites.origin_m[0]), y_m + float(self.sites.origin_m[1])
        if self.sites.plane is None:
            return x, y, float("nan"), float("nan")
        lon, lat = self.sites.plane.to_lonlat(x, y)
        return x, y, float(lon), float(lat)
