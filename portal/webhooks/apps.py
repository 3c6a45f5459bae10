from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Who wants to be called when something is released. Private: the vault knows the addresses, nobody else."""

    name = "portal.webhooks"
    label = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"
