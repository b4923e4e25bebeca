//! Processor time and memory of a process, from Linux's `/proc`.

use std::fs;

/// Processor time of all threads so far, in microseconds. `schedstat` counts
/// nanoseconds; `stat` would count hundredths of a second.
pub fn processor_time(process: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("threads in /proc");
    let nanoseconds = |thread: fs::DirEntry| -> Option<f64> {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    threads.flatten().filter_map(nanoseconds).sum::<f64>() / 1000.0
}

/// Memory of a process, in MiB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// All resident pages.
    pub resident: f64,
    /// Resident pages, each divided by the number of processes that share it.
    pub proportional: f64,
}

/// Memory of a process.
pub fn memory(process: u32) -> Memory {
    let file = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let field = |name| mebibytes(&text, name).unwrap_or_else(|| panic!("no {name} in {file}"));
    Memory { resident: field("Rss:"), proportional: field("Pss:") }
}

/// Value of a line such as `Rss:  1024 kB`, in MiB.
pub fn mebibytes(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024.0)
}
