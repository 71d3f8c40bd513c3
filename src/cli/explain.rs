//! `drplan explain`.

use super::help::page_width;
use super::{ExitCode, Failure, Session};
use crate::diagnostic::closest;
use crate::providers::rules;
use crate::reference::codes;
use crate::view;

/// Explain a code: cause, consequence, fix and an example
///
/// Takes codes of errors and warnings, preflight checks of failovers, checks of `doctor`, rules of `check`, and risks
/// of `diff`. Without a code, lists all codes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan explain unknown-argument
  drplan explain data-loss
  drplan explain single-lever")]
pub struct Args {
    /// Code, as in error[unknown-argument]
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub fn run(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    let Some(code) = &args.code else {
        session.print(&list(page_width(session)))?;
        return Ok(ExitCode::Done);
    };
    // The way it is printed is taken, too: error[unknown-argument].
    let code = code.split_once('[').map_or(code.as_str(), |(_, rest)| rest.trim_end_matches(']'));
    let mut parts: Vec<String> = Vec::new();
    let layout = view::Layout { width: page_width(session), ..view::Layout::default() };
    for section in codes::find(code) {
        parts.push(view::pages::code(&section, page_width(session)));
    }
    parts.extend(rules().named(code).map(|rule| view::check::explained(rule, layout)));
    if parts.is_empty() {
        let failure = Failure::failed(format!("there is no code `{code}`"));
        return Err(match closest(code, known().iter().map(String::as_str)) {
            Some(close) => failure.help(format!("Did you mean `{close}`?")),
            None => failure.help("`drplan explain` lists all codes."),
        });
    }
    session.print(&parts.join("\n"))?;
    Ok(ExitCode::Done)
}

fn known() -> Vec<String> {
    let sections = codes::all().into_iter().map(|section| section.code.to_owned());
    sections.chain(rules().iter().map(|rule| rule.name.to_owned())).collect()
}

/// All codes by the page that explains them.
fn list(width: usize) -> String {
    let all = codes::all();
    let mut out = String::new();
    for (page, title) in [
        ("docs/errors.md", "Errors"),
        ("docs/preflight.md", "Preflight checks and checks of doctor"),
        ("docs/review.md", "Risks of diff"),
    ] {
        let names = all.iter().filter(|section| section.page == page).map(|section| section.code);
        out += &columns(title, names, width);
    }
    out + &columns("Rules of check", rules().iter().map(|rule| rule.name), width)
        + "`drplan explain CODE` explains one.\n"
}

fn columns<'a>(title: &str, names: impl Iterator<Item = &'a str>, width: usize) -> String {
    let names = view::wrap(&names.collect::<Vec<_>>().join(", "), width - 2);
    format!("{}\n  {}\n\n", view::styled(view::BOLD, title), view::hang(&names, 2))
}
