//! Import of existing resources: bodies from the cloud become blocks, the text of a stack, and its state.
//!
//! Pure. [`look`] names what to read, and the result is text. Every kind goes by its table, read backwards; what a
//! table cannot express is in [`crate::kinds::Adoption`]. This module knows neither files nor clouds, and no kind by
//! name.

mod arguments;
mod candidates;
pub mod generic;
mod invalid;
mod labels;
pub mod look;
mod record;
pub mod terraform;
mod unclaimed;
mod write;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value as Json;

use crate::account::Account;
use crate::address::Address;
use crate::diagnostic::{Diagnostics, Sources};
use crate::kinds::emit::TerraformShape;
use crate::kinds::{Kind, Location, Place, Tables};
use crate::object::{Object, ObjectId};
use crate::stack::CloudName;
use terraform::ManagedObject;

pub use candidates::Candidate;
pub use record::{STAND_IN, record};

/// Result of reading the cloud.
#[derive(Debug, Clone)]
pub struct ImportSurvey {
    /// The provider.
    pub tables: &'static Tables,
    /// The bodies.
    pub bodies: BTreeMap<ObjectId, Json>,
    /// Existing objects that were not read, because no kind has their type.
    pub strange: Vec<ObjectId>,
    /// Objects of types without a kind that were read all the same, each with the API version.
    pub generic: BTreeMap<ObjectId, String>,
    /// Objects that could not be read, and why.
    pub unread: BTreeMap<ObjectId, String>,
}

impl ImportSurvey {
    /// One of this provider, in which nothing has been read yet.
    pub fn new(tables: &'static Tables) -> Self {
        Self { tables, bodies: BTreeMap::new(), strange: Vec::new(), generic: BTreeMap::new(), unread: BTreeMap::new() }
    }
}

/// An object or argument that is not imported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotImported {
    /// Its id.
    pub id: ObjectId,
    /// Its type.
    pub type_: String,
    /// Why.
    pub why: String,
    /// True for a whole object, false for an argument.
    pub whole: bool,
    /// Its address in Terraform, for an object in a Terraform state.
    pub terraform: Option<String>,
}

impl NotImported {
    /// An object.
    fn object(of: &Tables, id: &ObjectId, why: impl Into<String>) -> Self {
        let type_ = of.grammar.type_of(id).unwrap_or_default();
        Self { id: id.clone(), type_, why: why.into(), whole: true, terraform: None }
    }

    /// True for an object whose type no kind has.
    pub fn lacks_kind(&self, of: &Tables) -> bool {
        self.whole && !look::tables(of).any(|(kind, _)| kind.type_.name.eq_ignore_ascii_case(&self.type_))
    }

    /// A setting of a resource.
    fn setting(candidate: &Candidate, why: String) -> Self {
        let (id, type_) = (candidate.id.clone(), candidate.kind.type_.name.to_owned());
        Self { id, type_, why, whole: false, terraform: None }
    }
}

/// A variable for a secret that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVariable {
    /// Its name.
    pub name: String,
    /// Resource that uses it.
    pub address: Address,
    /// Argument that uses it.
    pub argument: String,
    /// The provider that does not show it, as sentences name it.
    pub provider: &'static str,
}

/// The text of a stack.
#[derive(Debug, Clone)]
pub struct Text {
    /// The files, by name.
    pub files: BTreeMap<String, String>,
    /// Variables that need a value.
    pub variables: Vec<SecretVariable>,
}

/// A stack under construction from existing resources.
#[derive(Debug, Clone)]
pub struct StackDraft {
    candidates: Vec<Candidate>,
    addresses: Vec<Address>,
    left: Vec<NotImported>,
}

