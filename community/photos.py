"""A photo as a resident chose it -> a photo drawn anew, of which only the picture is left. Pure but for Pillow.

The file is decoded under limits, turned upright, pasted into a *new* image and encoded again as JPEG.
Saving the opened image instead would carry its JPEG comment along (measured), and with other formats
more. What was beside the pixels (EXIF with its GPS, XMP, colour profile, comments, a second file
appended to the first) has no way into the new image.
"""

from __future__ import annotations

import io
import re
import struct
import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PHOTOS: Final = 3
MOST_BYTES: Final = 10 * 1024 * 1024  # a phone of 48 megapixels writes some seven
LONGEST_SIDE_PX: Final = 2_048  # shows what is broken; more shows who walks by
QUALITY: Final = 85
# A JPEG is decoded at a fraction of its size, which costs a fraction of the memory; the others are not.
MOST_PIXELS: Final = {"JPEG": 50_000_000, "PNG": 20_000_000, "WEBP": 20_000_000}
# A progressive JPEG of a camera has some ten scans. Hundreds of them keep a decoder busy for minutes.
MOST_SCANS: Final = 64
# A marker among a JPEG's data: not a byte FF of the data (FF 00), not a restart.
_MARKER: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_SCAN, _END = b"\xda", b"\xd9"
_WITHOUT_LENGTH: Final = frozenset((b"\xd8", b"\x01"))
_MAGIC: Final = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_EXTENSIONS: Final = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}
# One picture of fifty megapixels takes some 300 MB while it is decoded.
_ONE_AT_A_TIME: Final = threading.Lock()
# What Pillow's decoders raise on files made to break them.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    MemoryError,
    RuntimeError,
    Warning,  # where a site turns warnings into errors, as our tests do
    struct.error,
    zlib.error,
)


class PhotoError(ValueError):
    """The file is not taken. ``reason`` is one of the keys of ``REASONS``; the door says it in words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS: Final = ("kind", "name", "bytes", "pixels", "broken")


@dataclass(frozen=True)
class Photo:
    """What is kept: a JPEG of our own making."""

    jpeg: bytes
    width_px: int
    height_px: int


def redraw(content: bytes, *, name: str) -> Photo:
    """The picture alone, upright, at most 2,048 pixels long. Raises PhotoError.

    ``name`` is what the file was called; its ending must say what the file is.
    """
    from PIL import Image

    if len(content) > MOST_BYTES:
        raise PhotoError("bytes")
    kind = _kind(content, name)
    out = io.BytesIO()
    try:
        with _ONE_AT_A_TIME:
            drawn = _drawn(content, kind)
            drawn.save(out, "JPEG", quality=QUALITY)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotoError("pixels") from None
    except PhotoError:
        raise
    except _BROKEN:
        raise PhotoError("broken") from None
    return Photo(out.getvalue(), drawn.width, drawn.height)


def _kind(content: bytes, name: str) -> str:
    """The format, on which the first bytes and the name's ending agree."""
    kinds = [kind for kind, magic in _MAGIC.items() if magic.match(content)]
    if not kinds:
        raise PhotoError("kind")
    if _EXTENSIONS.get(name.rpartition(".")[2].lower()) != kinds[0]:
        raise PhotoError("name")
    return kinds[0]


def _drawn(content: bytes, kind: str) -> Image:
    """A new image with the pixels of the file, and with nothing else of it."""
    from PIL import Image, ImageOps

    if kind == "JPEG" and _has_too_many_scans(content):
        raise PhotoError("broken")
    with Image.open(io.BytesIO(content), formats=[kind]) as opened:
        if opened.width * opened.height > MOST_PIXELS[kind]:
            raise PhotoError("pixels")
        opened.draft("RGB", (LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        pixels = ImageOps.exif_transpose(opened)
    has_alpha = "A" in pixels.getbands() or "transparency" in pixels.info
    if pixels.mode.startswith("I"):  # sixteen bits of grey, of which the upper eight show
        pixels = pixels.point(lambda grey: grey / 256).convert("L")
    pixels = pixels.convert("RGBA" if has_alpha else "RGB")
    pixels.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    new = Image.new("RGB", pixels.size, "white")
    new.paste(pixels, mask=pixels.getchannel("A") if has_alpha else None)
    return new


def _has_too_many_scans(jpeg: bytes) -> bool:
    """Of the picture itself: what a phone appends to it, such as a short film, is not read."""
    at = n_scans = 0
    while (found := _MARKER.search(jpeg, at)) and found[1] != _END:
        n_scans += found[1] == _SCAN
        if n_scans > MOST_SCANS:
            return True
        at = found.end()
        if found[1] not in _WITHOUT_LENGTH:
            at += int.from_bytes(jpeg[at : at + 2])
    return False
