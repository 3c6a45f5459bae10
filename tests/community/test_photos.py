"""Of a photo only the picture is kept, and what is no picture is refused in a sentence."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from community import abuse
from community.forms import PHOTO_PROBLEMS
from community.models import Feedback, FeedbackPhoto
from community.photos import LONGEST_SIDE_PX, MOST_BYTES, REASONS, Photo, PhotoError, redraw
from tests.community.scenes import NOW, ORDINARY_WORDS

SECRET = b"SECRET-51.5007N-0.1246W"


def picture(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """A red corner at the top left; the rest is blue."""
    image = Image.new("RGB", (width, height), (20, 40, 200))
    image.paste((220, 30, 30), (0, 0, width // 4, height // 4))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = SECRET.decode()
    tags[0x9286] = b"ASCII\0\0\0" + SECRET
    tags.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.5), 29: SECRET.decode()})
    return tags


def tainted_jpeg() -> bytes:
    options = {"comment": SECRET, "icc_profile": SECRET * 9, "xmp": b"<x:xmpmeta>" + SECRET}
    return encoded(picture(), "JPEG", exif=exif(), **options)


def tainted_png() -> bytes:
    notes = PngInfo()
    notes.add_text("Comment", SECRET.decode())
    notes.add_text("Packed", SECRET.decode() * 3, zip=True)
    notes.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    notes.add(b"prVt", SECRET)
    return encoded(picture(mode="RGBA"), "PNG", exif=exif(), pnginfo=notes, icc_profile=SECRET)


def tainted_webp() -> bytes:
    return encoded(picture(), "WEBP", exif=exif(), xmp=SECRET, icc_profile=SECRET)


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("note.txt", SECRET)
    return out.getvalue()


TAINTED = {"jpg": tainted_jpeg, "png": tainted_png, "webp": tainted_webp}
APPENDED = {
    "nothing": b"",
    "zip": a_zip(),
    "page": b"<html><script>alert('" + SECRET + b"')</script>",
    "second photo": tainted_jpeg(),
    "pdf": b"%PDF-1.7 " + SECRET,
}


def segments(jpeg: bytes) -> list[int]:
    """The markers of a JPEG in order, read by hand; whatever follows its end fails."""
    assert jpeg[:2] == b"\xff\xd8"
    assert jpeg[-2:] == b"\xff\xd9"
    at, found = 2, []
    while True:
        assert jpeg[at] == 0xFF
        marker = jpeg[at + 1]
        found.append(marker)
        (length,) = struct.unpack(">H", jpeg[at + 2 : at + 4])
        at += 2 + length
        if marker == 0xDA:
            break
    body = jpeg[at:-2]
    assert all(body[i + 1] == 0 for i in range(len(body) - 1) if body[i] == 0xFF)
    return found


@pytest.mark.parametrize("appended", APPENDED)
@pytest.mark.parametrize("ending", TAINTED)
def test_nothing_but_the_picture_survives(ending: str, appended: str) -> None:
    tainted = TAINTED[ending]()
    assert SECRET in tainted or ending == "png"

    photo = redraw(tainted + APPENDED[appended], name=f"IMG_0001.{ending}")

    assert SECRET not in photo.jpeg
    assert b"Exif" not in photo.jpeg
    # JFIF header, tables, frame, scan: no other application segment, no comment.
    assert set(segments(photo.jpeg)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
    assert segments(photo.jpeg).count(0xE0) == 1
    again = Image.open(io.BytesIO(photo.jpeg))
    assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert not again.getexif()
    assert again.size == (photo.width_px, photo.height_px) == (64, 48)


def test_saving_again_would_have_carried_the_comment() -> None:
    """Why a new image is drawn: the simpler way leaks. If this fails one day, we may do with less."""
    opened = Image.open(io.BytesIO(tainted_jpeg()))

    assert SECRET in encoded(opened, "JPEG")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_upright(orientation: int) -> None:
    # Turn it away first, as a camera that is held sideways does.
    away = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    held = picture().transpose(away[orientation]) if orientation in away else picture()

    photo = redraw(encoded(held, "JPEG", exif=exif(orientation)), name="a.jpg")

    shown = Image.open(io.BytesIO(photo.jpeg))
    assert shown.size == (64, 48)
    red, _, blue = shown.getpixel((2, 2))  # type: ignore[misc]
    assert red > 150 > blue


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_drawn(mode: str) -> None:
    image = picture(mode="L").convert("I;16") if mode == "I;16" else picture(mode=mode)

    assert redraw(encoded(image, "PNG"), name="a.PNG").width_px == 64


def test_cmyk_and_progressive_and_large_ones_are_drawn() -> None:
    assert redraw(encoded(picture(mode="CMYK"), "JPEG"), name="a.jpeg").width_px == 64
    large = encoded(picture(5_000, 3_000), "JPEG", progressive=True)

    photo = redraw(large, name="a.jpg")
    assert photo.width_px == LONGEST_SIDE_PX
    assert photo.height_px == pytest.approx(LONGEST_SIDE_PX * 3 / 5, abs=1)


def animated(kind: str, **options: Any) -> bytes:
    frames = [picture().rotate(90 * turn) for turn in range(1, 4)]
    return encoded(picture(), kind, save_all=True, append_images=frames, **options)


SEVERAL = {
    "mpo.jpg": lambda: animated("MPO"),
    "apng.png": lambda: animated("PNG", duration=10),
    "webp.webp": lambda: animated("WEBP", duration=10, xmp=SECRET),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_of_several_pictures_the_first_is_drawn(name: str) -> None:
    photo = redraw(SEVERAL[name](), name=name)

    shown = Image.open(io.BytesIO(photo.jpeg))
    assert getattr(shown, "n_frames", 1) == 1
    assert SECRET not in photo.jpeg
    assert set(segments(photo.jpeg)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
    red, _, blue = shown.getpixel((2, 2))  # type: ignore[misc]
    assert red > 150 > blue


def noise(side: int) -> Image.Image:
    return Image.frombytes("RGB", (side, side), random.Random(7).randbytes(side * side * 3))


def test_what_a_phone_appends_and_what_looks_like_a_scan_by_chance_is_no_damage() -> None:
    film = b"\xff\xda" * 100 + random.Random(8).randbytes(1_000_000)
    assert redraw(encoded(noise(64), "JPEG") + film, name="PXL_1.MP.jpg").width_px == 64

    by_chance = encoded(noise(64), "PNG", compress_level=0) + b"\xff\xda" * 100
    assert redraw(by_chance, name="a.png").width_px == 64


def test_sixteen_bits_of_grey_keep_their_shade() -> None:
    photo = redraw(encoded(Image.new("I;16", (64, 48), 0x6000), "PNG"), name="a.png")

    shown = Image.open(io.BytesIO(photo.jpeg)).convert("L").getpixel((20, 20))
    assert shown == pytest.approx(0x60, abs=2)


@pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000)])
def test_a_picture_of_one_line_is_drawn(size: tuple[int, int]) -> None:
    photo = redraw(encoded(Image.new("1", size), "PNG"), name="a.png")

    assert sorted((photo.width_px, photo.height_px)) == [1, LONGEST_SIDE_PX]


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large, in a few bytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packed = zlib.compress(bytes(1_000_000), 9)
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", packed), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


REFUSED: dict[str, Callable[[], tuple[bytes, str, str]]] = {
    "bomb": lambda: (png_of(60_000, 60_000), "a.png", "pixels"),
    "small bomb": lambda: (png_of(5_000, 5_000), "a.png", "pixels"),
    "text bomb": lambda: (
        b"\x89PNG\r\n\x1a\n" + _text_bomb(encoded(picture(), "PNG")),
        "a.png",
        "broken",
    ),
    "too long": lambda: (tainted_jpeg() + bytes(MOST_BYTES), "a.jpg", "bytes"),
    "many scans": lambda: (_many_scans(tainted_jpeg()), "a.jpg", "broken"),
    "too many pixels": lambda: (encoded(picture(10_000, 5_001), "JPEG"), "a.jpg", "pixels"),
    "profile bomb": lambda: (_profile_bomb(encoded(picture(), "PNG")), "a.png", "broken"),
    "no pixels": lambda: (_resized(encoded(picture(), "JPEG"), 0, 0), "a.jpg", "broken"),
    "avif": lambda: (b"\0\0\0\x1cftypavif" + bytes(99), "a.jpg", "kind"),
    "pdf": lambda: (b"%PDF-1.7\n" + tainted_jpeg(), "a.jpg", "kind"),
    "half a png": lambda: (encoded(picture(500, 500), "PNG")[:400], "a.png", "broken"),
    "half": lambda: (encoded(picture(640, 480), "JPEG")[:4_000], "a.jpg", "broken"),
    "empty": lambda: (b"", "a.jpg", "kind"),
    "page": lambda: (b"<html>", "a.jpg", "kind"),
    "svg": lambda: (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "kind"),
    "gif": lambda: (encoded(picture(), "GIF"), "a.gif", "kind"),
    "tiff": lambda: (encoded(picture(), "TIFF"), "a.jpg", "kind"),
    "heic": lambda: (b"\0\0\0\x18ftypheic" + bytes(99), "a.heic", "kind"),
    "zip": lambda: (a_zip(), "a.jpg", "kind"),
    "called otherwise": lambda: (tainted_jpeg(), "a.png", "name"),
    "called nothing": lambda: (tainted_jpeg(), "photo", "name"),
    "called twice": lambda: (tainted_jpeg(), "a.jpg.html", "name"),
    "magic alone": lambda: (b"\xff\xd8\xff", "a.jpg", "broken"),
}


def _text_bomb(png: bytes) -> bytes:
    """A chunk of text that unpacks to a hundred megabytes, before the picture."""
    body = b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9)
    name = b"zTXt"
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return png[8:33] + chunk + png[33:]


def _many_scans(jpeg: bytes) -> bytes:
    """The only scan a hundred times over, before the end of the picture."""
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + scan * 100 + jpeg[-2:]


def _profile_bomb(png: bytes) -> bytes:
    """A colour profile that unpacks to a hundred megabytes."""
    body = b"iCCPx\0\0" + zlib.compress(bytes(100_000_000), 9)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:33] + chunk + png[33:]


def _resized(jpeg: bytes, width: int, height: int) -> bytes:
    """The same data, with another size in its frame."""
    frame = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:frame] + struct.pack(">HH", height, width) + jpeg[frame + 4 :]


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_photo_is_refused(case: str) -> None:
    content, name, reason = REFUSED[case]()

    with pytest.raises(PhotoError) as refusal:
        redraw(content, name=name)
    assert refusal.value.reason == reason


def test_every_reason_has_a_sentence() -> None:
    assert set(PHOTO_PROBLEMS) == set(REASONS)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TAINTED)), st.data())
def test_a_damaged_file_is_drawn_or_refused_and_never_worse(ending: str, data: Any) -> None:
    content = bytearray(TAINTED[ending]())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))

    try:
        photo = redraw(bytes(content[:cut]), name=f"a.{ending}")
    except PhotoError:
        return
    assert SECRET not in photo.jpeg
    assert set(segments(photo.jpeg)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}


class TestForm:
    @pytest.fixture(autouse=True)
    def _room(self, db: None, tmp_path: Path, settings: Any) -> None:
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
        self.room = tmp_path

    def send(self, *files: SimpleUploadedFile, client: Client | None = None, **changes: str) -> Any:
        from datetime import timedelta

        from django.utils import timezone

        fields = {
            "kind": "report",
            "topic": "safety",
            "text": ORDINARY_WORDS,
            "language": "en",
            "token": abuse.new_token(timezone.now() - timedelta(minutes=1)),
            "photos": list(files),
            **changes,
        }
        return (client or Client()).post("/feedback/", fields)

    @staticmethod
    def file(content: bytes, name: str = "a.jpg") -> SimpleUploadedFile:
        return SimpleUploadedFile(name, content, content_type="image/jpeg")

    @pytest.mark.django_db(databases=["default", "public"])
    def test_photos_are_kept_drawn_anew_and_the_files_nowhere(self) -> None:
        # Over Django's own limit for memory, so that it would have lain on a disk.
        long = tainted_jpeg() + bytes(4 * 1024 * 1024) + SECRET

        response = self.send(self.file(long), self.file(tainted_png(), "b.png"))

        assert response.status_code == 302
        kept = FeedbackPhoto.objects.all()
        assert len(kept) == 2
        assert all(SECRET not in bytes(photo.content) for photo in kept)
        assert list(self.room.iterdir()) == []

    @pytest.mark.django_db(databases=["default", "public"])
    def test_a_refused_one_is_named_with_what_to_do_and_the_words_stay(self) -> None:
        page = self.send(self.file(b"<html>", "<b>holiday.jpg")).content.decode()

        assert "&lt;b&gt;holiday.jpg: This is not a photo that we can read." in page
        assert ORDINARY_WORDS in page
        assert "choose your photos again" in page
        assert not Feedback.objects.exists()

    @pytest.mark.django_db(databases=["default", "public"])
    def test_four_are_too_many(self) -> None:
        page = self.send(*[self.file(tainted_jpeg())] * 4).content.decode()

        assert "You chose 4 photos" in page
        assert not FeedbackPhoto.objects.exists()

    @pytest.mark.django_db(databases=["default", "public"])
    def test_one_that_is_too_long_is_told_so(self) -> None:
        page = self.send(self.file(tainted_jpeg() + bytes(MOST_BYTES + 1))).content.decode()

        assert "at most 10 MB" in page

    @pytest.mark.django_db(databases=["default", "public"])
    @pytest.mark.parametrize(
        "changes",
        [{"token": "forged"}, {"website": "http://x"}, {"text": "Help me, he has a gun"}],
        ids=["no token of ours", "the trap filled in", "danger now"],
    )
    def test_photos_of_a_form_that_is_not_taken_are_not_drawn(
        self, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A machine that is turned away must not cost a second of decoding for each photo."""

        def never(content: bytes, *, name: str) -> Photo:
            raise AssertionError("a photo was decoded")

        monkeypatch.setattr("community.forms.redraw", never)
        page = self.send(self.file(tainted_jpeg()), **changes).content.decode()

        assert "choose your photos again" in page
        assert not Feedback.objects.exists()

    def test_far_too_much_is_refused_before_it_is_read(self) -> None:
        response = Client().post("/feedback/", {}, CONTENT_LENGTH=str(1024**3))

        assert response.status_code == 413
        assert "send less" in response.content.decode()

    @pytest.mark.django_db(databases=["default", "public"])
    def test_the_form_is_guarded_against_forgery_still(self) -> None:
        careful = Client(enforce_csrf_checks=True)

        assert self.send(client=careful).status_code == 403
        assert not Feedback.objects.exists()


def test_a_second_click_keeps_each_photo_once(submit: Any) -> None:
    photo = Photo(b"\xff\xd8", 4, 3)
    for _ in range(2):
        submit(photos=[photo], receipt="DAY-0000-0000-0001", now=NOW)

    assert FeedbackPhoto.objects.count() == 1
