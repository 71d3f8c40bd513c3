//! Questions about the account: whose keys these are, and what they may do.

use serde_json::{Value as Json, json};

use super::endpoint::Service;
use super::error::CallError;
use super::handle::Aws;
use super::names::PREFIX;
use crate::object::ObjectId;
use crate::reason::Reason;
use crate::wire::AnswerError as _;
use crate::world::CloudError;

/// An image that does not exist: AWS checks rights before it looks for it.
const NO_IMAGE: &str = "ami-00000000000000000";

/// The most pages of a list.
const PAGE_LIMIT: usize = 200;

/// A question that is asked by an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// The identity of the keys.
    Identity,
    /// The right to start machines.
    DryRun,
    /// The images of owners.
    Images,
    /// Everything that has certain tags.
    Tagged,
}

impl Question {
    /// The question of an id, with its region.
    pub(super) fn of(id: &ObjectId) -> Option<(Self, &str)> {
        let (region, word) = id.as_str().strip_prefix(PREFIX)?.split_once('/')?;
        match word {
            "identity" => Some((Self::Identity, region)),
            "dry-run" => Some((Self::DryRun, region)),
            "images" => Some((Self::Images, region)),
            "tagged" => Some((Self::Tagged, region)),
            _ => None,
        }
    }
}

impl Aws {
    /// The account and the name of the keys. No right is needed.
    pub(super) async fn identity(&self, region: &str) -> Result<Json, CloudError> {
        let answer = self.transport.act(Service::Sts, region, "GetCallerIdentity", &json!({})).await;
        let answer = answer.map_err(CallError::of_read)?;
        Ok(answer.get("GetCallerIdentityResult").cloned().unwrap_or_default())
    }

    /// The answer to a trial start of a machine: `{ "allowed": true }`, or the code that AWS gives instead.
    async fn dry_run(&self, region: &str) -> Result<Json, CloudError> {
        let parameters =
            json!({ "DryRun": true, "ImageId": NO_IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1 });
        match self.ec2(region, "RunInstances", &parameters).await {
            Err(CallError::Answered(error)) => match (&*error.code, error.reason()) {
                // AWS would have looked for the image next.
                ("DryRunOperation", _) | (_, Reason::Absent) => Ok(json!({ "allowed": true })),
                (code, Reason::Forbidden) => Ok(json!({ "allowed": false, "code": code })),
                _ => Err(CallError::Answered(error).of_read()),
            },
            Ok(_) => Ok(json!({ "allowed": true })),
            Err(error) => Err(error.of_read()),
        }
    }

    /// The names (ARNs) of everything in a region that has these tags, whatever its service: what a run has left over.
    async fn tagged(&self, region: &str, tags: &[(&str, &str)]) -> Result<Json, CloudError> {
        let filters: Vec<Json> = tags.iter().map(|(name, value)| json!({ "Key": name, "Values": [value] })).collect();
        let (mut parameters, mut all) = (json!({ "TagFilters": filters }), Vec::new());
        for _ in 0..PAGE_LIMIT {
            let answer = self.transport.act(Service::Tagging, region, "GetResources", &parameters).await;
            let answer = answer.map_err(CallError::of_read)?;
            let page = answer.get("ResourceTagMappingList").and_then(Json::as_array).into_iter().flatten();
            all.extend(page.filter_map(|one| one.get("ResourceARN").cloned()));
            match answer.get("PaginationToken").and_then(Json::as_str).filter(|token| !token.is_empty()) {
                Some(next) => parameters["PaginationToken"] = Json::from(next),
                None => return Ok(json!({ "names": all })),
            }
        }
        Err(CloudError::Unreachable(format!("the list does not end after {PAGE_LIMIT} pages")))
    }

    /// The answer to a question.
    pub(super) async fn asked(
        &self,
        question: Question,
        region: &str,
        query: &[(&str, &str)],
    ) -> Result<Json, CloudError> {
        match question {
            Question::Identity => self.identity(region).await,
            Question::DryRun => self.dry_run(region).await,
            Question::Tagged => self.tagged(region, query).await,
            Question::Images => {
                let images = self.images(region, query).await?;
                Ok(json!({ "images": images.iter().map(super::cfn::properties).collect::<Vec<_>>() }))
            }
        }
    }
}
