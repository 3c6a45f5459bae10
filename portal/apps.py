from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Bound here and not in portal/__init__.py, so that the pure modules stay pure.
        from . import celery, checks  # noqa: F401
