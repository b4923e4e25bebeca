//! A bar chart as SVG that follows the reader's light or dark theme, which the
//! `plotters` crate does not: it writes fixed colours.

use std::fmt::Write as _;

/// One bar.
pub struct Bar {
    pub label: String,
    pub value: f64,
    /// Drawn as a line across the end of the bar.
    pub range: (f64, f64),
    pub is_highlighted: bool,
}

const WIDTH: f64 = 760.0;
/// Width of the labels.
const LABELS: f64 = 290.0;
/// Width of the numbers.
const NUMBERS: f64 = 60.0;
/// Height of a line.
const LINE: f64 = 26.0;

const STYLE: &str = "<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.bar { fill: #9aa4af }
.highlighted { fill: #0969da }
.range { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .bar { fill: #6e7681 }
  .highlighted { fill: #4493f8 }
  .range { stroke: #e6edf3 }
}
</style>
";

/// Draws groups of bars, each below its title, on one scale that begins at 0.
pub fn draw(groups: &[(&str, Vec<Bar>)]) -> String {
    let longest = groups.iter().flat_map(|(_, bars)| bars).map(|bar| bar.range.1.max(bar.value));
    let scale = (WIDTH - LABELS - NUMBERS) / longest.fold(1.0, f64::max);
    let mut body = String::new();
    let mut y = 4.0;
    for (title, bars) in groups {
        y += LINE;
        text(&mut body, 0.0, y - 8.0, "title", title);
        for bar in bars {
            draw_bar(&mut body, y, scale, bar);
            y += LINE;
        }
        y += LINE / 2.0;
    }
    text(
        &mut body,
        0.0,
        y + 8.0,
        "",
        "µs of Envoy's processor time per request, HTTP/1.1: median, and quartiles as a line",
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\">\n\
         <title>What a request costs</title>\n{STYLE}{body}</svg>\n",
        y + 20.0
    )
}

fn draw_bar(body: &mut String, y: f64, scale: f64, bar: &Bar) {
    let class = if bar.is_highlighted { "highlighted" } else { "bar" };
    text(body, 0.0, y + 15.0, "", &bar.label);
    rectangle(body, y, bar.value * scale, class);
    let [low, high] = [bar.range.0, bar.range.1].map(|end| LABELS + end * scale);
    let middle = y + 10.5;
    let _ = writeln!(
        body,
        "<line class=\"range\" x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>"
    );
    text(
        body,
        high.max(LABELS + bar.value * scale) + 8.0,
        y + 15.0,
        "",
        &format!("{:.2}", bar.value),
    );
}

fn rectangle(body: &mut String, y: f64, width: f64, class: &str) {
    let _ = writeln!(
        body,
        "<rect class=\"{class}\" x=\"{LABELS}\" y=\"{y}\" width=\"{width:.1}\" height=\"21\" rx=\"2\"/>"
    );
}

fn text(body: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _ = writeln!(body, "<text x=\"{x:.1}\" y=\"{y:.1}\"{class}>{text}</text>");
}
