"""People on both sides: what residents write, what officers answer, and the trail of who did what.

Every table here is private (schema ``vault``). Whatever shows feedback to staff starts from
``Feedback.objects.visible_to``.
"""

from community.models.answers import Assignment, Response
from community.models.attached import FeedbackContact, FeedbackNote, FeedbackPhoto
from community.models.feedback import TEXT_MAX_LENGTH, Feedback, FeedbackQuerySet
from community.models.trail import AuditEvent, AuditEventQuerySet
from community.models.users import Person, User

__all__ = [
    "TEXT_MAX_LENGTH",
    "Assignment",
    "AuditEvent",
    "AuditEventQuerySet",
    "Feedback",
    "FeedbackContact",
    "FeedbackNote",
    "FeedbackPhoto",
    "FeedbackQuerySet",
    "Person",
    "Response",
    "User",
]
