"""A download is whole or an error, says how long it is, and never changes under its address."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from portal.feeds.dictionary import DATASETS
from portal.feeds.files import file_of, manifest_of
from portal.feeds.renderers import csv_cell, formats_of
from portal.models import Release
from tests.factories.released import released_city

pytestmark = pytest.mark.usefixtures("city_db", "files")


@pytest.fixture
def files(tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path


@pytest.fixture
def client(city_db: None) -> Client:
    released_city()
    return Client()


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize("slug", DATASETS)
def test_every_dataset_comes_in_its_formats_with_the_same_rows(client: Client, slug: str) -> None:
    spec = DATASETS[slug]
    table = body(client.get(f"/data/{slug}.csv")).decode()
    document = json.loads(body(client.get(f"/data/{slug}.json")))

    from_csv = Counter(tuple(row) for row in list(csv.reader(io.StringIO(table, newline="")))[1:])
    from_json = Counter(tuple(csv_cell(row[c]) for c in spec.columns) for row in document["rows"])
    assert from_csv == from_json
    assert sum(from_csv.values()) == Release.objects.get(dataset__slug=slug).n_rows > 0
    if "geojson" in formats_of(spec):
        features = json.loads(body(client.get(f"/data/{slug}.geojson")))["features"]
        assert Counter(json.dumps(f["properties"], sort_keys=True) for f in features) == Counter(
            json.dumps(row, sort_keys=True) for row in document["rows"]
        )


def test_a_download_tells_its_length_and_hash_and_no_time_of_change(client: Client) -> None:
    response = client.get("/data/incidents.csv")

    sent = body(response)
    assert response["Content-Length"] == str(len(sent))
    assert response["ETag"] == f'"{hashlib.sha256(sent).hexdigest()}"'
    assert "Last-Modified" not in response
    assert "Set-Cookie" not in response


def test_a_known_file_is_not_sent_again(client: Client) -> None:
    first = client.get("/data/incidents.csv")
    body(first)
    etag = first["ETag"]

    again = client.get("/data/incidents.csv", headers={"If-None-Match": etag})

    assert again.status_code == 304
    assert again["ETag"] == etag


def test_the_address_of_a_release_is_for_good_and_the_current_one_is_not(client: Client) -> None:
    frozen = client.get("/data/incidents/releases/1/incidents.json")
    current = client.get("/data/incidents.json")

    assert "immutable" in frozen["Cache-Control"]
    assert "immutable" not in current["Cache-Control"]
    assert body(frozen) == body(current)


def test_a_withdrawn_release_is_gone_and_says_why(client: Client) -> None:
    Release.objects.filter(dataset__slug="incidents").update(
        state=Release.State.WITHDRAWN, withdrawn_reason="wrong district borders"
    )

    response = client.get("/data/incidents/releases/1/incidents.csv")

    assert response.status_code == 410
    assert response["Content-Type"] == "application/problem+json"
    assert "wrong district borders" in response.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/data/nothing.csv", "/data/incidents.exe", "/data/incidents/releases/9/incidents.csv"]
)
def test_what_does_not_exist_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_lost_file_is_built_again_with_the_same_bytes(client: Client) -> None:
    release = Release.objects.get(dataset__slug="incidents")
    before = manifest_of(release)["files"]["csv"]["sha256"]
    for path in file_of(release, "csv").parent.iterdir():
        path.unlink()

    assert hashlib.sha256(body(client.get("/data/incidents.csv"))).hexdigest() == before


def test_rows_are_ordered_by_their_random_id(client: Client) -> None:
    ids = [row["public_id"] for row in json.loads(body(client.get("/data/incidents.json")))["rows"]]

    assert ids == sorted(ids)


def test_every_column_of_the_dictionary_is_in_the_file_and_no_other(client: Client) -> None:
    for slug, spec in DATASETS.items():
        header = body(client.get(f"/data/{slug}.csv")).decode().split("\r\n")[0]
        assert tuple(header.split(",")) == spec.columns
