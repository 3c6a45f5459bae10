"""What is public. Every table here is in the schema ``release``; no private column exists to leak.

Rows are written by ``portal.publication`` alone. A row is public in release n of its dataset when
``first_release <= n`` and it was not retired in or before n, so every release ever made can be read again.
"""

from __future__ import annotations

from portal.models.feedback import PublishedFeedback, PublishedPhoto
from portal.models.geography import PublishedArea, PublishedCell, PublishedPlace, PublishedStreet
from portal.models.gunfire_ledger import PublishedCalibration, PublishedFigure, PublishedOutcome
from portal.models.privacy import PublishedAuditResult, PublishedCharge, PublishedCount
from portal.models.records import PublishedCall, PublishedGunfire, PublishedIncident, PublishedRow
from portal.models.releases import ChainEntry, Dataset, Release
from portal.models.tallies import PublishedTally

__all__ = [
    "ChainEntry",
    "Dataset",
    "PublishedArea",
    "PublishedAuditResult",
    "PublishedCalibration",
    "PublishedCall",
    "PublishedCell",
    "PublishedCharge",
    "PublishedCount",
    "PublishedFeedback",
    "PublishedFigure",
    "PublishedGunfire",
    "PublishedIncident",
    "PublishedOutcome",
    "PublishedPhoto",
    "PublishedPlace",
    "PublishedRow",
    "PublishedStreet",
    "PublishedTally",
    "Release",
]
