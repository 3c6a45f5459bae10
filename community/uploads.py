"""How a chosen photo arrives: in memory, up to a limit, and never on a disk."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any, Final

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from community.photos import MOST_BYTES, MOST_PHOTOS

View = Callable[..., HttpResponse]

# Twice as many as may be sent, so that the form can say what is wrong and still hold every word.
_FILES_KEPT: Final = 2 * MOST_PHOTOS
MOST_BODY_BYTES: Final = 10 * MOST_BYTES


class InMemoryOnly(FileUploadHandler):
    """Django's own handlers write a large file to a temporary one: the original would lie on a disk.

    Of a file that is too long one byte more than allowed is kept, so that the form can say so; of files
    beyond the sixth, nothing.
    """

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._kept = io.BytesIO()
        self._files = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._kept = io.BytesIO()
        self._files += 1

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        room = MOST_BYTES + 1 - self._kept.tell() if self._files <= _FILES_KEPT else 0
        self._kept.write(raw_data[: max(room, 0)])

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        size = self._kept.tell()
        self._kept.seek(0)
        return InMemoryUploadedFile(
            self._kept, self.field_name, self.file_name, self.content_type, size, self.charset
        )


def takes_photos(view: View) -> View:
    """Files of this form stay in memory. The token against forgery is checked after that was arranged."""
    protected = csrf_protect(view)

    @functools.wraps(view)
    def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BODY_BYTES:
            sentence = _("That was more than we can take at once. Please go back and send less.")
            return HttpResponse(sentence, status=413, content_type="text/plain; charset=utf-8")
        request.upload_handlers = [InMemoryOnly(request)]
        return protected(request, *args, **kwargs)

    return csrf_exempt(respond)
