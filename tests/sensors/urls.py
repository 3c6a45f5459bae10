"""The devices' doors where the site has them, and nothing else."""

from django.urls import include, path

urlpatterns = [path("ingest/v1/", include("sensors.urls"))]
