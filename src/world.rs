//! The ports: the cloud, the clock, ids and the store, as the layers above need them.
//!
//! Nothing here acts. Production code and the simulated world implement the same traits, so that one seed replays a whole run.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::address::ArmId;
use crate::state::{State, StateError};
use crate::steps::Entry;

/// A cloud that answers for Resource Manager. Every write waits until the cloud says that it is done.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// The body of an object; `None` where there is none.
    ///
    /// # Errors
    /// Never [`CloudError::OutcomeUnknown`]: reading changes nothing.
    async fn get(&self, id: &ArmId, api: &str) -> Result<Option<Json>, CloudError>;

    /// Creates or replaces an object, waits until that is done and returns the body as it then stands.
    ///
    /// # Errors
    /// [`CloudError::Refused`] where the cloud said no, at once or at the end of a long-running operation;
    /// [`CloudError::OutcomeUnknown`] where it may or may not have been done.
    async fn put(&self, id: &ArmId, api: &str, body: &Json, when: When<'_>) -> Result<Json, CloudError>;

    /// Deletes an object and waits until a read finds nothing; deleting what is not there is no error.
    ///
    /// # Errors
    /// As for [`Cloud::put`].
    async fn delete(&self, id: &ArmId, api: &str) -> Result<(), CloudError>;

    /// Posts an action to an object, waits until it is done and returns the answer (`null` where there is none).
    ///
    /// # Errors
    /// As for [`Cloud::put`].
    async fn post(&self, id: &ArmId, api: &str, action: &str, body: Option<&Json>) -> Result<Json, CloudError>;

    /// The ids of all top-level resources in a resource group; empty where there is no such group.
    ///
    /// # Errors
    /// As for [`Cloud::get`].
    async fn list(&self, group: &ArmId) -> Result<Vec<ArmId>, CloudError>;
}

/// The condition on which a write is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When<'a> {
    /// On none.
    Always,
    /// Only if the object still has this etag.
    Unchanged(&'a str),
}

/// Why the cloud did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// The cloud answered no. Nothing was changed, or what was begun has ended as failed.
    #[error("{0}")]
    Refused(Refused),
    /// The cloud could not be asked, or did not answer: nothing was changed.
    #[error("the cloud could not be reached: {0}")]
    Unreachable(String),
    /// The request was sent and its outcome is not known.
    #[error("the outcome is not known: {0}")]
    OutcomeUnknown(String),
}

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message} (HTTP {status}{})", correlation.as_ref().map(|c| format!(", correlation {c}")).unwrap_or_default())]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The innermost code of the error.
    pub code: String,
    /// The innermost message of the error.
    pub message: String,
    /// The id by which Azure's support finds the request.
    pub correlation: Option<String>,
}

/// Time, as the world has it: simulated or real.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// Fresh names and keys.
pub trait Ids: Send + Sync {
    /// A new id: a UUID, never the same twice.
    fn fresh(&self) -> String;
    /// A new key for [`crate::value::Seal`].
    fn key(&self) -> [u8; 32];
}

/// Where state is kept: one stack on one cloud.
pub trait Store: Send + Sync {
    /// The state: the snapshot with every journal folded into it that came after it. `None` where nothing was ever recorded.
    ///
    /// # Errors
    /// Where it is damaged, or from a newer version.
    fn load(&self) -> Result<Option<State>, StateError>;

    /// Replaces the snapshot, atomically and synced.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn save(&self, state: &State) -> Result<(), StateError>;

    /// A name for a new run that begins now: `<unix milliseconds>-<id>`, later than that of every run before it, even where the clock was set
    /// back. The order of names is the order in which journals are folded.
    ///
    /// # Errors
    /// Where the runs cannot be listed.
    fn name_run(&self, at: Timestamp, id: &str) -> Result<String, StateError>;

    /// A new journal for this run, or the existing one, opened for appending behind its last whole entry.
    ///
    /// # Errors
    /// Where it cannot be opened, is damaged before its last entry, or is new and its name is not later than that of every run before it.
    fn journal(&self, run: &str) -> Result<Box<dyn Journal>, StateError>;
}

/// The journal of one run, append-only.
pub trait Journal: Send {
    /// Appends entries and returns once they would survive a loss of power.
    ///
    /// # Errors
    /// Where they cannot be written; then nothing may be done that they announce.
    fn append(&mut self, entries: &[Entry]) -> Result<(), StateError>;
}
