//! The ladder of a recovery: five ways to get data back, in the order of their loss, each open or closed with a reason.
//!
//! Pure: observations and the cause of the incident come in. Somebody else knows machines and volumes, and carries the
//! chosen way out.

use std::time::Duration;

use jiff::Timestamp;

use super::age::{age, data_of};
use super::rates::{Rates, predict};
use super::set::BackupSet;
use super::tool::RestoreForm;
use crate::roles::IncidentCause;

/// Points before the newest one that a ladder has at most.
const OLDER: usize = 10;

/// A way to get data back, from the one that loses least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RungKind {
    /// The volume, at a new machine.
    Volume,
    /// A volume that is made of a snapshot.
    Snapshot,
    /// The replica.
    Replica,
    /// The newest backup.
    Newest,
    /// An older backup.
    Older,
}

impl RungKind {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [Self::Volume, Self::Snapshot, Self::Replica, Self::Newest, Self::Older];

    /// Its number: 1 to 5.
    pub const fn number(self) -> u8 {
        match self {
            Self::Volume => 1,
            Self::Snapshot => 2,
            Self::Replica => 3,
            Self::Newest => 4,
            Self::Older => 5,
        }
    }

    /// The word for it in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Volume => "volume",
            Self::Snapshot => "snapshot",
            Self::Replica => "replica",
            Self::Newest => "newest backup",
            Self::Older => "older backup",
        }
    }

    /// The reason why damaged data leave it closed; `None` for snapshots and backups, which can be older.
    const fn damaged(self) -> Option<&'static str> {
        match self {
            Self::Volume => Some("the damage is on the volume"),
            Self::Replica => Some("the damage was replicated"),
            Self::Snapshot | Self::Newest | Self::Older => None,
        }
    }
}

/// One way, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// The way.
    pub kind: RungKind,
    /// The act, or the point that is restored: words without a full stop.
    pub how: String,
    /// The data loss; `None` if unknown.
    pub loss: Option<Duration>,
    /// The time that it takes; `None` if unknown.
    pub time: Option<Duration>,
    /// The point.
    pub point: Option<String>,
    /// The time of the data.
    pub as_of: Option<Timestamp>,
    /// The reason why it cannot be taken; `None` for one that is open.
    pub closed: Option<String>,
}

impl Rung {
    /// A way that can be taken.
    pub fn open(kind: RungKind, how: impl Into<String>, loss: Option<Duration>, time: Option<Duration>) -> Self {
        Self { kind, how: how.into(), loss, time, point: None, as_of: None, closed: None }
    }

    /// A way that cannot be taken.
    pub fn closed(kind: RungKind, why: impl Into<String>) -> Self {
        Self { kind, how: String::new(), loss: None, time: None, point: None, as_of: None, closed: Some(why.into()) }
    }

    /// True for a way that can be taken.
    pub const fn is_open(&self) -> bool {
        self.closed.is_none()
    }
}

/// A snapshot that a volume can be made of.
#[derive(Debug, Clone)]
pub struct SnapshotRung {
    /// The act: words without a full stop.
    pub how: String,
    /// The snapshot.
    pub point: String,
    /// The time of its data.
    pub as_of: Timestamp,
    /// The time until the volume is in use.
    pub time: Duration,
}

/// The observations that a ladder follows from. A reason in place of one closes its rung.
#[derive(Debug, Clone)]
pub struct LadderInput<'a> {
    /// The cause of the incident.
    pub cause: IncidentCause,
    /// The act with the volume, and its time.
    pub volume: Result<(String, Duration), String>,
    /// The newest trusted snapshot.
    pub snapshot: Result<SnapshotRung, String>,
    /// The move that promotes the replica, its lag and its time.
    pub replica: Result<(String, Option<Duration>, Option<Duration>), String>,
    /// The points that are trusted.
    pub points: Result<&'a BackupSet, String>,
    /// The number of points that are not, because the damage may be in them.
    pub distrusted: usize,
    /// The way of the tool.
    pub form: RestoreForm,
    /// The rates of a restore.
    pub rates: Rates,
    /// The time until a machine restores.
    pub machine: Duration,
    /// The time at which the loss is measured.
    pub now: Timestamp,
}

