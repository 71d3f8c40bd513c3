//! `drplan destroy`.

use std::path::PathBuf;

use super::actor::By;
use super::again::again;
use super::apply::{ApplyRequest, carry_out};
use super::loading::load;
use super::plan::AcceptMissing;
use super::planning::PlanRequest;
use super::{ExitCode, Failure, Global, OutputFormat, Session};
use crate::apply::Engine;

/// Delete every resource that is recorded in the state of a stack
///
/// Resources are deleted before the resources that they depend on. Nothing is deleted if any of them has
/// `prevent_destroy`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan plan --destroy stacks/web-geo       review first
  drplan destroy stacks/web-geo")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Delete without asking for approval
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    by: By,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
    #[command(flatten)]
    accepted: AcceptMissing,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(&args.stack, global, session)?;
    let order = ApplyRequest {
        stack: args.stack.clone(),
        loaded,
        wanted: PlanRequest {
            destroy: true,
            refresh: true,
            accept_vanished: args.accepted.sites.clone(),
            ..PlanRequest::default()
        },
        saved: None,
        yes: args.yes,
        by: args.by.clone(),
        format: args.format,
        engine: Engine::Direct,
        again: again("destroy", &args.stack, global),
    };
    carry_out(&order, global, session)
}
