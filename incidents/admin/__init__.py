"""What staff see of the records and of what became of alerts. Django finds both rooms from here."""

from incidents.admin import gunfire, records

__all__ = ["gunfire", "records"]
