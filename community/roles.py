"""Who may do what at the desk, and the wall around complaints about officers. Pure.

A role is realised as a Django group of the same name. Nothing here looks at ``is_superuser``:
running the site is not a reason to read what a resident says about an officer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Desk(StrEnum):
    """Where a piece of feedback waits for its answer."""

    RESIDENT_SERVICES = "resident-services"
    PATROL = "patrol"
    RECORDS = "records"
    CITY = "city"
    OVERSIGHT = "oversight"  # behind the wall: complaints about officers, and nothing else


ORDINARY_DESKS: Final = frozenset(Desk) - {Desk.OVERSIGHT}


class Permission(StrEnum):
    """One thing a person may do. Whether they may do it to *this* feedback is the reach's business."""

    ANSWER = "answer"  # claim, draft, send for approval, close what was answered
    APPROVE = "approve"  # a second person's yes or no to somebody else's draft
    MANAGE_CLAIMS = "manage-claims"  # free what a colleague holds
    CLOSE_UNANSWERED = "close-unanswered"  # with a reason the resident reads
    REROUTE = "reroute"  # between ordinary desks; anybody who sees it may send it up to oversight
    EXPORT = "export"
    REVIEW_REDACTION = "review-redaction"
    WITHDRAW_PUBLICATION = "withdraw-publication"  # of what they see, not only of their own desks'
    READ_AUDIT = "read-audit"
    IMPORT_RECORDS = "import-records"
    DECIDE = "decide"
    MANAGE_USERS = "manage-users"
    SEE_GUNFIRE = (
        "see-gunfire"  # alerts with the sites of the sensors, which are a secret of their own
    )
    REVIEW_GUNFIRE = "review-gunfire"


@dataclass(frozen=True)
class Role:
    """One role. ``acts_on`` are its own desks, ``reads`` those it sees besides."""

    slug: str
    group: str  # name of the Django group
    permissions: frozenset[Permission]
    acts_on: frozenset[Desk] = frozenset()
    reads: frozenset[Desk] = frozenset()
    own_district_only: bool = False
    model_permissions: tuple[str, ...] = ()  # Django's "app.codename", for Django admin alone


_P = Permission
_ANSWERING = frozenset({_P.ANSWER, _P.REVIEW_REDACTION})
_READ_RECORDS = (
    "incidents.view_incident",
    "incidents.view_callforservice",
    "incidents.view_alertresponse",
    "incidents.view_confirmedshooting",
    "incidents.view_importedfile",
    "incidents.view_refusedrow",
    "incidents.view_area",
    "incidents.view_address",
)
_IMPORT_RECORDS = (
    *_READ_RECORDS,
    "incidents.add_importedfile",
    "incidents.change_alertresponse",
    "incidents.view_alertresponserevision",
)

