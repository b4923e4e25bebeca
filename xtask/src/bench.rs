//! `make bench`: time per request, side by side; then start-up, memory and the
//! time of a change of configuration.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use harness::{client, plugin_wasm, port, repository};
use tempfile::TempDir;

use crate::chart::{self, Bar};
use crate::page;
use crate::proxy::{self, Proxy};
use crate::rounds::{Http, Samples, measure};
use crate::startup;
use crate::table;
use crate::variants::{self, BODY, Group, Variant};

/// A variant, the port of its listener and what was measured.
struct Measured {
    variant: Variant,
    port: u16,
    http1: Samples,
    http2: Samples,
}

/// One of the two things measured of a variant.
type Pick = fn(&Measured) -> &Samples;

/// Measures, prints, and puts the same into the documentation.
pub async fn run() {
    let rounds = env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(11);
    let folder = TempDir::new().expect("a temporary folder");
    let minimal = folder.path().join("minimal.wasm");
    let bytes = wat::parse_file(repository().join("xtask/minimal.wat")).expect("valid text");
    fs::write(&minimal, bytes).expect("the minimal module written");
    let ours = plugin_wasm();

    let machine = page::machine(rounds);
    let measured = requests(&minimal, &ours, rounds).await;
    let parts = [
        machine,
        tables(&measured),
        growth(&measured),
        startup::tables(&minimal, &ours, rounds).await,
    ];
    let text = parts.join("\n");
    println!("{text}");
    page::write(&text, &picture(&measured));
}

async fn requests(minimal: &Path, ours: &Path, rounds: usize) -> Vec<Measured> {
    let all = variants::all(minimal, ours, &others());
    let mut measured: Vec<_> = all.into_iter().map(Measured::new).collect();
    let listener = |(index, measured): (usize, &Measured)| {
        let Variant { filters, response, .. } = &measured.variant;
        proxy::listener(&format!("variant-{index}"), measured.port, filters, response)
    };
    let listeners: Vec<_> = measured.iter().enumerate().map(listener).collect();
    let folder = TempDir::new().expect("a temporary folder");
    let proxy = Proxy::start(folder, &proxy::bootstrap(&listeners), 1).await;
    for each in &measured {
        each.check().await;
    }
    for round in 0..=rounds {
        for each in &mut measured {
            let Measured { variant, port, http1, http2 } = each;
            let one = measure(&proxy, Http::One, *port, variant.path);
            // Growth is the same over either protocol.
            let two = (variant.group != Group::Growing)
                .then(|| measure(&proxy, Http::Two, *port, variant.path));
            // The first round warms up.
            if round > 0 {
                http1.add(one);
                if let Some(two) = two {
                    http2.add(two);
                }
            }
        }
        eprintln!("round {round} of {rounds}");
    }
    measured
}

/// More modules to measure, from `MODULES`, as `name=path,name=path`.
fn others() -> Vec<(String, PathBuf)> {
    let list = env::var("MODULES").unwrap_or_default();
    let pairs = list.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, path)| (name.into(), path.into())).collect()
}

impl Measured {
    fn new(variant: Variant) -> Self {
        Self { variant, port: port(), http1: Samples::default(), http2: Samples::default() }
    }

    /// A variant that answers something else is not worth measuring.
    async fn check(&self) {
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

fn tables(measured: &[Measured]) -> String {
    let head = ["", "median", "middle half", "added", "× minimal"];
    let mut sections = Vec::new();
    let groups =
        [(Group::Passing, "Requests that pass"), (Group::Rejecting, "Requests answered 503")];
    let protocols: [(&str, Pick); 2] =
        [("HTTP/1.1", |each| &each.http1), ("HTTP/2", |each| &each.http2)];
    for (group, title) in groups {
        for (protocol, pick) in protocols {
            let rows = of(measured, group);
            let rows: Vec<_> = rows.iter().map(|each| row(each, measured, pick)).collect();
            let table = table::render(&head, &rows);
            sections.push(format!(
                "### {title}, {protocol}, in µs of the proxy's processor time\n\n{table}"
            ));
        }
    }
    sections.join("\n")
}

/// What a variant adds to a proxy without a filter, and that as a multiple of
/// what the minimal module adds for the same answer.
fn row(each: &Measured, measured: &[Measured], pick: Pick) -> Vec<String> {
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
    let times = added / samples(floor).above(&base).median();
    let (low, high) = pick(each).quartiles();
    let middle = format!("{low:.2} to {high:.2}");
    vec![each.variant.label.clone(), us(pick(each).median()), middle, us(added), us(times)]
}

fn growth(measured: &[Measured]) -> String {
    let row = |each: &&Measured| {
        let (low, high) = each.http1.quartiles();
        let middle = format!("{low:.2} to {high:.2}");
        vec![each.variant.label.clone(), us(each.http1.median()), middle]
    };
    let rows: Vec<_> = of(measured, Group::Growing).iter().map(row).collect();
    let table = table::render(&["", "median", "middle half"], &rows);
    format!("### How a 503 grows, HTTP/1.1, in µs of the proxy's processor time\n\n{table}")
}

fn picture(measured: &[Measured]) -> String {
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
