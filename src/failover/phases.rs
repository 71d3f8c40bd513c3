//! The order of the phases of a procedure.

use crate::roles::FailoverMode;
use crate::steps::Stage;

/// The phases before a phase; parallel phases do not precede each other.
///
/// A planned move provisions the destination while the source still serves users, so that they wait for the promotion
/// and the switch only. A forced move has nobody to serve meanwhile: it promotes and provisions in parallel.
pub(super) const fn ahead_of(stage: Stage, how: FailoverMode) -> &'static [Stage] {
    match (stage, how) {
        (Stage::StandUp, FailoverMode::Planned) => &[Stage::CatchUp],
        (Stage::Quiesce, FailoverMode::Planned) => &[Stage::CatchUp, Stage::StandUp],
        (Stage::Promote, FailoverMode::Planned) => &[Stage::CatchUp, Stage::StandUp, Stage::Quiesce, Stage::Fence],
        (Stage::Promote | Stage::StandUp, FailoverMode::Forced) => &[Stage::CatchUp, Stage::Quiesce, Stage::Fence],
        (Stage::Quiesce, FailoverMode::Forced) => &[Stage::CatchUp],
        (Stage::Restore, _) => &[Stage::StandUp],
        (Stage::Route | Stage::Probe, _) => {
            &[Stage::CatchUp, Stage::Quiesce, Stage::Fence, Stage::Promote, Stage::StandUp, Stage::Restore]
        }
        (Stage::TakeDown | Stage::Record, _) => &[
            Stage::CatchUp,
            Stage::Quiesce,
            Stage::Fence,
            Stage::Promote,
            Stage::StandUp,
            Stage::Restore,
            Stage::Probe,
            Stage::Step,
            Stage::Route,
        ],
        (Stage::Plan | Stage::CatchUp | Stage::Fence | Stage::Step, _) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failover::extra::stages;
    use crate::stack::Phase;

    #[test]
    fn a_stack_is_checked_with_the_order_that_procedures_have() {
        for how in [FailoverMode::Planned, FailoverMode::Forced] {
            for phase in Phase::ALL {
                let [stage] = stages(phase) else { continue };
                let mut known: Vec<Stage> =
                    phase.earlier(how).iter().flat_map(|phase| stages(*phase)).copied().collect();
                let mut planned = ahead_of(*stage, how).to_vec();
                known.sort();
                planned.sort();
                assert_eq!(known, planned, "{phase:?}, {how:?}");
            }
        }
    }
}
