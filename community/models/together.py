"""What must be known of whoever did something: who, and when."""

from __future__ import annotations

from django.db.models import Q


def together(*names: str) -> Q:
    """All of these columns are filled, or none: who did something, and when."""
    return Q(**{f"{name}__isnull": False for name in names}) | Q(
        **{f"{name}__isnull": True for name in names}
    )
