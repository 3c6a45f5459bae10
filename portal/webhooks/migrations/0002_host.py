from typing import Any
from urllib.parse import urlsplit

from django.db import migrations, models

from portal.webhooks.calling import LONGEST_HOST, host_of


def fill(apps: Any, schema_editor: Any) -> None:
    known = apps.get_model("webhooks", "Subscription").objects.using(schema_editor.connection.alias)
    for subscription in known.iterator():
        subscription.host = host_of(urlsplit(subscription.url))[:LONGEST_HOST]
        subscription.save(update_fields=["host"])


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_subscription")]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="host",
            field=models.CharField(default="", max_length=253),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("state", "disabled"), _negated=True),
                fields=["host"],
                name="webhook_host",
            ),
        ),
    ]
