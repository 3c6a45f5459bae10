"""Which database role touches which table. The role, not good intentions, keeps the vault shut."""

from __future__ import annotations

from typing import Any

from django.db.models import Model


class GateRouter:
    """Public rows are read as ``daylight_public`` and written as ``daylight_publisher``; only the owner migrates."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return {"portal": "public", "publication": "publisher"}.get(model._meta.app_label)

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return {"portal": "publisher", "publication": "publisher"}.get(model._meta.app_label)

    def allow_relation(self, left: Model, right: Model, **hints: Any) -> bool | None:
        return (left._meta.app_label == "portal") == (right._meta.app_label == "portal")

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return db == "owner"