/// The rungs in their order: of each kind one, and one for each older point.
pub fn ladder(input: &LadderInput<'_>) -> Vec<Rung> {
    let none = Some(Duration::ZERO);
    let mut rungs = vec![
        or_closed(input.cause, RungKind::Volume, &input.volume, |(how, time)| (how, none, Some(*time))),
        of_snapshot(input),
        or_closed(input.cause, RungKind::Replica, &input.replica, |(how, lag, time)| (how, *lag, *time)),
    ];
    rungs.extend(of_points(input));
    rungs
}

fn of_snapshot(input: &LadderInput<'_>) -> Rung {
    match &input.snapshot {
        Err(why) => Rung::closed(RungKind::Snapshot, why.clone()),
        Ok(SnapshotRung { how, point, as_of, time }) => Rung {
            point: Some(point.clone()),
            as_of: Some(*as_of),
            ..Rung::open(RungKind::Snapshot, how.clone(), Some(age(input.now, *as_of)), Some(*time))
        },
    }
}

fn or_closed<'t, T>(
    cause: IncidentCause,
    kind: RungKind,
    seen: &'t Result<T, String>,
    open: impl FnOnce(&'t T) -> (&'t String, Option<Duration>, Option<Duration>),
) -> Rung {
    match (kind.damaged().filter(|_| !cause.is_lost()), seen) {
        // A way that nobody has is closed for that reason, whatever the cause.
        (_, Err(why)) => Rung::closed(kind, why.clone()),
        (Some(why), Ok(_)) => Rung::closed(kind, why),
        (None, Ok(seen)) => {
            let (how, loss, time) = open(seen);
            Rung::open(kind, how.clone(), loss, time)
        }
    }
}

