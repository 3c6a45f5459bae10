"""Addresses of the API. Each dataset has its own, so that the description can name its columns."""

from __future__ import annotations

from django.urls import URLPattern, include, path

from portal.api import views
from portal.api.docs import Description, docs
from portal.api.doors import Door
from portal.feeds.dictionary import DATASETS

app_name = "api"


def _of_dataset(slug: str) -> list[URLPattern]:
    def door(address: str, view: type[Door], name: str) -> URLPattern:
        return path(f"v1/datasets/{slug}/{address}", view.as_view(slug=slug), name=f"{slug}-{name}")

    doors = [
        door("", views.DatasetDetail, "detail"),
        door("rows", views.Rows, "rows"),
        door("count", views.Count, "count"),
        door("groups", views.Groups, "groups"),
        door("facets", views.Facets, "facets"),
        door("releases/", views.ReleaseList, "releases"),
        door("releases/<int:number>/", views.ReleaseDetail, "release"),
    ]
    if len(DATASETS[slug].key) == 1:
        doors.append(door("rows/<str:key>", views.Row, "row"))
    return doors


urlpatterns = [
    path("v1/", views.Index.as_view(), name="index"),
    path("v1/datasets/", views.DatasetList.as_view(), name="dataset-list"),
    path("v1/openapi.json", Description.as_view(form="json"), name="openapi-json"),
    path("v1/openapi.yaml", Description.as_view(form="yaml"), name="openapi-yaml"),
    path("v1/docs/", docs, name="docs"),
    # /api/v1/datasets/<slug>/...
    *(pattern for slug in DATASETS for pattern in _of_dataset(slug)),
    path("police-uk/", include("portal.api.police.urls")),
    path("", views.Nothing.as_view(), name="nothing"),
    path("<path:path>", views.Nothing.as_view(), name="nothing"),
]
