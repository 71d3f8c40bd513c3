//! The ports: the cloud and its notices, the clock, ids and the store, as the layers above need them.
//!
//! Nothing here acts. Production code and the simulated world implement the same traits, so that one seed reproduces
//! a whole run.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::object::{Collection, Object, ObjectId};
use crate::reason::Reason;
use crate::sight::{Sight, Version};
use crate::state::{State, StateError};
use crate::steps::{Approval, Entry};

pub use crate::command::CommandLine;
pub use crate::steps::WebAnswer;

/// The port to the objects of a provider. Every write waits until the cloud reports it as complete.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// An object; `None` where it does not exist. Of a part of an object, the body is that of the whole, and the phase
    /// is its own.
    ///
    /// # Errors
    /// Never [`CloudError::OutcomeUnknown`]: reading changes nothing.
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError>;

    /// Creates or replaces a whole object, waits for completion and returns the result.
    ///
    /// # Errors
    /// [`CloudError::Refused`] where the cloud refused, at once or at the end of a long-running operation;
    /// [`CloudError::OutcomeUnknown`] where the write may or may not have happened.
    async fn put(&self, object: &Object, body: &Json, when: WriteCondition<'_>) -> Result<Sight, CloudError>;

    /// Writes several whole objects, in one request where the cloud can, so that nobody sees a part of the change.
    /// Without such a request they are written one after the other.
    ///
    /// # Errors
    /// As for [`Cloud::put`]. One request writes all or nothing; without one, the first error leaves those written that
    /// came before.
    async fn put_together(&self, writes: &[(Object, Json, WriteCondition<'_>)]) -> Result<Vec<Sight>, CloudError> {
        let mut seen = Vec::with_capacity(writes.len());
        for (object, body, when) in writes {
            seen.push(self.put(object, body, *when).await?);
        }
        Ok(seen)
    }

    /// Deletes an object and waits until a read finds nothing. Deleting a missing object is no error.
    ///
    /// # Errors
    /// As for [`Cloud::put`].
    async fn delete(&self, object: &Object) -> Result<(), CloudError>;

    /// Changes an object in part, waits for completion and returns the result.
    ///
    /// # Errors
    /// As for [`Cloud::put`]; and a refusal because another operation is in progress ([`Reason::Busy`]). That
    /// operation may be this very change, which must not be repeated once it is complete: the caller has to read the
    /// object first.
    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError>;

    /// Posts an action to an object with these query parameters, waits for completion and returns the answer (`null`
    /// where there is none).
    ///
    /// # Errors
    /// As for [`Cloud::patch`].
    async fn post(
        &self,
        object: &Object,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError>;

    /// The answer to a read with these query parameters: an object with the content that `$expand` requests, or a
    /// list of offers. `None` where it does not exist.
    ///
    /// # Errors
    /// As for [`Cloud::get`].
    async fn get_with(&self, object: &Object, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError>;

    /// The body of an object with the content that `$expand` requests; `None` where it does not exist.
    ///
    /// # Errors
    /// As for [`Cloud::get`].
    async fn get_expanded(&self, object: &Object, expand: &str) -> Result<Option<Json>, CloudError> {
        self.get_with(object, &[("$expand", expand)]).await
    }

    /// Checks that the control plane of an object answers; what it answers does not matter.
    ///
    /// # Errors
    /// As for [`Cloud::get`].
    async fn answers(&self, object: &Object) -> Result<(), CloudError>;

    /// The latest value of a metric of an object, from the monitoring of the provider; `None` where none was recorded
    /// recently.
    ///
    /// # Errors
    /// As for [`Cloud::get`].
    async fn metric(&self, object: &Object, name: &str) -> Result<Option<f64>, CloudError>;

    /// The objects of a list, by id. An existing object may be missing, for example where its region does not answer;
    /// those present are as [`Cloud::get`] returns them.
    ///
    /// # Errors
    /// As for [`Cloud::get`]; and where this type cannot be listed there.
    async fn collection(&self, list: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError>;

    /// Offset of the provider's clock from the local one, to about a second; `None` before the first answer with a
    /// date.
    fn clock_skew(&self) -> Option<SignedDuration> {
        None
    }

    /// The next attempt of a read below this id that the cloud's request limits delay now; `None` where none waits.
    /// Such a read has been answered, so that its wait is no silence.
    fn delayed_until(&self, _id: &ObjectId) -> Option<Timestamp> {
        None
    }

    /// The last answer to a write of this object that is tried again now; `None` where none is.
    fn last_refusal(&self, _id: &ObjectId) -> Option<String> {
        None
    }

    /// A token of the account for another audience: an API that an object of this cloud serves.
    ///
    /// # Errors
    /// As for [`Cloud::get`]; a cloud that issues none refuses.
    async fn token(&self, _audience: &str) -> Result<SecretText, CloudError> {
        Err(CloudError::Refused(CloudRefusal {
            reason: Reason::Invalid,
            has_begun: false,
            answer: "no request was sent".to_owned(),
            code: "NoTokens".to_owned(),
            message: "this provider issues no tokens for other services".to_owned(),
            correlation: None,
        }))
    }

    /// The ids of all top-level resources in a resource group; empty where the group does not exist.
    ///
    /// # Errors
    /// As for [`Cloud::get`].
    async fn list(&self, group: &ObjectId) -> Result<Vec<ObjectId>, CloudError>;
}

/// The way into an API that an object of another provider serves, as a cluster does.
#[async_trait]
pub trait Entrances: Send + Sync {
    /// The credentials of the API; `None` where the object does not exist.
    ///
    /// # Errors
    /// As for [`Cloud::get`].
    async fn credentials(&self, of: &ObjectId) -> Result<Option<SecretText>, CloudError>;

    /// A token of the account of the object, for the API as its audience.
    ///
    /// # Errors
    /// As for [`Cloud::token`].
    async fn token(&self, of: &ObjectId, audience: &str) -> Result<SecretText, CloudError>;
}

/// A text that only a client reads: credentials, or a token. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// A secret from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText([redacted])")
    }
}

/// The condition of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteCondition<'a> {
    /// Unconditional.
    Always,
    /// Only if the object still has this version.
    Unchanged(&'a Version),
    /// Unconditional, with this query parameter set to `true`: the provider copies again what it has from other
    /// objects.
    Renewing(&'a str),
}

/// Reasons why the cloud did not do what was requested.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// The cloud refused. Nothing was changed, or the operation that began has failed.
    #[error("{0}")]
    Refused(CloudRefusal),
    /// The cloud could not be reached, or did not answer: nothing was changed.
    #[error("the cloud could not be reached: {0}")]
    Unreachable(String),
    /// The request was sent and its outcome is unknown.
    #[error("the outcome is unknown: {0}")]
    OutcomeUnknown(String),
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message} ({answer}{})", correlation.as_ref().map(|c| format!(", correlation {c}")).unwrap_or_default())]
pub struct CloudRefusal {
    /// The reason, which the provider's client decides.
    pub reason: Reason,
    /// True if the cloud accepted the request and its operation failed later; false if it refused at once, and so
    /// changed nothing.
    pub has_begun: bool,
    /// The answer in the terms of the provider's protocol, as in `HTTP 409`: for people only.
    pub answer: String,
    /// The innermost code of the error.
    pub code: String,
    /// The innermost message of the error.
    pub message: String,
    /// The correlation id, by which the support of the provider finds the request.
    pub correlation: Option<String>,
}

/// Receives notices of a cloud during other requests: nothing has failed, but the operator should know the reason for
/// a wait.
pub trait Notices: Send + Sync {
    /// Receives one notice.
    fn notice(&self, notice: &Notice);
}

/// A notice of a cloud.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// The account is not registered with a service; registration has begun.
    Registering {
        /// The namespace of the provider.
        namespace: String,
    },
    /// The registration is complete.
    Registered {
        /// The namespace of the provider.
        namespace: String,
        /// Its duration.
        took: Duration,
    },
    /// The cloud's request limit delays requests. Reported once, until requests pass without delay again.
    Throttled {
        /// The provider, in sentences.
        provider: &'static str,
        /// The class of requests.
        requests: Requests,
        /// The requests that the cloud accepts per second, where known.
        rate: Option<f64>,
        /// The wait of the request that is delayed now.
        wait: Duration,
    },
    /// The delay is over.
    Unthrottled {
        /// The provider, in sentences.
        provider: &'static str,
        /// The class of requests.
        requests: Requests,
        /// The duration of the delay.
        lasted: Duration,
    },
}

/// The classes of requests that a cloud limits separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requests {
    /// Requests that change nothing.
    Reads,
    /// Requests that create, change or act.
    Writes,
    /// Requests that delete.
    Deletes,
}

/// Discards all notices.
#[derive(Debug, Clone, Copy)]
pub struct NoNotices;

impl Notices for NoNotices {
    fn notice(&self, _notice: &Notice) {}
}

/// The public network as a client of the system uses it, for probes and HTTP steps.
#[async_trait]
pub trait Web: Send + Sync {
    /// Sends one request and returns the answer. Follows no redirect and keeps no connection.
    ///
    /// # Errors
    /// The reason why there is no answer: unknown name, refused connection, timeout.
    async fn fetch(&self, request: &WebRequest) -> Result<WebAnswer, String>;
}

/// A request to the public network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    /// The method, as in `GET`.
    pub method: String,
    /// The URL.
    pub url: String,
    /// Headers. They may hold secrets, and are never shown.
    pub headers: Vec<(String, String)>,
    /// The body. It may hold secrets, and is never shown.
    pub body: Option<String>,
    /// The address that is connected to, instead of that of the host in the URL: an origin behind a proxy. Name and
    /// certificate stay those of the URL.
    pub address: Option<IpAddr>,
    /// The marker that the answer is read for.
    pub marker: Option<SiteMarker>,
    /// The expected status. In the local simulator every object that serves answers it: the simulator does not know the
    /// application.
    pub hoped: u16,
    /// The time limit for the answer.
    pub within: Duration,
}

