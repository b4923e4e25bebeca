//! What was measured of the variants, and how it is shown.

use harness::{client, port};
use serde_json::Value;

use crate::chart::{self, Bar};
use crate::proxy;
use crate::rounds::Samples;
use crate::table;
use crate::variants::{self, BODY, Group, Variant};

/// A variant, the port of its listener and what was measured.
pub struct Measured {
    pub variant: Variant,
    pub port: u16,
    pub http1: Samples,
    pub http2: Samples,
    pub instructions1: Samples,
    pub instructions2: Samples,
}

/// One of the things measured of a variant.
type Pick = fn(&Measured) -> &Samples;

impl Measured {
    pub fn new(variant: Variant) -> Self {
        let none = Samples::default;
        Self {
            variant,
            port: port(),
            http1: none(),
            http2: none(),
            instructions1: none(),
            instructions2: none(),
        }
    }

    pub fn listener(&self) -> Value {
        let Variant { filters, response, .. } = &self.variant;
        proxy::listener(&format!("port-{}", self.port), self.port, filters, response)
    }

    /// A variant that answers something else is not worth measuring.
    pub async fn check(&self) {
        let Variant { label, group, path, status, .. } = &self.variant;
        let address = ([127, 0, 0, 1], self.port).into();
        let answer = client::get(address, path).await;
        assert_eq!(answer.status, *status, "{label}");
        if *group == Group::Rejecting && label != "fault filter" {
            assert_eq!(answer.header("retry-after"), "60", "{label}");
            assert_eq!(answer.header("content-type"), "application/json", "{label}");
            assert_eq!(answer.header("cache-control"), "no-store", "{label}");
            assert_eq!(answer.body, BODY, "{label}");
        }
    }
}

fn of(measured: &[Measured], group: Group) -> Vec<&Measured> {
    measured.iter().filter(|each| each.variant.group == group).collect()
}

const GROUPS: [(Group, &str); 2] =
    [(Group::Passing, "Requests that pass"), (Group::Rejecting, "Requests answered 503")];

pub fn tables(measured: &[Measured]) -> String {
    let protocols: [(&str, Pick, Pick); 2] = [
        ("HTTP/1.1", |each| &each.http1, |each| &each.instructions1),
        ("HTTP/2", |each| &each.http2, |each| &each.instructions2),
    ];
    let head = [
        "",
        "µs, median",
        "middle half",
        "added",
        "× minimal",
        "instructions",
        "added",
        "× minimal",
    ];
    let mut sections = Vec::new();
    for (group, title) in GROUPS {
        for (protocol, time, instructions) in protocols {
            let rows = of(measured, group);
            let rows: Vec<_> =
                rows.iter().map(|each| row(each, measured, time, instructions)).collect();
            let table = table::render(&head, &rows);
            sections.push(format!("### {title}, {protocol}\n\n{table}"));
        }
    }
    sections.join("\n")
}

fn row(each: &Measured, measured: &[Measured], time: Pick, instructions: Pick) -> Vec<String> {
    let (low, high) = time(each).quartiles();
    let middle = format!("{low:.2} to {high:.2}");
    let mut row = vec![each.variant.label.clone(), us(time(each).median()), middle];
    let (added, times) = added(each, measured, time);
    row.extend([us(added), us(times)]);
    if !instructions(each).is_empty() {
        let (added, times) = self::added(each, measured, instructions);
        let count = instructions(each).median();
        row.extend([format!("{count:.0}"), format!("{added:.0}"), us(times)]);
    }
    row
}

/// What a variant adds to a proxy without a filter, and that as a multiple of
/// what the minimal module adds for the same answer.
fn added(each: &Measured, measured: &[Measured], pick: Pick) -> (f64, f64) {
    let samples = |label: &str| {
        let found = measured.iter().find(|other| other.variant.label == label);
        found.map(pick).cloned().unwrap_or_default()
    };
    let (base, floor) = match (each.variant.group, each.variant.path) {
        (Group::Passing, variants::HEALTH) => ("no filter", "minimal module, exempt"),
        (Group::Passing, _) => ("no filter", "minimal module, off"),
        _ => ("direct_response", "minimal module, on"),
    };
    let base = samples(base);
    let added = pick(each).above(&base).median();
    (added, added / samples(floor).above(&base).median())
}

pub fn growth(measured: &[Measured]) -> String {
    let row = |each: &&Measured| {
        let (low, high) = each.http1.quartiles();
        let middle = format!("{low:.2} to {high:.2}");
        vec![each.variant.label.clone(), us(each.http1.median()), middle]
    };
    let rows: Vec<_> = of(measured, Group::Growing).iter().map(row).collect();
    let table = table::render(&["", "median", "middle half"], &rows);
    format!("### How a 503 grows, HTTP/1.1, in µs\n\n{table}")
}

pub fn picture(measured: &[Measured]) -> String {
    let bar = |each: &&Measured| Bar {
        label: each.variant.label.clone(),
        value: each.http1.median(),
        range: each.http1.quartiles(),
        is_ours: each.variant.label.starts_with("this filter"),
    };
    let bars = |group| of(measured, group).iter().map(bar).collect::<Vec<_>>();
    chart::draw(&[
        ("Requests that pass", bars(Group::Passing)),
        ("Requests answered 503", bars(Group::Rejecting)),
    ])
}

fn us(value: f64) -> String {
    format!("{value:.2}")
}
