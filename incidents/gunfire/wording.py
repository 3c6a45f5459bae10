"""What the machine said, in words: kind with its probability, why, and what a revision changed. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sensors.geodesy import LocalPlane

KINDS = ("gunfire", "firework", "impulse")
"""In the detector's order; said again here, for the web process does without the detector."""
ELLIPSE_95 = math.sqrt(-2.0 * math.log(0.05))
"""Semi-axis of the 95 % ellipse of two dimensions in standard deviations: 2.448 (chi-square, 2 degrees)."""
STRONGEST_BAR = 4.0
"""Log-odds at which a bar is full: what laws without history may come to (98 %)."""
DECISIVE, CLEAR, SLIGHT = math.log(5.0), math.log(2.0), math.log(1.1)


@dataclass(frozen=True)
class Term:
    """One reason. log_odds: what it adds to the log-odds of gunfire. share: -1..1 of a full bar.
    verdict: in words, with the factor on the odds."""

    label: str
    measured: str
    log_odds: float
    share: float
    verdict: str

    @property
    def bar(self) -> str:
        """From the middle to the right for gunfire, to the left against it. SVG; the verdict says the same."""
        width = 50.0 * abs(self.share)
        x, side = (50.0, "for") if self.share >= 0 else (50.0 - width, "against")
        return (
            '<svg class="lean" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect class="lean__{side}" x="{x:.1f}" y="1" width="{width:.1f}" height="10"/>'
            '<path class="lean__middle" d="M50 0v12"/></svg>'
        )


def percent(share: float | None) -> str:
    """Whole percents; never 0% or 100%, for nothing here is certain."""
    if share is None or not math.isfinite(share):
        return "not given"
    if share < 0.01:
        return "under 1%"
    return "over 99%" if share > 0.99 else f"{100 * share:.0f}%"


def kind_with_probability(kind: str, probability: float | None, kind_probs: Any = None) -> str:
    """ "Gunfire, 93%", "Firework, 71% (gunfire 12%)": a kind is never said without how sure it is."""
    if kind == "gunfire":
        return f"Gunfire, {percent(probability)}" if _known(probability) else _unsaid(kind)
    own = _kind_probability(kind, kind_probs)
    if own is not None:
        return f"{kind.capitalize()}, {percent(own)} (gunfire {percent(probability)})"
    if _known(probability):
        return f"{kind.capitalize()} (gunfire {percent(probability)})"
    return _unsaid(kind)


def _unsaid(kind: str) -> str:
    return f"{kind.capitalize()}, probability not given"


