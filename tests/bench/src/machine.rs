//! What the kernel says about processes and about this machine.

use std::{fs, thread::available_parallelism};

use anyhow::{Context, Result};

/// Linux counts a process's time in hundredths of a second.
const MS_PER_TICK: u64 = 10;

/// A process's own time on the processors, user and system, in milliseconds.
///
/// # Errors
/// If there is no such process.
pub(crate) fn cpu_ms(pid: u32) -> Result<u64> {
    let times = stat(pid)?;
    Ok((field(&times, 11) + field(&times, 12)) * MS_PER_TICK)
}

/// The same for a process with all its children, those that have ended included.
///
/// # Errors
/// If there is no such process.
pub(crate) fn family_cpu_ms(pid: u32) -> Result<u64> {
    let own = stat(pid)?;
    let mut ticks: u64 = (11..15).map(|nth| field(&own, nth)).sum();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(other) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that has ended meanwhile is counted by its parent.
        let Ok(times) = stat(other) else { continue };
        if field(&times, 1) == u64::from(pid) {
            ticks += field(&times, 11) + field(&times, 12);
        }
    }
    Ok(ticks * MS_PER_TICK)
}

/// The fields of `/proc/PID/stat` behind the program's name.
fn stat(pid: u32) -> Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = text.rsplit_once(')').context("an odd /proc/PID/stat")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

fn field(fields: &[String], nth: usize) -> u64 {
    fields.get(nth).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A line of `/proc/PID/status` such as `VmRSS`, in megabytes.
///
/// # Errors
/// If there is no such process or line.
pub(crate) fn memory_mb(pid: u32, name: &str) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes: u32 =
        line.and_then(|rest| rest.split_whitespace().next()).context("no such line")?.parse()?;
    Ok(f64::from(kilobytes) / 1024.0)
}

/// This machine in one line: processors, and how busy others keep them.
pub(crate) fn describe() -> String {
    let cores = available_parallelism().map_or(0, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        model.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1)).unwrap_or("?");
    format!("{cores} cores ({model}), load {}", load())
}

/// The load average of the last minute.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("?").to_owned()
}
