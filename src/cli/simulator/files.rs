//! `drplan simulator files`.

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;

use super::super::{Failure, Global, Session};
use super::object_ref::ObjectRef;
use super::with_world;
use crate::simulator::SimulatedFile;
use crate::view::count;

#[derive(Debug, Subcommand)]
pub(super) enum FilesCommand {
    /// Put a file into a share, and create the directories above it
    Put {
        /// Id of the share, or address in the state
        share: String,
        /// Path in the share, such as web/index.html
        path: String,
        /// File on this machine with the content
        #[arg(required_unless_present = "text")]
        file: Option<PathBuf>,
        /// Content, in place of a file
        #[arg(long, value_name = "TEXT", conflicts_with = "file")]
        text: Option<String>,
        /// Directory of the stack, if SHARE is an address
        #[arg(long, value_name = "DIR", default_value = ".")]
        stack: PathBuf,
    },
    /// Remove a file, or a directory with all that it contains
    Remove {
        /// Id of the share, or address in the state
        share: String,
        /// Path in the share
        path: String,
        /// Directory of the stack, if SHARE is an address
        #[arg(long, value_name = "DIR", default_value = ".")]
        stack: PathBuf,
    },
    /// List the files of a share, with sizes and the times of the last writes
    List {
        /// Id of the share, or address in the state
        share: String,
        /// Directory of the stack, if SHARE is an address
        #[arg(long, value_name = "DIR", default_value = ".")]
        stack: PathBuf,
    },
}

pub(super) fn run(verb: &FilesCommand, global: &Global, session: &mut Session) -> Result<(), Failure> {
    let text = match verb {
        FilesCommand::Put { share, path, file, text, stack } => {
            let named = ObjectRef::of(share, stack, global, session)?;
            let content = match (file, text) {
                (Some(file), _) => fs::read(session.path(file))
                    .map_err(|error| Failure::failed(format!("cannot read {}: {error}", file.display())))?,
                (None, text) => text.clone().unwrap_or_default().into_bytes(),
            };
            let bytes = content.len();
            with_world(global, session, |world| Ok(world.put_file(named.id(), path, content)?))?;
            format!("Put {path} into {share}: {}.\n", count(bytes, "byte", "bytes"))
        }
        FilesCommand::Remove { share, path, stack } => {
            let named = ObjectRef::of(share, stack, global, session)?;
            if !with_world(global, session, |world| Ok(world.remove_file(named.id(), path)?))? {
                return Err(Failure::failed(format!("{share} has no file or directory `{path}`")));
            }
            format!("Removed {path} from {share}.\n")
        }
        FilesCommand::List { share, stack } => {
            let named = ObjectRef::of(share, stack, global, session)?;
            let files = with_world(global, session, |world| Ok(world.files(named.id())?))?;
            shown(share, &files)
        }
    };
    session.print(&text)
}

fn shown(share: &str, files: &[SimulatedFile]) -> String {
    let mut out = format!("{share}: {}.\n", count(files.len(), "file", "files"));
    for SimulatedFile { path, bytes, written, modified: _ } in files {
        out += &format!("  {bytes:>12}  {written:.0}  {path}\n");
    }
    out
}
