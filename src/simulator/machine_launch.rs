//! The launch of a machine that restores backups. Knows no world.

use jiff::Timestamp;

use crate::backup::launch::LaunchPlaces;

/// A machine that was launched with the user data of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MachineLaunch {
    /// The machine, as its provider names it.
    pub(crate) machine: String,
    /// The time of its launch.
    pub(crate) at: Timestamp,
    /// The run in its user data.
    pub(crate) run: String,
    /// The addresses in them.
    pub(crate) manifest: String,
    pub(crate) status: String,
    pub(crate) key: String,
}

impl MachineLaunch {
    /// The launch of a machine with these settings.
    pub(crate) fn new(machine: &str, at: Timestamp, places: LaunchPlaces<'_>) -> Self {
        let LaunchPlaces { run, manifest, status, key } = places;
        let [machine, run, manifest, status, key] = [machine, run, manifest, status, key].map(str::to_owned);
        Self { machine, at, run, manifest, status, key }
    }
}
