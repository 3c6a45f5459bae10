"""A row as JSON text: PostgreSQL writes what is the row's own; what its place says in every row is written once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal.feeds.asking import fetch
from portal.feeds.dictionary import DATASETS
from portal.feeds.editions import Memory, editions
from portal.feeds.selection import Selection, SelectionError

# By the name of a shape; None where a row has none.
Endings = Mapping[str | None, str]

_BYTES_OF_AN_ENDING: Final = 400
_memory: Memory[Endings] = Memory(
    64_000_000, lambda endings: len(endings) * _BYTES_OF_AN_ENDING, holds_few=True
)


@dataclass(frozen=True)
class Items:
    """sql: of a text and of the name of the row's shape. endings: a statement that gives how each shape's
    texts go on, by its name; '' where texts are whole."""

    sql: str
    endings: str = ""

    def texts(self, rows: Iterable[Sequence[Any]]) -> list[str]:
        """Of rows that begin with what ``sql`` selects."""
        if not self.endings:
            return [row[0] for row in rows]
        known, rows = _known(self.endings), list(rows)
        # A release of this second may be asked for by its number, and have new places.
        if not known.keys() >= {row[1] for row in rows}:
            known = dict(fetch(self.endings, {}))
        return [row[0] + known.get(row[1], known[None]) for row in rows]


def items_of(
    selection: Selection, columns: Sequence[str] | None, *, with_footprint: bool = False
) -> Items:
    """Each row as a JSON object of the columns, or as a GeoJSON feature with them as its properties."""
    spec, projection = DATASETS[selection.dataset], selection.projection
    names = spec.columns if columns is None else tuple(columns)
    if unknown := sorted(set(names) - set(spec.columns)):
        raise SelectionError(
            f"got columns {', '.join(unknown)}; wanted some of {', '.join(spec.columns)}"
        )
    wire = {name: _json(sql) for name, sql in projection.wire(spec).items()}
    if projection.of_shape and columns is None and not with_footprint:
        own = {name: sql for name, sql in wire.items() if name not in projection.of_shape}
        ending = _text(", ", {name: wire[name] for name in projection.of_shape}, "}")
        endings = f"SELECT {projection.shape}, {ending} FROM {projection.each_shape}"  # noqa: S608 - our own text
        return Items(f"{_text('{', own)}, {projection.shape}", endings)
    told = _text("{", {name: wire[name] for name in names}, "}")
    if with_footprint:
        feature = {
            "type": "'\"Feature\"'", "id": wire[spec.columns[0]], "geometry": _json(projection.footprint),
            "properties": told,
        }  # fmt: skip
        told = _text("{", feature, "}")
    return Items(f"{told}, NULL")


def _known(endings: str) -> Endings:
    """Places and cells never change: they are read again only for new ones."""
    now = editions()
    known = _memory.get(endings, now)
    if known is None:
        known = dict(fetch(endings, {}))
        _memory.put(endings, known, now)
    return known


def _json(sql: str) -> str:
    return f"coalesce(to_json({sql})::text, 'null')"


def _text(opening: str, wire: Mapping[str, str], closing: str = "") -> str:
    """SQL of a text with the members of an object; json_build_object learns anew in each row of what type they are."""
    parts = []
    for name, sql in wire.items():
        parts += [f"'{opening}\"{name}\" : '", sql]
        opening = ", "
    return f"concat({', '.join(parts)}, '{closing}')"
