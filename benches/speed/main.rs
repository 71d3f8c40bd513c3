//! Duration of drplan's stages and commands by stack size, and the cost of hostile texts:
//! `cargo bench --bench speed -- [stages|commands|costs] [SIZE…]`.
//!
//! Prints figures and asserts nothing about them: they depend on the machine.

mod commands;
mod costs;
mod hostile;
mod stacks;
mod stages;

use std::path::Path;
use std::time::Duration;

/// The default stack sizes.
const SIZES: [usize; 3] = [1_000, 3_000, 10_000];

/// The reason for a missing figure.
type Failed = Box<dyn std::error::Error>;

/// One figure.
pub struct Row {
    /// The measured stage or command.
    name: &'static str,
    /// Its duration.
    took: Duration,
    /// Further figures, as text.
    detail: String,
}

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let given: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let sizes = if given.is_empty() { SIZES.to_vec() } else { given };
    let wanted = |word: &str| !words.iter().any(|w| ["stages", "commands", "costs"].contains(&&**w) && w != word);
    if wanted("stages") {
        table(&sizes, stages::measure)?;
    }
    if wanted("commands") {
        table(&sizes, commands::measure)?;
    }
    if wanted("costs") {
        costs::print();
    }
    Ok(())
}

fn table(sizes: &[usize], measure: impl Fn(usize, &Path) -> Result<Vec<Row>, Failed>) -> Result<(), Failed> {
    let mut columns = Vec::new();
    for size in sizes {
        let folder = tempfile::tempdir()?;
        columns.push(measure(*size, folder.path())?);
    }
    print(sizes, &columns);
    Ok(())
}

/// Prints a table: one line per figure, one column per size, with the ratio to the column before.
fn print(sizes: &[usize], columns: &[Vec<Row>]) {
    let Some(first) = columns.first() else { return };
    let heads: String = sizes.iter().map(|size| format!("{size:>20}")).collect();
    println!("{:<26}{heads}", "");
    for (at, row) in first.iter().enumerate() {
        let mut line = format!("{:<26}", row.name);
        let mut before: Option<Duration> = None;
        for row in columns.iter().filter_map(|column| column.get(at)) {
            let ratio = before.map(|before| format!("× {:.1}", row.took.as_secs_f64() / before.as_secs_f64()));
            line.push_str(&format!("{:>11.1} ms {:<6}", row.took.as_secs_f64() * 1e3, ratio.unwrap_or_default()));
            before = Some(row.took);
        }
        println!("{line}");
        for (size, row) in sizes.iter().zip(columns.iter().filter_map(|column| column.get(at))) {
            if !row.detail.is_empty() {
                println!("    {size}: {}", row.detail);
            }
        }
    }
}
