//! The manifest of a restore: the items in their order, each with the point that was chosen.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::backup::{
    DataAge, Level, ManifestBytes, Part, PointBytes, Prediction, Rates, RestoreForm, Selection, Tool, predict_bytes,
};

/// The version of the format.
const FORMAT: u32 = 1;

/// The backups that a machine restores when it starts. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// The stack.
    pub stack: String,
    /// The failover group.
    pub group: String,
    /// The lineage of the stack's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<String>,
    /// The time at which the points were chosen.
    pub written_at: Timestamp,
    /// The items.
    pub items: Vec<ManifestItem>,
}

/// One backup of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestItem {
    /// The name of the backup.
    pub name: String,
    /// Its place in the order.
    #[serde(default)]
    pub order: u32,
    /// The tool's word.
    pub tool: String,
    /// The repository, as the tool names it.
    pub repository: String,
    /// The stanza.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stanza: Option<String>,
    /// The chosen point.
    pub select: Selected,
    /// The time of the data that the restore brings back.
    pub recovery_point: Timestamp,
    /// Its proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// Its sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<ManifestBytes>,
    /// Its files, for tools whose manifest lists them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ManifestFile>,
    /// The program that encrypted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<String>,
    /// The environment variable of the key that the machine has to ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_key: Option<String>,
    /// The directory that the data go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// The chosen point.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selected {
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The time up to which the log is replayed; without it, to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_time: Option<Timestamp>,
    /// The newest one of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<bool>,
}

/// The proof of a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// How far it was proven.
    pub level: Level,
    /// When.
    pub at: Timestamp,
    /// By which run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A file of a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Its key in the repository.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

impl ManifestItem {
    /// The time of its restore; `None` where the tool reports no size.
    pub fn predict(&self, rates: &Rates) -> Option<Duration> {
        self.prediction(rates).map(|prediction| prediction.total())
    }

    /// The same with its terms.
    pub fn prediction(&self, rates: &Rates) -> Option<Prediction> {
        let ManifestBytes { repository, restored, log } = self.bytes?;
        let bytes = PointBytes { repository, restored };
        predict_bytes(bytes, log.unwrap_or(0), RestoreForm::Files, rates)
    }
}

impl Manifest {
    /// A manifest of these items, in this order.
    pub fn new(stack: &str, group: &str, written_at: Timestamp, items: Vec<ManifestItem>) -> Self {
        let ordered = (0..).zip(items).map(|(order, item)| ManifestItem { order, ..item });
        Self {
            format: FORMAT,
            stack: stack.to_owned(),
            group: group.to_owned(),
            lineage: None,
            written_at,
            items: ordered.collect(),
        }
    }

    /// The time of the oldest item: the data are not newer together.
    pub fn recovery_point(&self) -> Option<Timestamp> {
        self.items.iter().map(|item| item.recovery_point).min()
    }
}

/// The item of a backup: the newest data that can be restored, from this repository. `None` for a tool whose copies the
/// provider makes volumes of: a machine restores nothing then.
pub fn item(
    name: &str,
    (tool, selection): (&Tool, Selection<'_>),
    data: &DataAge<'_>,
    repository: &str,
) -> Option<ManifestItem> {
    // restic has absolute paths in its snapshots; the directory of an engine is that of its configuration in the image.
    let (word, key, target) = match (tool.form, tool.name) {
        (RestoreForm::Volume, _) => return None,
        (_, "wal_g") => ("wal-g", None, None),
        (_, "dumps") => ("dump", None, None),
        (_, "restic") => ("restic", Some("RESTIC_PASSWORD"), Some("/")),
        (_, "pgbackrest") => ("pgbackrest", Some("PGBACKREST_REPO1_CIPHER_PASS"), None),
        (_, other) => (other, None, None),
    };
    let point = data.point;
    // pgBackRest would replay the log of a point that is to be restored without it.
    let limit = (word == "pgbackrest" && point.is_last).then_some(point.at);
    let file = |part: &Part| ManifestFile { key: part.key.clone(), bytes: part.bytes, sha256: part.sha256.clone() };
    Some(ManifestItem {
        name: name.to_owned(),
        order: 0,
        tool: word.to_owned(),
        repository: repository.to_owned(),
        stanza: selection.stanza.map(str::to_owned),
        select: Selected { backup: Some(point.id.clone()), target_time: limit, latest: None },
        recovery_point: data.as_of,
        verified: point.proof.as_ref().map(|proof| Verified {
            level: Level::Restored,
            at: proof.at,
            by: Some(proof.run.clone()),
        }),
        bytes: Some(ManifestBytes {
            repository: point.bytes.repository,
            restored: point.bytes.restored,
            log: (data.log_bytes > 0).then_some(data.log_bytes),
        }),
        files: point.parts.iter().map(file).collect(),
        encryption: key.map(|_| "tool".to_owned()),
        needs_key: key.map(str::to_owned),
        target: target.map(str::to_owned),
    })
}
