"""/ogc/: OGC API Features. The standard has no slash at the end of these addresses."""

from django.urls import path

from portal.ogc import views

app_name = "ogc"
urlpatterns = [
    path("", views.landing, name="landing"),
    path("api", views.description, name="api"),
    path("conformance", views.conformance, name="conformance"),
    # collections/...
    path("collections", views.collections, name="collections"),
    path("collections/<slug:slug>", views.collection, name="collection"),
    path("collections/<slug:slug>/items", views.items, name="items"),
    path("collections/<slug:slug>/items/<str:feature_id>", views.item, name="item"),
    path("<path:rest>", views.nothing),
]
