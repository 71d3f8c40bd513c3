//! `storage_failover`: the forced failover of a storage account, as its replica declares it.

use super::ActionRun;
use super::arguments::text;
use crate::apply::StepError;
use crate::roles::{FailoverMode, Side};
use crate::stack::Resource;
use crate::state::RunKind;
use crate::value::Value;

/// Promotes the replica that copies the account.
pub(super) async fn carry_out(ActionRun { worker, args, tell, .. }: ActionRun<'_>) -> Result<(), StepError> {
    let account = match args.get("account").map(|account| account.unmark().0) {
        Some(Value::Block(address)) => address.to_string(),
        _ => text(args, "account")?.unwrap_or_default().to_owned(),
    };
    let id =
        worker.stack.resources.iter().find(|(address, _)| address.as_str() == account).map(|(_, r)| r.id.to_string());
    let id = id.unwrap_or_else(|| account.clone());
    let copies = |resource: &&Resource| {
        let names = |value: &Value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(&id));
        resource.kind.promotion.is_some() && resource.args.values().any(names)
    };
    let Some(replica) = worker.stack.resources.values().find(copies) else {
        return Err(StepError::Failed(format!("the stack has no replica of {account} that declares its failover")));
    };
    let undertaking = &worker.errand()?.undertaking;
    let to = if undertaking.verb == RunKind::Down { Side::Source } else { Side::Target };
    worker.promote(replica, (to, FailoverMode::Forced), undertaking.accepted.data_loss, tell).await
}
