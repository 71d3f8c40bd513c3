//! The command line: one file per command, whose doc comment is its help.
//!
//! The only layer that knows a terminal. It reaches everything outside the program through a [`Session`].

mod account;
mod actor;
mod adopt;
mod again;
mod apply;
mod backup;
mod check;
mod cloud;
mod clouds;
mod completions;
mod confirm;
mod console;
mod destroy;
mod diff;
mod doctor;
mod emit;
mod ending;
mod exit;
mod explain;
mod failover_group;
mod failure;
mod fmt;
mod graph;
mod help;
mod init;
mod kinds;
mod loading;
mod location;
mod logging;
mod man;
mod notices;
mod output;
mod overdue;
mod plan;
mod planning;
mod progress;
mod refresh;
mod reviewing;
mod roles;
mod schema;
mod session;
mod show;
mod simulator;
mod state;
mod unlock;
mod validate;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use console::Console;
pub use exit::ExitCode;
pub use failure::Failure;
pub use help::commands_page;
pub use session::{Session, Terminal};

use crate::stack::{CloudName, Program};

/// Disaster recovery as code: plan, apply, fail over and drill a typed stack
///
/// A stack is a directory of *.hcl files that describes a whole system and its recovery sites. drplan compiles it
/// into a dependency graph, compares it with the state and the cloud, and creates or updates resources to match it.
/// Unless the stack or --cloud names a provider, the cloud is the local simulator: it runs on simulated time, is kept
/// in the state directory, costs nothing and needs no account.
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
  drplan init shop --template web-geo      write a working stack
  drplan plan shop                         show the changes that apply would make
  drplan apply shop                        make them, in the local simulator
  drplan kinds mssql_database              list the arguments of a kind of resource

Exit codes:
  0 success                                1 failed
  2 the plan has changes (--detailed-exitcode), or --check found a difference
  3 the stack or an input file has errors
  4 refused for safety (a preflight check, a blocked plan, a lock, a missing acceptance)
  5 stopped before the end; the same command continues"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Default of `--state`.
const STATE_ROOT: &str = "state";

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Flags of every command.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Cloud: the local simulator, or the providers of the stack [default: that of the stack, else local]
    #[arg(long, global = true, value_name = "CLOUD", value_parser = clouds::parser(), hide_default_value = true)]
    cloud: Option<CloudName>,
    /// Set a variable of the stack; lists and objects in HCL
    #[arg(long = "var", global = true, value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// Read variables from a file, `name = value` on each line; *.auto.vars.hcl in the stack's directory are always
    /// read
    #[arg(long = "vars", global = true, value_name = "FILE")]
    var_files: Vec<PathBuf>,
    /// Change to this directory first
    #[arg(long, global = true, hide_short_help = true, value_name = "DIR")]
    chdir: Option<PathBuf>,
    /// Directory of states, journals and the local simulator
    #[arg(long = "state", global = true, value_name = "DIR", default_value = STATE_ROOT)]
    state_root: PathBuf,
    /// Seed of the local simulator and of ids, for output that is identical on each run
    #[arg(long, global = true, hide_short_help = true, value_name = "N")]
    seed: Option<u64>,
    /// Show like lines one by one, and log to stderr: -v operations, -vv requests; DRPLAN_LOG filters by module
    #[arg(short, long, global = true, hide_short_help = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// When to use colour
    #[arg(long, global = true, hide_short_help = true, value_name = "WHEN", value_enum, default_value_t)]
    color: ColourOption,
    /// The variables of the stack that are not sensitive, once its declarations were read: only their values are
    /// printed in commands.
    #[arg(skip)]
    plain: Arc<OnceLock<BTreeSet<String>>>,
}

impl Global {
    /// Notes which variables of the stack may be printed.
    fn learn(&self, program: &Program) {
        // The first stack of a command is the one that it prints commands for.
        let _ = self.plain.set(program.plain_variables().map(str::to_owned).collect());
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ColourOption {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Output formats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For a terminal
    #[default]
    Text,
    /// For scripts
    Json,
}

/// The value of `--group`.
fn group_name(written: &str) -> Result<String, std::convert::Infallible> {
    Ok(crate::stack::group_name(written))
}

/// The value of `--lost` and `--to`.
fn site_name(written: &str) -> Result<String, std::convert::Infallible> {
    Ok(crate::stack::site_name(written))
}

/// Indented JSON.
fn pretty(json: &serde_json::Value) -> String {
    crate::visible::shown_json(&format!("{json:#}\n"))
}

/// A document of format 1 with the fields of `json`.
fn versioned(json: serde_json::Value) -> serde_json::Value {
    let mut document = serde_json::json!({ "format_version": 1 });
    if let (serde_json::Value::Object(all), serde_json::Value::Object(fields)) = (&mut document, json) {
        all.extend(fields);
    }
    document
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Validate(validate::Args),
    Check(check::Args),
    Fmt(fmt::Args),
    Kinds(kinds::Args),
    Explain(explain::Args),
    Schema(schema::Args),
    Help(help::Args),
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
    Show(show::Args),
    State(state::Args),
    Adopt(adopt::Args),
    Unlock(unlock::Args),
    FailoverGroup(failover_group::Args),
    Backup(backup::Args),
    Simulator(simulator::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs one command and returns its exit code. All output and errors are printed by then.
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
            return Err(Failure::failed(format!("--chdir {}: no such directory", dir.display())));
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
        Command::Show(args) => show::run(args, global, session),
        Command::State(args) => state::run(args, global, session),
        Command::Adopt(args) => adopt::run(args, global, session),
        Command::Simulator(args) => simulator::run(args, global, session),
        Command::FailoverGroup(args) => failover_group::run(args, global, session),
        Command::Backup(args) => backup::run(args, global, session),
        Command::Unlock(args) => unlock::run(args, global, session),
        Command::Kinds(args) => kinds::run(args, session),
        Command::Explain(args) => explain::run(args, session),
        Command::Schema(args) => schema::run(args, session),
        Command::Help(args) => help::run(args, session),
        Command::Completions(args) => completions::run(args, session),
        Command::Man(args) => man::run(args, session),
    }
}

/// The whole command line, for documentation and tests.
pub fn command_line() -> clap::Command {
    Cli::command()
}

/// The whole command line, for help, completions and man pages.
fn surface(session: &Session) -> clap::Command {
    Cli::command().term_width(help::page_width(session))
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

/// The value of `--color` before the command line is parsed: the message about a wrong command line may be in colour,
/// too.
fn colour_asked(arguments: &[OsString]) -> ColourOption {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let value = words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--color") {
        Some("") => words.get(at + 1).map(ToString::to_string),
        Some(rest) => rest.strip_prefix('=').map(ToString::to_string),
        None => None,
    });
    value.and_then(|value| ColourOption::from_str(&value, true).ok()).unwrap_or_default()
}

fn colour(when: ColourOption, session: &Session) -> session::Colour {
    let wanted = |terminal: bool| match when {
        ColourOption::Always => true,
        ColourOption::Never => false,
        ColourOption::Auto => {
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
