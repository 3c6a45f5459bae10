from django.apps import AppConfig


class PublicationConfig(AppConfig):
    """The vault's side of the gate: what was decided about a private row, once and for good."""

    name = "portal.publication"
    label = "publication"
    default_auto_field = "django.db.models.BigAutoField"
