//! The text of a state file: indented JSON that begins with a checksum of the rest.
//!
//! A file that was damaged, truncated or edited manually is therefore detected before it is used. The checksum has
//! the same position in every version of the format. The store reads and writes the files.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{State, StateError, VERSION};

const OPEN: &str = "{\n";
const BEFORE: &str = "{\n  \"checksum\": \"";
const AFTER: &str = "\",\n";
const RECOVER: &str = "replace it with state.json.backup or another copy, then run `drplan refresh`";

/// SHA-256 over these parts in sequence, in hexadecimal.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a state: equal for equal states.
///
/// # Errors
/// Where it cannot be serialised; no such state is known.
pub fn write(state: &State) -> Result<String, serde_json::Error> {
    let mut bare = serde_json::to_string_pretty(state)?;
    bare.push('\n');
    let checksum = digest(&[bare.as_bytes()]);
    Ok(format!("{BEFORE}{checksum}{AFTER}{}", bare.strip_prefix(OPEN).unwrap_or(&bare)))
}

/// Reads a state; `file` is its name in errors.
///
/// # Errors
/// Where it is damaged, or a newer version of drplan wrote it.
pub fn read(file: &str, text: &[u8]) -> Result<State, StateError> {
    let damaged = |what: String| StateError::Damaged { file: file.to_owned(), what: format!("{what}; {RECOVER}") };
    let bare = checked(text).map_err(damaged)?;
    let state: State = match serde_json::from_str(&bare) {
        Ok(state) => state,
        // That of a newer version may have other fields.
        Err(e) => {
            refuse_newer(file, &bare)?;
            let what = format!("it is not a state of this version ({e}; line numbers exclude the checksum line)");
            return Err(damaged(what));
        }
    };
    check_version(file, state.version)?;
    Ok(state)
}

/// The text without the checksum line, if the checksum is right; otherwise the error.
fn checked(text: &[u8]) -> Result<String, String> {
    let text =
        std::str::from_utf8(text).map_err(|e| format!("it is not valid text from byte {} on", e.valid_up_to()))?;
    let parts = text.strip_prefix(BEFORE).and_then(|rest| rest.split_once(AFTER));
    let Some((checksum, rest)) = parts else { return Err(why_unreadable(text, "it does not begin with its checksum")) };
    let bare = format!("{OPEN}{rest}");
    if digest(&[bare.as_bytes()]) == checksum {
        Ok(bare)
    } else {
        Err(why_unreadable(text, "its checksum does not match its content, so it was edited or truncated"))
    }
}

/// Bytes at the beginning of the text of a state that hold its first fields.
pub const HEAD: u64 = 1024;

/// The check of the key in the beginning of the text of a state: it is among the first fields.
pub fn key_check(head: &[u8]) -> Option<String> {
    const FIELD: &str = "\n  \"key_check\": \"";
    let head = String::from_utf8_lossy(head).into_owned();
    let (_, rest) = head.split_once(FIELD)?;
    Some(rest.split_once('"')?.0.to_owned())
}

fn why_unreadable(text: &str, otherwise: &str) -> String {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => otherwise.to_owned(),
        Err(e) => format!("it cannot be read ({e})"),
    }
}

fn refuse_newer(file: &str, bare: &str) -> Result<(), StateError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    match serde_json::from_str::<Versioned>(bare) {
        Ok(Versioned { version }) => check_version(file, version),
        Err(_) => Ok(()),
    }
}

