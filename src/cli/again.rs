//! Commands as a user copies them: complete, quoted for a shell, and with the flags of the command that prints them.

use std::collections::BTreeSet;
use std::path::Path;

use super::Global;
use crate::address::Address;
pub use crate::shell::quoted;
use crate::view::fit;

/// `drplan COMMAND DIR` with the flags that were given. `command` may hold words of its own, each quoted with
/// [`quoted`].
///
/// The value of a `--var` is repeated only where the stack declares the variable as not sensitive: a terminal is not
/// a place for a secret.
pub fn again(command: &str, dir: &Path, global: &Global) -> String {
    let mut words = with_place(command, dir, global);
    for file in &global.var_files {
        words.extend(["--vars".to_owned(), word(file)]);
    }
    for given in &global.vars {
        let name = given.split('=').next().unwrap_or_default().trim();
        if global.plain.get().is_some_and(|plain| plain.contains(name)) {
            words.extend(["--var".to_owned(), quoted(given)]);
        }
    }
    words.join(" ")
}

/// The same without values of variables: for commands that read none, or have them recorded.
pub fn again_recorded(command: &str, dir: &Path, global: &Global) -> String {
    with_place(command, dir, global).join(" ")
}

/// The same, limited to these targets and with these imports: without them it would do another thing than what was
/// planned.
pub fn again_for(command: &str, dir: &Path, targets: &[Address], adopt: &[Address], global: &Global) -> String {
    let flag = |name: &str, address: &Address| format!(" --{name} {}", quoted(address.as_str()));
    let targets = targets.iter().map(|address| flag("target", address));
    let imports = adopt.iter().map(|address| flag("adopt", address));
    again(command, dir, global) + &targets.chain(imports).collect::<String>()
}

/// A text whose bare commands (`` `drplan apply` ``) are complete: with the stack's directory and the flags that were
/// given. A bare command may name a failover group or a lost site. Lines that become too long for this width are
/// broken.
pub fn completed(text: &str, dir: &Path, global: &Global, width: usize) -> String {
    /// Commands that work on a stack without further arguments.
    const COMMANDS: [&str; 14] = [
        "apply",
        "plan",
        "refresh",
        "doctor",
        "state list",
        "roles show",
        "roles accept",
        "failover-group status",
        "failover-group up",
        "failover-group down",
        "failover-group drill",
        "failover-group resume",
        "failover-group abort",
        "failover-group history",
    ];
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    let is_bare = |words: &str| {
        COMMANDS.iter().any(|command| {
            let more = words.strip_prefix(command);
            more.is_some_and(|more| {
                more.is_empty() || (command.starts_with("failover-group") && more.starts_with(" --"))
            })
        })
    };
    let one = |(at, part): (usize, &&str)| match part.strip_prefix("drplan ") {
        Some(command) if at > 0 && at < last && is_bare(command) => again(command, dir, global),
        _ => (*part).to_owned(),
    };
    let text = parts.iter().enumerate().map(one).collect::<Vec<_>>().join("`");
    fit(&text, width)
}

/// The sensitive variables whose value came from `--var` only, so that it must be given again.
fn withheld(global: &Global) -> BTreeSet<String> {
    let names = global.vars.iter().map(|given| given.split('=').next().unwrap_or_default().trim().to_owned());
    match global.plain.get() {
        Some(plain) => names.filter(|name| !plain.contains(name)).collect(),
        None => BTreeSet::new(),
    }
}

/// The sentence below a printed command that lacks values of sensitive variables; empty where it lacks none.
pub fn withheld_hint(global: &Global) -> String {
    let names = withheld(global).into_iter().collect::<Vec<_>>().join(", ");
    match names.is_empty() {
        true => String::new(),
        false => format!(
            "Sensitive values are not printed or saved. Give them again with --var, --vars or the environment: {names}\n"
        ),
    }
}

fn with_place(command: &str, dir: &Path, global: &Global) -> Vec<String> {
    let Global { cloud, vars: _, var_files: _, chdir, state_root, seed, verbose: _, color: _, plain: _ } = global;
    let mut words = vec!["drplan".to_owned(), command.to_owned()];
    if dir != Path::new(".") {
        words.push(word(dir));
    }
    let mut flag = |name: &str, value: String| words.extend([format!("--{name}"), value]);
    if let Some(chdir) = chdir {
        flag("chdir", word(chdir));
    }
    if let Some(cloud) = cloud {
        flag("cloud", cloud.as_str().to_owned());
    }
    if state_root != Path::new(super::STATE_ROOT) {
        flag("state", word(state_root));
    }
    if let Some(seed) = seed {
        flag("seed", seed.to_string());
    }
    words
}

/// A path as a shell and a command line take it.
pub fn word(path: &Path) -> String {
    let shown = path.display().to_string();
    // A name that begins with a hyphen would be read as a flag.
    if shown.starts_with('-') { quoted(&format!("./{shown}")) } else { quoted(&shown) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    fn global(flags: &[&str]) -> Global {
        let words = ["drplan", "plan"].into_iter().chain(flags.iter().copied());
        let Cli { global, command: _ } = Cli::try_parse_from(words).unwrap();
        let plain = ["size", "note"].into_iter().map(str::to_owned).collect();
        global.plain.set(plain).unwrap();
        global
    }

    #[test]
    fn command_has_every_flag_and_is_quoted() {
        let flags = ["--vars", "it's/a.hcl", "--var", "size=3", "--var", "note=a b", "--cloud", "azure"];
        let flags = global(&[&flags[..], &["--state", "my state", "--chdir", "~x", "--seed", "4"]].concat());
        let expected = r"drplan plan 'the stack' --chdir '~x' --cloud azure --state 'my state' --seed 4 --vars 'it'\''s/a.hcl' --var size=3 --var 'note=a b'";
        assert_eq!(again("plan", Path::new("the stack"), &flags), expected);
        assert_eq!(again("plan", Path::new("."), &global(&[])), "drplan plan");
        assert_eq!(again("plan", Path::new("-x"), &global(&[])), "drplan plan ./-x");
    }

    #[test]
    fn secret_is_left_out_and_named() {
        let flags = global(&["--var", "size=3", "--var", "password=hunter2"]);
        assert_eq!(again("plan", Path::new("."), &flags), "drplan plan --var size=3");
        assert_eq!(withheld(&flags), BTreeSet::from(["password".to_owned()]));
        assert!(withheld_hint(&flags).ends_with("the environment: password\n"));
        assert_eq!(withheld_hint(&global(&["--var", "size=3"])), "");
    }

    #[test]
    fn bare_commands_of_a_text_are_completed() {
        let flags = global(&["--vars", "a.hcl"]);
        let text = completed("Run `drplan apply` first, not `drplan apply FILE`.", Path::new("shop"), &flags, 100);
        assert_eq!(text, "Run `drplan apply shop --vars a.hcl` first, not `drplan apply FILE`.");
        let text = completed("`drplan failover-group up --forced --lost 'north 1'`", Path::new("shop"), &flags, 100);
        assert_eq!(text, "`drplan failover-group up --forced --lost 'north 1' shop --vars a.hcl`");
        let unbalanced = completed("a ` b `drplan plan` c", Path::new("shop"), &flags, 100);
        assert_eq!(unbalanced, "a ` b `drplan plan shop --vars a.hcl` c");
    }
}
