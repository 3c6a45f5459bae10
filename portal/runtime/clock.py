"""The Celery application for beat alone: it sends names of tasks, and need not load what they need (80 MB)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("daylight-clock")
app.config_from_object("django.conf:settings", namespace="CELERY")
