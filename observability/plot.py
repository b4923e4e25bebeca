#!/usr/bin/env python3
"""Draws the panels of the Grafana dashboard as one SVG: plot.py PROMETHEUS_URL MINUTES >dashboard.svg

Shows the last MINUTES of data in Prometheus. Needs neither Grafana nor any Python package.
"""

import json
import pathlib
import sys
import time
import urllib.parse
import urllib.request
from html import escape

DASHBOARD = pathlib.Path(__file__).parent / "grafana/dashboards/maintenance.json"
WIDTH, HEIGHT, COLUMNS = 460, 190, 2
LEFT, TOP, RIGHT, BOTTOM = 56, 34, 16, 40
COLOURS = ["#e8710a", "#1a73e8", "#188038", "#a142f4"]


def series(prometheus, query, start, end):
    """Returns the series of a range query as (labels, [(second, value)]). Start and end are Unix times."""
    step = max(1, (end - start) / 200)
    parameters = {"query": query, "start": start, "end": end, "step": step}
    url = f"{prometheus}/api/v1/query_range?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=10) as response:
        result = json.load(response)["data"]["result"]
    return [(found["metric"], [(second, float(value)) for second, value in found["values"]]) for found in result]


def legend(template, labels):
    """Replaces each {{label}} of a Grafana legend template."""
    for name, value in labels.items():
        template = template.replace("{{" + name + "}}", value)
    return template


def number(value):
    """Formats a value of the vertical axis."""
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def panel(left, top, title, lines, start, end):
    """Yields the SVG elements of one panel whose upper left corner is at (left, top)."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    highest = max((value for _, points in lines for _, value in points), default=0) or 1
    x = lambda second: left + LEFT + (second - start) / (end - start) * width
    y = lambda value: top + TOP + height - value / highest / 1.1 * height
    yield f'<text x="{left + LEFT}" y="{top + 20}" class="title">{escape(title)}</text>'
    for share in (0, 0.5, 1):
        value = highest * share
        yield f'<path d="M{x(start):.1f} {y(value):.1f}H{x(end):.1f}" class="grid"/>'
        yield f'<text x="{x(start) - 8:.1f}" y="{y(value) + 4:.1f}" text-anchor="end">{number(value)}</text>'
    for share in (0, 0.5, 1):
        second = start + (end - start) * share
        anchor = ["start", "middle", "end"][round(share * 2)]
        label = time.strftime("%H:%M:%S", time.gmtime(second))
        yield f'<text x="{x(second):.1f}" y="{top + HEIGHT - BOTTOM + 16}" text-anchor="{anchor}">{label}</text>'
    for index, (name, points) in enumerate(lines):
        colour = COLOURS[index % len(COLOURS)]
        path = "L".join(f"{x(second):.1f} {y(value):.1f}" for second, value in points)
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield f'<text x="{left + LEFT + index * 180}" y="{top + HEIGHT - 8}" fill="{colour}">{escape(name)}</text>'


def draw(prometheus, start, end):
    """Yields the lines of the SVG."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    rows = -(-len(panels) // COLUMNS)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * COLUMNS} {HEIGHT * rows}" '
        'font-family="sans-serif" font-size="11" fill="#444">'
    )
    yield "<style>.title{font-size:13px;font-weight:bold}.grid{stroke:#ddd;fill:none}</style>"
    yield '<rect width="100%" height="100%" fill="white"/>'
    for index, description in enumerate(panels):
        lines = []
        for target in description["targets"]:
            query = target["expr"].replace("$namespace", ".*").replace("$workload", ".*")
            found = series(prometheus, query, start, end)
            lines += [(legend(target["legendFormat"], labels), points) for labels, points in found]
        row, column = divmod(index, COLUMNS)
        yield from panel(column * WIDTH, row * HEIGHT, description["title"], lines, start, end)
    yield "</svg>"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    end = time.time()
    print("\n".join(draw(sys.argv[1].rstrip("/"), end - float(sys.argv[2]) * 60, end)))


if __name__ == "__main__":
    main()
