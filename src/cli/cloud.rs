//! The clouds of a command: the providers, or the local simulator in this process and on simulated time.

use std::path::PathBuf;
use std::sync::Arc;

use super::account::Account;
use super::notices::NoticePrinter;
use super::{ExitCode, Failure, Global, Session};
use crate::apply::{CatalogueSource, Clouds, ReadPorts};
use crate::host::{HostCommands, HostWeb, HostWorkstation, MissingProgram, SeededIds, SimClock, SystemClock};
use crate::providers;
use crate::simulator::{START, SimulatedCommands, Simulator, SimulatorError};
use crate::stack::CloudName;
use crate::wire::{HttpBackend, Reach};
use crate::world::{Clock, Commands, Ids, Web};

/// A cloud with its clock, network and programs.
pub struct CloudConnection {
    /// The clouds of all providers.
    pub cloud: Clouds,
    /// The public network as users see it.
    pub web: Arc<dyn Web>,
    /// The programs of steps and replicas, in the directory of the stack.
    pub commands: Arc<dyn Commands>,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn Ids>,
    /// True for the local simulator.
    pub is_local: bool,
}

impl CloudConnection {
    /// The source of the catalogues of backups.
    pub fn catalogues(&self) -> CatalogueSource<'_> {
        match self.is_local {
            true => CatalogueSource::Simulated(START),
            false => CatalogueSource::Commands(&*self.commands),
        }
    }

    /// The ports that reads need.
    pub fn reads(&self) -> ReadPorts<'_> {
        ReadPorts { cloud: &self.cloud, commands: &*self.commands, clock: &*self.clock }
    }
}

/// The source of ids: `--seed`, or the session.
pub fn ids(global: &Global, session: &Session) -> Arc<dyn Ids> {
    match global.seed {
        Some(seed) => Arc::new(SeededIds::new(seed)),
        None => Arc::clone(&session.ids),
    }
}

/// The same for the providers themselves. A seed never makes a key: anybody who knows the seed could guess secrets from
/// their digests.
fn ids_with_keys(global: &Global, session: &Session) -> Arc<dyn Ids> {
    Arc::new(WithKeys { ids: ids(global, session), keys: Arc::clone(&session.ids) })
}

/// Ids of one source with keys of another.
struct WithKeys {
    ids: Arc<dyn Ids>,
    keys: Arc<dyn Ids>,
}

impl Ids for WithKeys {
    fn fresh(&self) -> String {
        self.ids.fresh()
    }

    fn key(&self) -> [u8; 32] {
        self.keys.key()
    }
}

/// The directory of the local simulator.
pub fn world_dir(global: &Global, session: &Session) -> PathBuf {
    session.path(&global.state_root).join("simulator")
}

/// Opens the local simulator. Its time continues from where it stopped.
///
/// # Errors
/// A simulator that is damaged, in use, or of another seed.
pub fn open_world(global: &Global, session: &Session) -> Result<(Simulator, Arc<dyn Clock>), Failure> {
    Ok(open_world_beside(global, session, || ())?.0)
}

/// A simulator and its clock.
type OpenWorld = (Simulator, Arc<dyn Clock>);

/// The same, with other work in the meantime.
fn open_world_beside<R: Send>(
    global: &Global,
    session: &Session,
    beside: impl Fn() -> R + Sync,
) -> Result<(OpenWorld, R), Failure> {
    let clock = Arc::new(SimClock::new(START));
    let (simulator, result) = Simulator::open_beside(
        crate::providers::dialects(),
        &world_dir(global, session),
        global.seed,
        Arc::clone(&clock) as Arc<dyn Clock>,
        beside,
    )?;
    clock.advance_to(simulator.now());
    Ok(((simulator, clock), result))
}

