//! Tables of the results.

use super::model;
use super::pulls::Pulls;
use super::series::Series;
use super::stage::Stage;
use crate::samples::Samples;
use crate::table::render;

/// All results, in Markdown.
pub fn all(stages: &[Stage]) -> String {
    let sections = [
        ("Requests", requests(stages)),
        ("How long a switch takes", switches(stages)),
        ("What a switch costs", costs(stages)),
        ("Where the time of the first switch goes", timelines(stages)),
        ("Memory of a sidecar", memory(stages)),
        ("Configuration and pulls", traffic(stages)),
        ("A mesh of 10,000 sidecars", model::table(stages)),
    ];
    let sections = sections.map(|(title, section)| format!("\n### {title}\n\n{section}"));
    sections.concat()
}

/// Times of one stage, while others are still to come.
pub fn progress(stage: &Stage) -> String {
    let stages = std::slice::from_ref(stage);
    format!("{}\n{}", switches(stages), requests(stages))
}

/// Requests of each stage. The last column has the processor time of the clients and
/// of the application for an answer.
fn requests(stages: &[Stage]) -> String {
    let head = ["sidecars", "interval, ms", "answers", "200", "lost", "mixed", "late", "µs each"];
    let row = |stage: &Stage| {
        let tally = &stage.tally;
        vec![
            stage.size.to_string(),
            stage.interval.as_millis().to_string(),
            (tally.application + tally.maintenance).to_string(),
            tally.application.to_string(),
            tally.lost.len().to_string(),
            tally.mixed.len().to_string(),
            stage.relapses().to_string(),
            whole(stage.answer_us),
        ]
    };
    render(&head, &stages.iter().map(row).collect::<Vec<_>>())
}

fn switches(stages: &[Stage]) -> String {
    let head = ["", "first", "worst", "half", "last", "worst", "switches"];
    let rows = rows(stages, |series| {
        vec![
            whole(series.first.median()),
            whole(series.first.max()),
            whole(series.median.median()),
            whole(series.last.median()),
            whole(series.last.max()),
            series.last.len().to_string(),
        ]
    });
    render(&head, &rows)
}

fn costs(stages: &[Stage]) -> String {
    let head = ["", "agent", "Envoy", "istiod", "busy cores", "of them clients"];
    let rows = rows(stages, |series| {
        vec![
            tenths(series.agent.median()),
            tenths(series.envoy.median()),
            tenths(series.istiod.median()),
            format!("{:.2}", series.busy.median()),
            format!("{:.2}", series.clients.median()),
        ]
    });
    render(&head, &rows)
}

fn timelines(stages: &[Stage]) -> String {
    let head = ["", "first", "half", "last"];
    let mut rows = Vec::new();
    for stage in stages {
        let first = &stage.commands.first;
        let size = stage.size;
        let row = |event: &str, times: [f64; 3]| {
            let label = format!("{size}: {event}");
            [label].into_iter().chain(times.map(whole)).collect::<Vec<_>>()
        };
        let command = first.command_time.median();
        rows.push(row("`kubectl` ends", [command; 3]));
        for milestone in &stage.timeline {
            let times = &milestone.times;
            rows.push(row(milestone.event, [times.min(), times.median(), times.max()]));
        }
        let answers = [&first.first, &first.median, &first.last].map(Samples::median);
        rows.push(row("the client has a 503", answers));
    }
    render(&head, &rows)
}

fn memory(stages: &[Stage]) -> String {
    let head = ["", "agent", "its share", "Envoy", "its share", "both, share"];
    let mut rows = Vec::new();
    for stage in stages {
        for (state, memory) in
            [("without the module", &stage.before), ("in standby", &stage.with_module)]
        {
            rows.push(vec![
                format!("{}: {state}", stage.size),
                tenths(memory.agent.resident),
                tenths(memory.agent.proportional),
                tenths(memory.envoy.resident),
                tenths(memory.envoy.proportional),
                tenths(memory.proportional()),
            ]);
        }
    }
    render(&head, &rows)
}

fn traffic(stages: &[Stage]) -> String {
    let head = ["", "bytes to a sidecar", "push time, ms", "convergence, ms"];
    let rows = rows(stages, |series| {
        vec![
            whole(series.bytes.median()),
            format!("{:.2}", series.push.median()),
            whole(series.convergence.median()),
        ]
    });
    let pull_head = ["sidecars", "modules pulled", "requests to the registry", "bytes"];
    let pull_row = |Stage { size, pulls: Pulls { layers, requests, bytes, .. }, .. }: &Stage| {
        [size, layers, requests]
            .map(ToString::to_string)
            .into_iter()
            .chain([bytes.to_string()])
            .collect()
    };
    let pull_rows: Vec<Vec<_>> = stages.iter().map(pull_row).collect();
    format!("{}\n{}", render(&head, &rows), render(&pull_head, &pull_rows))
}

/// A row for each stage and command.
fn rows(stages: &[Stage], cells: impl Fn(&Series) -> Vec<String>) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for stage in stages {
        for series in stage.commands.all() {
            let mut row = vec![format!("{}: {}", stage.size, series.command)];
            row.extend(cells(series));
            rows.push(row);
        }
    }
    rows
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

fn tenths(number: f64) -> String {
    format!("{number:.1}")
}
