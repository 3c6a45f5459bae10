"""What every public page knows: which city, and which release it shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal.city import the_city
from portal.models import Release


def public_page(request: HttpRequest) -> dict[str, Any]:
    """The city, and lazily the newest active release (None before the first)."""
    return {"city": the_city(), "release": newest_release}


def newest_release() -> Release | None:
    """Templates call it only where they show it, so that the desk and the admin ask nothing."""
    return (
        Release.objects.filter(state=Release.State.ACTIVE, dataset__slug="incidents")
        .order_by("-number")
        .first()
    )
