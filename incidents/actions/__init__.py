"""The writers of this app, beside the importer. Callers import the verbs from here."""

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

__all__ = [
    "LONGEST_IMPORT",
    "ClassificationError",
    "claim_upload",
    "fail_upload",
    "receive_upload",
    "reclassify_incident",
    "seal_incident",
    "unseal_incident",
]
