"""Attacks on released rows, pure: arrays in, how often each attacker was right out.

The attacker holds every released file, the public addresses and what a scanner or a window tells him.
The private truth is used to score him and for nothing else. A slow second implementation that reads
files row by row is in ``tests/reference/attacks.py``; tests hold the two against each other.
"""
