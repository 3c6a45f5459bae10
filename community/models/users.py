"""Members of staff, and what their roles let them do."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AbstractUser, AnonymousUser
from django.db import models
from django.utils.functional import cached_property

from community.roles import BY_GROUP, NOTHING, Permission, Role, allows, reach_of

Person = AbstractBaseUser | AnonymousUser


class User(AbstractUser):
    """A member of staff: an officer, a supervisor, oversight, a records clerk, an administrator."""

    district = models.ForeignKey(
        "incidents.Area", models.SET_NULL, null=True, blank=True, related_name="officers"
    )

    class Meta(AbstractUser.Meta):
        pass

    @cached_property
    def roles(self) -> frozenset[Role]:
        """From the groups alone. A superuser without a group has no role and reads no feedback."""
        return self.appointed_roles if self.is_active else frozenset()

    @property
    def appointed_roles(self) -> frozenset[Role]:
        """Those that the account was given, which wait for it while it is switched off."""
        if not self.pk:
            return frozenset()
        names = self.groups.values_list("name", flat=True)
        return frozenset(BY_GROUP[name] for name in names if name in BY_GROUP)

    def may(self, permission: Permission) -> bool:
        return allows(self.roles, permission)

    @property
    def may_approve(self) -> bool:
        return self.may(Permission.APPROVE)

    @property
    def may_review_words(self) -> bool:
        return self.may(Permission.REVIEW_REDACTION)

    @property
    def reads_feedback(self) -> bool:
        return reach_of(self.roles) != NOTHING

    @property
    def may_see_gunfire(self) -> bool:
        """Alerts with the sensors that heard them. Asked by ``incidents``, which does not know this app."""
        return self.may(Permission.SEE_GUNFIRE)

    @property
    def may_review_gunfire(self) -> bool:
        return self.may(Permission.REVIEW_GUNFIRE)
