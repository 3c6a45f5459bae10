"""How the installation is, for machines: `/healthz`."""

from __future__ import annotations

from typing import Any, Final

from django.db import DatabaseError, OperationalError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.heartbeat import LIVE, WORKER, is_healthy, tick_age_s
from portal.models import Release
from sensors.queries import inbox_depth, parked_window_count, quarantine_count


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when all is well, 503 when a person should look. Counts and ages only: nothing private."""
    try:
        report = vital_signs()
    except (OperationalError, DatabaseError):
        return JsonResponse({"status": "down", "database": "unreachable"}, status=503)
    return JsonResponse(report, status=200 if report["status"] == "ok" else 503)


# One by one they would tell everybody the second in which microphones hear shots; alerts are told by six hours.
INBOX_STEP: Final = 1_000


def vital_signs() -> dict[str, Any]:
    ticks = {name: tick_age_s(name) for name in (LIVE, WORKER)}
    return {
        "status": "ok" if all(map(is_healthy, ticks, ticks.values())) else "degraded",
        "database": "ok",
        "queue_tick_age_s": _rounded(ticks[LIVE]),
        "worker_tick_age_s": _rounded(ticks[WORKER]),
        "inbox_depth": inbox_depth() // INBOX_STEP * INBOX_STEP,
        "quarantine_count": quarantine_count(),
        "parked_windows": parked_window_count(),
        "release_age_s": release_ages_s(),
    }


def _rounded(age_s: float | None) -> float | None:
    return None if age_s is None else round(age_s, 1)


def release_ages_s() -> dict[str, float]:
    """Seconds since the newest active release of each dataset was activated."""
    now = timezone.now()
    newest = (
        Release.objects.filter(state=Release.State.ACTIVE)
        .order_by("dataset__slug", "-number")
        .distinct("dataset__slug")
        .values_list("dataset__slug", "activated_at")
    )
    return {slug: round((now - at).total_seconds(), 1) for slug, at in newest if at}
