"""The released incidents in the shape of data.police.uk, for programs that were written for it. See docs/api.md."""
