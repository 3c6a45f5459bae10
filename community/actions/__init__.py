"""The only writers of the conversation.

Each action is keyword-only, takes who (``by=``) and when (``now=``), is one transaction, and writes its
audit row inside it: what cannot be written down is not done.
"""

from community.actions.answering import (
    approve_response,
    claim,
    draft_response,
    release_claim,
    request_approval,
    return_response,
)
from community.actions.closing import close, reroute
from community.actions.forgetting import forget_due
from community.actions.publishing import decide_photo, review_redaction, withdraw_publication
from community.actions.residents import Submitted, add_note, reopen, submit_feedback
from community.actions.staff import set_roles
from community.actions.steps import (
    AlreadyClaimed,
    Doubtful,
    NotAllowed,
    Refused,
    TextConflict,
    WrongState,
)

__all__ = [
    "AlreadyClaimed",
    "Doubtful",
    "NotAllowed",
    "Refused",
    "Submitted",
    "TextConflict",
    "WrongState",
    "add_note",
    "approve_response",
    "claim",
    "close",
    "decide_photo",
    "draft_response",
    "forget_due",
    "release_claim",
    "reopen",
    "request_approval",
    "reroute",
    "return_response",
    "review_redaction",
    "set_roles",
    "submit_feedback",
    "withdraw_publication",
]
