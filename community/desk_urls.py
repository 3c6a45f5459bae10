"""Where officers answer. Mounted at /desk/."""

from django.urls import path

from community import desk, publication

app_name = "desk"

urlpatterns = [
    path("", desk.queue, name="queue"),
    path("queue.csv", desk.export, name="export"),
    path("search/", desk.search, name="search"),
    path("approvals/", desk.approvals, name="approvals"),
    path("publication/", publication.to_review, name="to-review"),
    # /desk/feedback/<id>/...
    path("feedback/<uuid:pk>/", desk.feedback_page, name="feedback"),
    path("feedback/<uuid:pk>/claim/", desk.claim, name="claim"),
    path("feedback/<uuid:pk>/release/", desk.release, name="release"),
    path("feedback/<uuid:pk>/draft/", desk.draft, name="draft"),
    path("feedback/<uuid:pk>/approve/", desk.approve, name="approve"),
    path("feedback/<uuid:pk>/return/", desk.return_to_author, name="return"),
    path("feedback/<uuid:pk>/close/", desk.close, name="close"),
    path("feedback/<uuid:pk>/reroute/", desk.reroute, name="reroute"),
    path("feedback/<uuid:pk>/redaction/", publication.redaction, name="redaction"),
    path("feedback/<uuid:pk>/withdraw/", publication.withdraw, name="withdraw"),
    path("feedback/<uuid:pk>/photos/<uuid:photo>/", publication.photo, name="photo"),
    path(
        "feedback/<uuid:pk>/photos/<uuid:photo>/decide/",
        publication.decide_photo,
        name="decide-photo",
    ),
]
