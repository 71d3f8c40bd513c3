//! `drplan help`, and the page of all commands.

use std::fmt::Write as _;

use super::{ExitCode, Failure, Session, surface};
use crate::diagnostic::closest;
use crate::providers::topics;
use crate::view::{self, WIDTH};

/// Print a page of the documentation, or the help of a command
///
/// Without a topic, lists the topics. The pages are those of docs/.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan help
  drplan help language
  drplan help failover-group up")]
pub struct Args {
    /// Topic, or a command with its subcommand
    #[arg(value_name = "TOPIC")]
    words: Vec<String>,
}

pub fn run(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    let [first, ..] = args.words.as_slice() else {
        session.print(&list(page_width(session)))?;
        return Ok(ExitCode::Done);
    };
    let topic = topics().into_iter().find(|topic| topic.name == first);
    if let (Some(topic), [_]) = (topic, args.words.as_slice()) {
        session.print(&view::pages::text(topic.text, page_width(session)))?;
        if surface(session).find_subcommand(first).is_some() {
            session.print(&format!("\n`drplan {first} --help` lists the flags of the command.\n"))?;
        }
        return Ok(ExitCode::Done);
    }
    let mut command = surface(session);
    command.build();
    for word in &args.words {
        command = match command.find_subcommand(word) {
            Some(inner) => inner.clone(),
            None => return Err(unknown(word, &command, word == first)),
        };
    }
    let text = command.render_long_help().ansi().to_string();
    session.print(&format!("{}\n", text.trim_end()))?;
    Ok(ExitCode::Done)
}

/// The width of a page: that of the terminal, at most [`WIDTH`].
pub(super) fn page_width(session: &Session) -> usize {
    session.width().min(WIDTH)
}

fn unknown(word: &str, command: &clap::Command, is_first: bool) -> Failure {
    let commands = command.get_subcommands().map(|inner| inner.get_name().to_owned());
    let names = topics().into_iter().filter(|_| is_first).map(|topic| topic.name.to_owned());
    let known: Vec<String> = names.chain(commands).collect();
    let failure = Failure::failed(format!("there is no topic or command `{word}`"));
    match closest(word, known.iter().map(String::as_str)) {
        Some(close) => failure.help(format!("Did you mean `{close}`?")),
        None => failure.help("`drplan help` lists the topics, `drplan --help` the commands."),
    }
}

fn list(width: usize) -> String {
    let rows: Vec<Vec<String>> =
        topics().iter().map(|topic| vec![format!("  {}", topic.name), topic.about.to_owned()]).collect();
    let more = "`drplan help TOPIC` prints a page, `drplan help COMMAND` or `drplan --help` the help of commands. \
                `drplan kinds NAME` shows what can be written in a block, `drplan explain CODE` explains an error, \
                `drplan schema NAME` prints the schema of a JSON document.";
    format!("{}\n{}\n{}\n", view::styled(view::BOLD, "Topics"), view::table(&rows, 2, width), view::wrap(more, width))
}

/// The page of all commands, `docs/commands.md`: the help of each.
pub fn commands_page() -> String {
    let mut command = <super::Cli as clap::CommandFactory>::command().term_width(WIDTH);
    command.build();
    let mut out =
        "# Commands\n\nGenerated from `drplan COMMAND --help`. Exit codes: [exit-codes](exit-codes.md).\n".to_owned();
    page_of(&mut command, "", &mut out);
    out
}

fn page_of(command: &mut clap::Command, above: &str, out: &mut String) {
    let name = format!("{above}{}", command.get_name());
    // Flags that every command takes stand once, with the program itself.
    let shown = command.clone().bin_name(&name);
    let hide = |arg: clap::Arg| if arg.is_global_set() { arg.hide(true) } else { arg };
    let mut shown = if above.is_empty() { shown } else { shown.mut_args(hide) };
    let help = shown.render_long_help().to_string();
    let help: String = help.trim_end().lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let _ = write!(out, "\n## {name}\n\n```text\n{help}```\n");
    for inner in command.get_subcommands_mut() {
        if !inner.is_hide_set() && inner.get_name() != "help" {
            page_of(inner, &format!("{name} "), out);
        }
    }
}
