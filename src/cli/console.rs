//! Standard error: lines, and a block of lines below them that shows the progress of a run and is drawn again and
//! again.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::view::{hang, wrap};
use crate::visible::shown;

/// Columns and rows of a terminal.
pub type Size = (usize, usize);

/// Writes to stderr. Clones write to the same place.
#[derive(Clone)]
pub struct Console(Arc<ConsoleOutput>);

struct ConsoleOutput {
    inner: Mutex<Inner>,
    /// The size of the terminal now; `None` where there is none.
    size: fn() -> Option<Size>,
}

struct Inner {
    to: Box<dyn Write + Send>,
    /// The block as it is drawn. The cursor is at the beginning of the line below it.
    block: Vec<String>,
}

impl Console {
    /// A voice that writes there.
    pub fn new(to: Box<dyn Write + Send>) -> Self {
        Self::sized(to, || None)
    }

    /// A voice on a terminal, whose size is asked before each drawing: it may have been resized.
    pub fn sized(to: Box<dyn Write + Send>, size: fn() -> Option<Size>) -> Self {
        Self(Arc::new(ConsoleOutput { inner: Mutex::new(Inner { to, block: Vec::new() }), size }))
    }

    /// The size of the terminal, 80 columns and 24 rows where it is unknown.
    pub fn size(&self) -> Size {
        (self.0.size)().filter(|(columns, rows)| *columns > 0 && *rows > 0).unwrap_or((80, 24))
    }

    /// Writes with this above the block, and flushes.
    ///
    /// # Errors
    /// Those of the place that it is written to.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let columns = self.size().0;
        let mut inner = self.0.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.erase(columns)?;
        write(&mut *inner.to)?;
        inner.draw()?;
        inner.to.flush()
    }

    /// Writes one line above the block. A closed stderr stops nothing.
    pub fn line(&self, line: &str) {
        let _ = self.write(|to| writeln!(to, "{}", shown(line)));
    }

    /// Writes one line; on a terminal a long one is wrapped at words, with further lines indented.
    pub fn wrapped(&self, line: &str) {
        let Some((columns, _)) = (self.0.size)() else { return self.line(line) };
        let columns = columns.saturating_sub(1).max(20);
        if line.chars().count() <= columns {
            return self.line(line);
        }
        let indent = (line.len() - line.trim_start().len()).min(columns / 2);
        let lines = hang(&wrap(line, columns - indent - 4), indent + 4);
        self.line(&format!("{:indent$}{lines}", ""));
    }

    /// Draws the block anew. None of its lines may be as wide as the terminal.
    pub fn redraw(&self, block: Vec<String>) {
        let columns = self.size().0;
        let mut inner = self.0.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = inner.erase(columns);
        inner.block = block.iter().map(|line| shown(line).into_owned()).collect();
        let _ = inner.draw().and_then(|()| inner.to.flush());
    }
}

impl Inner {
    /// Removes the block. A terminal that has become narrower has wrapped its lines, and Ctrl-C was echoed below it.
    fn erase(&mut self, columns: usize) -> io::Result<()> {
        let rows: usize = self.block.iter().map(|line| line.chars().count().div_ceil(columns.max(1)).max(1)).sum();
        if rows > 0 {
            write!(self.to, "\r\x1b[{rows}A\x1b[J")?;
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        for line in &self.block {
            writeln!(self.to, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Kept {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    #[test]
    fn line_goes_above_the_block() {
        let kept = Kept::default();
        let voice = Console::sized(Box::new(kept.clone()), || Some((40, 10)));
        voice.redraw(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(kept.take(), "one\ntwo\n");
        voice.line("done");
        assert_eq!(kept.take(), "\r\x1b[2A\x1b[Jdone\none\ntwo\n");
        voice.redraw(Vec::new());
        assert_eq!(kept.take(), "\r\x1b[2A\x1b[J");
        voice.line("end");
        assert_eq!(kept.take(), "end\n");
    }

    #[test]
    fn narrower_terminal_has_wrapped_the_block() {
        let kept = Kept::default();
        let voice = Console::sized(Box::new(kept.clone()), || Some((10, 10)));
        voice.redraw(vec!["a line of 25 characters..".to_owned(), "two".to_owned()]);
        kept.take();
        voice.redraw(vec!["two".to_owned()]);
        assert_eq!(kept.take(), "\r\x1b[4A\x1b[Jtwo\n");
    }

    #[test]
    fn long_line_is_wrapped_at_words_and_indented() {
        let kept = Kept::default();
        let voice = Console::sized(Box::new(kept.clone()), || Some((34, 10)));
        voice.wrapped("created virtual_network.primary after 3s");
        assert_eq!(kept.take(), "created\n    virtual_network.primary after\n    3s\n");
        voice.wrapped("FAILED  creating subnet.web");
        assert_eq!(kept.take(), "FAILED  creating subnet.web\n");
    }
}
