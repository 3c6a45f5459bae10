from django.db import migrations, models

# The totals drawn before this were those of districts by quarter, at epsilon 0.5 at most.
REMEMBER = """
INSERT INTO publication_countedincident (record_id, statistic, period, epsilon)
SELECT record_id, 'district-quarter', quarter,
    coalesce((SELECT max(epsilon) FROM publication_noisedraw d WHERE d.period = quarter), 0.5)
FROM publication_countedbefore
"""


class Migration(migrations.Migration):
    dependencies = [("publication", "0002_countedincident")]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="follows",
            field=models.CharField(blank=True, db_default="", default="", max_length=24),
        ),
        migrations.RemoveConstraint(model_name="noisedraw", name="noise_drawn_once"),
        migrations.RenameField(model_name="noisedraw", old_name="quarter", new_name="period"),
        migrations.AlterField(
            model_name="noisedraw", name="statistic", field=models.CharField(max_length=24)
        ),
        migrations.AddField(
            model_name="noisedraw",
            name="category_group",
            field=models.CharField(default="sensitive", max_length=16),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="noisedraw",
            constraint=models.UniqueConstraint(
                fields=("statistic", "period", "district_slug", "category_group"),
                name="noise_drawn_once",
            ),
        ),
        migrations.RenameModel("CountedIncident", "CountedBefore"),
        migrations.CreateModel(
            name="CountedIncident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("record_id", models.BigIntegerField()),
                ("statistic", models.CharField(max_length=24)),
                ("period", models.CharField(max_length=8)),
                ("epsilon", models.FloatField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("record_id", "statistic"), name="counted_once_a_statistic"
                    )
                ],
            },
        ),
        migrations.RunSQL(REMEMBER, migrations.RunSQL.noop),
        migrations.DeleteModel("CountedBefore"),
    ]
