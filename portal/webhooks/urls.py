"""/api/v1/webhooks/"""

from django.urls import path

from portal.webhooks.views import OneSubscription, Subscriptions

app_name = "webhooks"
urlpatterns = [
    path("", Subscriptions.as_view(), name="subscriptions"),
    path("<uuid:subscription_id>/", OneSubscription.as_view(), name="subscription"),
]
