"""GeoParquet 1.1 of the same rows: typed columns, footprints as well-known binary, a box beside each.

A dataset without places is plain Parquet. pyarrow is imported here alone, and only when a file is
built: the web process serves what the worker has written.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from portal.feeds.renderers import About
from portal.feeds.shapes import NOWHERE, Shapes
from portal.feeds.specs import DatasetSpec

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_A_GROUP = 65_536
# All footprints of a large city; where they do not fit, each row repeats its own and the file doubles.
DICTIONARY_BYTES = 16 << 20
READ_BYTES = 16 << 20
CORNERS = ("xmin", "ymin", "xmax", "ymax")


def write_parquet(
    path: Path,
    spec: DatasetSpec,
    rows: Path,
    shapes: Shapes,
    shape_of_row: array[int],
    about: About,
) -> dict[str, Any]:
    """From the NDJSON of the same rows, so that the two cannot differ. Returns bytes and SHA-256."""
    tables = _read(spec, rows, shapes, np.frombuffer(shape_of_row, dtype=np.int32))
    used = sorted(set(shape_of_row) - {NOWHERE})
    return _write(path, _schema(spec, about, shapes.geometry[used]), tables, spec)


def join_parquet(
    path: Path, spec: DatasetSpec, parts: Iterable[Path], about: About
) -> dict[str, Any]:
    """The whole of several parts, in their order. Returns bytes and SHA-256."""
    import pyarrow.parquet as pq

    parts = list(parts)
    geos = [
        json.loads(found)
        for part in parts
        if (found := pq.read_metadata(part).metadata.get(b"geo"))
    ]
    schema = _schema(spec, about, None)
    if spec.has_geometry:
        schema = schema.with_metadata(
            {**schema.metadata, b"geo": json.dumps(_joined(geos)).encode()}
        )
    tables = (pq.ParquetFile(part).read() for part in parts)
    return _write(path, schema, tables, spec)


def columns_of(spec: DatasetSpec) -> pa.Schema:
    """The dictionary's columns as Arrow knows them; instants are UTC."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "datetime": pa.timestamp("ms", tz="UTC"),
        "date": pa.date32(),
    }
    return pa.schema([(field.name, types[field.type]) for field in spec.fields])


def _schema(spec: DatasetSpec, about: About, used: Any) -> pa.Schema:
    import pyarrow as pa

    schema = columns_of(spec)
    words = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in about.items()
    }
    if spec.has_geometry:
        corners = pa.struct([(corner, pa.float64()) for corner in CORNERS])
        schema = schema.append(pa.field("geometry", pa.binary())).append(pa.field("bbox", corners))
        if used is not None:
            words["geo"] = json.dumps(_geo(used))
    return schema.with_metadata(words)


def _geo(used: Any) -> dict[str, Any]:
    """The metadata that makes a Parquet file GeoParquet. WGS 84 in degrees is what no crs means."""
    import shapely

    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({shape.geom_type for shape in used}),
        "orientation": "counterclockwise",
        "edges": "planar",
        "covering": {"bbox": {corner: ["bbox", corner] for corner in CORNERS}},
    }
    if len(used):
        column["bbox"] = shapely.total_bounds(used).tolist()
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _joined(geos: list[dict[str, Any]]) -> dict[str, Any]:
    """The metadata of the whole from those of its parts."""
    if not geos:
        return _geo(np.array([], dtype=object))
    columns = [geo["columns"]["geometry"] for geo in geos]
    joined = {
        **columns[0],
        "geometry_types": sorted({t for c in columns for t in c["geometry_types"]}),
    }
    boxes = [column["bbox"] for column in columns if "bbox" in column]
    if boxes:
        west, south, east, north = zip(*boxes, strict=True)
        joined["bbox"] = [min(west), min(south), max(east), max(north)]
    return {**geos[0], "columns": {"geometry": joined}}


def _read(spec: DatasetSpec, rows: Path, shapes: Shapes, index: np.ndarray) -> Iterator[pa.Table]:
    """The rows with their footprints, a stretch at a time."""
    import pyarrow as pa
    from pyarrow import json as arrow_json

    if rows.stat().st_size == 0:
        return
    parsing = arrow_json.ParseOptions(
        explicit_schema=columns_of(spec), unexpected_field_behavior="error"
    )
    reading = arrow_json.ReadOptions(block_size=READ_BYTES)
    at = 0
    with arrow_json.open_json(rows, read_options=reading, parse_options=parsing) as batches:
        for batch in batches:
            table = pa.Table.from_batches([batch])
            if spec.has_geometry:
                table = _with_shapes(table, shapes, index[at : at + len(table)])
            at += len(table)
            yield table


def _with_shapes(table: pa.Table, shapes: Shapes, index: np.ndarray) -> pa.Table:
    import pyarrow as pa

    nowhere = index == NOWHERE
    at = pa.array(index, mask=nowhere)
    binaries = pa.array(shapes.binaries, type=pa.binary())
    corners = [pa.array(side).take(at) for side in shapes.boxes.T]
    boxes = pa.StructArray.from_arrays(corners, names=list(CORNERS), mask=pa.array(nowhere))
    return table.append_column("geometry", binaries.take(at)).append_column("bbox", boxes)


def _write(
    path: Path, schema: pa.Schema, tables: Iterable[pa.Table], spec: DatasetSpec
) -> dict[str, Any]:
    import pyarrow.parquet as pq

    # Ids are all different: a dictionary of them would only be thrown away again.
    repeated = [name for name in schema.names if name not in ("public_id", "bbox")]
    repeated += [f"bbox.{corner}" for corner in CORNERS] if spec.has_geometry else []
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        version="2.6",
        use_dictionary=repeated,
        dictionary_pagesize_limit=DICTIONARY_BYTES,
        write_statistics=True,
    ) as writer:
        for group in _regrouped(tables, schema):
            writer.write_table(group, row_group_size=ROWS_A_GROUP)
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": sha256}


def _regrouped(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """The same rows in groups worth having: many small months are one group, in their order."""
    import pyarrow as pa

    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table.cast(schema))
        if sum(map(len, waiting)) >= ROWS_A_GROUP:
            together = pa.concat_tables(waiting).combine_chunks()
            whole = len(together) - len(together) % ROWS_A_GROUP
            yield together.slice(0, whole)
            waiting = [together.slice(whole)]
    if sum(map(len, waiting)):
        yield pa.concat_tables(waiting).combine_chunks()
