"""Doors for devices, mounted at /ingest/v1/."""

from __future__ import annotations

from django.urls import path

from sensors import api

app_name = "sensors"

urlpatterns = [
    path("pulses", api.pulses, name="pulses"),
    path("observations", api.observations, name="observations"),
]
