"""Every private column has a fate. A new one without a fate stops the build."""

from __future__ import annotations

from django.apps import apps

from portal.publication.policies import POLICIES, WITHHELD, Coarsen, Publish

PRIVATE_APPS = ("sensors", "incidents", "community", "publication", "webhooks")


def private_models() -> dict[str, list[str]]:
    """Model label -> names of its own columns."""
    return {
        model._meta.label: [field.name for field in model._meta.concrete_fields]
        for app in PRIVATE_APPS
        for model in apps.get_app_config(app).get_models()
    }


def test_every_private_model_is_released_by_policy_or_withheld_whole() -> None:
    forgotten = [
        f'    "{label}": "say why nothing of it is released",'
        for label in private_models()
        if label not in POLICIES and label not in WITHHELD
    ]

    assert not forgotten, "add to WITHHELD (or to POLICIES) in policies.py:\n" + "\n".join(
        forgotten
    )


def test_every_column_of_a_released_model_has_a_policy() -> None:
    models = private_models()
    forgotten = [
        f'    "{field}": Withhold("say why"),  # in POLICIES["{label}"]'
        for label, policy in POLICIES.items()
        for field in models[label]
        if field not in policy
    ]

    assert not forgotten, "add to policies.py:\n" + "\n".join(forgotten)


def test_no_policy_names_a_column_or_model_that_is_gone() -> None:
    models = private_models()

    assert set(POLICIES) | set(WITHHELD) <= set(models)
    for label, policy in POLICIES.items():
        assert set(policy) <= set(models[label]), label


def test_what_a_policy_publishes_is_a_column_of_some_dataset() -> None:
    from portal.feeds.dictionary import DATASETS

    public = {column for spec in DATASETS.values() for column in spec.columns}
    geometry = {"geometry", "footprint"}  # the shape beside the columns
    gazetteer = {"street", "number_from", "number_to"}  # answers the search box
    public |= {"made_with"}  # of a release, on the methods page
    for label, policy in POLICIES.items():
        for name, fate in policy.items():
            columns = (
                (fate.column,)
                if isinstance(fate, Publish)
                else fate.columns
                if isinstance(fate, Coarsen)
                else ()
            )
            assert set(columns) <= public | geometry | gazetteer, f"{label}.{name}"
