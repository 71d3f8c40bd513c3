//! Deployments as the world keeps them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json};

use super::template::{Template, TemplateResource};
use crate::object::ObjectId;
use crate::simulator::request::ErrorResponse;

/// One deployment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::providers::azure::simulated) struct Deployment {
    pub(in crate::providers::azure::simulated) id: ObjectId,
    /// The scope that it is deployed to.
    pub(super) scope: ObjectId,
    pub(super) location: Option<String>,
    pub(super) tags: Json,
    pub(super) template: Json,
    /// True if the template holds no expressions.
    pub(super) literal: bool,
    #[serde(default)]
    pub(super) mode: DeploymentMode,
    /// The values of the parameters, without secure ones.
    pub(super) parameters: JsonMap<String, Json>,
    pub(super) began: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) correlation: String,
    /// The last segment of the status URL.
    pub(super) key: String,
    pub(super) stage: DeploymentState,
    pub(super) parts: Vec<DeploymentResource>,
    pub(super) outputs: Json,
    /// The prepared template and its resources.
    #[serde(skip)]
    pub(super) work: Option<Box<PreparedDeployment>>,
    /// The time of the next step.
    #[serde(skip)]
    pub(super) next: Option<Timestamp>,
    /// The time of the next pass over what a complete deployment deletes, and the number of passes so far.
    #[serde(skip)]
    pub(super) purge: Option<(Timestamp, u32)>,
}

/// Treatment of resources of the group that are not in the template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DeploymentMode {
    /// It leaves them alone.
    #[default]
    Incremental,
    /// It deletes them.
    Complete,
}

impl Deployment {
    /// True while it writes resources.
    pub(in crate::providers::azure::simulated) fn is_running(&self) -> bool {
        self.stage == DeploymentState::Running
    }
}

impl DeploymentMode {
    /// The name in requests and answers.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Incremental => "Incremental",
            Self::Complete => "Complete",
        }
    }
}

/// A template that is ready to be deployed.
#[derive(Debug, Clone)]
pub(super) struct PreparedDeployment {
    pub(super) template: Template,
    pub(super) items: Vec<TemplateResource>,
    /// The ids of the items by symbolic name.
    pub(super) symbols: BTreeMap<String, ObjectId>,
}

/// The state of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DeploymentState {
    Running,
    Succeeded,
    Failed(ErrorResponse),
    Canceled,
}

/// The outcome of one resource of a template.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeploymentResource {
    pub(super) id: ObjectId,
    #[serde(rename = "type")]
    pub(super) type_: String,
    pub(super) state: ResourceState,
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    /// True if the deployment created the resource.
    pub(super) created: bool,
}

/// The state of a resource of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ResourceState {
    /// It waits for its dependencies or, after a temporary refusal, until a time.
    Waiting {
        again: Option<Timestamp>,
        tries: u32,
    },
    /// The operation with this key writes it.
    Running(String),
    /// It is written and becomes available at this time.
    Until(Timestamp),
    /// It is a nested deployment.
    Inner,
    Done,
    Failed(ErrorResponse),
    /// Its condition is false, or it is an existing resource.
    Skipped,
    /// A dependency was not created.
    NotBegun,
}
