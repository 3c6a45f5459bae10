"""What bangs in a town within a period: where, in which rhythm, how loud, and what it really is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation import sources
from sensors.simulation.sound import Timbre
from sensors.simulation.town import Town

if TYPE_CHECKING:
    from sensors.simulation.streams import Preset

RULE_GAP_S: Final = 4.0  # rounds of one source farther apart than this are two incidents
_EDGE_M: Final = 150.0  # so far beyond the outermost sensors something may happen
_RHYTHM: Final = {
    "handgun": sources.handgun, "rapid": sources.rapid, "automatic": sources.automatic,
    "string": sources.string_of_crackers, "shells": sources.shells, "backfire": sources.backfire,
    "hammering": sources.hammering,
}  # fmt: skip
_KIND: Final = {"string": "firework", "shells": "firework", "backfire": "impulse",
                "hammering": "impulse"}  # fmt: skip
_SOURCE_LOG_SD: Final = (0.3, 0.3, 0.12)  # one weapon or cracker against another of its style


@dataclass(frozen=True)
class Happening:
    """One source's rounds at one place; rounds_s are seconds since the stream's start."""

    style: str
    x_m: float
    y_m: float
    z_m: float
    rounds_s: NDArray[np.float64]
    loudness_db: float
    timbre: Timbre

    @property
    def kind(self) -> str:
        return _KIND.get(self.style, "gunfire")

    @property
    def is_site(self) -> bool:
        return self.style == "hammering"


def happenings(
    preset: Preset, town: Town, rng: np.random.Generator, *, seconds: float
) -> list[Happening]:
    """All of a period, in order of their first round."""
    hours, found = seconds / 3_600.0, list[Happening]()
    fireworks = ("string", "shells")
    rates = (preset.gunfire_per_h, preset.firework_per_h, preset.backfire_per_h, preset.sites_per_h)
    for styles, chances, rate in zip(
        (("handgun", "rapid", "automatic"), fireworks, ("backfire",), ("hammering",)),
        (preset.styles, (0.5, 0.5), (1.0,), (1.0,)),
        rates,
        strict=True,
    ):
        for style in rng.choice(styles, rng.poisson(rate * hours), p=chances):
            found.extend(_drawn(str(style), preset, town, rng, seconds=seconds))
    found = [part for source in _crowded(found, preset, town, rng) for part in _by_rule(source)]
    return sorted(found, key=lambda source: float(source.rounds_s[0]))


def _drawn(
    style: str, preset: Preset, town: Town, rng: np.random.Generator, *, seconds: float
) -> Iterator[Happening]:
    start = rng.uniform(min(10.0, seconds / 4.0), max(seconds - 30.0, seconds / 2.0))
    rounds = start + _RHYTHM[style](rng)
    place = _anywhere(town, rng)
    source = Happening(
        style, *place, _height(style, town, rng), rounds[rounds < seconds - 8.0],
        rng.normal(*town.loudness_db[style]), _timbre(town.timbre[style], rng),
    )  # fmt: skip
    yield source
    if source.kind == "gunfire" and rng.random() < preset.exchange_share:
        answer = rounds[0] + rng.uniform(0.2, 3.0) + _RHYTHM[style](rng)
        x, y = _away(source, rng, 100.0, 300.0)
        yield replace(
            source, x_m=x, y_m=y, rounds_s=answer, loudness_db=rng.normal(*town.loudness_db[style])
        )


def _crowded(
    found: list[Happening], preset: Preset, town: Town, rng: np.random.Generator
) -> list[Happening]:
    """Some incidents moved next to another one in time, a few hundred metres or more away."""
    for k in range(1, len(found)):
        if rng.random() < preset.cluster_share and not found[k].is_site:
            other = found[int(rng.integers(k))]
            shift = other.rounds_s[0] + rng.uniform(0.0, 6.0) - found[k].rounds_s[0]
            x, y = _away(other, rng, 300.0, 2_500.0)
            x, y = (
                float(np.clip(at, low.min() - _EDGE_M, low.max() + _EDGE_M))
                for at, low in ((x, town.x_m), (y, town.y_m))
            )
            found[k] = replace(found[k], x_m=x, y_m=y, rounds_s=found[k].rounds_s + shift)
    return found


def _by_rule(source: Happening) -> Iterator[Happening]:
    """A source that pauses is several incidents; a building site stays one."""
    if source.is_site:
        yield source
        return
    cuts = np.flatnonzero(np.diff(source.rounds_s) >= RULE_GAP_S) + 1
    for rounds in np.split(source.rounds_s, cuts):
        yield replace(source, rounds_s=rounds)


def _anywhere(town: Town, rng: np.random.Generator) -> tuple[float, float]:
    return tuple(  # type: ignore[return-value]
        float(rng.uniform(at.min() - _EDGE_M, at.max() + _EDGE_M)) for at in (town.x_m, town.y_m)
    )


def _away(
    source: Happening, rng: np.random.Generator, low_m: float, high_m: float
) -> tuple[float, float]:
    distance, angle = rng.uniform(low_m, high_m), rng.uniform(0.0, 2.0 * np.pi)
    return (
        float(source.x_m + distance * np.cos(angle)),
        float(source.y_m + distance * np.sin(angle)),
    )


def _height(style: str, town: Town, rng: np.random.Generator) -> float:
    return float(rng.uniform(*town.shells_burst_at_m)) if style == "shells" else 1.5


def _timbre(style: Timbre, rng: np.random.Generator) -> Timbre:
    own = np.exp(rng.normal(0.0, _SOURCE_LOG_SD))
    return Timbre(*(float(v) for v in own * (style.rise, style.dur, style.centroid)))
