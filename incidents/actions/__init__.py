"""The writers of this app, beside the importer. Callers import the verbs from here.

Only ``incidents.actions.linking`` is imported by its own name: it brings SciPy, which the web process
starts without.
"""

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
    "claim_upload",
    "fail_upload",
    "link_response",
    "receive_upload",
    "reclassify_incident",
    "release_response",
    "seal_incident",
    "unseal_incident",
]