/// A header of answers that names the site that served them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteMarker {
    /// The name of the header.
    pub header: String,
    /// The value that the application at each region sends. Only the local simulator uses it, as it does the expected
    /// status.
    pub hoped: BTreeMap<String, String>,
}

/// Programs on this machine, for the command steps of a failover group and for replicas between machines.
#[async_trait]
pub trait Commands: Send + Sync {
    /// Runs a program to its end, without a shell and without the environment of this process.
    ///
    /// # Errors
    /// The reason why it could not be run, or that it exceeded its time limit and was killed.
    async fn run(&self, line: &CommandLine) -> Result<ProgramExit, CommandError>;

    /// Runs a program to its end and keeps all of its standard output, in which bytes that are no UTF-8 are replaced.
    ///
    /// # Errors
    /// The reason, as for [`Commands::run`]; more output than is kept.
    async fn read(&self, line: &CommandLine) -> Result<ProgramOutput, String>;
}

/// The reason why a program has no end of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It did not run.
    #[error("{0}")]
    NotRun(String),
    /// It was killed, or lost sight of: what it has done is unknown.
    #[error("{0}")]
    Killed(String),
}

/// The end of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramExit {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Its last line: of standard error, or of standard output where standard error is empty.
    pub said: String,
    /// Its last line of standard output.
    pub output: String,
}

