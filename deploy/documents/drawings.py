"""The drawings in the READMEs: the diagram of the parts, and the bar charts of the benchmarks."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[2]
PARTS = ROOT / "deploy/pictures/parts.d2"
BENCH = ROOT / "tests/bench/README.md"
CHART = ROOT / "tests/bench/figures.svg"
TABLE = re.compile(r"<!-- chart[^\n]*-->\n(.*?)<!-- /chart -->", re.DOTALL)
WIDTH, MARGIN, LABELS, BAR = 820, 16, 150, 22  # in pixels; GitHub shows a README about 830 pixels wide
STYLE = """\
text { font: 15px sans-serif; fill: #1f2328 } .title { font-weight: 600 }
rect { fill: #ffffff } .first { fill: #0969da } .other { fill: #afb8c1 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } rect { fill: #0d1117 } .first { fill: #4493f8 } .other { fill: #656c76 }
}"""


def documents() -> dict[Path, str]:
    return {PARTS.with_suffix(".svg"): diagram(PARTS), CHART: chart(BENCH)}


def diagram(source: Path) -> str:
    """Return the SVG that D2 draws from a source. The SVG is drawn again only after a change of the source.

    The SVG ends with the digest of its source, so that the check does not need D2 and does not depend on rounding,
    which differs between releases and processors.
    """
    drawn = source.with_suffix(".svg")
    mark = f"<!-- {source.name} {hashlib.sha256(source.read_bytes()).hexdigest()} -->\n"
    if drawn.exists() and drawn.read_text().endswith(mark):
        return drawn.read_text()
    command = [str(Path(sys.executable).with_name("d2")), "--stdout-format", "svg", str(source), "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{done.stdout.rstrip()}\n{mark}"


def chart(readme: Path) -> str:
    """Return an SVG with one group of bars for each row of the README's marked table."""
    found = TABLE.search(readme.read_text())
    if not found:
        raise SystemExit(f"{readme.relative_to(ROOT)}: the marks of the chart's table are missing")
    head, _, *rows = [_cells(line) for line in found[1].strip().splitlines()]
    height = MARGIN
    parts: list[str] = []
    for title, *texts in rows:
        parts.append(f'<text class="title" x="{MARGIN}" y="{height + 16}">{escape(title)}</text>')
        height += 26
        values = [float(text.replace(",", "")) for text in texts]
        for number, (name, text, value) in enumerate(zip(head[1:], texts, values, strict=True)):
            kind = "other" if number else "first"
            length = (WIDTH - LABELS - 90) * value / max(values)
            parts += [
                f'<text x="{MARGIN}" y="{height + 15}">{escape(name)}</text>',
                f'<rect class="{kind}" x="{LABELS}" y="{height}" width="{length:.0f}" height="{BAR - 4}"/>',
                f'<text x="{LABELS + length + 8:.0f}" y="{height + 15}">{escape(text)}</text>',
            ]
            height += BAR
        height += MARGIN
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    head_lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<style>{STYLE}</style>"]
    return "\n".join([*head_lines, '<rect width="100%" height="100%"/>', *parts, "</svg>", ""])


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
