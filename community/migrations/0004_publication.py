"""What may be published of a thread, and photos."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Nobody was asked before now, so nothing that came before may be published with its words.
UNASKED = """
UPDATE community_feedback SET redaction = 'withheld', redacted_text = '', redaction_reasons = '[]'::jsonb
"""


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0003_gunfire_reviewer"),
        ("incidents", "0002_gunfire_outcomes"),
    ]

    operations = [
        migrations.CreateModel(
            name="FeedbackPhoto",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("content", models.BinaryField()),
                ("width_px", models.PositiveIntegerField()),
                ("height_px", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField()),
                ("is_public", models.BooleanField(default=False)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["created_at", "pk"],
            },
        ),
        migrations.AddField(
            model_name="feedback",
            name="erased_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="feedback",
            name="may_publish",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="feedback",
            name="redacted_answer",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="feedback",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunSQL(UNASKED, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("redaction", "reviewed"), _negated=True),
                    models.Q(
                        ("may_publish", True),
                        ("withdrawn_at__isnull", True),
                        models.Q(("redacted_text", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="feedback_published_says_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("redaction", "withheld"), _negated=True),
                    models.Q(("redacted_answer", ""), ("redacted_text", "")),
                    _connector="OR",
                ),
                name="feedback_withheld_says_nothing",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(("place_words", ""), ("text", "")),
                    _connector="OR",
                ),
                name="feedback_erased_says_nothing",
            ),
        ),
        migrations.AddField(
            model_name="feedbackphoto",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="feedbackphoto",
            name="feedback",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="photos",
                to="community.feedback",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedbackphoto",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", False), ("decided_by__isnull", False)),
                    models.Q(("decided_at__isnull", True), ("decided_by__isnull", True)),
                    _connector="OR",
                ),
                name="photo_decided_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedbackphoto",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_public", False), ("decided_at__isnull", False), _connector="OR"
                ),
                name="photo_public_by_a_person",
            ),
        ),
    ]
