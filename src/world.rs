//! The ports: the cloud and what it tells, the clock, ids and the store, as the layers above need them.
//!
//! Nothing here acts. Production code and the simulated world implement the same traits, so that one seed replays a whole run.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::address::ArmId;
use crate::state::{State, StateError};
use crate::steps::{Approval, Entry};

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

    /// Changes an object in part, waits until that is done and returns the body as it then stands.
    ///
    /// # Errors
    /// As for [`Cloud::put`]; and a refusal because another operation is under way ([`Refused::is_busy`]): that may be this very change, which then
    /// must not be asked for again once it is done, so that whoever asks has to look first.
    async fn patch(&self, id: &ArmId, api: &str, body: &Json) -> Result<Json, CloudError>;

    /// Posts an action to an object, with these pairs in the query, waits until it is done and returns the answer (`null` where there is none).
    ///
    /// # Errors
    /// As for [`Cloud::patch`].
    async fn post(
        &self,
        id: &ArmId,
        api: &str,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError>;

    /// What a GET of this path answers with these pairs in the query: an object with what `$expand` asks for, a list of what is offered. `None` where
    /// there is nothing.
    ///
    /// # Errors
    /// As for [`Cloud::get`].
    async fn get_with(&self, id: &ArmId, api: &str, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError>;

    /// The body of an object with what `$expand` asks for; `None` where there is none.
    ///
    /// # Errors
    /// As for [`Cloud::get`].
    async fn get_expanded(&self, id: &ArmId, api: &str, expand: &str) -> Result<Option<Json>, CloudError> {
        self.get_with(id, api, &[("$expand", expand)]).await
    }

    /// The newest value of a metric of an object, from Azure Monitor; `None` where none was recorded lately.
    ///
    /// # Errors
    /// As for [`Cloud::get`].
    async fn metric(&self, id: &ArmId, name: &str) -> Result<Option<f64>, CloudError>;

    /// The bodies of all objects of one type directly below a scope: of `…/providers/{namespace}/{type}`, `…/{parent}/{type}` or `…/resourceGroups`. What
    /// stands may be missing, as where its region does not answer; what is there is as [`Cloud::get`] would have it.
    ///
    /// # Errors
    /// As for [`Cloud::get`]; and where this type cannot be listed there.
    async fn collection(&self, path: &ArmId, api: &str) -> Result<Vec<Json>, CloudError>;

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

impl Refused {
    /// Whether another operation is under way, so that the same request will be taken later.
    pub fn is_busy(&self) -> bool {
        is_busy(&self.code, &self.message)
    }
}

/// Whether an error with this code says that the subscription is not registered with a provider.
pub fn is_unregistered(code: &str) -> bool {
    matches!(code, "MissingSubscriptionRegistration" | "SubscriptionNotRegistered")
}

/// Whether an error with this code and message says that another operation is under way.
pub fn is_busy(code: &str, message: &str) -> bool {
    match code {
        "AnotherOperationInProgress" | "OperationInProgress" | "ResourceGroupBeingDeleted" => true,
        "Conflict" => message.to_ascii_lowercase().contains("in progress"),
        code => code.starts_with("RetryableError"),
    }
}

/// Takes what a cloud tells while it is asked for something else: nothing has failed, and whoever waits should know why.
pub trait Notices: Send + Sync {
    /// Takes one.
    fn notice(&self, notice: &Notice);
}

/// What a cloud tells meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// The subscription is not registered with a provider, and is being registered now.
    Registering {
        /// The namespace of the provider.
        namespace: String,
    },
    /// That is done.
    Registered {
        /// The namespace of the provider.
        namespace: String,
        /// How long it took.
        took: Duration,
    },
    /// The cloud's limit of requests holds some up. Told once, until they go through at once again.
    Throttled {
        /// Which.
        requests: Requests,
        /// How many of them the cloud takes in a second, as far as that is known.
        rate: Option<f64>,
        /// How long the one waits that is held up now.
        wait: Duration,
    },
    /// It does not any more.
    Unthrottled {
        /// Which.
        requests: Requests,
        /// For how long it did.
        lasted: Duration,
    },
}

/// What a cloud counts apart when it limits requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requests {
    /// Those that change nothing.
    Reads,
    /// Those that create, change or act.
    Writes,
    /// Those that delete.
    Deletes,
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Untold;

impl Notices for Untold {
    fn notice(&self, _notice: &Notice) {}
}

/// The public network: what a client of the system gets, for probes and HTTP steps.
#[async_trait]
pub trait Web: Send + Sync {
    /// Sends one request and returns the status of the answer. No redirect is followed, no connection kept.
    ///
    /// # Errors
    /// Why there is no answer: the name is not known, nobody listens, nothing comes in time.
    async fn fetch(&self, request: &WebRequest) -> Result<u16, String>;
}

/// A request to the public network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    /// The method, as in `GET`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Headers. They may hold secrets, and are never shown.
    pub headers: Vec<(String, String)>,
    /// The body. It may hold secrets, and is never shown.
    pub body: Option<String>,
    /// The status that is hoped for. The embedded cloud answers it for hosts outside of its world, which it knows nothing of.
    pub hoped: u16,
    /// How long the answer may take.
    pub within: Duration,
}

/// Programs of this machine, for the steps of a failover group that run one.
#[async_trait]
pub trait Commands: Send + Sync {
    /// Runs a program to its end, without a shell and without the environment of this one.
    ///
    /// # Errors
    /// Why it could not be run, or that it did not end in time and was killed.
    async fn run(&self, line: &CommandLine) -> Result<Exited, String>;
}

/// A program and what it is given. None of it is shown: all may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program: a path, or a name that is looked up as usual.
    pub program: String,
    /// Its arguments, as they are.
    pub arguments: Vec<String>,
    /// What its environment holds beside what every program needs.
    pub environment: BTreeMap<String, String>,
    /// Where it runs, relative to the directory of the stack.
    pub directory: Option<String>,
    /// How long it may take.
    pub within: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exited {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// The last line that it wrote.
    pub said: String,
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

    /// The runs that have a journal, oldest first.
    ///
    /// # Errors
    /// Where they cannot be listed.
    fn runs(&self) -> Result<Vec<String>, StateError>;

    /// The entries of a run's journal; none where it has none. May be asked while the run goes on elsewhere.
    ///
    /// # Errors
    /// Where the journal is damaged before its last line.
    fn entries_of(&self, run: &str) -> Result<Vec<Entry>, StateError>;

    /// Answers a step of a run that waits for a person. Needs no lock: the run may go on elsewhere.
    ///
    /// # Errors
    /// Where it cannot be kept.
    fn approve(&self, run: &str, approval: &Approval) -> Result<(), StateError>;

    /// The answers that were given to steps of a run, oldest first.
    ///
    /// # Errors
    /// Where they are damaged or cannot be read.
    fn approvals(&self, run: &str) -> Result<Vec<Approval>, StateError>;
}

/// The journal of one run, append-only.
pub trait Journal: Send {
    /// Appends entries and returns once they would survive a loss of power.
    ///
    /// # Errors
    /// Where they cannot be written; then nothing may be done that they announce.
    fn append(&mut self, entries: &[Entry]) -> Result<(), StateError>;
}
