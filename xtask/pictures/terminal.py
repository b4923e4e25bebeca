"""Draws a terminal session as SVG, once for light and once for dark pages: terminal.py TITLE COLUMNS OUTPUT <COMMANDS

bash runs each line of COMMANDS on a terminal, and the picture has the line and what it printed. A line that begins with `@`
is run and not shown. A command that fails ends the recording. The files are OUTPUT-light.svg and OUTPUT-dark.svg.
"""

import io
import pathlib
import re
import subprocess
import sys

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text


def theme(background, foreground, red, green, yellow, cyan):
    """The colours of the terminal: black, red, green, yellow, blue, magenta, cyan, white."""
    colours = [foreground, red, green, yellow, cyan, cyan, cyan, foreground]
    return TerminalTheme(*[rgb(colour) for colour in [background, foreground]], [rgb(colour) for colour in colours])


def rgb(colour):
    return tuple(bytes.fromhex(colour))


# The colours of GitHub's light and dark pages.
THEMES = {
    "light": theme("f6f8fa", "1f2328", "cf222e", "1a7f37", "9a6700", "0969da"),
    "dark": theme("151b23", "f0f6fc", "f85149", "3fb950", "d29922", "4493f8"),
}


def run(command):
    """Runs a command on a terminal and returns what it printed."""
    script = ["script", "--quiet", "--return", "--command", command, "/dev/null"]
    result = subprocess.run(script, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    printed = result.stdout.decode().replace("\r", "").strip("\n")
    if result.returncode:
        sys.exit(f"{command}\n{printed}\nexit status {result.returncode}")
    return printed


title, columns, output = sys.argv[1:]
console = Console(record=True, width=int(columns), file=io.StringIO(), force_terminal=True, color_system="standard")
for line in sys.stdin.read().splitlines():
    if line.startswith("@"):
        run(line[1:])
        continue
    console.print(Text.assemble(("$ ", "green"), (line, "bold")))
    console.print(Text.from_ansi(run(line)), end="\n\n")
for name, colours in THEMES.items():
    svg = console.export_svg(title=title, theme=colours, clear=False, unique_id=pathlib.Path(output).name)
    # The style sheet asks a server for a font, which a picture in a page may not do.
    svg = re.sub(r"@font-face {.*?}\s*", "", svg, flags=re.DOTALL)
    pathlib.Path(f"{output}-{name}.svg").write_text(svg)
