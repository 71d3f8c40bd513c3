//! The words that repeat a command: what a person can copy to go on.

use std::path::Path;

use super::Global;
use crate::address::Address;

/// `drplan COMMAND DIR` with the flags that were given. The value of a `--var` may be a secret and is left out.
pub fn again(command: &str, dir: &Path, global: &Global) -> String {
    let Global { cloud, vars, var_files, chdir, state_root, seed, verbose: _, color: _ } = global;
    let mut words = vec!["drplan".to_owned(), command.to_owned()];
    if dir != Path::new(".") {
        words.push(word(dir));
    }
    let mut flag = |name: &str, value: String| words.extend([format!("--{name}"), value]);
    if let Some(chdir) = chdir {
        flag("chdir", word(chdir));
    }
    if let Some(cloud) = cloud {
        flag("cloud", crate::stack::CloudName::from(*cloud).as_str().to_owned());
    }
    if state_root != Path::new(super::STATE_ROOT) {
        flag("state", word(state_root));
    }
    if let Some(seed) = seed {
        flag("seed", seed.to_string());
    }
    for file in var_files {
        flag("vars", word(file));
    }
    for given in vars {
        flag("var", format!("{}=...", given.split('=').next().unwrap_or_default()));
    }
    words.join(" ")
}

/// The same, limited to these resources: without them it would do more than what was planned.
pub fn again_for(command: &str, dir: &Path, targets: &[Address], global: &Global) -> String {
    let targets = targets.iter().map(|target| format!(" --target {}", quoted(target.as_str())));
    again(command, dir, global) + &targets.collect::<String>()
}

/// A path as a shell takes it.
pub fn word(path: &Path) -> String {
    quoted(&path.display().to_string())
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+@%,:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
