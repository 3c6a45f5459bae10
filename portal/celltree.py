"""The tree of cells, cut at one level: which cells a map shows and what is counted in each. Plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """One cell. parent: its code, '' for the city."""

    code: str
    parent: str
    level: int


@dataclass(frozen=True)
class Cut:
    """Counts of rows inside each shown cell, and how many rows are known less closely than that."""

    counts: dict[str, int]
    wider: int


def shown_at(nodes: Iterable[Node], level: int) -> list[str]:
    """Codes of the cells that tile the city at a level: those of it, and smaller levels' leaves."""
    nodes = list(nodes)
    parents = {node.parent for node in nodes}
    return [
        node.code
        for node in nodes
        if node.level == level or (node.level < level and node.code not in parents)
    ]


def levels_of(nodes: Iterable[Node]) -> list[int]:
    """Levels below the districts, widest first."""
    return sorted({node.level for node in nodes if node.level > 1})


def cut(nodes: Iterable[Node], level: int, counts: Mapping[str, int]) -> Cut:
    """Rows counted in the shown cell that holds theirs.

    counts: rows by the code of the cell they were published for, '' for the whole city. A row that
    was published for a cell wider than those shown is in none of them; it is counted in ``wider``.
    """
    nodes = list(nodes)
    parent_of = {node.code: node.parent for node in nodes}
    inside = dict.fromkeys(shown_at(nodes, level), 0)
    wider = 0
    for code, n in counts.items():
        while code and code not in inside:
            code = parent_of.get(code, "")
        if code:
            inside[code] += n
        else:
            wider += n
    return Cut(inside, wider)


def part_of_district(code: str, district_code: str) -> str:
    """The letters that say which part of its district a cell is: "3-WN" in "3" is "WN"."""
    return code.removeprefix(district_code).lstrip("-")
