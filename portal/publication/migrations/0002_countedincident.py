from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("publication", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="CountedIncident",
            fields=[
                ("record_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("quarter", models.CharField(max_length=8)),
            ],
        ),
    ]
