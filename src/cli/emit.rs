//! `drplan emit`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::loading::load;
use super::{ExitCode, Failure, Global, Session};
use crate::emit::{self, Emitted, Options};
use crate::view::count;

/// Where the names of the emitted files are kept, so that those which are no longer emitted go, and nothing else does.
const MANIFEST: &str = ".drplan-emitted";

/// Write a stack as code in another language, for people to keep
///
/// Terraform with the provider azurerm, or Bicep. The same stack gives the same bytes. What the language cannot say is listed in the emitted README.md, with
/// the reason. Values of sensitive variables are never written.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan emit terraform stacks/web-geo --vars stacks/web-geo/demo.vars.hcl --out terraform
  drplan emit terraform --out terraform --check
  drplan emit bicep stacks/hub-spoke --out bicep")]
pub struct Args {
    /// The language
    #[arg(value_enum)]
    language: Language,
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// The directory to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write nothing; say what differs, and exit 2 where something does
    #[arg(long, conflicts_with = "force")]
    check: bool,
    /// Write into a directory that holds other files, too, and over files of the same names
    #[arg(long)]
    force: bool,
    /// Write blocks that import what drplan has made
    #[arg(long)]
    imports: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Terraform with the provider azurerm
    Terraform,
    /// Bicep, deployed to the subscription
    Bicep,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(&args.stack, global, session)?;
    let stack = loaded.evaluate(session)?;
    let Emitted { files, unsaid } = match args.language {
        Language::Terraform => emit::terraform(&stack, Options { imports: args.imports }),
        Language::Bicep if args.imports => {
            return Err(Failure::refused(
                "Bicep imports nothing: what stands with the same name is taken over as it is deployed",
            )
            .help("Leave --imports out."));
        }
        Language::Bicep => emit::bicep(&stack),
    };
    let there = standing(&args.out, session)?;
    if args.check {
        return check(&args.out, &files, &there, session);
    }
    let others: Vec<&String> = there.others.iter().filter(|name| files.contains_key(*name) || !there.is_ours).collect();
    if let Some(first) = others.first().filter(|_| !args.force) {
        let more = if others.len() > 1 { format!(" and {} more", others.len() - 1) } else { String::new() };
        return Err(Failure::refused(format!(
            "{} holds files that drplan did not write: {first}{more}",
            args.out.display()
        ))
        .help("Name another directory, or say --force to write beside and over them."));
    }
    let gone = there.ours.iter().filter(|name| !files.contains_key(*name));
    for name in gone {
        let path = args.out.join(name);
        std::fs::remove_file(session.path(&path)).map_err(|error| Failure::file(&path, &error))?;
    }
    let manifest: String = files.keys().map(|name| format!("{name}\n")).collect();
    for (name, text) in files.iter().map(|(name, text)| (name.as_str(), text)).chain([(MANIFEST, &manifest)]) {
        let path = args.out.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(session.path(parent)).map_err(|error| Failure::file(parent, &error))?;
        }
        session.write_file(&path, text.as_bytes())?;
    }
    for name in files.keys() {
        session.print(&format!("{}\n", args.out.join(name).display()))?;
    }
    if !unsaid.is_empty() {
        let things = count(unsaid.len(), "thing that it cannot say", "things that it cannot say");
        session.say(&format!("{} lists {things}.\n", args.out.join("README.md").display()));
    }
    Ok(ExitCode::Done)
}

/// What a directory holds.
struct Standing {
    /// Whether drplan has written there.
    is_ours: bool,
    /// The files that it wrote.
    ours: BTreeSet<String>,
    /// All others.
    others: BTreeSet<String>,
}

fn standing(dir: &Path, session: &Session) -> Result<Standing, Failure> {
    let root = session.path(dir);
    let manifest = std::fs::read_to_string(root.join(MANIFEST)).ok();
    let is_plain = |name: &&str| !name.is_empty() && !name.contains("..") && !name.starts_with('/');
    let mut ours: BTreeSet<String> =
        manifest.iter().flat_map(|text| text.lines()).filter(is_plain).map(str::to_owned).collect();
    let mut found = BTreeSet::new();
    if root.exists() {
        walk(&root, "", &mut found).map_err(|error| Failure::file(dir, &error))?;
    }
    ours.retain(|name| found.contains(name));
    found.remove(MANIFEST);
    let others = found.into_iter().filter(|name| !ours.contains(name)).collect();
    Ok(Standing { is_ours: manifest.is_some(), ours, others })
}

/// The names of all files below a directory; what Terraform and git keep there for themselves is passed over.
fn walk(dir: &Path, prefix: &str, into: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if matches!(name.as_str(), ".terraform" | ".terraform.lock.hcl" | ".git" | ".gitignore") {
            continue;
        }
        let path = format!("{prefix}{name}");
        match entry.file_type()?.is_dir() {
            true => walk(&entry.path(), &format!("{path}/"), into)?,
            false => drop(into.insert(path)),
        }
    }
    Ok(())
}

/// Says what differs from what would be written.
fn check(
    out: &Path,
    files: &BTreeMap<String, String>,
    there: &Standing,
    session: &mut Session,
) -> Result<ExitCode, Failure> {
    let mut differs = false;
    for name in there.ours.iter().filter(|name| !files.contains_key(*name)) {
        session.print(&format!("{} is no longer emitted\n", out.join(name).display()))?;
        differs = true;
    }
    for (name, text) in files {
        let path = out.join(name);
        let now = std::fs::read_to_string(session.path(&path)).unwrap_or_default();
        if now != *text {
            let shown = path.display().to_string();
            let diff = similar::TextDiff::from_lines(now.as_str(), text.as_str());
            session.print(&diff.unified_diff().header(&shown, &shown).to_string())?;
            differs = true;
        }
    }
    Ok(if differs { ExitCode::Changes } else { ExitCode::Done })
}
