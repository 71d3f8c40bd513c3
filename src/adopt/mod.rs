//! What stands to a stack: bodies that were read in the cloud to blocks, to the text of a stack, and to what is recorded of it.
//!
//! Pure. Whoever reads the cloud asks [`look`] what to read; whoever writes files gets their text. Every kind goes by its table, read backwards; what a
//! table cannot say stands in [`crate::kinds::Adoption`]. This module must know neither files nor clouds, and no kind by name.

mod arguments;
mod candidates;
mod labels;
pub mod look;
mod mend;
mod record;
pub mod terraform;
mod write;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value as Json;

use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostics, Sources};
use crate::kinds::emit::Shape;
use crate::kinds::regions::region;
use crate::kinds::{Kind, Object, Place};
use crate::stack::CloudName;
use terraform::Managed;

pub use candidates::Candidate;
pub use record::{STAND_IN, record};

/// Whose objects they are.
#[derive(Debug, Clone)]
pub struct Account {
    /// The subscription, a GUID.
    pub subscription: String,
    /// The tenant, a GUID.
    pub tenant: String,
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The bodies.
    pub bodies: BTreeMap<ArmId, Json>,
    /// What stands and was not read, because no kind has its type.
    pub strange: Vec<ArmId>,
    /// What could not be read, and why.
    pub unread: BTreeMap<ArmId, String>,
}

/// What is not adopted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// Its id.
    pub id: ArmId,
    /// Its type.
    pub type_: String,
    /// Why.
    pub why: String,
    /// Whether it is the whole object, and not only an argument.
    pub whole: bool,
}

/// A variable for a secret that nobody can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The resource that it is for.
    pub address: Address,
    /// The argument there.
    pub argument: String,
}

/// The text of a stack.
#[derive(Debug, Clone)]
pub struct Text {
    /// The files, by name.
    pub files: BTreeMap<String, String>,
    /// The variables that need a value.
    pub variables: Vec<Variable>,
}

/// A stack that is being made of what stands.
#[derive(Debug, Clone)]
pub struct Draft {
    candidates: Vec<Candidate>,
    addresses: Vec<Address>,
    left: Vec<Left>,
}

impl Draft {
    /// Everything that was read and can be declared; with `managed`, only what that lists, under the names that it has there.
    pub fn of(survey: &Survey, managed: Option<&[Managed]>, account: &Account) -> Self {
        let (mut candidates, claimed) = candidates::candidates(&survey.bodies, account);
        let mut left = left_over(survey, &claimed);
        if let Some(managed) = managed {
            let chosen = chosen(&candidates, managed);
            let mut chosen = chosen.into_iter();
            candidates.retain(|_| chosen.next().unwrap_or(false));
            let is_listed = |id: &ArmId| managed.iter().any(|one| one.id == *id);
            left.retain(|left| is_listed(&left.id));
            let adopted = known_as(&candidates);
            left.extend(managed.iter().filter_map(|one| not_chosen(one, &adopted, survey, account)));
        }
        candidates.retain(|candidate| match why_not(candidate, account) {
            Some(why) => {
                let (id, type_) = (candidate.id.clone(), candidate.kind.arm.type_.to_owned());
                left.push(Left { id, type_, why, whole: true });
                false
            }
            None => true,
        });
        arguments::ask_needed(&mut candidates, account);
        let label = |candidate: &Candidate| {
            let managed = managed?;
            managed.iter().find(|one| is_same(candidate, one)).map(|one| one.label.clone())
        };
        let addresses = labels::addresses(&candidates, &label);
        Self { candidates, addresses, left }
    }

    /// What is adopted, each with its address.
    pub fn resources(&self) -> impl Iterator<Item = (&Candidate, &Address)> {
        self.candidates.iter().zip(&self.addresses)
    }

    /// What is not, in order.
    pub fn left(&self) -> Vec<&Left> {
        let mut left: Vec<&Left> = self.left.iter().collect();
        left.sort();
        left.dedup();
        left
    }

    /// The text of the stack.
    pub fn write(&self, name: &str, cloud: CloudName) -> Text {
        write::write(self, name, cloud)
    }

    /// Takes out whatever these errors in its text are about. False where nothing could be taken out.
    pub fn mend(&mut self, found: &Diagnostics, sources: &Sources) -> bool {
        mend::mend(self, found, sources)
    }
}

/// What else has to be read before [`Draft::of`]: objects that belong to what was read and are elsewhere.
pub fn unread(survey: &Survey, account: &Account) -> Vec<Object> {
    let missing = candidates::unread(&survey.bodies, account);
    missing.into_iter().filter(|object| !survey.unread.contains_key(&object.id)).collect()
}

