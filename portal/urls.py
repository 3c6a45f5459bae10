"""Every address of the site. Public pages first, then staff, then machines."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path, register_converter

from portal.feeds import views as feeds
from portal.feeds.renderers import FORMATS
from portal.health import healthz


class SuffixConverter:
    """A format that files come in; anything else is not found."""

    regex = "|".join(FORMATS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(SuffixConverter, "suffix")

urlpatterns = [
    # /data/<dataset>...
    path("data/<slug:slug>.<suffix:suffix>", feeds.current_file, name="dataset-file"),
    path(
        "data/<slug:slug>/releases/<int:number>/manifest.json",
        feeds.manifest,
        name="release-manifest",
    ),
    path(
        "data/<slug:slug>/releases/<int:number>/<slug:name>.<suffix:suffix>",
        feeds.release_file,
        name="release-file",
    ),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
]
