"""Tables for people, and the same as Markdown."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from callpost.cli.colour import PLAIN, Paint, Shade

__all__ = ["markdown", "table"]

Row = Sequence[str]
GAP = "  "


def table(
    head: Row,
    rows: Iterable[Row],
    *,
    right: Collection[int] = (),
    paint: Paint = PLAIN,
    shades: Mapping[str, Shade] | None = None,
) -> str:
    """Columns as wide as their widest cell.

    Args:
        head: Titles of the columns.
        rows: As many cells each.
        right: Columns of numbers.
        paint: For the head and the shades.
        shades: Of cells, by their whole text.
    """
    lines = [head, *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]

    def shown(line: Row, shade_of: Mapping[str, Shade]) -> str:
        cells: list[str] = []
        for n, (text, width) in enumerate(zip(line, widths, strict=True)):
            padding = " " * (width - len(text))
            painted = paint(text, shade_of.get(text))
            cells.append(padding + painted if n in right else painted + padding)
        return GAP.join(cells).rstrip()

    first = shown(head, dict.fromkeys(head, Shade.BOLD))
    return "\n".join([first, *(shown(line, shades or {}) for line in lines[1:])])


def markdown(head: Row, rows: Iterable[Row], *, right: Collection[int] = ()) -> str:
    """A table as Markdown reads it."""
    rule = ["---:" if n in right else "---" for n in range(len(head))]
    return "\n".join(f"| {' | '.join(_escaped(line))} |" for line in [head, rule, *rows])


def _escaped(line: Row) -> list[str]:
    return [cell.replace("|", "\\|") for cell in line]
