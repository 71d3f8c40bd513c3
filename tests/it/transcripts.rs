//! Sessions at the command line, each a text file with its golden output: `tests/transcripts/*.txt`.
//!
//! ```text
//! ## A comment.
//! $ cat > stack.hcl <<END        writes a file, up to a line that is END
//! …
//! END
//! $ edit stack.hcl "old" "new"   replaces a text that must exist
//! $ rm stack.hcl
//! $ show stack.hcl               prints a file, each line after a bar
//! $ answer yes                   gives the next command a terminal with this input
//! $ meanwhile drplan …           runs during the next command that repeats itself: one at each of its pauses, after
//!                                the last of which it ends
//! $ kill at "promoting"          ends the next command without cleaning up once its messages contain this text
//! $ git commit -q -m one         runs git with a fixed author and time, so that commit ids are stable
//! $ drplan plan                  runs in this process, in a directory of its own, from one seed
//! its output
//! stderr:
//! its messages
//! exit 3                         its exit code unless 0
//! ```
//!
//! Everything between commands is golden. `UPDATE_TRANSCRIPTS=1 cargo test --test it transcripts` rewrites it; then
//! review the diff.

use std::fmt::Write as _;
use std::io::{Cursor, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};

use drplan::cli::{self, Session};
use drplan::host::{SeededIds, SimClock};

/// Seed of every session.
pub const SEED: u64 = 7;

/// Writer that collects its input.
#[derive(Clone, Default)]
pub struct CollectedOutput(Arc<Mutex<Vec<u8>>>);

impl Write for CollectedOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl CollectedOutput {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Messages of a command that dies while it writes a certain text.
struct FatalOutput {
    to: CollectedOutput,
    kill_at: Option<String>,
}

impl Write for FatalOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        if self.kill_at.as_ref().is_some_and(|text| self.to.text().contains(text)) {
            self.kill_at = None;
            std::panic::resume_unwind(Box::new("killed by the transcript"));
        }
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

/// Words of a command. Double quotes keep a word together; `\"` and `\n` in them are a quote and a line break.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => (quoted, begun) = (!quoted, true),
            '\\' if quoted => word.extend(chars.next().map(|c| if c == 'n' { '\n' } else { c })),
            ' ' if !quoted => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => {
                begun = true;
                word.push(c);
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

struct TranscriptRun<'a> {
    dir: &'a Path,
    ids: Arc<SeededIds>,
    answer: Option<String>,
    /// The text at which the next command is killed.
    kill_at: Option<String>,
    /// The commands for the pauses of the next one.
    meanwhile: Vec<Vec<String>>,
}

impl TranscriptRun<'_> {
    /// Runs one command and returns its output as in the transcript.
    fn run(&mut self, words: &[String]) -> String {
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["edit", file, old, new] => {
                let text = std::fs::read_to_string(self.dir.join(file)).expect(file);
                assert!(text.contains(old), "{file} does not contain {old:?}");
                std::fs::write(self.dir.join(file), text.replacen(old, new, 1)).unwrap();
                String::new()
            }
            ["copy", stack, to] => {
                let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(stack);
                std::fs::create_dir_all(self.dir.join(to)).unwrap();
                for file in from.read_dir().expect(stack).map(Result::unwrap) {
                    std::fs::copy(file.path(), self.dir.join(to).join(file.file_name())).unwrap();
                }
                String::new()
            }
            ["rm", file] => {
                std::fs::remove_file(self.dir.join(file)).unwrap();
                String::new()
            }
            ["show", file] => {
                let text = std::fs::read_to_string(self.dir.join(file)).expect(file);
                text.lines().map(|line| format!("| {line}").trim_end().to_owned() + "\n").collect()
            }
            ["answer", answer] => {
                self.answer = Some(format!("{answer}\n"));
                String::new()
            }
            ["meanwhile", "drplan", ..] => {
                self.meanwhile.push(words.iter().skip(1).cloned().collect());
                String::new()
            }
            ["kill", "at", text] => {
                self.kill_at = Some((*text).to_owned());
                String::new()
            }
            ["git", arguments @ ..] => {
                git(self.dir, arguments);
                String::new()
            }
            ["drplan", ..] => self.drplan(words),
            other => panic!("unknown command in a transcript: {other:?}"),
        }
    }

    fn drplan(&mut self, words: &[String]) -> String {
        let (out, err) = (CollectedOutput::default(), CollectedOutput::default());
        let ids = Arc::clone(&self.ids) as _;
        // Approvals have the time of this machine.
        let now = Arc::new(SimClock::new("2026-02-01T00:00:00Z".parse().unwrap()));
        let messages = FatalOutput { to: err.clone(), kill_at: self.kill_at.take() };
        let is_killed = messages.kill_at.is_some();
        let mut session = Session::detached(
            Box::new(out.clone()),
            Box::new(messages),
            self.dir.to_owned(),
            ids,
            drplan::providers::catalog(),
        );
        session.clock = now;
        if let Some(answer) = self.answer.take() {
            session.terminal.input = true;
            session.input = Box::new(Cursor::new(answer.into_bytes()));
        }
        let mut meanwhile = std::mem::take(&mut self.meanwhile).into_iter();
        let (dir, ids) = (self.dir.to_owned(), Arc::clone(&self.ids));
        session.pause = Box::new(move |_| {
            let Some(words) = meanwhile.next() else { return true };
            let nowhere = || Box::new(std::io::sink());
            let mut other = Session::detached(
                nowhere(),
                nowhere(),
                dir.clone(),
                Arc::clone(&ids) as _,
                drplan::providers::catalog(),
            );
            let _ = cli::run(words.iter().map(Into::into), &mut other);
            false
        });
        let mut run = || cli::run(words.iter().map(Into::into), &mut session);
        let ended = if is_killed { catch_unwind(AssertUnwindSafe(run)).ok() } else { Some(run()) };
        assert_eq!(ended.is_none(), is_killed, "the text to kill at was not printed");
        let mut text = whole_lines(out.text());
        if !err.text().is_empty() {
            write!(text, "stderr:\n{}", whole_lines(err.text())).unwrap();
        }
        match ended.map(cli::ExitCode::code) {
            None => text += "killed\n",
            Some(0) => {}
            Some(code) => writeln!(text, "exit {code}").unwrap(),
        }
        text
    }
}

