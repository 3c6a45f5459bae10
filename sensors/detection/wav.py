"""Raw sensor audio and what the sensor wrote about it: RIFF/WAVE, and SMJ metadata beside or inside it.

Read here and not by a library, because sensors' files carry chunks (``smj0``) that libraries warn of
or skip, and a hostile file must end in one sentence.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from sensors.detection.streams import Floats

SMJ_CHUNK = b"smj0"
MOST_SMJ_BYTES = 1_000_000
LOUDEST = 1e6
"""Floating point may go beyond full scale, but not for ever."""
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_RATES_HZ = (1_000, 400_000)


class AudioError(ValueError):
    """A file that is not the audio or metadata it was given as."""


@dataclass(frozen=True, eq=False)
class Recording:
    """samples: (n,) of one channel, 1 is full scale; rate_hz; site: what an SMJ chunk inside says."""

    samples: Floats
    rate_hz: float
    site: Site | None = None


@dataclass(frozen=True)
class Site:
    """Which sensor, where, since when, and how loud full scale is (dB SPL); NaN or None where untold."""

    sensor_id: str
    start_ns: int
    full_scale_db: float = float("nan")
    lon: float = float("nan")
    lat: float = float("nan")
    z_m: float = float("nan")
    temp_c: float = float("nan")
    wind_mps: float = float("nan")
    wind_from_deg: float = float("nan")


def read_wav(path: Path, *, channel: int = 0) -> Recording:
    """PCM of 8, 16, 24 or 32 bits or floating point, any rate and number of channels."""
    content = path.read_bytes()
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise AudioError(f"{path}: got no RIFF/WAVE file; wanted .wav")
    chunks = dict(_chunks(content))
    if b"fmt " not in chunks or b"data" not in chunks:
        raise AudioError(f"{path}: got chunks {sorted(map(_name, chunks))}; wanted fmt and data")
    if len(chunks[b"fmt "]) < 16:
        raise AudioError(f"{path}: got {len(chunks[b'fmt '])} bytes of format; wanted 16")
    code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunks[b"fmt "][:16])
    if code == _EXTENSIBLE and len(chunks[b"fmt "]) >= 26:
        (code,) = struct.unpack("<H", chunks[b"fmt "][24:26])
    if not 0 <= channel < channels or not _RATES_HZ[0] <= rate <= _RATES_HZ[1]:
        raise AudioError(
            f"{path}: got {channels} channels at {rate} Hz; wanted channel {channel} at {_RATES_HZ[0]} to {_RATES_HZ[1]} Hz"
        )
    samples = _samples(path, chunks[b"data"], code, bits, channels)[:, channel]
    site = None
    if SMJ_CHUNK in chunks:
        site = site_of(_unpacked(path, chunks[SMJ_CHUNK]), named=str(path))
    sane = np.clip(np.where(np.isfinite(samples), samples, 0.0), -LOUDEST, LOUDEST)
    return Recording(sane, float(rate), site)


def read_smj(path: Path) -> Site:
    """The metadata of one recording from a JSON file."""
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AudioError(f"{path}: got no readable JSON ({error}); wanted SMJ metadata") from error
    return site_of(told, named=str(path))


def site_of(told: Any, *, named: str) -> Site:
    """SMJ metadata as a site; serialNumber and startTimeUTC must be there. named: for errors."""
    if not isinstance(told, Mapping) or not {"serialNumber", "startTimeUTC"} <= told.keys():
        raise AudioError(f"{named}: wanted SMJ metadata with serialNumber and startTimeUTC")
    try:
        start = datetime.fromisoformat(str(told["startTimeUTC"]))
    except ValueError as error:
        raise AudioError(
            f"{named}: got startTimeUTC {told['startTimeUTC']!r}; wanted ISO 8601"
        ) from error
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    since = start - datetime(1970, 1, 1, tzinfo=UTC)
    place, weather = _part(told, "geolocation"), _part(told, "weather")
    microphones = told.get("transducers")
    first = microphones[0] if isinstance(microphones, list) and microphones else {}
    return Site(
        sensor_id=str(told["serialNumber"]),
        start_ns=(since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000,
        full_scale_db=_number(first, "fullScale"),
        lon=_number(place, "longitude"),
        lat=_number(place, "latitude"),
        z_m=_number(place, "elevation"),
        temp_c=_number(weather, "temperature"),
        wind_mps=_number(weather, "speed"),
        wind_from_deg=_number(weather, "direction"),
    )


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and bytes of each chunk; the last may be cut short, as recordings are when power fails."""
    at = 12
    while at + 8 <= len(content):
        name, (size,) = content[at : at + 4], struct.unpack("<I", content[at + 4 : at + 8])
        yield name, content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _name(chunk: bytes) -> str:
    return chunk.decode("ascii", "replace").strip()


def _samples(path: Path, data: bytes, code: int, bits: int, channels: int) -> Floats:
    width = bits // 8
    whole = len(data) // max(width * channels, 1) * width * channels
    data = data[:whole]
    if code == _FLOAT and bits in (32, 64):
        flat = np.frombuffer(data, f"<f{width}").astype(np.float64)
    elif code == _PCM and bits == 8:
        flat = (np.frombuffer(data, np.uint8).astype(np.float64) - 128.0) / 128.0
    elif code == _PCM and bits in (16, 32):
        flat = np.frombuffer(data, f"<i{width}") / 2.0 ** (bits - 1)
    elif code == _PCM and bits == 24:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
        whole_numbers = parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16
        flat = (whole_numbers - (whole_numbers >= 1 << 23) * (1 << 24)) / 2.0**23
    else:
        raise AudioError(f"{path}: got format {code} of {bits} bits; wanted PCM or floating point")
    return np.asarray(flat, np.float64).reshape(-1, channels)


def _unpacked(path: Path, chunk: bytes) -> Any:
    try:
        return json.loads(zlib.decompressobj().decompress(chunk, MOST_SMJ_BYTES))
    except (zlib.error, ValueError) as error:
        raise AudioError(
            f"{path}: got an smj0 chunk that is no zlib-compressed JSON ({error})"
        ) from error


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = told.get(name)
    return part if isinstance(part, Mapping) else {}


def _number(told: Any, name: str) -> float:
    value = told.get(name) if isinstance(told, Mapping) else None
    return float(value) if isinstance(value, int | float) else float("nan")
