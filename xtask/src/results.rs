//! Results of the variants, and the tables and the chart made of them.

use harness::client::{self, Http};
use harness::port;
use serde_json::{Value, json};

use crate::envoy_config;
use crate::samples::Samples;
use crate::table;
use crate::variants::{BODY, Group, Variant};

/// Measurements over one version of HTTP.
#[derive(Default)]
pub struct Costs {
    /// Microseconds of Envoy's processor time per request, one sample a round.
    pub time: Samples,
    /// Instructions per request; empty if they were not counted.
    pub instructions: Samples,
}

/// A variant with its listener's port and its measurements.
pub struct VariantResults {
    pub variant: Variant,
    pub port: u16,
    pub http1: Costs,
    pub http2: Costs,
}

impl VariantResults {
    pub fn new(variant: Variant) -> Self {
        Self { variant, port: port(), http1: Costs::default(), http2: Costs::default() }
    }

    pub fn listener(&self) -> Value {
        let Variant { filters, response, .. } = &self.variant;
        envoy_config::listener(&format!("port-{}", self.port), self.port, filters, response)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.variant.path)
    }

    /// Returns whether HTTP/2 is measured. Growth and the cost of a field do not depend
    /// on the version of HTTP.
    pub fn is_measured_over_http2(&self) -> bool {
        matches!(self.variant.group, Group::Passing | Group::Rejecting)
    }

    pub fn costs(&self, http: Http) -> &Costs {
        match http {
            Http::One => &self.http1,
            Http::Two => &self.http2,
        }
    }

    pub fn costs_mut(&mut self, http: Http) -> &mut Costs {
        match http {
            Http::One => &mut self.http1,
            Http::Two => &mut self.http2,
        }
    }

    /// Asserts that Envoy answers as the variant should: nothing else is worth measuring.
    pub async fn check(&self) {
        let Variant { label, path, headers, status, .. } = &self.variant;
        let mut request = client::request("GET", path);
        // The host that h2load sends: `scope.hosts` depends on it.
        request.headers_mut().insert("host", "127.0.0.1".parse().expect("a header value"));
        for header in headers {
            let (name, value) = header.split_once(": ").expect("a name and a value");
            request.headers_mut().insert(name, value.parse().expect("a header value"));
        }
        let address = ([127, 0, 0, 1], self.port).into();
        let answer = client::send(address, Http::One, request).await;
        assert_eq!(answer.status, *status, "{label}");
        if self.variant.has_default_reply() {
            assert_eq!(answer.header("retry-after"), "60", "{label}");
            assert_eq!(answer.header("content-type"), "application/json", "{label}");
            assert_eq!(answer.header("cache-control"), "no-store", "{label}");
            assert_eq!(answer.body, BODY, "{label}");
        }
    }
}

const COLUMNS: [&str; 8] = [
    "",
    "time, µs",
    "quartiles",
    "time added",
    "÷ minimal",
    "instructions",
    "instructions added",
    "÷ minimal",
];

const LEGEND: &str = "\
- *time*: microseconds of processor time that Envoy uses for a request; the median of all rounds.
- *quartiles*: half of the rounds lie between them. A smaller difference between two rows is noise.
- *added*: what the row takes above a proxy without a filter (for 503: above `direct_response` with the same
  reply). For *time* it is the median of the differences within each round.
- *÷ minimal*: *added*, divided by what the minimal module adds for the same answer.
- *instructions*: instructions that Envoy executes for a request, V8's included, as callgrind counts them.
";

/// A table for each group and version of HTTP, and a description of their columns.
pub fn tables(results: &[VariantResults]) -> String {
    let mut sections = vec![format!("Columns of the next four tables:\n\n{LEGEND}")];
    for (group, title) in
        [(Group::Passing, "Requests that pass"), (Group::Rejecting, "Requests answered 503")]
    {
        for (http, name) in [(Http::One, "HTTP/1.1"), (Http::Two, "HTTP/2")] {
            let rows: Vec<_> =
                of_group(results, group).map(|own| row(own, results, http)).collect();
            let table = table::render(&COLUMNS, &rows);
            sections.push(format!("### {title}, {name}\n\n{table}"));
        }
    }
    sections.join("\n")
}

fn row(own: &VariantResults, results: &[VariantResults], http: Http) -> Vec<String> {
    let Costs { time, instructions } = own.costs(http);
    let (added, ratio) = added(own, results, |of| &of.costs(http).time);
    let mut row = vec![own.variant.label.clone()];
    row.extend([decimals(time.median()), quartiles(time), decimals(added), decimals(ratio)]);
    if !instructions.is_empty() {
        let (added, ratio) = self::added(own, results, |of| &of.costs(http).instructions);
        let count = instructions.median();
        row.extend([format!("{count:.0}"), format!("{added:.0}"), decimals(ratio)]);
    }
    row
}

