"""Impulses from raw sensor audio, with the features that the detector reads.

python -m sensors.detection.audio RECORDING.wav ... [--smj RECORDING.smj.json] --out pulses.csv

An impulse is a step of power: the mean over 50 ms after an instant against the 50 ms before it, the
kernel that the live-fire set's sensors used (Calhoun et al., arXiv 2108.07377, p. 8). On that set's
clips the starts agree with the sensors' own pulses (docs/detection.md).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, find_peaks, hilbert, sosfilt

from sensors.detection.files import FileError, write_table
from sensors.detection.streams import Floats, Ints
from sensors.detection.wav import AudioError, Recording, Site, read_smj, read_wav

KERNEL_S = 0.050
STEP_DB = 6.0
"""A step of power less than this is weather; the released pulses begin at 2 dB, but mean nothing there."""
APART_S = 0.030
SMOOTH_S = 0.001
RUMBLE_HZ = 60.0
FRONT_S = 0.020
"""The first crest is sought this long after the step; what comes later is echo."""
FALLEN = 0.25
STRETCH_S, MARGIN_S = 60.0, 1.0
LEAD_S = 0.004
WINDOW_S = 0.25
"""Duration and tone are those of this long, near echoes included, as the measured laws are; longer takes
in the next round's sound."""
_LEAST_POWER = 1e-10
_CLIPPED = 0.97


@dataclass(frozen=True)
class Impulse:
    """start_s: since the recording began, the front's tenth. peak: 1 is full scale. snr_db: power of 50 ms
    over that of the 50 ms before. rise_ms: 10 to 90 % of the first crest. dur_ms: between 5 and 90 % of
    the energy above the noise. centroid_hz: of the power spectrum. is_clipped: peak is a lower bound."""

    start_s: float
    peak: float
    snr_db: float
    rise_ms: float
    dur_ms: float
    centroid_hz: float
    is_clipped: bool


def find_impulses(samples: Floats, rate_hz: float) -> tuple[Impulse, ...]:
    """Impulses of one channel in order of time. samples: (n,), 1 is full scale.

    A long recording is heard in stretches, each with what surrounds it, and judged by its own quiet.
    """
    stretch, margin = round(STRETCH_S * rate_hz), round(MARGIN_S * rate_hz)
    found: list[Impulse] = []
    for start in range(0, samples.size, stretch):
        low, high = max(start - margin, 0), start + stretch + margin
        for one in _impulses(samples[low:high], rate_hz):
            start_s = one.start_s + low / rate_hz
            mine = start <= round(start_s * rate_hz) < start + stretch
            if mine and (not found or start_s - found[-1].start_s >= APART_S):
                found.append(replace(one, start_s=start_s))
    return tuple(found)


def _impulses(samples: Floats, rate_hz: float) -> tuple[Impulse, ...]:
    kernel = round(KERNEL_S * rate_hz)
    if samples.size < 2 * kernel:
        return ()
    quiet = samples - np.median(samples)
    sound = sosfilt(butter(2, RUMBLE_HZ, "highpass", fs=rate_hz, output="sos"), quiet)
    before, step_db = _steps(sound**2, kernel)
    steps, _ = find_peaks(step_db, height=STEP_DB, distance=kernel)
    smooth = uniform_filter1d(sound**2, max(round(SMOOTH_S * rate_hz), 1))
    fronts = [
        _front(smooth, float(before[max(at - kernel, 0)]), at, kernel) for at in steps.tolist()
    ]
    return tuple(
        _measured(quiet, sound, front, (float(before[front]), float(step_db[front])), rate_hz)
        for front in _apart(fronts, round(APART_S * rate_hz))
    )


def _front(smooth: Floats, noise: float, at: int, kernel: int) -> int:
    """Where sound first stands out in the step that is greatest ``at``: halfway, in decibels, between the
    noise before it and its loudest. A later and louder echo may be what makes the step greatest."""
    low = max(at - kernel, 0)
    near = smooth[low : at + kernel]
    level = np.sqrt(max(noise, _LEAST_POWER) * float(near.max()))
    return low + int(np.argmax(near >= level))


