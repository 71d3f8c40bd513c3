//! The command line: one file for each command, whose doc comment is its help.
//!
//! This is the only layer that knows a terminal. All it touches outside of the program it touches through a [`Session`].

mod account;
mod adopt;
mod again;
mod apply;
mod check;
mod cloud;
mod completions;
mod confirm;
mod destroy;
mod diff;
mod doctor;
mod emit;
mod ending;
mod exit;
mod failover_group;
mod failure;
mod fmt;
mod graph;
mod init;
mod kinds;
mod loading;
mod logging;
mod man;
mod notices;
mod output;
mod place;
mod plan;
mod planning;
mod progress;
mod refresh;
mod reviewing;
mod roles;
mod session;
mod simulator;
mod state;
mod unlock;
mod validate;
mod voice;

use std::ffi::OsString;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use exit::ExitCode;
pub use failure::Failure;
pub use session::{Session, Terminal, WIDTH};
pub use voice::Voice;

use crate::stack::CloudName;

/// Disaster recovery as code: one typed stack that is planned, applied, failed over and drilled.
///
/// A stack is a directory of *.hcl files that describes a whole system and its recovery sites. drplan compiles it into a dependency graph,
/// compares it with what is recorded and what stands, and brings the cloud to where the stack says. Without --cloud azure, the cloud is an
/// embedded one on simulated time, kept in the state directory, which costs nothing and needs no account.
#[derive(Debug, Parser)]
#[command(
    name = "drplan",
    version = crate::VERSION,
    propagate_version = false,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 120,
    styles = STYLES,
    after_help = "\
Examples:
  drplan init shop --template web-geo      write a stack that works
  drplan plan shop                         show what apply would do, and why
  drplan apply shop                        do it, on the embedded cloud
  drplan kinds mssql_database              what can be written in a block of this kind

Exit codes:
  0 done                                   1 failed
  2 the plan has changes (--detailed-exitcode), or --check found a difference
  3 the stack, or a file given, is wrong
  4 refused for safety (a guard, a lock, a missing acceptance)
  5 stopped part-way; the same command carries on"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Where states are kept unless `--state` says otherwise.
const STATE_ROOT: &str = "state";

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// The cloud: the embedded one, or Azure [default: what the stack says, else local]
    #[arg(long, global = true, value_name = "CLOUD", value_enum, hide_default_value = true)]
    cloud: Option<Cloud>,
    /// The value of a variable of the stack; a list or an object as HCL
    #[arg(long = "var", global = true, value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// A file of values of variables, `name = value` on each line; later ones win
    #[arg(long = "vars", global = true, value_name = "FILE")]
    var_files: Vec<PathBuf>,
    /// Work as if started in this directory
    #[arg(long, global = true, hide_short_help = true, value_name = "DIR")]
    chdir: Option<PathBuf>,
    /// Where states, journals and the embedded cloud are kept
    #[arg(long = "state", global = true, value_name = "DIR", default_value = STATE_ROOT)]
    state_root: PathBuf,
    /// The seed of the embedded cloud and of ids, so that two runs are the same to the byte
    #[arg(long, global = true, hide_short_help = true, value_name = "N")]
    seed: Option<u64>,
    /// Say more on stderr: -v what is done, -vv each request; DRPLAN_LOG filters by module
    #[arg(short, long, global = true, hide_short_help = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Whether to print in colour
    #[arg(long, global = true, hide_short_help = true, value_name = "WHEN", value_enum, default_value_t)]
    color: When,
}

/// The clouds of `--cloud`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cloud {
    /// The embedded cloud, on simulated time
    Local,
    /// Azure
    Azure,
}

impl From<Cloud> for CloudName {
    fn from(cloud: Cloud) -> Self {
        match cloud {
            Cloud::Local => Self::Local,
            Cloud::Azure => Self::Azure,
        }
    }
}

/// When to print in colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The formats of what a command prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For scripts
    Json,
}

