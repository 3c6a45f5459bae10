"""What residents and officers fill in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from community import abuse, receipts, triage
from community.clocks import ANSWER_WITHIN_WORKING_DAYS
from community.labels import DESK_LABELS
from community.models import TEXT_MAX_LENGTH, Feedback
from community.photos import MOST_PHOTOS, Photo, PhotoError, redraw
from incidents.models import Area

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Kind = Feedback.Kind

# A page about one published record links here with its id signed, so that nobody stores words of their own
# in it: Signer(salt=ABOUT_SALT).sign(public_id), in the query as ?about=.
ABOUT_SALT = "daylight.feedback-about"


def _promise(kind: str, text: StrOrPromise) -> str:
    days = ANSWER_WITHIN_WORKING_DAYS[kind]
    within = ngettext("Answer within %(n)d working day.", "Answer within %(n)d working days.", days)
    return f"{text} {within % {'n': days}}"


_promised = lazy(_promise, str)

KINDS = [
    (
        Kind.REPORT.value,
        _promised("report", _("Report a problem. Something is broken, unsafe or wrong.")),
    ),
    (
        Kind.QUESTION.value,
        _promised(
            "question", _("Ask a question. About policing, the city, or a number on this site.")
        ),
    ),
    (
        Kind.PRAISE.value,
        _promised("praise", _("Say something went well. We show it to those who did it.")),
    ),
    (
        Kind.COMPLAINT.value,
        _promised("complaint", _("Make a complaint. About how somebody acted, or how we work.")),
    ),
]


class PhotosInput(forms.FileInput):
    """One field for several files: it works without a script."""

    allow_multiple_selected = True

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Any, name: str
    ) -> list[UploadedFile]:
        chosen: list[UploadedFile] = files.getlist(name) if hasattr(files, "getlist") else []
        return chosen

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in files


class PhotosField(forms.Field):
    """Up to three photos, each drawn anew as it is cleaned: nothing of a chosen file goes further."""

    widget = PhotosInput

    def clean(self, value: list[UploadedFile]) -> list[Photo]:
        if len(value) > MOST_PHOTOS:
            raise forms.ValidationError(
                _("You chose %(n)d photos. Please choose at most %(most)d.")
                % {"n": len(value), "most": MOST_PHOTOS}
            )
        return [self._redrawn(file) for file in value]

    def _redrawn(self, file: UploadedFile) -> Photo:
        name = file.name or ""
        try:
            return redraw(file.read(), name=name)
        except PhotoError as error:
            sentence = PHOTO_PROBLEMS[error.reason]
            raise forms.ValidationError(format_lazy("{}: {}", name[:80], sentence)) from None


PHOTO_PROBLEMS = {
    "kind": _("This is not a photo that we can read. Please send a JPEG, PNG or WebP file."),
    "name": _(
        "The ending of its name says another kind of file than it is. Please save it anew as JPEG."
    ),
    "bytes": _("This file is too large. Please choose one of at most 10 MB."),
    "pixels": _("This picture is too large. Please make it smaller, or take a picture of it."),
    "broken": _("This photo is damaged or not complete. Please choose it again, or another one."),
}


class FeedbackForm(forms.Form):
    """A resident's first words. No account; only the kind, the topic and the words are needed."""

    kind = forms.ChoiceField(
        label=_("What do you want to do?"), choices=KINDS, widget=forms.RadioSelect
    )
    topic = forms.ChoiceField(
        label=_("What is it about?"), choices=[("", _("Choose one")), *Feedback.Topic.choices]
    )
    about_officer = forms.BooleanField(
        label=_("This is about how an officer or another member of staff acted"),
        help_text=_(
            "Then only the oversight office reads it: not the officer, not their unit, not their supervisors."
        ),
        required=False,
    )
    text = forms.CharField(
        label=_("Your message"),
        help_text=_(
            "What happened, where and when. Leave out names, phone numbers and home addresses if you can."
        ),
        max_length=TEXT_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    place_words = forms.CharField(
        label=_("Where"),
        help_text=_("A street corner, a park, a bus stop."),
        max_length=200,
        required=False,
    )
    photos = PhotosField(
        label=_("Photos"),
        help_text=_(
            "Up to three, as JPEG, PNG or WebP. Staff alone see them, unless you allow more below. Where and "
            "when they were taken is removed at once; please leave out faces and number plates if you can."
        ),
        required=False,
        widget=PhotosInput(
            attrs={"accept": "image/jpeg,image/png,image/webp,.jpg,.jpeg,.png,.webp"}
        ),
    )
    may_publish = forms.BooleanField(
        label=_(
            "You may publish my words and the answer, after names and addresses are taken out, and photos "
            "in which nobody can be recognised"
        ),
        help_text=_(
            "A person looks at them first. Only the week and the district are shown with them. You can take "
            "it back with your code; older editions of the public file keep what they held. Words about how "
            "staff acted are never published."
        ),
        required=False,
    )
    district = forms.ModelChoiceField(
        label=_("District"),
        queryset=Area.objects.filter(kind=Area.Kind.DISTRICT).order_by("name"),
        to_field_name="slug",
        empty_label=_("Not sure"),
        required=False,
    )
    language = forms.ChoiceField(
        label=_("In which language should we answer?"), choices=settings.LANGUAGES
    )
    email = forms.EmailField(
        label=_("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        required=False,
    )
    phone = forms.CharField(
        label=_("Phone"),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        max_length=32,
        required=False,
    )
    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )
    token = forms.CharField(widget=forms.HiddenInput, required=False)
    about = forms.CharField(widget=forms.HiddenInput, required=False)
    emergency_seen = forms.BooleanField(widget=forms.HiddenInput, required=False)

    # What the page shows in groups; the rest of the fields it places by hand.
    MESSAGE = (
        "kind",
        "topic",
        "about_officer",
        "text",
        "photos",
        "place_words",
        "district",
        "language",
        "may_publish",
    )

    @classmethod
    def blank(cls, *, token: str, about: str = "") -> FeedbackForm:
        language = (get_language() or settings.LANGUAGE_CODE)[:2]
        return cls(initial={"token": token, "about": about, "language": language})

    @property
    def message_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.MESSAGE]

    @property
    def must_hear_of_emergency(self) -> bool:
        """Whether the words sound like danger now and the person was not yet told whom to call."""
        text = str(self.data.get("text", ""))
        return triage.mentions_emergency(text) and not self.data.get("emergency_seen")

    def reshow_with(self, token: str) -> None:
        """Keep every word, with a new token and an empty trap."""
        self.data = {**dict(self.data.items()), "token": token, "website": ""}

    def leave_photos(self) -> None:
        """Do not look into the files of a form that goes back: each would cost up to a second."""
        self.files = MultiValueDict()

    def clean_about(self) -> str:
        """The public id of a published record; a forged one is as good as none."""
        try:
            return signing.Signer(salt=ABOUT_SALT).unsign(self.cleaned_data["about"])[:24]
        except signing.BadSignature:
            return ""

    def submission(self, token: abuse.Token) -> dict[str, Any]:
        """The arguments of ``actions.submit_feedback``."""
        said: Mapping[str, Any] = self.cleaned_data
        names = ("kind", "topic", "text", "language", "about_officer", "place_words", "district")
        words = {name: said[name] for name in (*names, "may_publish", "email", "phone")}
        photos: list[Photo] = said["photos"]
        seen = {"photos": [hashlib.sha256(photo.jpeg).hexdigest() for photo in photos]}
        receipt = abuse.receipt_for(token, {**words, **seen})
        about = {"incident_public_id": said["about"], "photos": photos}
        return {**words, **about, "receipt": receipt}


