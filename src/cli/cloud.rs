//! The cloud of a command: Azure, or the embedded one in this process and on simulated time.

use std::path::PathBuf;
use std::sync::Arc;

use url::Url;

use super::account::Account;
use super::notices::Said;
use super::{ExitCode, Failure, Global, Session};
use crate::azure::{Azure, AzureConfig, Credential, FixedToken, SignIn, Surroundings, Token, Wire};
use crate::host::{HostCommands, HostWeb, Missing, SeededIds, SimClock, SystemClock};
use crate::simulator::{BASE, START, Simulator, SimulatorError};
use crate::stack::CloudName;
use crate::world::{Clock, Ids, Web};

/// A cloud that can be worked with.
pub struct Reached {
    /// The cloud.
    pub cloud: Azure,
    /// The public network, as its users see it.
    pub web: Arc<dyn Web>,
    /// The programs that steps run.
    pub commands: HostCommands,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn Ids>,
}

/// Where fresh ids come from: `--seed`, or the session.
pub fn ids(global: &Global, session: &Session) -> Arc<dyn Ids> {
    match global.seed {
        Some(seed) => Arc::new(SeededIds::new(seed)),
        None => Arc::clone(&session.ids),
    }
}

/// Where the embedded cloud is kept.
pub fn world_dir(global: &Global, session: &Session) -> PathBuf {
    session.path(&global.state_root).join("simulator")
}

/// Opens the embedded cloud. Its time goes on from where it stopped.
///
/// # Errors
/// Where it is damaged, in use, or of another seed.
pub fn open_world(global: &Global, session: &Session) -> Result<(Simulator, Arc<dyn Clock>), Failure> {
    let clock = Arc::new(SimClock::new(START));
    let simulator = Simulator::open(&world_dir(global, session), global.seed, Arc::clone(&clock) as Arc<dyn Clock>)?;
    clock.advance_to(simulator.now());
    Ok((simulator, clock))
}

/// Runs `work` with the cloud of this account, on a runtime whose time is the cloud's.
///
/// # Errors
/// Where the cloud cannot be reached, and those of `work`.
pub fn with_cloud<T>(
    account: &Account,
    global: &Global,
    session: &mut Session,
    work: impl AsyncFnOnce(Reached, &mut Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    account.is_known()?;
    match account.cloud {
        CloudName::Local => with_local(global, session, work),
        CloudName::Azure => with_azure(global, session, work),
    }
}

/// Azure, over the network and in real time.
fn with_azure<T>(
    global: &Global,
    session: &mut Session,
    work: impl AsyncFnOnce(Reached, &mut Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let cannot = |why: String| Failure::failed(format!("Azure cannot be reached: {why}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let client = Wire::client().map_err(cannot)?;
        let wire = Wire::Net(client.clone());
        let surroundings = Surroundings::of(&session.env, &wire).await.map_err(cannot)?;
        tracing::info!(cloud = %surroundings.name, at = %surroundings.resource_manager, "Azure");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let credential: Arc<dyn Credential> =
            Arc::new(SignIn::new(session.env.clone(), surroundings.clone(), client.clone()));
        // Without it nothing could be looked at, and everything would be taken as it is recorded.
        credential.token(false).await.map_err(cannot)?;
        let ids = ids(global, session);
        let cloud = Azure::new(AzureConfig {
            endpoint: surroundings.resource_manager.clone(),
            wire,
            credential,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            notices: Arc::new(Said(session.err.clone())),
        });
        let commands =
            HostCommands { root: session.cwd.clone(), environment: session.env.clone(), missing: Missing::Fails };
        let web = Arc::new(HostWeb::new(client).map_err(cannot)?);
        work(Reached { cloud, web, commands, clock, ids }, session).await
    })
}

/// The embedded cloud, in this process and on simulated time.
fn with_local<T>(
    global: &Global,
    session: &mut Session,
    work: impl AsyncFnOnce(Reached, &mut Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    simulated_time()?.block_on(async {
        let (simulator, clock) = open_world(global, session)?;
        let ids = ids(global, session);
        let endpoint = Url::parse(BASE).map_err(|error| Failure::failed(format!("{BASE}: {error}")))?;
        let cloud = Azure::new(AzureConfig {
            endpoint,
            wire: Wire::InProcess(simulator.router()),
            credential: Arc::new(FixedToken(Token::new("embedded"))),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            notices: Arc::new(Said(session.err.clone())),
        });
        let commands =
            HostCommands { root: session.cwd.clone(), environment: session.env.clone(), missing: Missing::CountsAsRun };
        work(Reached { cloud, web: Arc::new(simulator), commands, clock, ids }, session).await
    })
}

/// A runtime whose time passes at once wherever nothing is left to do but wait.
///
/// # Errors
/// Where the operating system refuses it.
pub fn simulated_time() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .map_err(|error| Failure::failed(format!("cannot start: {error}")))
}

impl From<SimulatorError> for Failure {
    fn from(error: SimulatorError) -> Self {
        let exit = match &error {
            SimulatorError::Damaged { .. } | SimulatorError::Newer { .. } => ExitCode::StackWrong,
            SimulatorError::OtherSeed { .. } | SimulatorError::InUse(_) => ExitCode::Refused,
            SimulatorError::Io { .. } | SimulatorError::NoObject(_) => ExitCode::Failed,
        };
        Self::Message { exit, code: None, what: error.to_string(), help: Vec::new() }
    }
}
