"""The escrow: which private record is behind which public id. For audits, by administrators, on record."""

from __future__ import annotations

import csv
import datetime as dt
import os
from pathlib import Path

from community.models import AuditEvent, User
from community.roles import Permission
from portal.publication.models import Assignment

COLUMNS = (
    "dataset_slug",
    "public_id",
    "record_id",
    "tier",
    "place_code",
    "cell_code",
    "period",
    "first_release",
    "fate",
    "retired_release",
)


class EscrowRefusedError(Exception):
    """The export is not allowed, or would overwrite a file; the message says why."""


def export_escrow(path: Path, *, by: User, reason: str, now: dt.datetime) -> int:
    """Write every assignment as CSV, readable by its owner alone. Returns how many rows.

    The audit row is written first: an export that nobody can look up later does not happen.
    """
    if not by.is_active or not by.may(Permission.MANAGE_USERS):
        raise EscrowRefusedError(f"{by.username} is not an administrator")
    if not reason.strip():
        raise EscrowRefusedError("got no reason; wanted a sentence for the audit log")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise EscrowRefusedError(f"{path} exists already; wanted a new file") from error
    AuditEvent.objects.create(
        occurred_at=now,
        actor=by.username,
        actor_roles=" ".join(sorted(role.slug for role in by.roles)),
        action="escrow-exported",
        subject="escrow",
        detail={"reason": reason.strip()},
    )
    rows = Assignment.objects.order_by("dataset_slug", "public_id").values_list(*COLUMNS)
    n = 0
    with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows.iterator(chunk_size=20_000):
            writer.writerow(row)
            n += 1
    return n
