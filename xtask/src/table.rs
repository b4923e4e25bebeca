//! Tables that read well in a terminal and in Markdown.

/// `rows` below `head`, the first column to the left, the others to the right.
pub fn render(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let lines: Vec<&Vec<String>> = [&head].into_iter().chain(rows).collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let rule = |(index, width): (usize, &usize)| match index {
        0 => "-".repeat(width + 2),
        _ => format!("{}:", "-".repeat(width + 1)),
    };
    let rules: Vec<_> = widths.iter().enumerate().map(rule).collect();
    let mut text: Vec<_> = lines.iter().map(|cells| line(cells, &widths)).collect();
    text.insert(1, format!("|{}|\n", rules.join("|")));
    text.concat()
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let cell = |(index, (cell, width)): (usize, (&String, &usize))| match index {
        0 => format!(" {cell:<width$} "),
        _ => format!(" {cell:>width$} "),
    };
    let cells: Vec<_> = cells.iter().zip(widths).enumerate().map(cell).collect();
    format!("|{}|\n", cells.join("|"))
}