/// The rungs of backups: the newest usable point, and those before it.
fn of_points(input: &LadderInput<'_>) -> Vec<Rung> {
    let newer = match input.distrusted {
        0 => String::new(),
        1 => "; 1 newer point may have the damage".to_owned(),
        some => format!("; {some} newer points may have the damage"),
    };
    let closed = |why: &str| {
        let newest = Rung::closed(RungKind::Newest, format!("{why}{newer}"));
        vec![newest, Rung::closed(RungKind::Older, why)]
    };
    let set = match &input.points {
        Ok(set) => set,
        Err(why) => return closed(why),
    };
    let usable = set.usable();
    let points = set.points().iter().rev().filter(|point| usable.contains(point.id.as_str()));
    let mut rungs: Vec<Rung> = Vec::new();
    for point in points.take(OLDER + 1) {
        let data = data_of(set, point);
        let kind = if rungs.is_empty() { RungKind::Newest } else { RungKind::Older };
        let time = predict(&data, input.form, &input.rates).map(|time| input.machine.saturating_add(time.total()));
        let behind = if rungs.is_empty() { newer.as_str() } else { "" };
        let how = format!("point {}, restored to {:.0}{behind}", point.id, data.as_of);
        rungs.push(Rung {
            point: Some(point.id.clone()),
            as_of: Some(data.as_of),
            ..Rung::open(kind, how, Some(age(input.now, data.as_of)), time)
        });
    }
    match rungs.len() {
        0 => closed("its catalogue has no point that can be restored"),
        1 => {
            rungs.push(Rung::closed(RungKind::Older, "the catalogue has no older point that can be restored"));
            rungs
        }
        _ => rungs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::{Catalogue, PointBytes, PointKind, RecoveryPoint};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn set(points: &[(&str, i64)]) -> BackupSet {
        let one = |(id, time): &(&str, i64)| RecoveryPoint {
            bytes: PointBytes { repository: Some(1 << 20), restored: Some(125 << 20) },
            ..RecoveryPoint::new(*id, PointKind::Snapshot, at(*time))
        };
        BackupSet::from(Catalogue { points: points.iter().map(one).collect(), log: None })
    }

    fn input(cause: IncidentCause, points: &BackupSet) -> LadderInput<'_> {
        LadderInput {
            cause,
            volume: Ok(("attach it".to_owned(), Duration::from_secs(180))),
            snapshot: Err("the zone launches".to_owned()),
            replica: Ok(("up".to_owned(), Some(Duration::from_secs(2)), None)),
            points: Ok(points),
            distrusted: 0,
            form: RestoreForm::Files,
            rates: Rates::ESTIMATES,
            machine: Duration::from_secs(60),
            now: at(1000),
        }
    }

    /// Each rung as its number, its loss in seconds, and the reason why it is closed.
    fn table(rungs: &[Rung]) -> Vec<(u8, Option<u64>, Option<&str>)> {
        rungs
            .iter()
            .map(|one| (one.kind.number(), one.loss.map(|loss| loss.as_secs()), one.closed.as_deref()))
            .collect()
    }

    #[test]
    fn rungs_come_in_the_order_of_their_loss_and_each_older_point_is_one() {
        let points = set(&[("a", 100), ("b", 500), ("c", 900)]);
        let rungs = ladder(&input(IncidentCause::Lost, &points));
        let expected = [
            (1, Some(0), None),
            (2, None, Some("the zone launches")),
            (3, Some(2), None),
            (4, Some(100), None),
            (5, Some(500), None),
            (5, Some(900), None),
        ];
        assert_eq!(table(&rungs), expected);
        assert_eq!(rungs[3].time, Some(Duration::from_secs(61)));
        assert_eq!(rungs[4].point.as_deref(), Some("b"));
    }

    #[test]
    fn damage_that_was_replicated_leaves_copies_from_before_it() {
        let points = set(&[("a", 100), ("b", 500)]);
        let mut input = input(IncidentCause::Corrupt, &points);
        input.distrusted = 2;
        input.snapshot = Ok(SnapshotRung {
            how: "make it of snap-1".to_owned(),
            point: "snap-1".to_owned(),
            as_of: at(700),
            time: Duration::from_secs(120),
        });
        let rungs = ladder(&input);
        let expected = [
            (1, None, Some("the damage is on the volume")),
            (2, Some(300), None),
            (3, None, Some("the damage was replicated")),
            (4, Some(500), None),
            (5, Some(900), None),
        ];
        assert_eq!(table(&rungs), expected);
        assert!(rungs[3].how.ends_with("2 newer points may have the damage"), "{}", rungs[3].how);
    }

    #[test]
    fn damaged_points_are_no_rungs_and_an_unreadable_catalogue_closes_both() {
        let catalogue = |damaged: &[&str]| {
            let mut points = vec![];
            for point in set(&[("a", 100), ("b", 500)]).points() {
                points.push(RecoveryPoint { damaged: damaged.contains(&&*point.id), ..point.clone() });
            }
            BackupSet::from(Catalogue { points, log: None })
        };
        let newest_is_damaged = catalogue(&["b"]);
        let rungs = ladder(&input(IncidentCause::Lost, &newest_is_damaged));
        let older = "the catalogue has no older point that can be restored";
        assert_eq!(table(&rungs)[3..], [(4, Some(900), None), (5, None, Some(older))]);

        let all = catalogue(&["a", "b"]);
        let none = "its catalogue has no point that can be restored";
        assert_eq!(
            table(&ladder(&input(IncidentCause::Lost, &all)))[3..],
            [(4, None, Some(none)), (5, None, Some(none))]
        );
        let unread = LadderInput { points: Err("gone".to_owned()), ..input(IncidentCause::Lost, &all) };
        assert_eq!(table(&ladder(&unread))[3..], [(4, None, Some("gone")), (5, None, Some("gone"))]);
    }
}
