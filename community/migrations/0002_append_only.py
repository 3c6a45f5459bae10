"""What was done stays written: PostgreSQL itself refuses to change or remove an audit row."""

from django.db import migrations

FORBID = """
CREATE FUNCTION community_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'community_auditevent is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER community_auditevent_append_only
    BEFORE UPDATE OR DELETE ON community_auditevent
    FOR EACH ROW EXECUTE FUNCTION community_refuse_rewriting();
"""

ALLOW = """
DROP TRIGGER community_auditevent_append_only ON community_auditevent;
DROP FUNCTION community_refuse_rewriting();
"""


class Migration(migrations.Migration):
    dependencies = [("community", "0001_initial")]

    operations = [migrations.RunSQL(FORBID, ALLOW)]