fn check_version(file: &str, version: u32) -> Result<(), StateError> {
    match version > VERSION {
        true => Err(StateError::Newer { file: file.to_owned(), found: version, known: VERSION }),
        false => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use proptest::prelude::*;
    use serde_json::{Map as JsonMap, Value as Json, json};

    use super::*;
    use crate::address::Address;
    use crate::backup::launch::{ManifestBytes, Measured};
    use crate::backup::{Level, RestoreOutcome, RestoreRecord};
    use crate::object::{Object, ObjectId, Within};
    use crate::roles::{FailoverMode, ProtectionDebt, Side};
    use crate::stack::Presence;
    use crate::state::{ActiveSite, GroupRole, OpenRun, Recorded, RecordedDebt, Roles, RunKind, Status};

    fn jsons() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            any::<String>().prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let map = prop::collection::vec((any::<String>(), inner.clone()), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Json::from),
                map.prop_map(|map| map.into_iter().collect())
            ]
        })
    }

    fn maps() -> impl Strategy<Value = JsonMap<String, Json>> {
        prop::collection::vec(("[a-z_]{1,9}", jsons()), 0..4).prop_map(|map| map.into_iter().collect())
    }

    /// An arbitrary recorded resource.
    pub(crate) fn recorded() -> impl Strategy<Value = Recorded> {
        let within = prop_oneof![
            Just(None),
            Just(Some(Within::Paths(vec!["properties.a".to_owned()]))),
            Just(Some(Within::Element { list: "l".to_owned(), key: "name".to_owned(), name: "n".to_owned() })),
        ];
        let status = prop::sample::select(vec![Status::Standing, Status::Creating, Status::Updating, Status::Deleting]);
        (any::<String>(), within, prop::option::of("[a-z]+"), maps(), maps(), any::<bool>(), status).prop_map(
            |(name, within, variant, arguments, attributes, prevent_destroy, status)| Recorded {
                presence: if prevent_destroy { Presence::Failover } else { Presence::Permanent },
                id: ObjectId::new(format!("/subscriptions/s/{name}")),
                name,
                site: "east".to_owned(),
                location: "eastus2".to_owned(),
                objects: vec![Object { within, ..Object::whole(ObjectId::new("/subscriptions/s"), "2025-01-01") }],
                variant,
                arguments,
                attributes,
                needs: if prevent_destroy { vec![Address::new("kind", "other")] } else { Vec::new() },
                owner: prevent_destroy.then(|| "lineage".to_owned()),
                prevent_destroy,
                status,
                under_way: prevent_destroy.then_some(jiff::Timestamp::UNIX_EPOCH),
            },
        )
    }

    fn times() -> impl Strategy<Value = Timestamp> {
        (0..9_999_999_999_999_i64).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap())
    }

    fn owed() -> impl Strategy<Value = Vec<RecordedDebt>> {
        let one = (any::<String>(), any::<String>(), any::<String>(), times()).prop_map(|(key, what, pays, since)| {
            RecordedDebt { of: Address::new("kind", "n").instance(&key), debt: ProtectionDebt { what, pays }, since }
        });
        prop::collection::vec(one, 0..3)
    }

    /// An arbitrary role of a failover group.
    pub(crate) fn group_roles() -> impl Strategy<Value = GroupRole> {
        let active = prop::sample::select(vec![ActiveSite::Home, ActiveSite::Away, ActiveSite::Between]);
        let how = prop::option::of(prop::sample::select(vec![FailoverMode::Planned, FailoverMode::Forced]));
        let side = prop::sample::select(vec![Side::Source, Side::Target]);
        let address = || any::<String>().prop_map(|key| Address::new("kind", "n").instance(&key));
        let stores = prop::collection::btree_map(address(), side, 0..3);
        let names = prop::collection::btree_set("[a-z_]{1,9}", 0..3);
        let moved = prop::collection::btree_map(address(), names, 0..3);
        let by = (any::<String>(), prop::option::of(any::<String>()));
        (active, any::<String>(), times(), by, how, stores, moved, owed()).prop_map(
            |(active, site, since, (run, accepted), how, stores, moved, owed)| GroupRole {
                active,
                site,
                since,
                run,
                how,
                accepted,
                stores,
                moved,
                owed,
            },
        )
    }

    fn roles() -> impl Strategy<Value = Roles> {
        let verb = prop::sample::select(vec![RunKind::Up, RunKind::Down, RunKind::Drill, RunKind::Restore]);
        let open = (any::<String>(), any::<String>(), verb, times()).prop_map(|(run, group, verb, since)| OpenRun {
            run,
            group,
            verb,
            leaving: "east".to_owned(),
            since,
        });
        let groups = prop::collection::btree_map(any::<String>(), group_roles(), 0..3);
        let owed = prop::collection::btree_map(any::<String>(), owed(), 0..3);
        let open = prop::collection::vec(open, 0..3);
        (any::<u64>(), groups, open, owed).prop_map(|(epoch, groups, open, owed)| Roles {
            epoch,
            groups,
            open: open.into_iter().map(|run| (run.group.clone(), run)).collect(),
            owed,
        })
    }

    /// An arbitrary restore of a backup.
    pub(crate) fn restore_records() -> impl Strategy<Value = RestoreRecord> {
        let outcome = prop_oneof![
            Just(RestoreOutcome::Restored),
            (any::<String>(), any::<String>()).prop_map(|(code, message)| RestoreOutcome::Damaged { code, message }),
        ];
        let phase = (any::<String>(), 0.0..1e9_f64, any::<Option<u64>>());
        let measured =
            prop::collection::vec(phase.prop_map(|(phase, seconds, bytes)| Measured { phase, seconds, bytes }), 0..3);
        let probes = prop::collection::btree_map("[a-z]{1,9}", any::<bool>(), 0..3);
        let sizes = (any::<Option<u64>>(), any::<Option<u64>>());
        (any::<String>(), times(), times(), outcome, measured, probes, sizes).prop_map(
            |(text, promised, at, outcome, measured, probes, (repository, restored))| RestoreRecord {
                point: text.clone(),
                promised,
                restored_to: repository.map(|_| promised),
                at,
                run: text.clone(),
                machine: Address::new("kind", "n").instance(&text),
                machine_type: restored.map(|_| text.clone()),
                image: restored.map(|_| text),
                level: repository.map(|_| Level::Checked),
                outcome,
                bytes: ManifestBytes { repository, restored, log: None },
                predicted: measured.first().map(|phase| phase.seconds),
                measured,
                probes: probes.into_iter().map(|(name, passed)| (Address::new("probe", &name), passed)).collect(),
            },
        )
    }

    fn restores() -> impl Strategy<Value = BTreeMap<Address, Vec<RestoreRecord>>> {
        let address = "[a-z]{1,9}".prop_map(|name| Address::new("backup", &name));
        prop::collection::btree_map(address, prop::collection::vec(restore_records(), 1..3), 0..3)
    }

    fn states() -> impl Strategy<Value = State> {
        let outputs = prop::collection::btree_map("[a-z]{1,9}", jsons(), 0..3);
        let resources = prop::collection::vec((any::<String>(), recorded()), 0..4);
        (resources, outputs, any::<u64>(), roles(), restores()).prop_map(
            |(resources, outputs, serial, roles, restores)| State {
                version: VERSION,
                lineage: "l".to_owned(),
                key_check: serial.is_multiple_of(3).then(|| "ab12".to_owned()),
                serial,
                stack: "web-geo".to_owned(),
                roles,
                resources: resources
                    .into_iter()
                    .map(|(key, r)| (Address::new("kind", "n").instance(&key), r.into()))
                    .collect(),
                outputs: serde_json::from_value(json!(outputs)).unwrap(),
                restores,
                folded: (0..serial % 3).map(|run| (run.to_string(), 7)).collect(),
                last_step: serial.is_multiple_of(2).then_some(jiff::Timestamp::UNIX_EPOCH),
            },
        )
    }

    proptest! {
        #[test]
        fn state_round_trips_and_damage_is_detected(
            state in states(), place in any::<prop::sample::Index>(), bits in 1..=255_u8,
        ) {
            let text = write(&state).unwrap();
            prop_assert_eq!(&read("state.json", text.as_bytes()).unwrap(), &state);
            let place = place.index(text.len());
            prop_assert!(read("state.json", &text.as_bytes()[..place]).is_err());
            let mut flipped = text.into_bytes();
            flipped[place] ^= bits;
            prop_assert!(read("state.json", &flipped).is_err());
        }
    }

    #[test]
    fn the_frozen_samples_are_read_and_written_to_the_byte() {
        for sample in
            [include_str!("../../tests/formats/state-v1.json"), include_str!("../../tests/formats/state-v1-roles.json")]
        {
            assert_eq!(write(&read("state.json", sample.as_bytes()).unwrap()).unwrap(), sample);
        }
    }

    #[test]
    fn unfinished_run_of_an_earlier_version_is_read() {
        let sample = include_str!("../../tests/formats/state-v1-roles.json");
        let state = read("state.json", sample.as_bytes()).unwrap();
        let open: Vec<(&str, &str)> =
            state.roles.open.values().map(|open| (open.group.as_str(), open.run.as_str())).collect();
        assert_eq!(open.len(), 1);
        assert_eq!(state.roles.open.keys().next().map(String::as_str), open.first().map(|(group, _)| *group));
    }

    #[test]
    fn says_what_is_wrong_and_how_to_recover() {
        let state = State {
            version: VERSION + 1,
            lineage: "l".to_owned(),
            key_check: None,
            serial: 1,
            stack: "s".to_owned(),
            roles: Roles::default(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            restores: BTreeMap::new(),
            folded: BTreeMap::new(),
            last_step: None,
        };
        let text = write(&state).unwrap();
        let why = |text: &str| read("state/s/local/state.json", text.as_bytes()).unwrap_err().to_string();
        assert_eq!(why(&text), "state/s/local/state.json has format 2; this drplan reads up to 1");
        assert_eq!(
            why(&text.replace("\"serial\": 1", "\"serial\": 2")),
            "state/s/local/state.json is damaged: its checksum does not match its content, so it was edited or truncated; \
             replace it with state.json.backup or another copy, then run `drplan refresh`"
        );
        assert!(why(&text[..text.len() / 2]).contains("it cannot be read (EOF while parsing"));
        assert!(why("{}\n").contains("it does not begin with its checksum"));
    }
}
