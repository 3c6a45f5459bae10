"""How the installation is, for machines: `/healthz`."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, OperationalError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.heartbeat import tick_age_s
from portal.models import Release
from sensors.queries import inbox_depth, parked_window_count, quarantine_count

# Beat ticks every 5 s; three missed ticks and a busy worker still fit.
OLDEST_HEALTHY_TICK_S = 60.0


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when all is well, 503 when a person should look. Counts and ages only: nothing private."""
    try:
        report = vital_signs()
    except (OperationalError, DatabaseError):
        return JsonResponse({"status": "down", "database": "unreachable"}, status=503)
    return JsonResponse(report, status=200 if report["status"] == "ok" else 503)


def vital_signs() -> dict[str, Any]:
    tick = tick_age_s()
    queue_lives = tick is not None and tick < OLDEST_HEALTHY_TICK_S
    return {
        "status": "ok" if queue_lives else "degraded",
        "database": "ok",
        "queue_tick_age_s": None if tick is None else round(tick, 1),
        "inbox_depth": inbox_depth(),
        "quarantine_count": quarantine_count(),
        "parked_windows": parked_window_count(),
        "release_age_s": release_ages_s(),
    }


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
