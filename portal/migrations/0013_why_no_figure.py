from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0012_what_changed"),
    ]

    operations = [
        migrations.AlterField(
            model_name="publishedfigure",
            name="status",
            field=models.CharField(
                choices=[
                    ("told", "Told"),
                    ("none", "None"),
                    ("suppressed", "Suppressed"),
                    ("sensor_down", "Sensor Down"),
                    ("not_supplied", "Not Supplied"),
                    ("not_collected", "Not Collected"),
                ],
                max_length=16,
            ),
        ),
    ]