/// The output of a program that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramOutput {
    /// Its end, with the last line of standard error, which is empty where there is none.
    pub ended: ProgramExit,
    /// Its standard output.
    pub text: String,
}

/// This machine, where a provider's own tools keep credentials.
#[async_trait]
pub trait Workstation: Send + Sync {
    /// The text of a file with credentials; `None` where there is no such file.
    ///
    /// # Errors
    /// The reason why it cannot be read. It holds nothing of the file.
    fn file(&self, path: &str) -> Result<Option<String>, String>;

    /// The output of a program that prints credentials. It runs without a shell, in the environment of this process.
    ///
    /// # Errors
    /// The reason why there is none. It holds nothing of the output.
    async fn output(&self, program: &str, arguments: &[String]) -> Result<String, String>;
}

/// Time, simulated or real.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// New names and keys.
pub trait Ids: Send + Sync {
    /// A new UUID.
    fn fresh(&self) -> String;
    /// A new key for [`crate::value::Seal`].
    fn key(&self) -> [u8; 32];
}

/// Storage of the state of one stack on one cloud.
pub trait Store: Send + Sync {
    /// The state: the snapshot with every later journal folded in. `None` where nothing was ever recorded.
    ///
    /// # Errors
    /// Where it is damaged, or a newer version of drplan wrote it.
    fn load(&self) -> Result<Option<State>, StateError>;

    /// Calls `work` while no other process writes the snapshot or begins a run. Not to be nested.
    ///
    /// # Errors
    /// Where the lock cannot be taken, and those of `work`.
    fn write(&self, work: &mut dyn FnMut() -> Result<(), StateError>) -> Result<(), StateError>;

    /// Changes the state as it is now, with all that other processes have recorded meanwhile, and writes the next
    /// snapshot. Returns it; `None` where nothing was ever recorded.
    ///
    /// # Errors
    /// Where the state cannot be read or written.
    fn update(&self, change: &mut dyn FnMut(&mut State)) -> Result<Option<State>, StateError> {
        let mut written = None;
        self.write(&mut || {
            let Some(mut state) = self.load()? else { return Ok(()) };
            change(&mut state);
            state.serial += 1;
            self.save(&state)?;
            written = Some(state);
            Ok(())
        })?;
        Ok(written)
    }

    /// Replaces the snapshot, atomically and synced.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn save(&self, state: &State) -> Result<(), StateError>;

    /// A name for a new run: `<unix milliseconds>-<id>`, later than that of every run before it, even where the clock
    /// was set back. Journals are folded in the order of names.
    ///
    /// # Errors
    /// Where the runs cannot be listed.
    fn name_run(&self, at: Timestamp, id: &str) -> Result<String, StateError>;

    /// A new journal for this run, or the existing one, opened for appending after its last complete entry.
    ///
    /// # Errors
    /// Where it cannot be opened, is damaged before its last entry, or is new and its name is not later than that of
    /// every run before it.
    fn journal(&self, run: &str) -> Result<Box<dyn Journal>, StateError>;

    /// The runs that have a journal, oldest first.
    ///
    /// # Errors
    /// Where they cannot be listed.
    fn runs(&self) -> Result<Vec<String>, StateError>;

    /// The entries of a run's journal; none where it does not exist. May be called while another process continues
    /// the run.
    ///
    /// # Errors
    /// Where the journal is damaged before its last line.
    fn entries_of(&self, run: &str) -> Result<Vec<Entry>, StateError>;

    /// Records an operator's answer to a step. Needs no lock: another process may continue the run.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn approve(&self, run: &str, approval: &Approval) -> Result<(), StateError>;

    /// The answers to steps of a run, oldest first.
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
    /// Where they cannot be written; then nothing that they announce may be done.
    fn append(&mut self, entries: &[Entry]) -> Result<(), StateError>;
}
