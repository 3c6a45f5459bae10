from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0003_open_data")]

    operations = [
        migrations.RemoveConstraint(model_name="publishedcount", name="pub_count_once"),
        migrations.RenameField(model_name="publishedcount", old_name="quarter", new_name="period"),
        migrations.AddField(
            model_name="publishedcount",
            name="statistic",
            field=models.CharField(default="district-quarter", max_length=24),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="publishedcount",
            name="low",
            field=models.PositiveIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="publishedcount",
            name="high",
            field=models.PositiveIntegerField(default=0),
            preserve_default=False,
        ),
        # The margin of one draw at epsilon 0.5 and more; a city's own is the sum of its draws.
        migrations.RunSQL(
            "UPDATE release.sensitive_count SET low = greatest(noisy_count - 6, 0),"
            " high = greatest(noisy_count + 6, 0)",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name="publishedcount",
            name="district_slug",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AlterField(
            model_name="publishedcount",
            name="category_group",
            field=models.CharField(max_length=16),
        ),
        migrations.AddConstraint(
            model_name="publishedcount",
            constraint=models.UniqueConstraint(
                fields=("statistic", "period", "district_slug", "category_group"),
                name="pub_count_once",
            ),
        ),
        migrations.CreateModel(
            name="PublishedCharge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("statistic", models.CharField(max_length=24)),
                ("period", models.CharField(max_length=8)),
                ("epsilon", models.FloatField()),
                ("share", models.FloatField()),
                ("spent", models.FloatField()),
                ("lifetime", models.FloatField()),
                ("first_release", models.PositiveIntegerField()),
                ("retired_release", models.PositiveIntegerField(null=True)),
            ],
            options={
                "db_table": '"release"."privacy_charge"',
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retired_release__isnull", True)),
                        fields=("statistic", "period"),
                        name="pub_charge_once",
                    )
                ],
            },
        ),
    ]
