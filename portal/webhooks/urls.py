"""/api/v1/webhooks/"""

from django.urls import path

from portal.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("", views.subscriptions, name="subscriptions"),
    path("<uuid:subscription_id>/", views.subscription, name="subscription"),
]
