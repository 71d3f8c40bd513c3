//! Whole commands: the release binary in its own process, with processor time and peak memory.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Failed, Row, stacks};

/// Number of runs of a read-only command; the fastest counts.
const RUNS: usize = 5;
/// Interval between reads of the process's memory.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Measures the commands on a stack of this many resources; `folder` must be empty.
pub fn measure(resources: usize, folder: &Path) -> Result<Vec<Row>, Failed> {
    for (name, text) in stacks::stack(resources) {
        fs::write(folder.join(name), text)?;
    }
    let mut rows = vec![fastest("validate", &["validate"], folder)?];
    rows.push(fastest("diff, nothing differs", &["diff", ".", "."], folder)?);
    rows.push(once("apply from nothing", &["apply", "--yes"], folder)?);
    rows.push(fastest("plan --refresh=false", &["plan", "--refresh=false"], folder)?);
    rows.push(fastest("plan --refresh=true", &["plan", "--refresh=true"], folder)?);
    rows.push(once("emit terraform", &["emit", "terraform", "--out", "terraform"], folder)?);
    rows.push(once("emit bicep", &["emit", "bicep", "--out", "bicep"], folder)?);
    Ok(rows)
}

fn fastest(name: &'static str, words: &[&str], folder: &Path) -> Result<Row, Failed> {
    let runs = (0..RUNS).map(|_| once(name, words, folder)).collect::<Result<Vec<Row>, Failed>>()?;
    runs.into_iter().min_by_key(|row| row.took).ok_or_else(|| "no command was run".into())
}

fn once(name: &'static str, words: &[&str], folder: &Path) -> Result<Row, Failed> {
    let before = processor_time()?;
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_drplan"))
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let (took, peak, code) = watched(&mut child, began)?;
    if code != Some(0) {
        return Err(format!("drplan {} ended with {code:?}", words.join(" ")).into());
    }
    let processor = processor_time()?.saturating_sub(before);
    let detail = format!("{:.2} s of processor, {:.0} MB", processor.as_secs_f64(), peak as f64 / 1e3);
    Ok(Row { name, took, detail })
}

/// Waits for a process. Returns its duration, peak memory in kilobytes, and exit code.
fn watched(child: &mut Child, began: Instant) -> Result<(Duration, u64, Option<i32>), Failed> {
    let status = format!("/proc/{}/status", child.id());
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let peak = scope.spawn(|| {
            let mut peak = 0;
            while !ended.load(Ordering::Relaxed) {
                peak = high_water(&status).unwrap_or(0).max(peak);
                std::thread::sleep(LOOK_EVERY);
            }
            peak
        });
        let code = child.wait();
        let took = began.elapsed();
        ended.store(true, Ordering::Relaxed);
        let peak = peak.join().map_err(|_| "the memory could not be measured")?;
        Ok((took, peak, code?.code()))
    })
}

/// `VmHWM` of a process, in kilobytes; `None` once it has ended.
fn high_water(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The processor time of all ended child processes, in steps of ten milliseconds.
fn processor_time() -> Result<Duration, Failed> {
    let text = fs::read_to_string("/proc/self/stat")?;
    // After the name in brackets: cutime and cstime are fields 16 and 17 of the line, 14 and 15 of the rest.
    let (_, rest) = text.rsplit_once(')').ok_or("/proc/self/stat cannot be read")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = fields.iter().skip(13).take(2).map(|field| field.parse::<u64>()).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}
