#!/usr/bin/env python
"""Daylight's command line. `manage.py up` starts everything; `manage.py doctor` says how it is."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
