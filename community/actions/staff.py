"""Who has which role."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from community.actions.steps import NotAllowed, action
from community.models import AuditEvent, User
from community.roles import BY_GROUP, OVERSIGHT, Permission, Role


@action
def set_roles(*, user: User, roles: Collection[Role], by: User | None, now: datetime) -> User:
    """Give a member of staff exactly these roles. ``by`` None is the command line of the machine.

    Nobody changes their own. Oversight is given and taken by oversight alone, so that whoever runs the
    accounts cannot let themselves, or a second account of theirs, behind the wall.
    """
    before = user.appointed_roles
    after = frozenset(roles)
    if by is not None:
        _require_may_appoint(by, user, changed=before ^ after)
    groups = user.groups.filter(name__in=BY_GROUP)
    user.groups.remove(*groups)
    user.groups.add(*Group.objects.filter(name__in=[role.group for role in after]))
    user.__dict__.pop("roles", None)
    AuditEvent.objects.create(
        occurred_at=now,
        actor=by.username if by else "command-line",
        actor_roles=" ".join(sorted(role.slug for role in by.roles)) if by else "",
        action="roles-set",
        subject=user.username,
        detail={
            "before": sorted(role.slug for role in before),
            "after": sorted(role.slug for role in after),
        },
    )
    return user


def _require_may_appoint(by: User, user: User, *, changed: Collection[Role]) -> None:
    in_oversight = OVERSIGHT in by.roles
    if by.pk == user.pk:
        raise NotAllowed(_("Nobody changes their own roles."))
    if OVERSIGHT in changed and not in_oversight:
        raise NotAllowed(_("Only oversight appoints oversight."))
    may_manage = by.is_superuser or by.may(Permission.MANAGE_USERS)
    if not (may_manage or (in_oversight and set(changed) <= {OVERSIGHT})):
        raise NotAllowed(_("Managing roles is an administrator's task."))
