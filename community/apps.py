from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CommunityConfig(AppConfig):
    name = "community"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(sync_roles, sender=self, dispatch_uid="community.sync_roles")


def sync_roles(*, using: str, **kwargs: Any) -> None:
    """After every migration: one Django group per role, with exactly its Django permissions.

    Members are left alone. Other apps' permissions may not exist yet at this point, so they are made first.
    """
    from django.apps import apps
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission
    from django.db import router

    from community.roles import ROLES

    if not router.allow_migrate_model(using, Group):
        return  # an alias that may only read and write rows
    wanted = {name for role in ROLES for name in role.model_permissions}
    for label in sorted({name.partition(".")[0] for name in wanted}):
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
    rows = Permission.objects.using(using).select_related("content_type")
    by_name = {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
    for role in ROLES:
        group, _created = Group.objects.using(using).get_or_create(name=role.group)
        group.permissions.set([by_name[name] for name in role.model_permissions])
