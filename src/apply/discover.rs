//! Discovery of existing resources: resource groups with everything in them, children included, or single objects by
//! id. Changes nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream;
use serde_json::Value as Json;

use super::observe::{WIDTH, is_outage};
use crate::account::Account;
use crate::adopt::{self, ImportSurvey, generic, look};
use crate::kinds::Tables;
use crate::object::{Collection, Object, ObjectId};
use crate::reason::Reason;
use crate::world::{Cloud, CloudError};

/// The maximum number of objects read for one stack.
pub const MAX_OBJECTS: usize = 20_000;
/// The number of passes over the objects read that look for related ones.
const ROUNDS: usize = 4;

/// Reasons why discovery failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// The resource group does not exist.
    #[error("resource group {0} does not exist")]
    Group(String),
    /// More objects than one stack can hold.
    #[error("more than {MAX_OBJECTS} objects, the limit of one stack; adopt fewer resource groups at a time")]
    TooMany,
    /// The cloud refused or did not answer.
    #[error("existing resources could not be read: {0}")]
    Cloud(#[from] CloudError),
}

/// Reads these resource groups and every object in them whose type has a kind; with `any`, the others as well, without
/// their children. Without `any`, the others are named.
///
/// # Errors
/// Where a group does not exist, the cloud refuses, or there are too many objects. Objects whose region does not
/// answer are listed in the survey.
pub async fn discover_groups(
    cloud: &dyn Cloud,
    tables: &'static Tables,
    groups: &[ObjectId],
    account: &Account,
    any: bool,
) -> Result<ImportSurvey, DiscoveryError> {
    let mut search = Search::new(cloud, tables);
    for group in groups {
        search.push(group.clone());
        let members = cloud.list(group).await?;
        for id in members {
            search.push_or_name(id);
        }
    }
    search.all(true).await?;
    if let Some(group) = groups.iter().find(|group| !search.survey.bodies.contains_key(*group)) {
        return match search.survey.unread.get(group) {
            Some(why) => Err(DiscoveryError::Cloud(CloudError::Unreachable(why.clone()))),
            None => Err(DiscoveryError::Group(group.name().to_owned())),
        };
    }
    if any {
        search.any_type().await?;
    }
    search.complete(account).await
}

/// Reads the objects in these lists, and their children.
///
/// # Errors
/// Where the cloud refuses a list, or there are too many objects.
pub async fn discover_lists(
    cloud: &dyn Cloud,
    tables: &'static Tables,
    lists: &[Collection],
    account: &Account,
) -> Result<ImportSurvey, DiscoveryError> {
    let mut search = Search::new(cloud, tables);
    for list in lists {
        for (id, _) in cloud.collection(list).await? {
            search.push_or_name(id);
        }
    }
    search.all(true).await?;
    search.complete(account).await
}

/// Reads these objects, the objects that contain them, and their resource groups.
///
/// # Errors
/// Where the cloud refuses, or there are too many objects.
pub async fn discover_objects(
    cloud: &dyn Cloud,
    tables: &'static Tables,
    ids: &[ObjectId],
    account: &Account,
    any: bool,
) -> Result<ImportSurvey, DiscoveryError> {
    let mut search = Search::new(cloud, tables);
    for id in ids {
        let whole = look::whole_of(tables, id).unwrap_or_else(|| id.clone());
        if any {
            search.push_or_name(whole);
        } else {
            search.push(whole);
        }
        for parent in std::iter::successors(tables.grammar.parent(id), |id| tables.grammar.parent(id)) {
            search.push(parent);
        }
        if let Some(group) = tables.grammar.group(id) {
            search.push(group);
        }
    }
    search.all(false).await?;
    if any {
        search.any_type().await?;
    }
    search.complete(account).await
}

/// A search and its results so far.
struct Search<'a> {
    cloud: &'a dyn Cloud,
    survey: ImportSurvey,
    seen: BTreeSet<ObjectId>,
    /// Objects found in a list of children, each with the API version of the list.
    listed: BTreeMap<ObjectId, Arc<str>>,
    open: VecDeque<Object>,
}

impl<'a> Search<'a> {
    fn new(cloud: &'a dyn Cloud, tables: &'static Tables) -> Self {
        Self {
            cloud,
            survey: ImportSurvey::new(tables),
            seen: BTreeSet::new(),
            listed: BTreeMap::new(),
            open: VecDeque::new(),
        }
    }

    /// Queues an object, if its type has a kind.
    fn push(&mut self, id: ObjectId) -> bool {
        let Some(api) = look::api_of(self.survey.tables, &id) else { return false };
        if self.seen.insert(id.clone()) {
            self.open.push_back(Object::whole(id, api));
        }
        true
    }

    /// The same; ids whose type has no kind are kept as such.
    fn push_or_name(&mut self, id: ObjectId) {
        if !self.push(id.clone()) && self.seen.insert(id.clone()) {
            self.survey.strange.push(id);
        }
    }

