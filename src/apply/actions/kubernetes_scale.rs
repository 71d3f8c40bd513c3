//! `kubernetes_scale`: the number of pods of a workload.

use super::ActionRun;
use super::arguments::{body_text, text};
use crate::apply::StepError;
use crate::apply::together::ArgumentMap;
use crate::value::Value;

/// Scales a workload of the stack, and waits until its pods are ready, or gone. One that the stack does not have is the
/// operator's.
pub(super) async fn carry_out(run: ActionRun<'_>) -> Result<(), StepError> {
    let ActionRun { worker, args, tell, .. } = run;
    let name = match args.get("workload").map(|workload| workload.unmark().0) {
        Some(Value::Block(address)) => address.to_string(),
        _ => text(args, "workload")?.unwrap_or_default().to_owned(),
    };
    let resource = worker
        .stack
        .resources
        .values()
        .find(|one| one.kind.moves.idle.is_some() && (one.address.as_str() == name || one.id.as_str() == name));
    let Some((resource, idle)) = resource.and_then(|resource| Some((resource, resource.kind.moves.idle?))) else {
        let cluster = match args.contains_key("cluster") {
            true => format!(" of {}", run.shown("cluster")),
            false => String::new(),
        };
        return run.by_hand(&format!("Scale {}{cluster} to {}", run.shown("workload"), run.shown("replicas")));
    };
    let replicas = args.get("replicas").and_then(body_text).and_then(|text| text.parse::<u64>().ok());
    let replicas = replicas.ok_or_else(|| StepError::Failed("`replicas` is no whole number".to_owned()))?;
    let arguments = ArgumentMap::from_iter([(idle.argument.to_owned(), replicas.into())]);
    worker.switch(&resource.address, &arguments).await?;
    worker.tell_of(&resource.address, "was scaled", &arguments, tell);
    Ok(())
}
