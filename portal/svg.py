"""The few pieces of SVG that charts and maps share. Every text and id given is escaped."""

from html import escape

# Type size, in units of a drawing 400 units wide (see portal.charts).
TYPE = 16
# Mean width of a character at TYPE units, taken from the widest of the usual system faces.
CHARACTER = 9.4


def hatch(pattern_id: str, *, size: int = 8) -> str:
    """Diagonal lines that mean "not known", in charts and maps alike."""
    return (
        f'<pattern id="{escape(pattern_id)}" class="hatch" width="{size}" height="{size}"'
        ' patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect class="hatch__ground" width="{size}" height="{size}"/>'
        f'<path class="hatch__line" d="M{size / 4:g} 0V{size}" stroke-width="{size / 4:g}"/></pattern>'
    )


def text(x: float, y: float, content: str, classes: str, anchor: str) -> str:
    return (
        f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f"{escape(str(content))}</text>"
    )


def shorten(label: str, width: float) -> str:
    room = int(width / (CHARACTER * 0.9))
    return label if len(label) <= room else label[: room - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
