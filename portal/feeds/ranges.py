"""Byte ranges (RFC 9110, 14): which stretch of a file a reader asks for. PURE."""

from __future__ import annotations

import re

_ONE_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII | re.IGNORECASE)


class OutOfRangeError(ValueError):
    """The file has no byte of what was asked for."""


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Start and stop of the one range that a header asks for.

    None where it asks for none that we know: several ranges, another unit, nonsense. The answer is
    then the whole file, as the standard has it. Raises OutOfRangeError.
    """
    found = _ONE_RANGE.fullmatch(header.replace(" ", ""))
    if not found:
        return None
    first, last, final = found.groups()
    if final is not None:
        if int(final) == 0 or size == 0:
            raise OutOfRangeError(f"got the last {int(final)} bytes of {size}")
        return max(0, size - int(final)), size
    start, stop = int(first), int(last) + 1 if last else size
    if stop <= start and last:
        return None  # the last byte before the first: not a range at all
    if start >= size:
        raise OutOfRangeError(f"got byte {start}; the file has {size}")
    return start, min(stop, size)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip, and wants it no less than the plain text."""
    wanted = dict(_weighed(part) for part in accept_encoding.lower().split(",") if part.strip())
    gzip = wanted.get("gzip", wanted.get("x-gzip", wanted.get("*", 0.0)))
    return gzip > 0 and gzip >= wanted.get("identity", 0.0)


def _weighed(part: str) -> tuple[str, float]:
    name, _, parameters = part.partition(";")
    weight = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", parameters, re.ASCII)
    if parameters.strip() and not weight:
        return name.strip(), 0.0
    return name.strip(), min(float(weight[1]), 1.0) if weight else 1.0
