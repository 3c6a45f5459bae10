"""Their addresses, behind ours."""

from __future__ import annotations

from django.urls import path

from portal.api.police import views

urlpatterns = [
    path("", views.About.as_view(), name="police-uk"),
    path("crimes-street-dates", views.Dates.as_view()),
    path("crime-last-updated", views.LastUpdated.as_view()),
    path("crime-categories", views.Categories.as_view()),
    path("crimes-street/<str:category>", views.Street.as_view()),
    path("crimes-at-location", views.AtLocation.as_view()),
    path("crimes-no-location", views.NoLocation.as_view()),
    path("outcomes-at-location", views.OutcomesAtLocation.as_view()),
    path("outcomes-for-crime/<str:key>", views.OutcomesForCrime.as_view()),
    path("locate-neighbourhood", views.Locate.as_view()),
    path("forces", views.Forces.as_view()),
    path("forces/<str:force>", views.ForceDetail.as_view()),
    path("forces/<str:force>/people", views.People.as_view()),
    path("<str:force>/neighbourhoods", views.Neighbourhoods.as_view()),
    path("<str:force>/<str:key>", views.NeighbourhoodDetail.as_view()),
    path("<str:force>/<str:key>/boundary", views.Boundary.as_view()),
    path("<str:force>/<str:key>/people", views.Officers.as_view()),
    path("<str:force>/<str:key>/events", views.Events.as_view()),
    path("<str:force>/<str:key>/priorities", views.Priorities.as_view()),
]
