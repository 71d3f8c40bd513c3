//! The log: tracing to stderr, for `-v` and `DRPLAN_LOG`.

use std::io::{self, Write};

use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::Session;
use crate::providers::secretive_logs;
use crate::visible::shown;

/// Standard error for the log, whose lines may contain text of a server.
struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(shown(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Starts the log that `-v` or `DRPLAN_LOG` requests. A process has one log, so only a session that owns the process
/// starts it.
pub fn start(verbose: u8, session: &mut Session) {
    let asked = session.env.get("DRPLAN_LOG").filter(|asked| !asked.is_empty()).cloned();
    if !session.owns_process || (verbose == 0 && asked.is_none()) {
        return;
    }
    let directives = asked.unwrap_or_else(|| match verbose {
        1 => "drplan=info".to_owned(),
        2 => "drplan=debug".to_owned(),
        _ => "debug".to_owned(),
    });
    let filter = match EnvFilter::builder().parse(&directives) {
        Ok(filter) => filter,
        Err(error) => {
            session.say(&format!("warning: DRPLAN_LOG is ignored, since it is no filter: {error}\n"));
            return;
        }
    };
    let secretive: Vec<&str> = secretive_logs().collect();
    let layer = fmt::layer()
        .with_writer(|| LogWriter)
        .with_ansi(session.colour.err)
        .with_filter(filter)
        // Whole bodies are logged at debug by libraries of providers, and a body may hold a password.
        .with_filter(tracing_subscriber::filter::filter_fn(move |metadata| {
            let is_secretive = secretive.iter().any(|prefix| metadata.target().starts_with(prefix));
            !is_secretive || *metadata.level() <= LevelFilter::INFO
        }));
    session.is_logging = true;
    // A log that this process has already stays.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}
