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
    late_ms = 1e3 * (fault.size or 0.0)
    word = "late" if late_ms > 0 else "early"
    return f"Its clock says everything {abs(late_ms):.0f} ms too {word}{_give_or_take(fault, 1e3, 'ms')}"


def _clock_drift(fault: AssetFault, evidence: Mapping[str, Any]) -> str:
    ms_a_day = 1e3 * (fault.size or 0.0)
    word = (
        "fast" if ms_a_day > 0 else "slow"
    )  # what is said too late more and more comes from a fast clock
    late_ms = 1e3 * float(evidence.get("late_s", 0.0))
    return (
        f"Its clock runs {word}: {abs(ms_a_day):.0f} ms a day{_give_or_take(fault, 1e3, 'ms')},"
        f" {late_ms:+.0f} ms off when last seen"
    )


def _misplaced(fault: AssetFault, evidence: Mapping[str, Any]) -> str:
    dx_m, dy_m = (float(evidence.get(name, 0.0)) for name in ("dx_m", "dy_m"))
    east, north = "east" if dx_m > 0 else "west", "north" if dy_m > 0 else "south"
    return (
        f"It stands {fault.size or 0.0:.0f} m{_give_or_take(fault, 1.0, 'm')} from where the register has it:"
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
    return f"Nothing was heard from it for {fault.size or 0.0:.0f} hours{told}"


def _give_or_take(fault: AssetFault, factor: float, unit: str) -> str:
    """One standard deviation, where it is known."""
    return "" if not fault.size_sd else f" (give or take {factor * fault.size_sd:.0f} {unit})"


_SENTENCES: Mapping[AssetFault.Kind, Callable[[AssetFault, Mapping[str, Any]], str]] = {
    Kind.CLOCK_OFFSET: _clock_offset,
    Kind.CLOCK_DRIFT: _clock_drift,
    Kind.MISPLACED: _misplaced,
    Kind.DEAF: _deaf,
    Kind.SPOOFED: _spoofed,
    Kind.SILENT: _silent,
}
