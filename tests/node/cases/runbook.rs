//! `docs/runbook.md`: each command in order, and what the page says that one sees.
//!
//! 1. A code block with the info string `sh runnable` is run by bash. Its exit status
//!    must be 0.
//! 2. The block `text` after it lists lines of its output, in their order. Other lines
//!    may stand between them. `…` stands for any text, and any whitespace for a space.
//! 3. With `sh runnable repeat`, the block is run again until it succeeds and its output is
//!    as listed.
//! 4. Variables that a block sets are set in the blocks after it.

use std::fs;
use std::path::Path;
use std::process::Command;

use harness::markdown::{Block, code_blocks};
use harness::wait::eventually;
use tempfile::TempDir;

use crate::application::{Application, DEFAULT};
use crate::cluster::{Cluster, POD_TIMEOUT};

/// Command of the page, and what it prints.
struct Step {
    command: Block,
    expected: String,
}

impl Step {
    /// Steps of the page.
    fn all(page: &Path) -> Vec<Self> {
        let blocks = code_blocks(page);
        let mut steps = Vec::new();
        for (index, block) in blocks.iter().enumerate() {
            if block.info.starts_with("sh runnable") {
                let output = blocks.get(index + 1).filter(|block| block.info == "text");
                let output = output.unwrap_or_else(|| panic!("line {}: no output", block.line));
                steps.push(Self { command: block.clone(), expected: output.text.clone() });
            }
        }
        steps
    }

    fn is_repeated(&self) -> bool {
        self.command.info.ends_with("repeat")
    }

    /// First expected line that is not in `output` after the earlier ones.
    fn missing_in(&self, output: &str) -> Option<&str> {
        let mut lines = output.lines();
        self.expected.lines().find(|expected| !lines.any(|line| matches(expected, line)))
    }
}

/// Returns whether a line has the parts of `pattern` in order, from its beginning to its end.
fn matches(pattern: &str, line: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (pattern, line) = (squeeze(pattern), squeeze(line));
    let Some((first, rest)) = pattern.split_once('…') else { return pattern == line };
    let Some(mut line) = line.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('…').unwrap_or(("", rest));
    for part in middle.split('…') {
        let Some(position) = line.find(part) else { return false };
        line = &line[position + part.len()..];
    }
    line.ends_with(last)
}

/// Shell of an operator, in the root of the repository.
struct Shell {
    /// File with the variables that earlier blocks have set.
    variables: TempDir,
    path: std::ffi::OsString,
    kubeconfig: std::path::PathBuf,
    folder: std::path::PathBuf,
}

impl Shell {
    fn new(application: &Application) -> Self {
        let variables = TempDir::new().expect("a folder");
        let (namespace, address) = (&application.namespace, application.address());
        let text = format!("NAMESPACE={namespace}\nDEPLOYMENT=shop\nURL=http://{address}\n");
        fs::write(variables.path().join("variables"), text).expect("the variables");
        Self {
            variables,
            path: application.kubectl.search_path(),
            kubeconfig: application.kubectl.kubeconfig().to_owned(),
            folder: application.shipped.root().to_owned(),
        }
    }

    /// Runs a block. Returns whether it succeeds, and what it prints.
    fn run(&self, command: &Block) -> (bool, String) {
        let script = format!(
            "set -aeuo pipefail\n. variables\ncd \"$FOLDER\"\n{}\ncd - >/dev/null\n{}",
            command.text,
            "declare -p NAMESPACE DEPLOYMENT URL TOKEN DIGEST 2>/dev/null >variables || true"
        );
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(self.variables.path())
            .env("FOLDER", &self.folder)
            .env("PATH", &self.path)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("no_proxy", "*")
            .output()
            .expect("bash runs");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), text)
    }

    /// Runs a step once.
    ///
    /// # Errors
    /// Says what is not as the page says.
    fn try_step(&self, step: &Step) -> Result<(), String> {
        let (succeeds, output) = self.run(&step.command);
        let problem = match step.missing_in(&output) {
            _ if !succeeds => "the command fails".into(),
            Some(line) => format!("the output has no line {line:?}"),
            None => return Ok(()),
        };
        let Block { line, text, .. } = &step.command;
        Err(format!("docs/runbook.md, line {line}: {problem}\n{text}{output}"))
    }
}

pub async fn every_command_does_what_the_page_says(cluster: &Cluster) {
    let application = Application::start(cluster, &DEFAULT).await;
    application.apply("standby");
    let shell = Shell::new(&application);
    let steps = Step::all(&harness::repository().join("docs/runbook.md"));
    assert!(steps.len() > 10, "the page has only {} commands", steps.len());
    for step in &steps {
        if step.is_repeated() {
            let condition = format!("line {} of docs/runbook.md", step.command.line);
            let succeeds = async || {
                shell.try_step(step).inspect_err(|problem| eprintln!("again: {problem}")).ok()
            };
            eventually(&condition, POD_TIMEOUT, succeeds).await;
        } else {
            shell.try_step(step).unwrap_or_else(|problem| panic!("{problem}"));
        }
    }
    application.finish();
}
