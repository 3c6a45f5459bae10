"""People on both sides. Every table here is private (schema ``vault``)."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A member of staff: an officer, a supervisor, oversight, a records clerk, an administrator."""

    district = models.ForeignKey(
        "incidents.Area", models.SET_NULL, null=True, blank=True, related_name="officers"
    )

    class Meta(AbstractUser.Meta):
        pass
