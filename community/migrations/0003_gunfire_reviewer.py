from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0002_append_only"),
    ]

    operations = [
        migrations.AlterField(
            model_name="response",
            name="author_role",
            field=models.CharField(
                choices=[
                    ("resident-services-officer", "a resident services officer"),
                    ("patrol-officer", "a patrol officer"),
                    ("supervisor", "a supervisor"),
                    ("oversight", "the oversight office"),
                    ("records-clerk", "a records clerk"),
                    ("city-decision-maker", "a city decision-maker"),
                    ("administrator", "an administrator"),
                    ("gunfire-reviewer", "a gunfire reviewer"),
                ],
                max_length=40,
            ),
        ),
    ]
