//! Commands that a recipe's page gives under "Verify".

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use harness::upstream::BODY;

/// Runs each `curl -i` under "Verify" on the page of a recipe, against a proxy in place
/// of the hosts on the page, and asserts what the page says of the reply. Returns the
/// number of commands.
#[track_caller]
pub fn verify(recipe: &str, proxy: SocketAddr, environment: &[(&str, &str)]) -> usize {
    let page = harness::repository().join("docs/recipes").join(recipe).with_extension("md");
    let text = fs::read_to_string(page).expect("a page");
    let (_, section) = text.split_once("## Verify\n").expect("a section");
    let commands = section.lines().filter_map(|line| line.strip_prefix("curl -i "));
    let mut count = 0;
    for line in commands {
        let (arguments, expected) = line.split_once(" # ").expect("a command and its reply");
        let reply = curl(proxy, arguments, environment);
        assert_reply(&reply, expected.trim());
        count += 1;
    }
    count
}

/// Runs `curl -i` with arguments of a shell.
fn curl(proxy: SocketAddr, arguments: &str, environment: &[(&str, &str)]) -> String {
    let arguments = arguments.replace("https://", "http://");
    let script = format!("curl -i --silent --noproxy '*' --connect-to ::{proxy} {arguments}");
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).envs(environment.iter().copied());
    let output = bash.output().expect("bash runs");
    assert!(output.status.success(), "{script}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Asserts that a reply is `expected`: the application's, or a status that may be
/// followed by a header and by the start of the body.
#[track_caller]
fn assert_reply(reply: &str, expected: &str) {
    let (head, body) = reply.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status");
    let mut parts = expected.splitn(3, ", ");
    let first = parts.next().unwrap_or_default();
    if first.ends_with("application's reply") {
        assert_eq!((status, body), ("200", BODY), "{expected}");
        return;
    }
    assert_eq!(status, first, "{reply}");
    if let Some(header) = parts.next() {
        assert!(head.lines().any(|line| line == header), "{header} is not in {head}");
    }
    if let Some(start) = parts.next() {
        let start = start.trim_end_matches(['…', ',', '}']);
        assert!(body.starts_with(start), "{body} does not start with {start}");
    }
}
