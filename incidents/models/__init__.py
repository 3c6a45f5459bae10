"""Police records and the places they belong to. Every table here is private (schema ``vault``)."""

from incidents.models.alerts import (
    AlertCall,
    AlertResponse,
    AlertResponseRevision,
    ConfirmedShooting,
    LinkRun,
    Unlinked,
)
from incidents.models.imports import ImportedFile, RefusedRow
from incidents.models.places import Address, Area
from incidents.models.records import (
    CallForService,
    CallRevision,
    Incident,
    IncidentRevision,
    Revision,
)

__all__ = [
    "Address",
    "AlertCall",
    "AlertResponse",
    "AlertResponseRevision",
    "Area",
    "CallForService",
    "CallRevision",
    "ConfirmedShooting",
    "ImportedFile",
    "Incident",
    "IncidentRevision",
    "LinkRun",
    "RefusedRow",
    "Revision",
    "Unlinked",
]
