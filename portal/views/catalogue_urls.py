"""Addresses of catalogues and descriptions; in the namespace of the files, which they describe."""

from __future__ import annotations

from django.urls import path

from portal.views import catalogue

OF_A_DATASET = {
    "datapackage.json": "data-package",
    "schema.json": "table-schema",
    "csv-metadata.json": "csv-metadata",
    "croissant.json": "croissant",
}

addresses = [
    path("data.json", catalogue.catalogue("data-json"), name="data-json"),
    path("catalog.jsonld", catalogue.catalogue("catalog-jsonld"), name="catalog-jsonld"),
    path("catalog.ttl", catalogue.catalogue("catalog-turtle"), name="catalog-turtle"),
    # /data/schema-changes... before the files of a dataset, which have the same form
    path("data/schema-changes.json", catalogue.schema_changes_json, name="schema-changes-json"),
    path("data/schema-changes.atom", catalogue.schema_changes_atom, name="schema-changes-atom"),
    # /data/<dataset>/...
    *(
        path(f"data/<slug:slug>/{file}", catalogue.description(name), name=name)
        for file, name in OF_A_DATASET.items()
    ),
    # /data/<dataset>/releases/<number>/...
    *(
        path(
            f"data/<slug:slug>/releases/<int:number>/{file}",
            catalogue.description(name),
            name=f"release-{name}",
        )
        for file, name in OF_A_DATASET.items()
    ),
    path("sitemap.xml", catalogue.sitemap, name="sitemap"),
]