fn left_over(survey: &Survey, claimed: &HashSet<String>) -> Vec<Left> {
    let type_ = |id: &ArmId| id.arm_type().unwrap_or_default();
    let left = |id: &ArmId, why: String| Left { id: id.clone(), type_: type_(id), why, whole: true };
    let strange = survey.strange.iter().filter(|id| !claimed.contains(&id.folded()));
    let strange = strange.map(|id| left(id, "drplan has no kind for it".to_owned()));
    let unread = survey.unread.iter().map(|(id, why)| left(id, format!("it could not be read: {why}")));
    let unclaimed = survey.bodies.keys().filter(|id| !claimed.contains(&id.folded()));
    let unclaimed = unclaimed.map(|id| left(id, "it is of a type that drplan knows, and of no kind of it".to_owned()));
    strange.chain(unread).chain(unclaimed).collect()
}

const ELSEWHERE: &str = "it is in another subscription";

fn is_elsewhere(id: &ArmId, account: &Account) -> bool {
    id.subscription().is_none_or(|other| !other.eq_ignore_ascii_case(&account.subscription))
}

/// Why something that could be declared is not.
fn why_not(candidate: &Candidate, account: &Account) -> Option<String> {
    if is_elsewhere(&candidate.id, account) {
        return Some(ELSEWHERE.to_owned());
    }
    match &candidate.region {
        None => Some("where it is cannot be told: neither it nor what it is in says a region".to_owned()),
        Some(name) if region(name).is_none() => Some(format!("drplan knows no region `{name}`")),
        Some(_) => None,
    }
}

/// What a kind is called in azurerm.
fn resource_of(kind: &Kind) -> &'static str {
    if kind.terraform.resource.is_empty() { kind.name } else { kind.terraform.resource }
}

fn is_same(candidate: &Candidate, managed: &Managed) -> bool {
    let has_it = candidate.id == managed.id || candidate.objects.iter().any(|object| object.id == managed.id);
    has_it && resource_of(candidate.kind) == managed.type_
}

/// Which of the candidates a Terraform state manages: by themselves, or as a block of another.
fn chosen(candidates: &[Candidate], managed: &[Managed]) -> Vec<bool> {
    let by_id = by_id(managed);
    let listed = |candidate: &Candidate| {
        let ids = std::iter::once(&candidate.id).chain(candidate.objects.iter().map(|object| &object.id));
        ids.filter_map(|id| by_id.get(id)).flatten().any(|one| is_same(candidate, one))
    };
    let is_in_another = |candidate: &Candidate| {
        let folded = matches!(candidate.kind.terraform.shape, Shape::Block { .. } | Shape::Folded(_));
        folded && candidate.above.as_ref().is_some_and(|above| by_id.contains_key(above))
    };
    candidates.iter().map(|candidate| listed(candidate) || is_in_another(candidate)).collect()
}

fn by_id(managed: &[Managed]) -> HashMap<&ArmId, Vec<&Managed>> {
    let mut by_id: HashMap<&ArmId, Vec<&Managed>> = HashMap::new();
    for one in managed {
        by_id.entry(&one.id).or_default().push(one);
    }
    by_id
}

/// The ids of candidates and of their objects, each with what azurerm calls it.
fn known_as(candidates: &[Candidate]) -> HashSet<(&ArmId, &'static str)> {
    let of = |candidate: &'_ Candidate| resource_of(candidate.kind);
    let own = candidates.iter().map(|candidate| (&candidate.id, of(candidate)));
    let objects = candidates.iter().flat_map(|one| one.objects.iter().map(move |object| (&object.id, of(one))));
    own.chain(objects).collect()
}

/// Why something that a Terraform state manages is not adopted.
fn not_chosen(
    managed: &Managed,
    adopted: &HashSet<(&ArmId, &'static str)>,
    survey: &Survey,
    account: &Account,
) -> Option<Left> {
    let is_adopted = adopted.contains(&(&managed.id, managed.type_.as_str()));
    if is_adopted || survey.unread.contains_key(&managed.id) {
        return None;
    }
    let is_known = look::tables().any(|(kind, _)| resource_of(kind) == managed.type_);
    let is_within = |kind: &Kind| matches!(kind.place, Place::Part(..));
    let stands = survey.bodies.contains_key(&managed.id)
        || look::tables().any(|(kind, _)| is_within(kind) && resource_of(kind) == managed.type_);
    let why = match (is_known, stands) {
        _ if is_elsewhere(&managed.id, account) => ELSEWHERE.to_owned(),
        (false, _) => format!("drplan has no kind for azurerm_{}", managed.type_),
        (true, false) => "it does not stand any more".to_owned(),
        (true, true) => format!("what stands there is no azurerm_{} any more", managed.type_),
    };
    let type_ = managed.id.arm_type().unwrap_or_default();
    Some(Left { id: managed.id.clone(), type_, why, whole: true })
}