/// Runs git in this directory with a fixed author, a fixed time, and no configuration of this machine.
fn git(dir: &Path, arguments: &[&str]) {
    let mut git = std::process::Command::new("git");
    git.args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"]).args(arguments).current_dir(dir);
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "nobody").env(format!("GIT_{who}_EMAIL"), "nobody@example.com");
        git.env(format!("GIT_{who}_DATE"), "2026-01-05T08:00:00Z");
    }
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let done = git.output().expect("git is installed");
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn whole_lines(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The transcript with the current output.
fn play(script: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut session = TranscriptRun {
        dir: dir.path(),
        ids: Arc::new(SeededIds::new(SEED)),
        answer: None,
        kill_at: None,
        meanwhile: Vec::new(),
    };
    let mut played = String::new();
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("## ") {
            writeln!(played, "{line}").unwrap();
        }
        let Some(command) = line.strip_prefix("$ ") else { continue };
        writeln!(played, "{line}").unwrap();
        if let Some((file, end)) = command.strip_prefix("cat > ").and_then(|rest| rest.split_once(" <<")) {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
            let text: String = text.iter().map(|line| format!("{line}\n")).collect();
            let path = session.dir.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &text).unwrap();
            write!(played, "{text}{end}\n\n").unwrap();
        } else {
            writeln!(played, "{}", session.run(&words(command))).unwrap();
        }
    }
    played
}

#[test]
fn transcripts_match_the_current_output() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut wrong = String::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "txt")) {
        let recorded = std::fs::read_to_string(file).unwrap();
        let played = play(&recorded);
        if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
            std::fs::write(file, &played).unwrap();
        } else if played != recorded {
            let diff = similar::TextDiff::from_lines(&recorded, &played);
            let name = file.file_name().unwrap().to_string_lossy();
            write!(wrong, "{}", diff.unified_diff().header(&format!("{name} recorded"), &format!("{name} now")))
                .unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
