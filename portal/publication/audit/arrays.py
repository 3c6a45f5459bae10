"""Columns of a query as NumPy arrays, by COPY in binary: a million rows without a million tuples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.db import connections
from numpy.typing import NDArray

_HEADER = 19  # signature, flags and an empty extension
_TRAILER = 2
_TYPES = {"int": (">i8", 8, "bigint"), "float": (">f8", 8, "double precision")}


class ArrayError(ValueError):
    """A column that is not of one width: a null, or a longer text."""


def columns(
    select: Mapping[str, tuple[str, str]], rest: str, parameters: Mapping[str, Any]
) -> dict[str, NDArray[Any]]:
    """One array per column. select: name -> (SQL expression, "int", "float" or a width of ASCII text).

    rest: FROM and what follows. No expression may be null. Read as the publisher.
    """
    cells = [_typed(expression, kind) for expression, kind in select.values()]
    statement = f"COPY (SELECT {', '.join(cells)} {rest}) TO STDOUT (FORMAT binary)"
    with connections["publisher"].cursor() as cursor, cursor.copy(statement, parameters) as copy:
        raw = b"".join(copy)
    row = [("n", ">i2")]
    for name, (_, kind) in select.items():
        row += [(f"{name} size", ">i4"), (name, _layout(kind)[0])]
    table = np.frombuffer(raw, np.dtype(row), offset=_HEADER, count=_rows(raw, np.dtype(row)))
    found = {}
    for name, (_, kind) in select.items():
        if np.any(table[f"{name} size"] != _layout(kind)[1]):
            raise ArrayError(f"got a null or a long text in column {name}; wanted {kind}")
        found[name] = np.ascontiguousarray(table[name].astype(table[name].dtype.newbyteorder("=")))
    return found


def _rows(raw: bytes, row: np.dtype) -> int:
    n, left = divmod(len(raw) - _HEADER - _TRAILER, row.itemsize)
    if left:
        raise ArrayError("got rows of unequal width; wanted no null and no longer text")
    return n


def _layout(kind: str) -> tuple[str, int]:
    if kind in _TYPES:
        return _TYPES[kind][:2]
    return f"S{kind}", int(kind)


def _typed(expression: str, kind: str) -> str:
    return f"({expression})::{_TYPES[kind][2] if kind in _TYPES else f'char({kind})'}"