def _apart(fronts: Sequence[int], least: int) -> list[int]:
    kept: list[int] = []
    for front in sorted(fronts):
        if not kept or front - kept[-1] >= least:
            kept.append(front)
    return kept


def _steps(power: Floats, kernel: int) -> tuple[Floats, Floats]:
    """Mean power of the ``kernel`` samples before each sample, and the step to those after it in dB.

    Both means carry a floor, a third of the recording's quiet, so that digital silence is no step.
    """
    total = np.concatenate([[0.0], np.cumsum(power)])
    here = np.arange(power.size)
    low, high = np.maximum(here - kernel, 0), np.minimum(here + kernel, power.size)
    blocks = power[: power.size // kernel * kernel].reshape(-1, kernel).mean(axis=1)
    floor = max(0.3 * float(np.quantile(blocks, 0.1)), _LEAST_POWER)
    before = (total[here] - total[low]) / np.maximum(here - low, 1) + floor
    after = (total[high] - total[here]) / np.maximum(high - here, 1) + floor
    step_db = 10.0 * np.log10(after / before)
    step_db[: kernel // 2], step_db[power.size - kernel // 4 :] = 0.0, 0.0
    return before - floor, step_db


def _measured(
    quiet: Floats,
    sound: Floats,
    step: int,
    noise_snr: tuple[float, float],
    rate_hz: float,
) -> Impulse:
    """The impulse whose front is at ``step``. noise_snr: power before it, and the step in dB."""
    start = max(step - round(LEAD_S * rate_hz), 0)
    front = _envelope(sound, start, min(step + round(FRONT_S * rate_hz), sound.size))
    crest = _first_crest(front)
    tenth, most = _crossing(front, crest, 0.1), _crossing(front, crest, 0.9)
    onset = start + int(tenth)
    heard = sound[onset : onset + round(WINDOW_S * rate_hz)]
    peak = float(np.abs(quiet[onset : onset + round(KERNEL_S * rate_hz)]).max())
    return Impulse(
        start_s=(start + tenth) / rate_hz,
        peak=peak,
        snr_db=noise_snr[1],
        rise_ms=1e3 * max(most - tenth, 0.5) / rate_hz,
        dur_ms=1e3 * _energy_span(heard**2, noise_snr[0]) / rate_hz,
        centroid_hz=_centroid_hz(heard, rate_hz),
        is_clipped=peak >= _CLIPPED,
    )


def _envelope(sound: Floats, start: int, end: int) -> Floats:
    """Magnitude of the analytic signal, with a margin so that its ends do not ring."""
    low, high = max(start - 64, 0), min(end + 64, sound.size)
    return np.asarray(np.abs(hilbert(sound[low:high]))[start - low : end - low])


def _first_crest(front: Floats) -> int:
    """The greatest sample before sound first falls back to a quarter: what rises again is an echo."""
    so_far = np.maximum.accumulate(front)
    fell = (front < FALLEN * so_far) & (so_far > FALLEN * front.max())
    return int(front[: int(fell.argmax()) if fell.any() else front.size].argmax())


def _crossing(front: Floats, crest: int, share: float) -> float:
    """Where the rise to the crest last passes a share of it, in samples, between two of them."""
    level = share * front[crest]
    below = np.flatnonzero(front[: crest + 1] < level)
    if below.size == 0:
        return 0.0
    last = int(below[-1])
    return last + float((level - front[last]) / (front[last + 1] - front[last]))


def _energy_span(power: Floats, noise: float) -> float:
    """Samples between 5 and 90 % of the energy above the noise."""
    energy = np.cumsum(power - min(noise, float(power.mean()) * 0.9))
    share = energy / energy[-1]
    return float(np.argmax(share >= 0.9) - np.argmax(share >= 0.05) + 1)


def _centroid_hz(heard: Floats, rate_hz: float) -> float:
    power = np.abs(np.fft.rfft(heard, max(heard.size, 1024))) ** 2
    frequency = np.fft.rfftfreq(max(heard.size, 1024), 1.0 / rate_hz)
    return float(power @ frequency / max(float(power.sum()), 1e-300))


def pulse_table(
    recordings: Sequence[tuple[Recording, Site]],
) -> dict[str, np.ndarray]:
    """Columns of a pulses file from recordings, by time. peak_db is dB SPL where the site tells what full
    scale is, NaN where it does not: peak_dbfs, relative to full scale, is always there."""
    rows = [
        (site, number, impulse)
        for recording, site in recordings
        for number, impulse in enumerate(find_impulses(recording.samples, recording.rate_hz))
    ]
    rows.sort(key=lambda row: (row[0].start_ns + row[2].start_s * 1e9, row[0].sensor_id))
    peak_dbfs = np.array([20.0 * np.log10(max(i.peak, 1e-12)) for _, _, i in rows])
    return {
        "pulse_id": np.array([f"{s.sensor_id}-{s.start_ns}-{n}" for s, n, _ in rows], dtype=str),
        "sensor_id": np.array([site.sensor_id for site, _, _ in rows], dtype=str),
        "t_ns": _times_ns(rows),
        "peak_db": np.round(peak_dbfs + np.array([s.full_scale_db for s, _, _ in rows]), 2),
        "peak_dbfs": np.round(peak_dbfs, 2),
        **{
            name: np.round(np.array([getattr(i, name) for _, _, i in rows], dtype=float), 3)
            for name in ("snr_db", "rise_ms", "dur_ms", "centroid_hz")
        },
        "is_clipped": np.array([int(i.is_clipped) for _, _, i in rows], dtype=np.int64),
    }


def _times_ns(rows: Sequence[tuple[Site, int, Impulse]]) -> Ints:
    return np.array([site.start_ns + round(i.start_s * 1e9) for site, _, i in rows], np.int64)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.smj and len(options.recordings) > 1:
            raise AudioError(f"got --smj for {len(options.recordings)} recordings; wanted one")
        heard = [_with_site(path, options.smj, options.channel) for path in options.recordings]
        table = pulse_table(heard)
        write_table(options.out, table)
        if options.sensors_out:
            write_table(options.sensors_out, _sensor_table([site for _, site in heard]))
    except (AudioError, FileError, OSError) as error:
        sys.stderr.write(f"sensors.detection.audio: {error}\n")
        return 2
    sys.stderr.write(
        f"{table['t_ns'].size:,} impulses of {len(heard):,} recordings in {options.out}\n"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sensors.detection.audio",
        description="Find impulses in raw sensor audio and write them as a pulses file of the detector.",
    )
    parser.add_argument("recordings", type=Path, nargs="+", metavar="FILE.wav")
    for name, required, text in (
        ("smj", False, "metadata of the one recording; else FILE.smj.json beside it, or inside it"),
        ("out", True, "where the pulses go, .csv, .csv.gz or .npz"),
        ("sensors-out", False, "where the sensors go, as far as metadata places them"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=required, metavar="FILE", help=text)
    parser.add_argument("--channel", type=int, default=0, help="of a recording with several")
    return parser


def _with_site(path: Path, smj: Path | None, channel: int) -> tuple[Recording, Site]:
    """A recording and its site; one that nothing is known of begins at 0 and is named after its file."""
    recording = read_wav(path, channel=channel)
    beside = path.with_suffix(".smj.json")
    if smj is not None or beside.is_file():
        return recording, read_smj(smj or beside)
    return recording, recording.site or Site(path.stem, 0)


def _sensor_table(sites: Sequence[Site]) -> dict[str, np.ndarray]:
    placed = {s.sensor_id: s for s in sites if np.isfinite([s.lon, s.lat]).all()}
    return {
        "sensor_id": np.array(list(placed), dtype=str),
        "lon": np.array([s.lon for s in placed.values()], dtype=float),
        "lat": np.array([s.lat for s in placed.values()], dtype=float),
        "z": np.array([s.z_m for s in placed.values()], dtype=float),
    }


if __name__ == "__main__":
    sys.exit(main())
