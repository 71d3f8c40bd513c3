//! Where everything is said that was not asked for. A run that is drawn on the terminal shares it with what is told meanwhile.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::MultiProgress;

/// Says things on stderr. Clones say them to the same place.
#[derive(Clone)]
pub struct Voice(Arc<Place>);

struct Place {
    to: Mutex<Box<dyn Write + Send>>,
    /// What is drawn there, if anything is: lines then go above it.
    drawn: Mutex<Option<MultiProgress>>,
}

impl Voice {
    /// A voice that writes there.
    pub fn new(to: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(Place { to: Mutex::new(to), drawn: Mutex::default() }))
    }

    /// Writes with this, and sends off what was written.
    ///
    /// # Errors
    /// Those of the place that it is written to.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut to = self.0.to.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut *to)?;
        to.flush()
    }

    /// Says one line, above what is drawn. That nobody listens stops nothing.
    pub fn line(&self, line: &str) {
        let drawn = self.0.drawn.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let _ = match drawn {
            Some(drawn) => drawn.println(line),
            None => self.write(|to| writeln!(to, "{line}")),
        };
    }

    /// Shares the place with what is drawn there, until what this returns is dropped.
    pub fn share(&self, drawn: &MultiProgress) -> Sharing {
        *self.0.drawn.lock().unwrap_or_else(PoisonError::into_inner) = Some(drawn.clone());
        Sharing(self.clone())
    }
}

/// A voice beside something that is drawn: while it lives, every line goes above that.
pub struct Sharing(Voice);

impl Sharing {
    /// Says one line.
    pub fn line(&self, line: &str) {
        self.0.line(line);
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        *self.0.0.drawn.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
