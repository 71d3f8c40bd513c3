//! `drplan init`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::again::{again, word};
use super::location::shown;
use super::{ExitCode, Failure, Global, Session};
use crate::address::is_identifier;

/// Write a working stack to start from
///
/// Never overwrites: if one of the files exists, none is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan init
  drplan init shop --template web-geo")]
pub struct Args {
    /// Directory to write to; its name becomes the name of the stack
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Template
    #[arg(long, value_enum, default_value_t)]
    template: Starter,
}

/// Templates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Starter {
    /// One site with a network and a public IP address
    #[default]
    Minimal,
    /// Two regions: scale sets, a replicated SQL database, traffic routing by DNS and a failover group
    WebGeo,
}

impl Starter {
    /// File names and their Tera templates.
    const fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Minimal => &[("stack.hcl", include_str!("../../templates/init/minimal/stack.hcl"))],
            Self::WebGeo => &[
                ("stack.hcl", include_str!("../../templates/init/web-geo/stack.hcl")),
                ("cloud-init.yaml", include_str!("../../templates/init/web-geo/cloud-init.yaml")),
                ("local.vars.hcl", include_str!("../../templates/init/web-geo/local.vars.hcl")),
            ],
        }
    }

    /// Flags that the commands need.
    fn flags(self, dir: &Path) -> String {
        match self {
            Self::Minimal => String::new(),
            Self::WebGeo => format!(" --vars {}", word(&dir.join("local.vars.hcl"))),
        }
    }
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let Args { dir, template } = args;
    let place = session.path(dir);
    let name = stack_name(&place);
    let files = template.files();
    let taken: Vec<String> = files
        .iter()
        .map(|(file, _)| shown(dir, file))
        .filter(|file| session.path(file).exists())
        .map(|file| file.display().to_string())
        .collect();
    if !taken.is_empty() {
        return Err(Failure::refused(format!("{} already; nothing was written", exist(&taken)))
            .help("Choose another directory, or move the file away."));
    }
    let mut values = tera::Context::new();
    values.insert("name", &name);
    std::fs::create_dir_all(&place).map_err(|error| Failure::file(dir, &error))?;
    for (file, text) in files {
        let text = tera::Tera::one_off(text, &values, false).map_err(|error| {
            Failure::failed(format!("internal error in the template of {file}, please report it: {error}"))
        })?;
        session.write_file(&shown(dir, file), text.as_bytes())?;
        session.print(&format!("{}\n", shown(dir, file).display()))?;
    }
    let flags = template.flags(dir);
    let next = |command| again(command, dir, global) + &flags;
    session.print(&format!(
        "\nNext:\n  {}\n  {}\n  {} --format svg --out {name}.svg\n",
        next("plan"),
        next("apply"),
        next("graph")
    ))?;
    Ok(ExitCode::Done)
}

/// A stack name from the directory's name, restricted to characters that names in every cloud allow.
pub fn stack_name(dir: &Path) -> String {
    let name = dir.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-').to_owned();
    if is_identifier(&name) { name } else { "example".to_owned() }
}

fn exist(files: &[String]) -> String {
    format!("{} {}", files.join(", "), if files.len() == 1 { "exists" } else { "exist" })
}
