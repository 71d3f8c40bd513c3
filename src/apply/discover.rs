//! Finding what stands: resource groups and all in them, children included, or single objects by id. Nothing is changed.

use std::collections::{BTreeSet, VecDeque};

use futures::StreamExt;
use futures::stream;
use serde_json::Value as Json;

use super::observe::{WIDTH, is_outage};
use crate::address::ArmId;
use crate::adopt::{self, Account, Survey, look};
use crate::world::{Cloud, CloudError};

/// The most objects that are read for one stack.
pub const MAX_OBJECTS: usize = 20_000;
/// How often what was read is looked through for what else belongs to it.
const ROUNDS: usize = 4;

/// Why what stands could not be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// There is no such resource group.
    #[error("there is no resource group {0}")]
    Group(String),
    /// There is more than one stack can hold.
    #[error(
        "there are more than {MAX_OBJECTS} objects, and one stack adopts no more; adopt fewer resource groups at a time"
    )]
    TooMany,
    /// The cloud said no, or nothing.
    #[error("what stands could not be read: {0}")]
    Cloud(#[from] CloudError),
}

/// Reads these resource groups and everything in them that some kind may be of.
///
/// # Errors
/// Where a group is not there, the cloud refuses, or there is too much. What its region does not answer for is told of in the survey.
pub async fn discover_groups(cloud: &dyn Cloud, groups: &[ArmId], account: &Account) -> Result<Survey, NotFound> {
    let mut search = Search { cloud, survey: Survey::default(), seen: BTreeSet::new(), open: VecDeque::new() };
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
            Some(why) => Err(NotFound::Cloud(CloudError::Unreachable(why.clone()))),
            None => Err(NotFound::Group(group.name().to_owned())),
        };
    }
    search.complete(account).await
}

/// Reads these objects, what they are parts of and the resource groups that they are in.
///
/// # Errors
/// Where the cloud refuses, or there is too much.
pub async fn discover_objects(cloud: &dyn Cloud, ids: &[ArmId], account: &Account) -> Result<Survey, NotFound> {
    let mut search = Search { cloud, survey: Survey::default(), seen: BTreeSet::new(), open: VecDeque::new() };
    for id in ids {
        search.push(look::whole_of(id).unwrap_or_else(|| id.clone()));
        let mut above = id.parent();
        while let Some(parent) = above {
            above = parent.parent();
            search.push(parent);
        }
        let group: Vec<&str> = id.as_str().split('/').take(5).collect();
        search.push(ArmId::new(group.join("/")));
    }
    search.all(false).await?;
    search.complete(account).await
}

/// A search, and what it has found so far.
struct Search<'a> {
    cloud: &'a dyn Cloud,
    survey: Survey,
    seen: BTreeSet<ArmId>,
    open: VecDeque<(ArmId, &'static str)>,
}

impl Search<'_> {
    /// Will read an object, if a kind has its type.
    fn push(&mut self, id: ArmId) -> bool {
        let Some(api) = look::api_of(&id) else { return false };
        if self.seen.insert(id.clone()) {
            self.open.push_back((id, api));
        }
        true
    }

    /// The same; what no kind has the type of is kept by its id.
    fn push_or_name(&mut self, id: ArmId) {
        if !self.push(id.clone()) && self.seen.insert(id.clone()) {
            self.survey.strange.push(id);
        }
    }

    /// Reads everything that is open; with `children`, what is below it as well.
    async fn all(&mut self, children: bool) -> Result<(), NotFound> {
        while !self.open.is_empty() {
            let batch: Vec<(ArmId, &str)> = self.open.drain(..).collect();
            if self.seen.len() > MAX_OBJECTS {
                return Err(NotFound::TooMany);
            }
            let cloud = self.cloud;
            let mut read = stream::iter(batch)
                .map(|(id, api)| async move {
                    let body = cloud.get(&id, api).await;
                    (id, body)
                })
                .buffer_unordered(WIDTH);
            let mut standing: Vec<(ArmId, Json)> = Vec::new();
            while let Some((id, body)) = read.next().await {
                match body {
                    Ok(Some(body)) => standing.push((id, body)),
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

    /// Will read what is below an object: what stands in its body, and in the lists of children that its kind may have.
    async fn below(&mut self, id: &ArmId, body: &Json) -> Result<(), NotFound> {
        for child in look::embedded(id, body) {
            self.push(child);
        }
        let cloud = self.cloud;
        let mut lists = stream::iter(look::collections(id))
            .map(|list| async move {
                let bodies = cloud.collection(&list.path, list.api).await;
                (list, bodies)
            })
            .buffered(WIDTH);
        let mut found = Vec::new();
        while let Some((list, bodies)) = lists.next().await {
            match bodies {
                Ok(bodies) => {
                    let ids = bodies.iter().filter_map(|body| body.get("id")?.as_str()).map(ArmId::new);
                    found.extend(ids.filter(|child| id.contains(child)));
                }
                Err(error) if is_outage(&error) || is_forbidden(&error) => {
                    self.survey.unread.insert(list.path, error.to_string());
                }
                // Not everything that has children lists them.
                Err(CloudError::Refused(refused)) if matches!(refused.status, 400 | 404 | 405) => {}
                Err(error) => return Err(error.into()),
            }
        }
        drop(lists);
        for child in found {
            self.push(child);
        }
        Ok(())
    }

    /// Reads what belongs to what was read and is elsewhere.
    async fn complete(mut self, account: &Account) -> Result<Survey, NotFound> {
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
    matches!(error, CloudError::Refused(refused) if refused.status == 403)
}
