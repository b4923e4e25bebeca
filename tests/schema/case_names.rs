//! Names of test cases in `docs/failures.md`.

use std::fs;

use harness::repository;

/// Folders of the suites that the page names cases of.
const SUITES: [&str; 3] = ["tests/istio/cases", "tests/node/cases", "tests/faults/cases"];

#[test]
fn every_case_that_the_page_of_failures_names_exists() {
    let page = fs::read_to_string(repository().join("docs/failures.md")).expect("the page");
    let names = page.split('`').filter_map(|text| text.split_once("::"));
    let names: Vec<_> = names.filter(|(_, case)| *case != "…").collect();
    assert!(names.len() > 20, "{names:?}");
    for (module, case) in names {
        let exists = SUITES.iter().any(|suite| {
            let file = repository().join(suite).join(module).with_extension("rs");
            let source = fs::read_to_string(file).unwrap_or_default();
            source.contains(&format!("async fn {case}("))
        });
        assert!(exists, "docs/failures.md names {module}::{case}, and no suite has this case");
    }
}
