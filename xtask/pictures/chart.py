"""Draws a chart as SVG, once for light and once for dark pages: chart.py SPECIFICATION OUTPUT <DATASETS

SPECIFICATION is a Vega-Lite file in this folder. DATASETS is a JSON object with the rows of each data set that it names.
The files are OUTPUT-light.svg and OUTPUT-dark.svg.
"""

import json
import pathlib
import sys

import vl_convert

folder = pathlib.Path(__file__).parent
specification, output = sys.argv[1:]
chart = json.loads((folder / specification).read_text())
chart["datasets"] = json.load(sys.stdin)
for theme in ["light", "dark"]:
    config = json.loads((folder / f"{theme}.json").read_text())
    svg = vl_convert.vegalite_to_svg(chart, vl_version="6.1", config=config)
    pathlib.Path(f"{output}-{theme}.svg").write_text(svg + "\n")
