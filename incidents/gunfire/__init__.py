"""The staff's gunfire room: what a reviewer reads (``alerts``, ``evidence``), in words and drawings.

``wording``, ``hearing``, ``city_map``, ``place_map`` and ``timing`` are pure: values in, text or SVG out.
"""
