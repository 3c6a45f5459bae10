"""A review of a gunfire alert stays written: PostgreSQL itself refuses to change or remove one."""

from django.db import migrations

FORBID = """
CREATE FUNCTION sensors_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'sensors_acousticreview is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER sensors_acousticreview_append_only
    BEFORE UPDATE OR DELETE ON sensors_acousticreview
    FOR EACH ROW EXECUTE FUNCTION sensors_refuse_rewriting();
"""

ALLOW = """
DROP TRIGGER sensors_acousticreview_append_only ON sensors_acousticreview;
DROP FUNCTION sensors_refuse_rewriting();
"""


class Migration(migrations.Migration):
    dependencies = [("sensors", "0002_gunfire_outcomes")]

    operations = [migrations.RunSQL(FORBID, ALLOW)]
