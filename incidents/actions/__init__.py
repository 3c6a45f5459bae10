"""The writers of this app, beside the importer. Callers import the verbs from here."""

from incidents.actions.linking import Linked, link_alerts, link_if_new
from incidents.actions.records import (
    LONGEST_IMPORT,
    ClassificationError,
    claim_upload,
    fail_upload,
    receive_upload,
    reclassify_incident,
    seal_incident,
    unseal_incident,
)
from incidents.actions.responses import LinkRefusedError, link_response, release_response

__all__ = [
    "LONGEST_IMPORT",
    "ClassificationError",
    "LinkRefusedError",
    "Linked",
    "claim_upload",
    "fail_upload",
    "link_alerts",
    "link_if_new",
    "link_response",
    "receive_upload",
    "reclassify_incident",
    "release_response",
    "seal_incident",
    "unseal_incident",
]