impl StackDraft {
    /// All readable resources that can be declared; with `managed`, only those in it, with their labels there.
    pub fn of(survey: &ImportSurvey, managed: Option<&[ManagedObject]>, account: &Account) -> Self {
        let (mut candidates, mut claimed) = candidates::candidates(survey.tables, &survey.bodies, account);
        candidates.extend(generic::candidates(survey, &mut claimed, account));
        let mut left = left_over(survey, &claimed);
        if let Some(managed) = managed {
            let chosen = chosen(survey.tables, &candidates, managed);
            let mut chosen = chosen.into_iter();
            candidates.retain(|_| chosen.next().unwrap_or(false));
            let is_listed = |id: &ObjectId| managed.iter().any(|one| one.id == *id);
            left.retain(|left| is_listed(&left.id));
            left.extend(managed.iter().filter_map(|one| not_chosen(one, &candidates, survey, account)));
        }
        candidates.retain(|candidate| match why_not(candidate, account) {
            Some(why) => {
                left.push(NotImported { whole: true, ..NotImported::setting(candidate, why) });
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
        let setting = |one: unclaimed::Unclaimed| {
            let (candidate, address) = (candidates.get(one.candidate)?, addresses.get(one.candidate)?);
            let why = format!("`{}` of {address} is omitted: no argument has it", one.place);
            Some(NotImported::setting(candidate, why))
        };
        left.extend(unclaimed::unclaimed(&candidates, &survey.bodies, account).into_iter().filter_map(setting));
        for managed in managed.into_iter().flatten() {
            let whole = left.iter_mut().filter(|left| left.whole && left.id == managed.id);
            whole.for_each(|left| left.terraform = left.terraform.take().or_else(|| Some(managed.address.clone())));
            let adopted = candidates.iter().find(|candidate| is_same(candidate, managed)).filter(|_| managed.tainted);
            left.extend(adopted.map(|candidate| {
                let why = format!("{} is tainted: Terraform would replace it, and drplan keeps it", managed.address);
                NotImported::setting(candidate, why)
            }));
        }
        Self { candidates, addresses, left }
    }

    /// Imported resources, each with its address.
    pub fn resources(&self) -> impl Iterator<Item = (&Candidate, &Address)> {
        self.candidates.iter().zip(&self.addresses)
    }

    /// Objects and arguments that are not imported, in order.
    pub fn left(&self) -> Vec<&NotImported> {
        let mut left: Vec<&NotImported> = self.left.iter().collect();
        left.sort();
        left.dedup();
        left
    }

    /// The text of the stack.
    pub fn write(&self, name: &str, cloud: CloudName) -> Text {
        write::write(self, name, cloud)
    }

    /// Removes what these errors in its text concern. False if nothing could be removed.
    pub fn remove_invalid(&mut self, found: &Diagnostics, sources: &Sources) -> bool {
        invalid::remove(self, found, sources)
    }
}

/// Further objects to read before [`StackDraft::of`]: parts of the resources that are elsewhere.
pub fn unread(survey: &ImportSurvey, account: &Account) -> Vec<Object> {
    let missing = candidates::unread(survey.tables, &survey.bodies, account);
    missing.into_iter().filter(|object| !survey.unread.contains_key(&object.id)).collect()
}

fn left_over(survey: &ImportSurvey, claimed: &HashSet<String>) -> Vec<NotImported> {
    let strange = survey.strange.iter().filter(|id| !claimed.contains(&id.folded()));
    let strange = strange.map(|id| NotImported::object(survey.tables, id, "drplan has no kind for this type"));
    let unread =
        survey.unread.iter().map(|(id, why)| NotImported::object(survey.tables, id, format!("not readable: {why}")));
    let unclaimed = survey.bodies.keys().filter(|id| !claimed.contains(&id.folded()));
    let unclaimed =
        unclaimed.map(|id| NotImported::object(survey.tables, id, "drplan supports its type, but not this form of it"));
    strange.chain(unread).chain(unclaimed).collect()
}

/// Reason for an object of another account.
fn elsewhere(of: &Tables) -> String {
    format!("it is in another {}", of.account.first().map_or("account", |argument| argument.name))
}

/// True for an object of another account, where ids have accounts.
fn is_elsewhere(of: &Tables, id: &ObjectId, account: &Account) -> bool {
    let has_accounts = of.grammar.of_account(&account.id).is_some();
    has_accounts && of.grammar.account(id).is_none_or(|other| !other.eq_ignore_ascii_case(&account.id))
}

/// Reason not to import a resource that could be declared.
fn why_not(candidate: &Candidate, account: &Account) -> Option<String> {
    if is_elsewhere(candidate.kind.provider(), &candidate.id, account) {
        return Some(elsewhere(candidate.kind.provider()));
    }
    match &candidate.region {
        None if candidate.kind.location != Location::Regional && candidate.above.is_none() => None,
        None => Some("its region is unknown: neither it nor its container has one".to_owned()),
        Some(name) if candidate.kind.provider().region(name).is_none() => {
            Some(format!("region `{name}` is unknown to drplan"))
        }
        Some(_) => None,
    }
}

/// True if the Terraform provider has, or had, a kind under this name.
pub(super) fn is_called(kind: &Kind, type_: &str) -> bool {
    let terraform = &kind.terraform;
    let own = if terraform.resource.is_empty() { kind.name } else { terraform.resource };
    own == type_ || terraform.earlier.contains(&type_)
}

fn is_same(candidate: &Candidate, managed: &ManagedObject) -> bool {
    // An association of a part of an object has that part's id.
    let is_property = candidate.kind.place.is_property();
    let has_it = candidate.id == managed.id
        || candidate.objects.iter().any(|object| object.id == managed.id)
        || (is_property && candidate.id.contains(&managed.id));
    has_it && is_called(candidate.kind, &managed.type_)
}

/// True for each candidate that a Terraform state manages, by itself or as a block of another.
fn chosen(of: &Tables, candidates: &[Candidate], managed: &[ManagedObject]) -> Vec<bool> {
    let by_id = by_id(managed);
    let associations: Vec<&ManagedObject> = managed.iter().filter(|one| of.grammar.parent(&one.id).is_some()).collect();
    let listed = |candidate: &Candidate| {
        let ids = std::iter::once(&candidate.id).chain(candidate.objects.iter().map(|object| &object.id));
        ids.filter_map(|id| by_id.get(id)).flatten().any(|one| is_same(candidate, one))
            || (candidate.kind.place.is_property() && associations.iter().any(|one| is_same(candidate, one)))
    };
    let is_in_another = |candidate: &Candidate| {
        let folded = matches!(candidate.kind.terraform.shape, TerraformShape::Block { .. } | TerraformShape::Folded(_));
        folded && candidate.above.as_ref().is_some_and(|above| by_id.contains_key(above))
    };
    candidates.iter().map(|candidate| listed(candidate) || is_in_another(candidate)).collect()
}

fn by_id(managed: &[ManagedObject]) -> HashMap<&ObjectId, Vec<&ManagedObject>> {
    let mut by_id: HashMap<&ObjectId, Vec<&ManagedObject>> = HashMap::new();
    for one in managed {
        by_id.entry(&one.id).or_default().push(one);
    }
    by_id
}

/// Reason why an object in a Terraform state is not imported.
fn not_chosen(
    managed: &ManagedObject,
    candidates: &[Candidate],
    survey: &ImportSurvey,
    account: &Account,
) -> Option<NotImported> {
    let is_adopted = candidates.iter().any(|candidate| is_same(candidate, managed) || has_part(candidate, managed));
    if is_adopted || survey.unread.contains_key(&managed.id) {
        return None;
    }
    let is_known = look::tables(survey.tables).any(|(kind, _)| is_called(kind, &managed.type_));
    let is_within = |kind: &Kind| matches!(kind.place, Place::Part(..) | Place::Member(_));
    let exists = survey.bodies.contains_key(&managed.id)
        || look::tables(survey.tables).any(|(kind, _)| is_within(kind) && is_called(kind, &managed.type_));
    let part_of = look::tables(survey.tables).find_map(|(kind, _)| {
        let (_, argument) = kind.terraform.parts.iter().find(|(resource, _)| *resource == managed.type_)?;
        Some((kind, argument))
    });
    let why = match (is_known, exists, part_of) {
        _ if is_elsewhere(survey.tables, &managed.id, account) => elsewhere(survey.tables),
        (false, _, Some((kind, argument))) => {
            format!("it is in no block `{argument}` of an imported {}", kind.name)
        }
        (false, _, None) => format!("drplan has no kind for {}_{}", survey.tables.terraform_name(), managed.type_),
        (true, false, _) => "it no longer exists".to_owned(),
        (true, true, _) => {
            format!("the existing object is not an {}_{}", survey.tables.terraform_name(), managed.type_)
        }
    };
    Some(NotImported {
        terraform: Some(managed.address.clone()),
        ..NotImported::object(survey.tables, &managed.id, why)
    })
}

/// True if an argument of a candidate holds an object that the Terraform provider manages as a resource of its own: a
/// security rule.
fn has_part(candidate: &Candidate, managed: &ManagedObject) -> bool {
    let mut parts = candidate.kind.terraform.parts.iter();
    let Some(value) = parts.find(|(part, _)| *part == managed.type_).and_then(|(_, name)| candidate.args.get(*name))
    else {
        return false;
    };
    let is_it = |value: &Json| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(managed.id.name()));
    let names_it = |element: &Json| element.as_object().is_some_and(|args| args.values().any(is_it));
    let is_within = candidate.kind.grammar().parent(&managed.id).as_ref() == Some(&candidate.id);
    candidate.id == managed.id || (is_within && value.as_array().is_some_and(|all| all.iter().any(names_it)))
}
