"""A fault of a microphone in a sentence that an engineer with a ladder can act on. English, for staff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sensors.detection.health import GOOD_SHIFT_SD_M
from sensors.models import AssetFault

Kind = AssetFault.Kind


def sentence(fault: AssetFault) -> str:
    """What is wrong, how much, how sure, and from how many incidents."""
    told = _SENTENCES[Kind(fault.kind)](fault, fault.evidence)
    n = fault.evidence.get("n")
    return f"{told}; from {n} incidents at different places." if n else f"{told}."


def what_is_done(fault: AssetFault) -> str:
    """How the detector treats the sensor as long as the fault is open."""
    if fault.cleared_at is not None:
        return "Nothing: the fault is over."
    if fault.kind in (Kind.CLOCK_OFFSET, Kind.CLOCK_DRIFT):
        return "Its times are corrected."
    if fault.kind == Kind.MISPLACED and (fault.size_sd or 0.0) < GOOD_SHIFT_SD_M:
        return "It is taken to stand where its sounds put it."
    if fault.kind == Kind.SILENT:
        return "Its silence counts for nothing until it is heard again."
    return "It is set aside: neither its pulses nor its silence count."


def _clock_offset(fault: AssetFault, evidence: Mapping[str, Any]) -> str:
    late_s = fault.size or 0.0
    word = "late" if late_s > 0 else "early"
    return f"Its clock says everything {_span(late_s)} too {word}{_give_or_take_s(fault)}"


def _clock_drift(fault: AssetFault, evidence: Mapping[str, Any]) -> str:
    s_a_day = fault.size or 0.0
    word = "fast" if s_a_day > 0 else "slow"  # a fast clock says everything later and later
    late_s = float(evidence.get("late_s", 0.0))
    then = f"{_span(late_s)} {'ahead' if late_s > 0 else 'behind'} when last seen"
    return f"Its clock runs {word}: {_span(s_a_day)} a day{_give_or_take_s(fault)}, {then}"


def _misplaced(fault: AssetFault, evidence: Mapping[str, Any]) -> str:
    dx_m, dy_m = (float(evidence.get(name, 0.0)) for name in ("dx_m", "dy_m"))
    east, north = "east" if dx_m > 0 else "west", "north" if dy_m > 0 else "south"
    return (
        f"It stands {fault.size or 0.0:.0f} m{_give_or_take_m(fault)} from where the register has it:"
        f" {abs(dx_m):.0f} m {east} and {abs(dy_m):.0f} m {north} of there"
    )


def _deaf(fault: AssetFault, evidence: Mapping[str, Any]) -> str:
    heard, expected = evidence.get("heard", 0), float(evidence.get("expected", 0.0))
    return f"It heard {heard} of the {expected:.0f} incidents that it should have heard"


def _spoofed(fault: AssetFault, evidence: Mapping[str, Any]) -> str:
    signs = {
        "replayed": "repeat an earlier pulse to the last digit",
        "contradicted": "belong to incidents that its neighbours contradict",
        "lonely": "came where every neighbour kept silent",
        "equal_intervals": "came at intervals too equal for a sound",
    }
    told = [f"{evidence[name]} {words}" for name, words in signs.items() if evidence.get(name)]
    return "Pulses under its name look forged: " + (", ".join(told) or "see the evidence")


def _silent(fault: AssetFault, evidence: Mapping[str, Any]) -> str:
    usual = evidence.get("usual_per_h")
    told = f", where {usual:.0f} pulses an hour are usual" if usual else ""
    return f"Nothing was heard from it for {fault.size or 0.0:.1f} hours{told}"


def _span(seconds: float) -> str:
    """Its length, in the unit that a person would say."""
    length = abs(seconds)
    return f"{length:.1f} s" if length >= 1.0 else f"{1e3 * length:.0f} ms"


def _give_or_take_s(fault: AssetFault) -> str:
    """One standard deviation, where it is known."""
    return f" (give or take {_span(fault.size_sd)})" if fault.size_sd else ""


def _give_or_take_m(fault: AssetFault) -> str:
    return f" (give or take {fault.size_sd:.0f} m)" if fault.size_sd else ""


_SENTENCES: Mapping[AssetFault.Kind, Callable[[AssetFault, Mapping[str, Any]], str]] = {
    Kind.CLOCK_OFFSET: _clock_offset,
    Kind.CLOCK_DRIFT: _clock_drift,
    Kind.MISPLACED: _misplaced,
    Kind.DEAF: _deaf,
    Kind.SPOOFED: _spoofed,
    Kind.SILENT: _silent,
}