    /// Reads every queued object; with `children`, its children as well.
    async fn all(&mut self, children: bool) -> Result<(), DiscoveryError> {
        while !self.open.is_empty() {
            let batch: Vec<Object> = self.open.drain(..).collect();
            if self.seen.len() > MAX_OBJECTS {
                return Err(DiscoveryError::TooMany);
            }
            let cloud = self.cloud;
            let mut read = stream::iter(batch)
                .map(|object| async move {
                    let body = cloud.get(&object).await;
                    (object.id, body)
                })
                .buffer_unordered(WIDTH);
            let mut standing: Vec<(ObjectId, Json)> = Vec::new();
            while let Some((id, body)) = read.next().await {
                match body {
                    Ok(Some(seen)) => standing.push((id, seen.body)),
                    Ok(None) => {}
                    Err(error) if is_outage(&error) || is_forbidden(&error) => {
                        self.survey.unread.insert(id, error.to_string());
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            drop(read);
            standing.sort_by(|(a, _), (b, _)| a.cmp(b));
            if children {
                for (id, body) in &standing {
                    self.below(id, body).await?;
                }
            }
            self.survey.bodies.extend(standing);
        }
        Ok(())
    }

    /// Queues the children of an object: those in its body, and those in the child lists that its kind may have.
    async fn below(&mut self, id: &ObjectId, body: &Json) -> Result<(), DiscoveryError> {
        for child in look::embedded(self.survey.tables, id, body) {
            self.push(child);
        }
        let cloud = self.cloud;
        let mut lists = stream::iter(look::collections(self.survey.tables, id, body))
            .map(|children| async move {
                let bodies = cloud.collection(&children.list).await;
                (children, bodies)
            })
            .buffered(WIDTH);
        let mut found = Vec::new();
        while let Some((look::ChildCollection { list, other }, bodies)) = lists.next().await {
            match bodies {
                Ok(seen) => {
                    let is_made = |body: &Json| other.is_none_or(|other| (other.is_made)(body));
                    let made = seen.into_iter().filter(|(_, seen)| is_made(&seen.body)).map(|(child, _)| child);
                    found.extend(
                        made.filter(|child| id.contains(child)).map(|child| (child, Arc::clone(&list.version))),
                    );
                }
                Err(error) if is_outage(&error) || is_forbidden(&error) => {
                    self.survey.unread.insert(list.path, error.to_string());
                }
                // Some types have children and no list of them.
                Err(CloudError::Refused(refused)) if matches!(refused.reason, Reason::Absent | Reason::Invalid) => {}
                // No refusal of a list that nothing is imported from ends the import.
                Err(error @ CloudError::Refused(_)) if other.is_some() => {
                    self.survey.unread.insert(list.path, error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        drop(lists);
        for (child, api) in found {
            self.listed.insert(child.clone(), api);
            self.push_or_name(child);
        }
        Ok(())
    }

    /// Reads the objects whose type has no kind, with the newest version that the subscription has of each type.
    async fn any_type(&mut self) -> Result<(), DiscoveryError> {
        let Some((_, any)) = generic::kind(self.survey.tables) else { return Ok(()) };
        let mut versions: BTreeMap<ObjectId, Json> = BTreeMap::new();
        for id in std::mem::take(&mut self.survey.strange) {
            let Some(source) = (any.versions)(&id) else {
                self.survey.strange.push(id);
                continue;
            };
            if !versions.contains_key(&source.id) {
                let answer = self.cloud.get(&source).await?;
                versions.insert(source.id.clone(), answer.map(|seen| seen.body).unwrap_or_default());
            }
            let newest = versions.get(&source.id).and_then(|answer| (any.newest)(answer, &id));
            // Some providers do not name the types of their children.
            let Some(api) = newest.or_else(|| self.listed.get(&id).map(|version| version.to_string())) else {
                self.survey.strange.push(id);
                continue;
            };
            match self.cloud.get(&Object::whole(id.clone(), &*api)).await {
                Ok(Some(seen)) => {
                    self.survey.bodies.insert(id.clone(), seen.body);
                    self.survey.generic.insert(id, api);
                }
                Ok(None) => {}
                Err(error @ (CloudError::Refused(_) | CloudError::Unreachable(_))) => {
                    self.survey.unread.insert(id, error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads related objects in other places.
    async fn complete(mut self, account: &Account) -> Result<ImportSurvey, DiscoveryError> {
        for _ in 0..ROUNDS {
            let before = self.seen.len();
            for object in adopt::unread(&self.survey, account) {
                self.push(object.id);
            }
            if self.seen.len() == before {
                break;
            }
            self.all(false).await?;
        }
        Ok(self.survey)
    }
}

fn is_forbidden(error: &CloudError) -> bool {
    matches!(error, CloudError::Refused(refused) if refused.reason == Reason::Forbidden)
}