/// Runs `work` with the cloud of this account, on a runtime with the cloud's time.
///
/// # Errors
/// A cloud that cannot be reached, and those of `work`.
pub fn with_cloud<T>(
    account: &Account,
    global: &Global,
    session: &mut Session,
    work: impl AsyncFnOnce(CloudConnection, &mut Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_cloud_beside(account, global, session, || (), async |(), reached, session| work(reached, session).await)
}

/// The same, with the result of `beside`, which is computed while the local simulator opens.
///
/// # Errors
/// As for [`with_cloud`].
pub fn with_cloud_beside<T, R: Send>(
    account: &Account,
    global: &Global,
    session: &mut Session,
    beside: impl Fn() -> R + Sync,
    work: impl AsyncFnOnce(R, CloudConnection, &mut Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    account.is_known()?;
    match account.cloud {
        CloudName::Local => with_local(account, global, session, beside, work),
        CloudName::Providers(_) => {
            let work = async |reached, session: &mut Session| work(beside(), reached, session).await;
            with_providers(account, global, session, work)
        }
    }
}

/// The providers themselves, over the network and in real time.
fn with_providers<T>(
    account: &Account,
    global: &Global,
    session: &mut Session,
    work: impl AsyncFnOnce(CloudConnection, &mut Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let client = HttpBackend::client().map_err(|why| Failure::failed(format!("cannot start: {why}")))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = ids_with_keys(global, session);
        let reach = Reach {
            wire: HttpBackend::Net(client.clone()),
            network: Some(client.clone()),
            environment: session.env.clone(),
            workstation: Some(Arc::new(HostWorkstation { environment: session.env.clone() })),
            entrances: None,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            notices: Arc::new(NoticePrinter(session.err.clone())),
        };
        let cloud = clouds(account, &reach, session).await?;
        let commands = Arc::new(programs(account, session, MissingProgram::Fails));
        let web = Arc::new(HostWeb::new(client).map_err(|why| Failure::failed(format!("cannot start: {why}")))?);
        work(CloudConnection { cloud, web, commands, clock, ids, is_local: false }, session).await
    })
}

/// The local simulator, in this process and on simulated time.
fn with_local<T, R: Send>(
    account: &Account,
    global: &Global,
    session: &mut Session,
    beside: impl Fn() -> R + Sync,
    work: impl AsyncFnOnce(R, CloudConnection, &mut Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    simulated_time()?.block_on(async {
        let ((simulator, clock), result) = open_world_beside(global, session, beside)?;
        let ids = ids(global, session);
        let reach = Reach {
            wire: HttpBackend::InProcess(simulator.router()),
            network: None,
            environment: session.env.clone(),
            workstation: None,
            entrances: None,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            notices: Arc::new(NoticePrinter(session.err.clone())),
        };
        let cloud = clouds(account, &reach, session).await?;
        let others = programs(account, session, MissingProgram::CountsAsRun);
        let commands = Arc::new(SimulatedCommands { simulator: simulator.clone(), others });
        work(result, CloudConnection { cloud, web: Arc::new(simulator), commands, clock, ids, is_local: true }, session)
            .await
    })
}

/// The programs of this machine.
fn programs(account: &Account, session: &Session, missing: MissingProgram) -> HostCommands {
    HostCommands { root: session.path(&account.directory), environment: session.env.clone(), missing }
}

/// The clouds of all providers, connected to those that the stack uses.
async fn clouds(account: &Account, reach: &Reach, session: &Session) -> Result<Clouds, Failure> {
    let clouds = Clouds::new(session.catalog, providers::connections(reach));
    for provider in &account.uses {
        let cannot = |why| Failure::failed(format!("cannot connect to {}: {why}", provider.title));
        clouds.open(provider).await.map_err(cannot)?;
    }
    Ok(clouds)
}

/// A runtime on simulated time: waiting takes no time.
///
/// # Errors
/// Those of the operating system.
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
            SimulatorError::Io { .. } | SimulatorError::NoObject(_) | SimulatorError::Files(_) => ExitCode::Failed,
        };
        Self::Message { exit, code: None, what: error.to_string(), help: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_makes_no_key_of_real_providers() {
        let seeded = SeededIds::new(5);
        let own = SeededIds::new(6);
        let both = WithKeys { ids: Arc::new(seeded.fork()), keys: Arc::new(own.fork()) };
        assert_eq!(both.fresh(), seeded.fresh());
        assert_eq!(both.key(), own.key());
    }
}
