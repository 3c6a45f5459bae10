"""Every address of the site. Public pages first, then people, then machines."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, re_path, register_converter
from django.views.generic import RedirectView

from portal.feeds import photos
from portal.feeds import views as feeds
from portal.feeds.renderers import FORMATS
from portal.health import healthz
from portal.views import (
    catalogue,
    catalogue_urls,
    datasets,
    embed,
    gunfire,
    gunfire_methods,
    history,
    ledger_of_releases,
    overview,
    privacy_audit,
    records,
    syndication,
    verify,
    words,
)


class SuffixConverter:
    """A format that files come in; anything else is not found."""

    regex = "|".join(FORMATS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(SuffixConverter, "suffix")

# In every language: /areas/ in English, /es/areas/ in Spanish.
pages = [
    path("", overview.home, name="home"),
    path("map/", overview.city_map, name="map"),
    path("search/", overview.search, name="search"),
    # /areas/...
    path("areas/", overview.area_list, name="area-list"),
    path("areas/<slug:slug>/", overview.area_detail, name="area-detail"),
    path("incidents/", records.incident_list, name="incident-list"),
    path("gunfire/", gunfire.gunfire, name="gunfire"),
    # /data/...
    path("data/", datasets.dataset_list, name="dataset-list"),
    path("data/schema-changes/", catalogue.schema_changes, name="schema-changes"),
    *ledger_of_releases.pages,
    *history.pages,
    path("data/<slug:slug>/", datasets.dataset_detail, name="dataset-detail"),
    path("verify/<path:code>/", verify.verify, name="verify"),
    path("embed/<path:code>/", embed.embed, name="embed"),
    path("privacy/", words.privacy, name="privacy"),
    path("privacy/audit/", privacy_audit.privacy_audit, name="privacy-audit"),
    path("methods/", words.methods, name="methods"),
    path("methods/gunfire/", gunfire_methods.gunfire_methods, name="gunfire-methods"),
    path("about/", words.about, name="about"),
    path("about/parts/", words.parts, name="parts"),
]

# The same in every language.
files = [
    *catalogue_urls.addresses,
    *ledger_of_releases.addresses,
    path("data/<slug:slug>.<suffix:suffix>", feeds.current_file, name="dataset-file"),
    path("data/feedback/photos/<slug:public_id>.jpg", photos.photo, name="photo"),
    # /data/<dataset>/releases/<number>/...
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
]

urlpatterns = [
    path("api/v1/webhooks/", include("portal.webhooks.urls")),
    path("api/", include("portal.api.urls")),
    *i18n_patterns(
        path("", include((pages, "portal"))),
        path("feedback/", include("community.urls")),
        prefix_default_language=False,
    ),
    path("", include(history.documents)),
    path("", include(syndication.urlpatterns)),
    path("", include((files, "feeds"))),
    path("desk/", include("community.desk_urls")),
    path("desk/gunfire/", include("incidents.urls")),
    path("sign-in/", auth.LoginView.as_view(), name="login"),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("ogc/", include("portal.ogc.urls")),
    path("ingest/v1/", include("sensors.urls")),
    path("healthz", healthz, name="healthz"),
    path("robots.txt", words.robots, name="robots"),
    # Browsers ask for it on pages that name no icon, such as the admin's.
    path("favicon.ico", RedirectView.as_view(url="/static/img/daylight.svg", permanent=True)),
    # Last: a machine that asks for a file wants no page that says there is none.
    re_path(r"^data/.+\.[A-Za-z0-9]+$", feeds.no_such_file),
]

handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.refused"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.broken"