class CodeForm(forms.Form):
    """The receipt code, forgiving how people copy it."""

    code = forms.CharField(
        label=_("Your receipt code"),
        help_text=_("It looks like DAY-7K3M-Q9XT-4RWZ. Capitals, spaces and dashes do not matter."),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )

    def clean_code(self) -> str:
        code = receipts.parse_code(self.cleaned_data["code"])
        if code is None:
            raise forms.ValidationError(
                _("That is not a whole code. It has three groups of four letters and digits.")
            )
        return code


class NoteForm(CodeForm):
    """More words on a thread. The code travels along, hidden, for there is no account to remember it."""

    code = forms.CharField(widget=forms.HiddenInput, max_length=40)
    text = forms.CharField(
        label=_("Your words"), max_length=TEXT_MAX_LENGTH, widget=forms.Textarea(attrs={"rows": 5})
    )


class DraftForm(forms.Form):
    """An officer's answer."""

    text = forms.CharField(
        label=_("Your answer"),
        help_text=_("In the resident's language. A second person reads it before it goes out."),
        max_length=TEXT_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    asks_resident = forms.BooleanField(
        label=_("This asks the resident something; our clock stops until they reply"),
        required=False,
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def reshow_with(self, version: int | None) -> None:
        """Keep the officer's words, to be saved over the text that is there now."""
        self.data = {**dict(self.data.items()), "version": version}


class ReasonForm(forms.Form):
    """A reason in a sentence or two."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class VerdictForm(ReasonForm):
    """Yes or no to the very text that was read."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class RerouteForm(forms.Form):
    """Another desk."""

    desk = forms.ChoiceField(label=_("Send to"), choices=DESK_LABELS)


class RedactionForm(forms.Form):
    """The public version of a resident's words and of the answer to them."""

    text = forms.CharField(
        label=_("The message, as it would be published"),
        max_length=TEXT_MAX_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    answer = forms.CharField(
        label=_("The answer, as it would be published"),
        help_text=_("Leave it empty to publish the message without the answer."),
        max_length=TEXT_MAX_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class SearchForm(forms.Form):
    """Words or a receipt code. Sent by POST, so that they stay out of addresses and logs."""

    words = forms.CharField(label=_("Search"), max_length=80)
