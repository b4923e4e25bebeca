//! Tables that read well in a terminal and in Markdown, with numbers aligned to
//! the right. `comfy-table` has a Markdown style, but without alignment.

/// A table with `head` above `rows`. The first column is aligned to the left,
/// the others to the right. Cells that a row lacks at its end are left empty.
pub fn render(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let lines: Vec<&Vec<String>> = [&head].into_iter().chain(rows).collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let alignment = |(column, width): (usize, &usize)| match column {
        0 => "-".repeat(width + 2),
        _ => format!("{}:", "-".repeat(width + 1)),
    };
    let alignments: Vec<_> = widths.iter().enumerate().map(alignment).collect();
    let mut text: Vec<_> = lines.iter().map(|cells| line(cells, &widths)).collect();
    text.insert(1, format!("|{}|\n", alignments.join("|")));
    text.concat()
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let cell = |(column, width): (usize, &usize)| {
        let cell = cells.get(column).map_or("", String::as_str);
        match column {
            0 => format!(" {cell:<width$} "),
            _ => format!(" {cell:>width$} "),
        }
    };
    let cells: Vec<_> = widths.iter().enumerate().map(cell).collect();
    format!("|{}|\n", cells.join("|"))
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn numbers_are_aligned_to_the_right() {
        let rows =
            [vec!["no filter".to_owned(), "7.50".into()], vec!["Lua".into(), "123.00".into()]];
        let expected = "\
|           |     µs |
|-----------|-------:|
| no filter |   7.50 |
| Lua       | 123.00 |
";
        assert_eq!(render(&["", "µs"], &rows), expected);
    }

    #[test]
    fn missing_cells_are_empty() {
        let rows = [vec!["a".to_owned()]];
        assert_eq!(render(&["", "n"], &rows), "|   | n |\n|---|--:|\n| a |   |\n");
    }
}
