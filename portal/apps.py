from django.apps import AppConfig
from django.db.models.signals import post_save


class PortalConfig(AppConfig):
    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Bound here and not in portal/__init__.py, so that the pure modules stay pure.
        from . import celery, checks  # noqa: F401
        from .feeds.editions import forget_on_commit

        post_save.connect(forget_on_commit, sender="portal.Release", dispatch_uid="editions")