/// Cost that a variant adds to its baseline, and the ratio of this cost to the cost that
/// the minimal module adds.
fn added(
    own: &VariantResults,
    results: &[VariantResults],
    quantity: impl Fn(&VariantResults) -> &Samples,
) -> (f64, f64) {
    let of = |label: &str| {
        let found = results.iter().find(|other| other.variant.label == label);
        found.map(&quantity).cloned().unwrap_or_default()
    };
    let baseline = of(own.variant.baseline());
    let added = quantity(own).above(&baseline).median();
    (added, added / of(own.variant.minimal()).above(&baseline).median())
}

/// A table of how the cost of a 503 grows with the configuration.
pub fn growth(results: &[VariantResults]) -> String {
    let rows: Vec<_> = of_group(results, Group::Growing)
        .map(|own| {
            let time = &own.http1.time;
            vec![own.variant.label.clone(), decimals(time.median()), quartiles(time)]
        })
        .collect();
    let table = table::render(&["", "time, µs", "quartiles"], &rows);
    format!(
        "### How a 503 grows, HTTP/1.1\n\n\
         Processor time of a 503 by the number of exemptions that are searched, and by the length of the body.\n\n\
         {table}"
    )
}

/// A table of the cost of each optional field to a request.
pub fn fields(results: &[VariantResults]) -> String {
    let is_of_field = |own: &&VariantResults| matches!(own.variant.group, Group::Field(_));
    let row = |own: &VariantResults| {
        let Costs { time, instructions } = &own.http1;
        let time_added = added(own, results, |of| &of.http1.time).0;
        let mut row = vec![own.variant.label.clone(), decimals(time.median()), quartiles(time)];
        row.extend([decimals(time_added), own.variant.baseline().into()]);
        if !instructions.is_empty() {
            let added = added(own, results, |of| &of.http1.instructions).0;
            row.extend([format!("{:.0}", instructions.median()), format!("{added:.0}")]);
        }
        row
    };
    let rows: Vec<_> = results.iter().filter(is_of_field).map(row).collect();
    let columns = ["", "time, µs", "quartiles", "time added", "to", "instructions", "added"];
    format!(
        "### What each field costs, HTTP/1.1\n\n\
         One optional field alone, then all together. *added*: above the row that the column *to* names.\n\n{}",
        table::render(&columns, &rows)
    )
}

/// Rows of the chart.
pub fn picture(results: &[VariantResults]) -> Value {
    let rows = |group, title| {
        of_group(results, group).map(move |own| {
            let time = &own.http1.time;
            let (first_quartile, third_quartile) = time.quartiles();
            json!({
                "group": title,
                "label": own.variant.label,
                "median": time.median(),
                "first_quartile": first_quartile,
                "third_quartile": third_quartile,
                "is_this_filter": own.variant.is_this_filter(),
            })
        })
    };
    let passing = rows(Group::Passing, "Requests that pass");
    passing.chain(rows(Group::Rejecting, "Requests answered 503")).collect()
}

fn of_group(results: &[VariantResults], group: Group) -> impl Iterator<Item = &VariantResults> {
    results.iter().filter(move |results| results.variant.group == group)
}

fn quartiles(samples: &Samples) -> String {
    let (first, third) = samples.quartiles();
    format!("{first:.2} to {third:.2}")
}

fn decimals(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use harness::repository;

    use super::*;

    #[test]
    fn the_chart_finds_its_fields_in_the_rows() {
        let variant = |label: &str, group| Variant {
            label: label.into(),
            group,
            path: "/",
            headers: vec![],
            status: 200,
            filters: vec![],
            response: Value::Null,
        };
        let measured = |label, group, times: [f64; 3]| {
            let mut results = VariantResults::new(variant(label, group));
            for time in times {
                results.http1.time.add(time);
            }
            results
        };
        let rows = picture(&[
            measured("Lua filter", Group::Rejecting, [27.0, 26.0, 28.0]),
            measured("this filter, disabled", Group::Passing, [24.0, 24.0, 24.0]),
            measured("64 exemptions", Group::Growing, [1.0, 1.0, 1.0]),
        ]);
        let labels: Vec<_> =
            rows.as_array().expect("rows").iter().map(|row| &row["label"]).collect();
        assert_eq!(labels, ["this filter, disabled", "Lua filter"]);
        assert_eq!((&rows[0]["is_this_filter"], &rows[0]["median"]), (&json!(true), &json!(24.0)));
        assert_eq!((&rows[1]["is_this_filter"], &rows[1]["median"]), (&json!(false), &json!(27.0)));

        let file = repository().join("xtask/pictures/performance.vl.json");
        let chart = fs::read_to_string(file).expect("the specification");
        for row in rows.as_array().expect("rows") {
            for name in row.as_object().expect("a row").keys() {
                assert!(chart.contains(name.as_str()), "the chart does not use {name}");
            }
            let group = row["group"].to_string();
            assert!(chart.contains(&group), "the chart has no place for the group {group}");
        }
    }
}
