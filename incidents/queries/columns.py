"""Rows to columns: the only place of this app where the database meets NumPy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from django.db import connections
from django.db.models import QuerySet
from numpy.typing import NDArray

# Rows that travel at once: 20,000 tuples of ten values are about 5 MB.
ROWS_AT_ONCE = 20_000


def ns_of(instants: NDArray[Any]) -> NDArray[np.int64]:
    return instants.astype("M8[ns]").astype(np.int64)


def selected(
    sql: str, parameters: dict[str, Any], dtypes: list[Any], *, using: str = "default"
) -> list[NDArray[Any]]:
    """The rows of a statement as columns."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql, parameters)
        chunks = iter(lambda: cursor.fetchmany(ROWS_AT_ONCE), [])
        return _arrays(chunks, dtypes)


def rows_of(id_: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """The row of each wanted id; -1 for what is not among ``id_``."""
    row = {key: n for n, key in enumerate(id_.tolist())}
    return np.array([row.get(key, -1) for key in wanted.tolist()], np.int64)


def columns_of(rows: QuerySet[Any, tuple[Any, ...]], dtypes: list[Any]) -> list[NDArray[Any]]:
    """Tuples to arrays, chunk by chunk; None becomes NaN, 0 or ""."""
    return _arrays(_chunks(rows.iterator(chunk_size=ROWS_AT_ONCE)), dtypes)


def _arrays(chunks: Iterable[list[tuple[Any, ...]]], dtypes: list[Any]) -> list[NDArray[Any]]:
    missing = [_missing(dtype) for dtype in dtypes]
    parts: list[list[NDArray[Any]]] = [[np.empty(0, dtype)] for dtype in dtypes]
    for chunk in chunks:
        for part, values, dtype, none in zip(
            parts, zip(*chunk, strict=True), dtypes, missing, strict=True
        ):
            part.append(np.array([none if v is None else _plain(v) for v in values], dtype))
    return [np.concatenate(part) for part in parts]


def _chunks(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        yield chunk


def _missing(dtype: Any) -> Any:
    kind = np.dtype(dtype).kind
    return {"f": np.nan, "U": "", "M": np.datetime64("NaT")}.get(kind, 0)


def _plain(value: Any) -> Any:
    """NumPy's instants know no zones; ours are UTC."""
    return value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value
