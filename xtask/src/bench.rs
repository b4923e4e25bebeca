//! `make bench`: what a request costs, side by side; then start-up, memory and
//! the time of a change of configuration.

use std::env;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::instructions::{Counted, can_be_counted};
use crate::measured::{self, Measured};
use crate::page;
use crate::proxy::{self, Proxy};
use crate::rounds::{Http, measure};
use crate::startup;
use crate::variants::{self, Group, Modules};

/// How many variants are counted in one Envoy: a VM reserves ten gigabytes of
/// addresses, and under valgrind there are few.
const AT_ONCE: usize = 4;

/// Measures, prints, and puts the same into the documentation.
pub async fn run() {
    let rounds = env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(11);
    let folder = TempDir::new().expect("a temporary folder");
    let modules = Modules::in_folder(folder.path());

    let machine = page::machine(rounds);
    let mut measured = requests(&modules, rounds).await;
    if can_be_counted() {
        count(&mut measured).await;
    }
    let parts = [
        machine,
        measured::tables(&measured),
        measured::growth(&measured),
        startup::tables(&modules, rounds).await,
    ];
    let text = parts.join("\n");
    println!("{text}");
    page::write(&text, &measured::picture(&measured));
}

async fn requests(modules: &Modules, rounds: usize) -> Vec<Measured> {
    let all = variants::all(modules, &others());
    let mut measured: Vec<_> = all.into_iter().map(Measured::new).collect();
    let listeners: Vec<_> = measured.iter().map(Measured::listener).collect();
    let folder = TempDir::new().expect("a temporary folder");
    let proxy = Proxy::start(folder, &proxy::bootstrap(&listeners), 1).await;
    for each in &measured {
        each.check().await;
    }
    for round in 0..=rounds {
        for each in &mut measured {
            let Measured { variant, port, http1, http2, .. } = each;
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

/// Counts the instructions of a request.
async fn count(measured: &mut [Measured]) {
    let compared = measured.iter_mut().filter(|each| each.variant.group != Group::Growing);
    let mut compared: Vec<_> = compared.collect();
    for some in compared.chunks_mut(AT_ONCE) {
        let listeners: Vec<_> = some.iter().map(|each| each.listener()).collect();
        eprintln!("counting instructions, which takes a minute");
        let mut counted = Counted::start(&proxy::bootstrap(&listeners)).await;
        for each in some {
            each.check().await;
            let Measured { variant, port, instructions1, instructions2, .. } = each;
            instructions1.add(counted.request(Http::One, *port, variant.path));
            instructions2.add(counted.request(Http::Two, *port, variant.path));
        }
    }
}

/// More modules to measure, from `MODULES`, as `name=path,name=path`.
fn others() -> Vec<(String, PathBuf)> {
    let list = env::var("MODULES").unwrap_or_default();
    let pairs = list.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, path)| (name.into(), path.into())).collect()
}
