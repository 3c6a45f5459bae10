"""Where residents write. Mounted at /feedback/."""

from django.urls import path

from community import views

app_name = "community"

urlpatterns = [
    path("", views.feedback_new, name="feedback-new"),
    path("sent/", views.feedback_sent, name="feedback-sent"),
    # /feedback/track/...
    path("track/", views.feedback_track, name="feedback-track"),
    path("track/note/", views.feedback_note, name="feedback-note"),
    path("track/not-solved/", views.feedback_not_solved, name="feedback-not-solved"),
    path("track/withdraw/", views.feedback_withdraw, name="feedback-withdraw"),
]
