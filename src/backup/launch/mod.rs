//! Restore at launch: what a machine of a cold site gets when it starts, and what it reports.
//!
//! The manifest says what to restore and holds no secret. The machine reports every phase in one status document. Its
//! part is in `templates/launch`: a script, a unit, and user data that only name three places and start the unit.

mod image;
mod manifest;
mod merged;
mod simulated;
mod status;

pub use super::point::ManifestBytes;
pub use image::{LaunchPlaces, SCRIPT, UNIT, settings, user_data};
pub use manifest::{Manifest, ManifestFile, ManifestItem, Selected, Verified, item};
pub use merged::{merged, unmergeable, without_restore};
pub use simulated::{SimulatedLaunch, report};
pub use status::{Measured, ReportedPhase, RestoreError, RestoreFollower, RestoreReport, Taken, by_item};
