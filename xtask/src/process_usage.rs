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

/// Resident memory, in KiB.
pub fn resident_memory(process: u32) -> u64 {
    status(process, "VmRSS:")
}

/// Resident memory that is no part of a file, in KiB.
pub fn anonymous_memory(process: u32) -> u64 {
    status(process, "RssAnon:")
}

fn status(process: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("status in /proc");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a field in KiB")
}
