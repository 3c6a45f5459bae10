"""Which sources there are: one mapping file each, shipped with the project or written by the city."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from incidents.importers.errors import UnknownSourceError
from incidents.importers.mapping import Mapping, read_mapping

SHIPPED = Path(__file__).resolve().parent / "mappings"


def folders() -> list[Path]:
    """Where mapping files lie. A city's own come first: the same name there replaces a shipped one."""
    return [*map(Path, settings.MAPPING_FOLDERS), settings.LAYOUT.home / "mappings", SHIPPED]


def mapping_paths() -> dict[str, Path]:
    """Mapping file of each known source. A file is named after its source."""
    paths: dict[str, Path] = {}
    for folder in folders():
        for path in sorted(folder.glob("*.toml")):
            paths.setdefault(path.stem, path)
    return dict(sorted(paths.items()))


def find_mapping(source: str) -> Mapping:
    """The mapping of a source, or an UnknownSourceError that names those there are."""
    paths = mapping_paths()
    if source not in paths:
        raise UnknownSourceError(
            f"got source {source!r}; wanted one of {', '.join(paths)}. "
            "A new source needs a mapping file (docs/adopt.md)."
        )
    return read_mapping(paths[source])
