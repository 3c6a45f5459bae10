"""What was checked and measured of a release before it went out, as quality measurements (W3C DQV)."""

from __future__ import annotations

import re
from typing import Any

from portal.feeds.catalog.described import Described
from portal.models import PublishedAuditResult

_DIMENSIONS = "http://www.w3.org/2016/05/ldqd#"
_XSD = "http://www.w3.org/2001/XMLSchema#"


def measurements(one: Described) -> list[dict[str, Any]]:
    """One for each check of the release, and one for each attack on it that gave a number."""
    privacy = one.address("portal:privacy")
    checks = [
        _measurement(
            metric=f"{one.page}#check-{_word(check['check'])}",
            definition=check["check"],
            dimension="consistency",
            kind="boolean",
            value="true" if check["passed"] else "false",
        )
        for check in one.release.verification
    ]
    attacks = [
        _measurement(
            metric=f"{privacy}#attack-{_word(result.attack)}",
            definition=_defined(result),
            dimension="security",
            kind="double",
            value=repr(result.measured),
        )
        for result in one.audited
        if result.measured is not None
    ]
    return checks + attacks


def _defined(result: PublishedAuditResult) -> str:
    """What was measured, of whom, and what it was held to."""
    limit = ""
    if result.limit is not None:
        limit = f", {result.direction.replace('_', ' ')} {result.limit:g}"
    subject = f" ({result.subject.replace('_', ' ')})" if result.subject else ""
    return f"Attack audit: {result.attack.replace('_', ' ')}{subject}{limit}: {result.status}"


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _measurement(
    *, metric: str, definition: str, dimension: str, kind: str, value: str
) -> dict[str, Any]:
    return {
        "@type": "QualityMeasurement",
        "isMeasurementOf": {
            "@id": metric,
            "@type": "Metric",
            "definition": definition,
            "expectedDataType": _XSD + kind,
            "inDimension": _DIMENSIONS + dimension,
        },
        "value": value,
    }
