//! `drplan simulator kubernetes`.

use std::path::PathBuf;

use clap::Subcommand;

use super::object_ref::ObjectRef;
use super::with_world;
use crate::cli::{Failure, Global, Session};
use crate::view::count;

/// The provider that has manifests.
const DIALECT: &str = "kubernetes";

#[derive(Debug, Subcommand)]
pub(super) enum KubernetesCommand {
    /// Put what a manifest declares into a simulated cluster, as Helm and others install it
    ///
    /// Deployments, StatefulSets, namespaces, ConfigMaps and autoscalers are kept; other objects are left out. A
    /// property `simulated` of a workload sets how its pods behave: `start` and `stop` in seconds, and `waiting` with
    /// the reason for which they do not start, such as ImagePullBackOff.
    Apply {
        /// File with one or more documents of YAML or JSON; may be repeated
        #[arg(short = 'f', long = "filename", value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Cluster: its id, or its address in the state
        #[arg(long, value_name = "CLUSTER")]
        cluster: String,
        /// Directory of the stack, if CLUSTER is an address
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
}

pub(super) fn run(verb: &KubernetesCommand, global: &Global, session: &mut Session) -> Result<(), Failure> {
    let KubernetesCommand::Apply { files, cluster, stack } = verb;
    let named = ObjectRef::of(cluster, stack, global, session)?;
    let mut installed = Vec::new();
    for file in files {
        let path = session.path(file);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::failed(format!("cannot read {}: {error}", file.display())))?;
        let done = with_world(global, session, |world| Ok(world.install(DIALECT, named.id(), &text)?))?;
        installed.extend(done.map_err(|why| Failure::failed(format!("{}: {why}", file.display())))?);
    }
    let lines: String = installed.iter().map(|id| format!("  {id}\n")).collect();
    let objects = count(installed.len(), "object", "objects");
    session.print(&format!("Installed {objects} in {cluster}.\n{lines}"))?;
    Ok(())
}