def _known(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _kind_probability(kind: str, told: Any) -> float | None:
    """Of one kind, out of a mapping by kind or a list in the order of KINDS."""
    if isinstance(told, Sequence) and not isinstance(told, str) and len(told) == len(KINDS):
        told = dict(zip(KINDS, told, strict=True))
    value = told.get(kind) if isinstance(told, Mapping) else None
    return float(value) if value is not None and _known(value) else None


def rounds_in_words(n_shots: int | None, is_multiple: bool) -> str:
    if n_shots is None:
        return "several rounds" if is_multiple else "1 round"
    return f"{n_shots} round{'' if n_shots == 1 else 's'}"


def ellipse_axes_m(xx_m2: float, xy_m2: float, yy_m2: float) -> tuple[float, float, float]:
    """Semi-axes of the 95 % ellipse in metres, and the long one's direction in degrees clockwise from north."""
    values, vectors = np.linalg.eigh(np.array([[xx_m2, xy_m2], [xy_m2, yy_m2]], float))
    small, large = np.sqrt(np.maximum(values, 0.0)) * ELLIPSE_95
    east, north = vectors[:, 1]
    return float(large), float(small), float(np.degrees(np.arctan2(east, north)) % 180.0)


def place_doubt(cov_m2: tuple[float | None, float | None, float | None]) -> str:
    """ "within 7 by 4 m (95%)", or that the provider does not say."""
    xx, xy, yy = cov_m2
    if xx is None or xy is None or yy is None:
        return "accuracy not given"
    long_m, short_m, _ = ellipse_axes_m(xx, xy, yy)
    return f"within {long_m:.0f} by {short_m:.0f} m (95%)"


def terms(reasons: Mapping[str, Any]) -> list[Term]:
    """What spoke for and against gunfire, the strongest first; empty where the machine gave no reasons."""
    why = reasons.get("why")
    features = reasons.get("features")
    features = features if isinstance(features, Mapping) else {}
    told = why.items() if isinstance(why, Mapping) else ()
    found = [_term(str(name), float(value), features) for name, value in told if _known(value)]
    return sorted(found, key=lambda term: -abs(term.log_odds))


def _term(name: str, log_odds: float, features: Mapping[str, Any]) -> Term:
    return Term(
        label=_LABELS.get(name, name.replace("_", " ").capitalize()),
        measured=_measured(name, features),
        log_odds=log_odds,
        share=max(-1.0, min(1.0, log_odds / STRONGEST_BAR)),
        verdict=verdict(log_odds),
    )


def verdict(log_odds: float) -> str:
    """ "clearly for gunfire (odds ×3.2)"."""
    size = abs(log_odds)
    if size < SLIGHT:
        return "says nothing either way"
    strength = "strongly" if size >= DECISIVE else "clearly" if size >= CLEAR else "slightly"
    side, sign = ("for", "×") if log_odds > 0 else ("against", "÷")
    return f"{strength} {side} gunfire (odds {sign}{math.exp(min(size, 20.0)):.1f})"


_LABELS = {
    "prior": "How often such incidents are gunfire",
    "rhythm": "Rhythm of the rounds",
    "log_rise": "How fast the sound rises",
    "log_duration": "How long it lasts",
    "log_centroid_ratio": "Its tone",
    "level_excess_db": "How loud it is for its distance",
    "level_slope_db": "How its level falls with distance",
    "reach_m": "How far it was heard",
    "heard_share": "How many of the sensors heard it",
    "median_gap_s": "Time between rounds",
    "gap_spread": "Evenness of the rounds",
    "gap_trend": "Rounds getting slower or faster",
    "rounds": "Number of rounds",
    "history": "What this city's reviews teach",
    "calibration": "Correction learnt from this city's reviews",
}


def _measured(name: str, features: Mapping[str, Any]) -> str:
    """What was measured, in the unit of everyday use; empty where it was not."""
    if name == "rhythm":
        return _rhythm(features)
    value = features.get(name)
    if value is None or not _known(value):
        return "not measured" if name in _UNITS else ""
    in_words = _UNITS.get(name)
    return in_words(float(value)) if in_words else ""


def _rhythm(features: Mapping[str, Any]) -> str:
    rounds, gap_s = features.get("rounds"), features.get("median_gap_s")
    if rounds is None or not _known(rounds):
        return ""
    told = rounds_in_words(round(rounds), is_multiple=rounds > 1)
    return f"{told}, {gap_s:.2f} s apart" if gap_s is not None and _known(gap_s) else told


def _signed(value: float) -> str:
    """One decimal with its sign; nothing is minus zero."""
    return f"{round(value, 1) + 0.0:+.1f}"


_UNITS: dict[str, Callable[[float], str]] = {
    "log_rise": lambda value: f"{math.exp(min(value, 10.0)):.1f} ms",
    "log_duration": lambda value: f"{math.exp(min(value, 12.0)):.0f} ms",
    "log_centroid_ratio": lambda value: (
        f"{math.exp(min(value, 5.0)):.2f} of a pistol's tone at that distance"
    ),
    "level_excess_db": lambda value: f"{_signed(value)} dB against a pistol",
    "level_slope_db": lambda value: f"{_signed(value)} dB per tenfold distance beyond a pistol's",
    "reach_m": lambda value: f"up to {value:.0f} m",
    "heard_share": lambda value: f"{100 * value:.0f}% of those asked",
    "median_gap_s": lambda value: f"{value:.2f} s",
    "gap_spread": lambda value: f"{value:.2f} (0 is a metronome)",
    "gap_trend": lambda value: "slower" if value > 0 else "faster",
    "rounds": lambda value: f"{value:.0f}",
}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What a revision changed, each in a few words. Mappings as ``AcousticEventRevision.was`` keeps them."""
    told = []
    if before.get("withdrawn_at") is None and after.get("withdrawn_at") is not None:
        told.append("withdrawn: a rerun no longer finds it")
    if before.get("withdrawn_at") is not None and after.get("withdrawn_at") is None:
        told.append("found again")
    said = [
        kind_with_probability(str(m.get("kind", "")), m.get("probability")) for m in (before, after)
    ]
    if said[0] != said[1]:
        told.append(f"{said[0]} became {said[1]}")
    if before.get("n_shots") != after.get("n_shots"):
        told.append(f"rounds {before.get('n_shots')} → {after.get('n_shots')}")
    heard = [_sensors(mapping) for mapping in (before, after)]
    if heard[0] != heard[1]:
        told.append(f"sensors {len(heard[0])} → {len(heard[1])}{_who(*heard)}")
    moved_m = _moved_m(before, after)
    if moved_m >= 0.5:
        told.append(f"moved {moved_m:.0f} m")
    for name, label in (("core_version", "detector"), ("classifier_version", "classifier")):
        if before.get(name, "") != after.get(name, "") and name in before and name in after:
            told.append(f"{label} {before[name] or 'unnamed'} → {after[name] or 'unnamed'}")
    return told or ["details below what is shown here"]


def _sensors(told: Mapping[str, Any]) -> frozenset[str]:
    heard = told.get("participants") or ()
    return frozenset(
        str(one["sensor"]) for one in heard if isinstance(one, Mapping) and "sensor" in one
    )


def _who(before: frozenset[str], after: frozenset[str]) -> str:
    parts = [f"+ {serial}" for serial in sorted(after - before)]
    parts += [f"- {serial}" for serial in sorted(before - after)]
    shown = ", ".join(parts[:4])
    return f" ({shown}{', …' if len(parts) > 4 else ''})" if parts else ""


def _moved_m(before: Mapping[str, Any], after: Mapping[str, Any]) -> float:
    places: list[Any] = [told.get(name) for told in (before, after) for name in ("lon", "lat")]
    if not all(map(_known, places)):
        return 0.0
    lon0, lat0, lon1, lat1 = places
    x_m, y_m = LocalPlane(lon0, lat0).to_xy(lon1, lat1)
    return math.hypot(float(x_m), float(y_m))
