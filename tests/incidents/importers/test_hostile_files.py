"""Files that are broken, or pretend to be what they are not, are refused with a sentence."""

from __future__ import annotations

import gzip
import json
import lzma
import zipfile
from pathlib import Path

import pytest

from incidents.importers import Mapping, ingest, parse_mapping
from incidents.models import ImportedFile, Incident
from tests.incidents.conftest import HEADER, MAPPING, NOW, case, write_csv

ROWS = [case(n) for n in range(200)]


@pytest.fixture
def text(tmp_path: Path) -> bytes:
    return write_csv(tmp_path / "whole.csv", ROWS).read_bytes()


def refusal(path: Path, mapping: Mapping) -> str:
    """The sentence with which a file is refused; nothing of it is kept."""
    file = ingest(path, mapping=mapping, now=NOW)
    assert file.state == ImportedFile.State.FAILED
    assert not Incident.objects.exists()
    (finding,) = file.quality["findings"]
    return str(finding["sentence"])


@pytest.fixture
def refused(tmp_path: Path, elsewhere: Mapping, db: None):
    def of(content: bytes, name: str = "crime.csv", mapping: Mapping = elsewhere) -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return refusal(path, mapping)

    return of


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_compressed_file_that_is_cut_short(pack, text: bytes, refused) -> None:
    packed = pack(text * 50)

    assert "cut short" in refused(packed[: len(packed) // 2], "crime.csv.gz")


def test_a_compressed_file_with_a_wrong_byte(text: bytes, refused) -> None:
    packed = bytearray(gzip.compress(text))
    packed[len(packed) // 2] ^= 0xFF

    assert "damaged" in refused(bytes(packed), "crime.csv.gz")


def test_a_small_file_that_unpacks_to_gigabytes(text: bytes, refused) -> None:
    bomb = gzip.compress(text + b"x" * 200_000_000, compresslevel=9)

    assert "bytes out of a small compressed file" in refused(bomb, "bomb.csv.gz")


def test_an_empty_file(refused) -> None:
    assert "empty" in refused(b"")
    assert "empty" in refused(gzip.compress(b""), "crime.csv.gz")
    assert "empty" in refused(b"\n\n\n", "blank.csv")


def test_a_header_without_rows(refused) -> None:
    assert "no rows" in refused(",".join(HEADER).encode())


def test_a_missing_column_is_named_with_those_that_are_there(text: bytes, refused) -> None:
    sentence = refused(text.replace(b"From,", b"Start,", 1))

    assert "Start" in sentence
    assert "'From' for occurred_from" in sentence


def test_a_missing_column_of_a_rule(text: bytes, refused) -> None:
    assert "'Minor' for a rule" in refused(text.replace(b"Minor", b"Youth", 1))


def test_a_field_without_end(text: bytes, refused) -> None:
    assert "quotation mark" in refused(text + b'E-999,101,"' + b"x" * 300_000)


def test_bytes_that_are_not_of_the_encoding_that_the_mapping_names(text: bytes, refused) -> None:
    strict = parse_mapping(f'{MAPPING}\n[file]\nencoding = "utf-8"'.encode())

    assert "0xe9 is not utf-8" in refused(text.replace(b"Main", b"M\xe9in"), mapping=strict)


def test_a_picture(refused) -> None:
    assert "got the columns" in refused(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)


def test_an_old_excel_file(refused) -> None:
    assert ".xls" in refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "crime.xls")


def test_a_zip_that_is_no_workbook(tmp_path: Path, refused) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("crime.csv", "Case\n1\n")
    content = (tmp_path / "x.zip").read_bytes()

    assert "no Excel file" in refused(content, "crime.xlsx")
    assert "no Excel file" in refused(content[: len(content) // 2], "cut.xlsx")


def geojson(rows: list[dict[str, str]]) -> bytes:
    features = [{"type": "Feature", "properties": row, "geometry": None} for row in rows]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_a_geojson_that_is_cut_short(refused) -> None:
    content = geojson(ROWS)

    assert "cut short" in refused(content[:-200], "crime.geojson")
    assert "cut short" in refused(content[:-2], "crime.geojson")


def test_a_json_without_features(refused) -> None:
    assert "FeatureCollection" in refused(b'{"rows": []}', "crime.json")


def test_a_list_in_place_of_a_feature_is_a_refused_row(
    tmp_path: Path, elsewhere: Mapping, db: None
) -> None:
    content = geojson(ROWS).replace(b'"features": [', b'"features": [[1, 2], 7, ', 1)
    path = tmp_path / "crime.geojson"
    path.write_bytes(content)

    file = ingest(path, mapping=elsewhere, now=NOW)

    assert (file.rows_in, file.rows_new, file.rows_refused) == (202, 200, 2)
    assert file.refused.values_list("reason", flat=True).distinct().get() == "not-a-feature"
    assert file.refused.first().raw == "[1, 2]"


def test_a_feature_larger_than_a_block_is_read_whole(
    tmp_path: Path, elsewhere: Mapping, db: None
) -> None:
    rows = [case(1), {**case(2), "Notes": "x" * 2_000_000}, case(3)]
    path = tmp_path / "crime.geojson"
    path.write_bytes(geojson(rows))

    assert ingest(path, mapping=elsewhere, now=NOW).rows_new == 3
