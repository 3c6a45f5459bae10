"""Files of a city -> records. ``ingest(path, source=..., by=..., now=...)`` is all that doors need."""

from incidents.importers.errors import ImporterError, MappingError, UnknownSourceError
from incidents.importers.mapping import Mapping, parse_mapping, read_mapping
from incidents.importers.pipeline import Progress
from incidents.importers.registry import find_mapping, mapping_paths
from incidents.importers.run import ingest

__all__ = [
    "ImporterError",
    "Mapping",
    "MappingError",
    "Progress",
    "UnknownSourceError",
    "find_mapping",
    "ingest",
    "mapping_paths",
    "parse_mapping",
    "read_mapping",
]