ROLES: Final = (
    Role(
        slug="resident-services-officer",
        group="Resident services officer",
        permissions=_ANSWERING | {_P.REROUTE},
        acts_on=frozenset({Desk.RESIDENT_SERVICES}),
    ),
    Role(
        slug="patrol-officer",
        group="Patrol officer",
        permissions=_ANSWERING,
        acts_on=frozenset({Desk.PATROL}),
        own_district_only=True,
        model_permissions=_READ_RECORDS,
    ),
    Role(
        slug="supervisor",
        group="Supervisor",
        permissions=_ANSWERING
        | {_P.APPROVE, _P.MANAGE_CLAIMS, _P.CLOSE_UNANSWERED, _P.REROUTE, _P.EXPORT}
        | {_P.WITHDRAW_PUBLICATION},
        acts_on=ORDINARY_DESKS,
        model_permissions=_READ_RECORDS,
    ),
    Role(
        # Reads the ordinary desks too, for a complaint may have been filed there as something else.
        slug="oversight",
        group="Oversight",
        permissions=_ANSWERING
        | {_P.APPROVE, _P.MANAGE_CLAIMS, _P.CLOSE_UNANSWERED, _P.REROUTE, _P.EXPORT, _P.READ_AUDIT}
        | {_P.SEE_GUNFIRE, _P.WITHDRAW_PUBLICATION},
        acts_on=frozenset({Desk.OVERSIGHT}),
        reads=ORDINARY_DESKS,
        model_permissions=(
            "community.view_feedback",
            "community.view_auditevent",
            "sensors.view_acousticreview",
        ),
    ),
    Role(
        slug="records-clerk",
        group="Records clerk",
        permissions=_ANSWERING | {_P.IMPORT_RECORDS},
        acts_on=frozenset({Desk.RECORDS}),
        model_permissions=_IMPORT_RECORDS,
    ),
    Role(
        slug="city-decision-maker",
        group="City decision-maker",
        permissions=_ANSWERING | {_P.DECIDE},
        acts_on=frozenset({Desk.CITY}),
    ),
    Role(
        slug="administrator",
        group="Administrator",
        permissions=frozenset({_P.MANAGE_USERS, _P.READ_AUDIT, _P.IMPORT_RECORDS}),
        reads=ORDINARY_DESKS,
        model_permissions=(
            "community.view_user",
            "community.add_user",
            "community.change_user",
            "community.view_feedback",
            "community.view_auditevent",
            *_IMPORT_RECORDS,
        ),
    ),
    Role(
        # Works at no desk: what residents write is none of a reviewer's business.
        slug="gunfire-reviewer",
        group="Gunfire reviewer",
        permissions=frozenset({_P.SEE_GUNFIRE, _P.REVIEW_GUNFIRE}),
    ),
)

BY_SLUG: Final = {role.slug: role for role in ROLES}
BY_GROUP: Final = {role.group: role for role in ROLES}
OVERSIGHT: Final = BY_SLUG["oversight"]


@dataclass(frozen=True)
class Reach:
    """What somebody may see, as three facts a database filter can be made of.

    ``desks`` are seen whole, ``district_desks`` only where the feedback's district is their own.
    ``complaints`` is the wall: feedback about an officer is seen by those who have it, and by no one else.
    """

    desks: frozenset[Desk]
    district_desks: frozenset[Desk]
    complaints: bool


NOTHING: Final = Reach(frozenset(), frozenset(), complaints=False)


def _reach(roles: Iterable[Role], *, with_reading: bool) -> Reach:
    whole: set[Desk] = set()
    by_district: set[Desk] = set()
    for role in roles:
        desks = role.acts_on | role.reads if with_reading else role.acts_on
        (by_district if role.own_district_only else whole).update(desks)
    return Reach(
        desks=frozenset(whole - {Desk.OVERSIGHT}),
        district_desks=frozenset(by_district - whole - {Desk.OVERSIGHT}),
        complaints=Desk.OVERSIGHT in whole,
    )


def reach_of(roles: Iterable[Role]) -> Reach:
    """What these roles may read."""
    return _reach(roles, with_reading=True)


def working_reach_of(roles: Iterable[Role]) -> Reach:
    """What these roles may act on: their own desks, never those they only read."""
    return _reach(roles, with_reading=False)


def allows(roles: Iterable[Role], permission: Permission) -> bool:
    """Whether one of the roles has the permission."""
    return any(permission in role.permissions for role in roles)


# Topics that a particular desk knows best; every other topic goes to resident services.
_DESK_OF_TOPIC: Final = {
    "records": Desk.RECORDS,
    "street-light": Desk.CITY,
    "bin": Desk.CITY,
    "charging": Desk.CITY,
    "patrol": Desk.PATROL,
    "traffic": Desk.PATROL,
    "noise": Desk.PATROL,
}


def desk_for(topic: str, *, about_officer: bool, has_district: bool) -> Desk:
    """The desk that answers. Patrol is organised by district, so without one resident services sorts it."""
    if about_officer:
        return Desk.OVERSIGHT
    desk = _DESK_OF_TOPIC.get(topic, Desk.RESIDENT_SERVICES)
    if desk is Desk.PATROL and not has_district:
        return Desk.RESIDENT_SERVICES
    return desk
