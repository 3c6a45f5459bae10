"""Columns of values as the texts that PostgreSQL's COPY reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from incidents.importers.dates import instant_texts

NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def texts(values: Sequence[str], everything: str | None = None) -> list[str]:
    """Texts with COPY's own characters escaped; a column without any is returned as it is.

    everything: the column in one string, where the caller has made it already.
    """
    everything = "".join(values) if everything is None else everything
    if any(character in everything for character in "\\\t\n\r"):
        return [value.translate(_ESCAPES) for value in values]
    return list(values)


def floats(values: NDArray[np.float64]) -> list[str]:
    """The shortest digits that give the number back; NaN is null."""
    result = list(map(repr, values.tolist()))
    for i in np.flatnonzero(np.isnan(values)).tolist():
        result[i] = NULL
    return result


def ids(values: NDArray[np.int64]) -> list[str]:
    """Keys of other rows; 0 is null."""
    known = {0: NULL} | {value: str(value) for value in np.unique(values[values != 0]).tolist()}
    return [known[value] for value in values.tolist()]


def instants(us: NDArray[np.int64], is_given: NDArray[np.bool_]) -> list[str]:
    """Microseconds since 1970 UTC; null where not given."""
    if not is_given.any():
        return [NULL] * len(us)
    result = instant_texts(us)
    for i in np.flatnonzero(~is_given).tolist():
        result[i] = NULL
    return result


def rows(columns: Sequence[Sequence[str]]) -> bytes:
    """The lines of a COPY in text format."""
    lines = map("\t".join, zip(*columns, strict=True))
    return ("\n".join(lines) + "\n").encode() if columns and len(columns[0]) else b""
