"""What desks and roles are called before people, in their language."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from community.roles import Desk

DESK_LABELS = [
    (Desk.RESIDENT_SERVICES.value, _("Resident services")),
    (Desk.PATROL.value, _("Patrol")),
    (Desk.RECORDS.value, _("Records")),
    (Desk.CITY.value, _("City services")),
    (Desk.OVERSIGHT.value, _("Oversight")),
]

ROLE_LABELS = [
    ("resident-services-officer", _("a resident services officer")),
    ("patrol-officer", _("a patrol officer")),
    ("supervisor", _("a supervisor")),
    ("oversight", _("the oversight office")),
    ("records-clerk", _("a records clerk")),
    ("city-decision-maker", _("a city decision-maker")),
    ("administrator", _("an administrator")),
    ("gunfire-reviewer", "a gunfire reviewer"),  # answers nobody, so no resident reads it
]

# What the states are called before officers.
STATES_AT_DESK = {
    "received": _("To answer"),
    "being-answered": _("In work"),
    "awaiting-approval": _("Awaiting approval"),
    "waiting-for-resident": _("Waiting for the resident"),
    "answered": _("Answered"),
    "closed": _("Closed"),
}
