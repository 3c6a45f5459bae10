"""The staff's gunfire room. Mounted at /desk/gunfire/."""

from django.urls import path

from incidents import views

app_name = "gunfire"

urlpatterns = [
    path("", views.alert_list, name="list"),
    path("live/", views.live, name="live"),
    # /desk/gunfire/<id>/...
    path("<int:pk>/", views.alert_page, name="alert"),
    path("<int:pk>/review/", views.review, name="review"),
    path("<int:pk>/state/", views.state, name="state"),
]
