"""Photos that a person let through, beside public messages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0005_tally_ends")]

    operations = [
        migrations.CreateModel(
            name="PublishedPhoto",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.CharField(max_length=24, unique=True)),
                ("feedback_public_id", models.CharField(max_length=24)),
                ("jpeg", models.BinaryField()),
                ("width_px", models.PositiveIntegerField()),
                ("height_px", models.PositiveIntegerField()),
                ("first_release", models.PositiveIntegerField()),
                ("retired_release", models.PositiveIntegerField(null=True)),
            ],
            options={
                "db_table": '"release"."feedback_photo"',
                "indexes": [
                    models.Index(fields=["feedback_public_id"], name="pub_photo_of_feedback")
                ],
            },
        ),
    ]