/// JSON as it is printed.
fn pretty(json: &serde_json::Value) -> String {
    format!("{json:#}\n")
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Validate(validate::Args),
    Check(check::Args),
    Fmt(fmt::Args),
    Kinds(kinds::Args),
    Graph(graph::Args),
    Emit(emit::Args),
    Plan(plan::Args),
    Diff(diff::Args),
    Apply(apply::Args),
    Destroy(destroy::Args),
    Doctor(doctor::Args),
    Refresh(refresh::Args),
    Roles(roles::Args),
    Output(output::Args),
    State(state::Args),
    Adopt(adopt::Args),
    Unlock(unlock::Args),
    FailoverGroup(failover_group::Args),
    Simulator(simulator::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs one command to its end and returns its exit code. Everything it has to say has been said.
pub fn run(arguments: impl IntoIterator<Item = OsString>, session: &mut Session) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    session.colour = colour(colour_asked(&arguments), session);
    let exit = match parse(&arguments, session) {
        Ok(cli) => start(&cli, session),
        Err(failure) => Err(failure),
    };
    match exit {
        Ok(code) => code,
        Err(failure) => {
            explain(&failure, session);
            failure.exit()
        }
    }
}

fn start(cli: &Cli, session: &mut Session) -> Result<ExitCode, Failure> {
    let Cli { global, command } = cli;
    session.colour = colour(global.color, session);
    logging::start(global.verbose, session);
    if let Some(dir) = &global.chdir {
        let there = session.path(dir);
        if !there.is_dir() {
            return Err(Failure::failed(format!("--chdir {}: there is no such directory", dir.display())));
        }
        session.cwd = there;
    }
    match command {
        Command::Init(args) => init::run(args, global, session),
        Command::Validate(args) => validate::run(args, global, session),
        Command::Check(args) => check::run(args, global, session),
        Command::Fmt(args) => fmt::run(args, session),
        Command::Graph(args) => graph::run(args, global, session),
        Command::Emit(args) => emit::run(args, global, session),
        Command::Plan(args) => plan::run(args, global, session),
        Command::Diff(args) => diff::run(args, global, session),
        Command::Apply(args) => apply::run(args, global, session),
        Command::Destroy(args) => destroy::run(args, global, session),
        Command::Doctor(args) => doctor::run(args, global, session),
        Command::Refresh(args) => refresh::run(args, global, session),
        Command::Roles(args) => roles::run(args, global, session),
        Command::Output(args) => output::run(args, global, session),
        Command::State(args) => state::run(args, global, session),
        Command::Adopt(args) => adopt::run(args, global, session),
        Command::Simulator(args) => simulator::run(args, global, session),
        Command::FailoverGroup(args) => failover_group::run(args, global, session),
        Command::Unlock(args) => unlock::run(args, global, session),
        Command::Kinds(args) => kinds::run(args, session),
        Command::Completions(args) => completions::run(args, session),
        Command::Man(args) => man::run(args, session),
    }
}

/// The whole surface, for help, completions and man pages. Without a terminal its width is fixed.
fn surface(session: &Session) -> clap::Command {
    let command = Cli::command();
    if session.terminal.out { command } else { command.term_width(WIDTH) }
}

fn parse(arguments: &[OsString], session: &mut Session) -> Result<Cli, Failure> {
    let parsed = surface(session)
        .color(ColorChoice::Always)
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => Ok(cli),
        Err(error) => {
            let text = format!("{}\n", error.render().ansi().to_string().trim_end());
            if error.use_stderr() {
                session.say(&text);
                Err(Failure::Usage)
            } else {
                session.print(&text)?;
                Err(Failure::Asked)
            }
        }
    }
}

/// What `--color` says, before the command line is parsed: the message about a wrong one may be in colour, too.
fn colour_asked(arguments: &[OsString]) -> When {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let value = words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--color") {
        Some("") => words.get(at + 1).map(ToString::to_string),
        Some(rest) => rest.strip_prefix('=').map(ToString::to_string),
        None => None,
    });
    value.and_then(|value| When::from_str(&value, true).ok()).unwrap_or_default()
}

fn colour(when: When, session: &Session) -> session::Colour {
    let wanted = |terminal: bool| match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            let set = |name: &str| session.env.get(name).is_some_and(|value| !value.is_empty() && value != "0");
            let dumb = session.env.get("TERM").is_some_and(|term| term == "dumb");
            !set("NO_COLOR") && (set("CLICOLOR_FORCE") || (terminal && !dumb))
        }
    };
    session::Colour { out: wanted(session.terminal.out), err: wanted(session.terminal.err) }
}

fn explain(failure: &Failure, session: &mut Session) {
    const ERROR: Style = AnsiColor::Red.on_default().bold();
    const HELP: Style = Style::new().bold();
    match failure {
        Failure::OutputClosed | Failure::Asked | Failure::Usage => {}
        Failure::Wrong(diagnostics, sources) => session.say_diagnostics(diagnostics, sources),
        Failure::Message { exit: _, code, what, help } => {
            let code = code.map(|code| format!("[{code}]")).unwrap_or_default();
            let mut text = format!("{ERROR}error{code}{ERROR:#}: {what}\n");
            for sentence in help {
                text.push_str(&format!("  = {HELP}help{HELP:#}: {sentence}\n"));
            }
            session.say(&text);
        }
    }
}
