//! Adoption: what one stack made, or anybody, is written as another stack, which plans empty. Every kind's example, and every stack to start from.

use drplan::address::ArmId;
use drplan::adopt::{self, Account, Draft, STAND_IN};
use drplan::apply::discover_groups;
use drplan::simulator::{SUBSCRIPTION, TENANT};
use drplan::stack::CloudName;
use drplan::store::MemoryStore;
use drplan::world::Store;

use crate::kinds::examples;
use crate::lab::{Lab, changes, failures, simulated};
use crate::stacks;

/// A stack that was written from what stands.
pub struct Adopted {
    /// Its text, in one file.
    pub text: String,
    /// The ids and types that it leaves out, each with the reason; and what it does not write as it stands.
    pub left: Vec<String>,
    /// The kinds in it, one for each resource.
    pub kinds: Vec<String>,
}

fn account() -> Account {
    Account { subscription: SUBSCRIPTION.to_owned(), tenant: TENANT.to_owned() }
}

fn groups(lab: &Lab) -> Vec<ArmId> {
    let is_group = |id: &ArmId| id.arm_type().as_deref() == Some("Microsoft.Resources/resourceGroups");
    lab.standing().into_iter().filter(is_group).collect()
}

/// Writes everything that stands as a stack, and records that instead of what was recorded.
pub async fn adopt_all(lab: &mut Lab) -> Result<Adopted, String> {
    let survey = discover_groups(&lab.azure, &groups(lab), &account()).await.map_err(|error| error.to_string())?;
    let mut draft = Draft::of(&survey, None, &account());
    let (text, program) = loop {
        let written = draft.write("again", CloudName::Local);
        lab.variables = written.variables.iter().map(|one| (one.name.clone(), STAND_IN.to_owned())).collect();
        let text = written.files.into_values().collect::<Vec<_>>().join("\n");
        let (program, found, sources) = lab.look(&text);
        if !found.has_errors() {
            break (text, program);
        }
        if !draft.mend(&found, &sources) {
            return Err(format!("{:?}\n{text}", found));
        }
    };
    let (stack, _) = program.evaluate(&Default::default()).map_err(|found| format!("{found:?}"))?;
    let state = adopt::record(&stack, &survey.bodies, "adopted".to_owned(), &lab.seal);
    lab.store = MemoryStore::default();
    lab.store.save(&state).map_err(|error| error.to_string())?;
    let left = draft.left().iter().map(|left| format!("{} ({}): {}", left.id.name(), left.type_, left.why)).collect();
    let kinds = draft.resources().map(|(candidate, _)| candidate.kind.name.to_owned()).collect();
    Ok(Adopted { text, left, kinds })
}

/// What a plan of an adopted stack would do; nothing, if all is well.
async fn planned(lab: &Lab, text: &str) -> Result<Vec<String>, String> {
    let (planned, _) = lab.try_plan(text, false).await?;
    let mut all = changes(&planned);
    all.extend(planned.plan.drift.iter().map(|drift| format!("drift {drift:?}")));
    Ok(all)
}

async fn through(mut lab: Lab, text: &str) -> Result<(Lab, Adopted), String> {
    let applied = lab.apply(text).await.map_err(|error| error.to_string())?;
    failures(&applied, "apply")?;
    let adopted = adopt_all(&mut lab).await?;
    let formatted = drplan::hcl::format(&adopted.text).map_err(|found| format!("{found:?}"))?;
    if formatted.replace("\n\n\n", "\n\n") != adopted.text.replace("\n\n\n", "\n\n") {
        return Err(format!("it is not in its one form:\n{}", adopted.text));
    }
    let planned = planned(&lab, &adopted.text).await?;
    match planned.is_empty() && adopted.left.is_empty() {
        true => Ok((lab, adopted)),
        false => Err(format!("plans\n  {}\nleft\n  {}", planned.join("\n  "), adopted.left.join("\n  "))),
    }
}

#[test]
fn every_example_is_adopted_and_plans_empty() {
    let mut wrong = Vec::new();
    for (name, kind, text) in examples() {
        match simulated(through(Lab::new(7), &text)) {
            Err(why) => wrong.push(format!("── {name}\n{why}")),
            Ok((_, adopted)) if !adopted.kinds.iter().any(|one| one == kind.name) => {
                wrong.push(format!("── {name}\nis not adopted as what it is\n{}", adopted.text));
            }
            Ok(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{} of the kinds' examples fail:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_stack_is_adopted_and_plans_empty() {
    let mut wrong = Vec::new();
    for dir in stacks::stacks() {
        let (lab, text) = stacks::lab(&dir);
        if let Err(why) = simulated(through(lab, &text)) {
            wrong.push(format!("── {}\n{why}", dir.display()));
        }
    }
    assert!(wrong.is_empty(), "{} of the stacks fail:\n{}", wrong.len(), wrong.join("\n"));
}
