//! `drplan completions`.

use clap_complete::Shell;

use super::{ExitCode, Failure, Session, surface};

/// Print a shell completion script
///
/// Completes commands, flags and their values.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan completions bash > ~/.local/share/bash-completion/completions/drplan
  drplan completions zsh > ~/.zfunc/_drplan
  drplan completions fish > ~/.config/fish/completions/drplan.fish")]
pub struct Args {
    /// Shell
    shell: Shell,
}

pub fn run(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut surface(session), "drplan", &mut script);
    session.print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Done)
}
