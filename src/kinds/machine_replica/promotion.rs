//! Roles of the sides from what their programs report, and the programs that move them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::super::failover::*;
use super::super::overrides::Subject;
use super::answer::SideAnswer;
use crate::command::{CommandLine, ReplicaCommand, ReplicaVerb};
use crate::duration::{self, spoken};
use crate::object::{Object, ObjectId};
use crate::roles::{FailoverMode, Health, ProtectionDebt, Side};

/// Durations: estimates for a database whose standby is promoted within its server.
pub const PROMOTION: Promotion = Promotion {
    looks,
    standing,
    promote,
    reprotect,
    planned: DurationEstimate { typical: 10, worst: 120 },
    forced: DurationEstimate { typical: 10, worst: 120 },
    most_lost: |_| None,
    asks_source: false,
    needs_every_region: false,
    takes_offline: |_, _, _| None,
    costs,
    twins: |_| Vec::new(),
    holds: &[],
    loses: "writes that the standby had not received are lost: as many as the lag that `observe` reports",
    reversible: true,
    drill: Rehearsal::Look("its programs would promote production data"),
    order: None,
    handover: Some(&Handover { waits, takes_writes, follow, stopped, stand_in: STAND_IN }),
};

/// The argument with the stand-in of the target.
const STAND_IN: &str = "stand_in";

/// A machine of a replica.
struct Machine {
    object: Object,
    region: String,
    host: Option<String>,
    power: Option<&'static Power>,
}

/// The argument that refers to a side: for the target that of its stand-in, while it has one.
fn argument(subject: &Subject<'_>, side: Side) -> &'static str {
    match side {
        Side::Source => "source",
        Side::Target if subject.args.contains_key(STAND_IN) => STAND_IN,
        Side::Target => "target",
    }
}

fn id(subject: &Subject<'_>, side: Side) -> Option<ObjectId> {
    subject.text(argument(subject, side)).map(ObjectId::new)
}

/// The name of a side's machine.
fn name(subject: &Subject<'_>, side: Side) -> String {
    id(subject, side).map_or_else(|| format!("the {}", argument(subject, side)), |id| id.name().to_owned())
}

fn machine(subject: &Subject<'_>, side: Side) -> Option<Machine> {
    subject.with(argument(subject, side), |machine| Machine {
        object: machine.kind.type_.object(machine.id.clone()),
        region: machine.location.to_owned(),
        host: machine.facts.host.map(str::to_owned),
        power: machine.kind.moves.power,
    })
}

/// The stand-in of the target, if a read shows that it does not run: it takes no more writes.
fn stopped(subject: &Subject<'_>, seen: &ReadResults) -> Option<ObjectId> {
    let Machine { object, power, .. } = stand_in(subject)?;
    let state = power.zip(seen.body(&object.id)).and_then(|(power, body)| (power.state)(body));
    (state == Some(PowerState::Stopped)).then_some(object.id)
}

/// The stand-in of the target.
fn stand_in(subject: &Subject<'_>) -> Option<Machine> {
    subject.args.contains_key(STAND_IN).then(|| machine(subject, Side::Target)).flatten()
}

/// The program of this verb for a side.
///
/// # Errors
/// The reason why it is not known yet.
fn line(subject: &Subject<'_>, verb: ReplicaVerb, side: Side) -> Result<Arc<CommandLine>, String> {
    let block = subject.args.get(verb.word()).ok_or_else(|| format!("its `{}` is not known yet", verb.word()))?;
    let hosts = [("{host}", side), ("{other}", side.other())];
    let filled = |text: &str| {
        hosts.into_iter().try_fold(text.to_owned(), |text, (word, side)| {
            if !text.contains(word) {
                return Ok(text);
            }
            let host = machine(subject, side).and_then(|machine| machine.host);
            let host = host.ok_or_else(|| format!("the address of {} is not known yet", name(subject, side)))?;
            Ok::<String, String>(text.replace(word, &host))
        })
    };
    let text = |name: &str| block.get(name).and_then(Json::as_str);
    let list = block.get("arguments").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let map = block.get("environment").and_then(Json::as_object).into_iter().flatten();
    let map = map.filter_map(|(name, value)| Some((name.clone(), value.as_str()?)));
    let declared = |argument: &str| subject.text(argument).map(ObjectId::new);
    let (Some(source), Some(target)) = (declared("source"), declared("target")) else {
        return Err("one of its machines is not known yet".to_owned());
    };
    let stand_in = declared(STAND_IN);
    Ok(Arc::new(CommandLine {
        program: text("program").unwrap_or_default().to_owned(),
        arguments: list.map(filled).collect::<Result<_, _>>()?,
        environment: map.map(|(name, value)| Ok((name, filled(value)?))).collect::<Result<BTreeMap<_, _>, String>>()?,
        directory: text("directory").map(str::to_owned),
        within: text("within").and_then(|text| duration::parse(text).ok()).unwrap_or(Duration::from_secs(30)),
        inherits: Vec::new(),
        is_secret: subject.is_sensitive(verb.word()),
        purpose: Some(ReplicaCommand {
            replica: subject.address.own_name().to_owned(),
            verb,
            side,
            source,
            target,
            stand_in,
        }),
    }))
}

fn looks(subject: &Subject<'_>) -> Vec<ReadRequest> {
    let look = |side| {
        let Machine { object, region, .. } = machine(subject, side)?;
        let line = line(subject, ReplicaVerb::Observe, side).ok();
        Some(ReadRequest::output(object, line).of_side(side, Some(region)))
    };
    let power = |machine: Machine| {
        let read = machine.power?.read(machine.object);
        Some(read.of_side(Side::Target, Some(machine.region)))
    };
    [Side::Source, Side::Target].into_iter().filter_map(look).chain(stand_in(subject).and_then(power)).collect()
}

/// The answer of a side, or the reason why there is none. `None`: the side was not asked.
fn answer(subject: &Subject<'_>, seen: &ReadResults, side: Side) -> Option<Result<SideAnswer, String>> {
    let output = seen.output(&id(subject, side)?)?;
    Some(output.map_err(str::to_owned).and_then(SideAnswer::read))
}

/// A side that does not answer is never taken for healthy, and its role is not guessed.
fn standing(subject: &Subject<'_>, seen: &ReadResults) -> ReplicaStatus {
    let [source, target] = [Side::Source, Side::Target].map(|side| {
        let not_asked = || Err("it was not asked".to_owned());
        let answer = answer(subject, seen, side).unwrap_or_else(not_asked);
        answer.map_err(|why| Health::Unseen(format!("{} does not answer: {why}", name(subject, side))))
    });
    let status = |writer: Option<Side>, health: Health| ReplicaStatus {
        writer,
        elsewhere: None,
        health,
        lag: None,
        debts: Vec::new(),
        frozen: None,
    };
    match (source, target) {
        (Ok(source), Ok(target)) => match (source.is_primary, target.is_primary) {
            (true, true) => both(subject, source, target, status),
            (false, false) => {
                status(None, Health::Broken("has no primary: both sides report that they are standbys".to_owned()))
            }
            (true, false) => follower(subject, (target, source), Side::Target, status),
            (false, true) => follower(subject, (source, target), Side::Source, status),
        },
        (Err(silent), Ok(target)) => alone(subject, target, Side::Target, status(None, silent)),
        (Ok(source), Err(silent)) => alone(subject, source, Side::Source, status(None, silent)),
        (Err(source), Err(_)) => status(None, source),
    }
}

/// Two sides that take writes. The later promotion tells the writer.
fn both(
    subject: &Subject<'_>,
    source: SideAnswer,
    target: SideAnswer,
    status: impl Fn(Option<Side>, Health) -> ReplicaStatus,
) -> ReplicaStatus {
    let later = source.timeline.zip(target.timeline).and_then(|(source, target)| match source.cmp(&target) {
        std::cmp::Ordering::Less => Some(Side::Target),
        std::cmp::Ordering::Greater => Some(Side::Source),
        std::cmp::Ordering::Equal => None,
    });
    // Users are where the stand-in is: the source is a former primary that came back.
    let writer = later.or_else(|| subject.args.contains_key(STAND_IN).then_some(Side::Target));
    let words = match writer {
        Some(writer) => {
            format!("is not replicated: {}, the former primary, still takes writes", name(subject, writer.other()))
        }
        None => "is not replicated: both sides take writes".to_owned(),
    };
    let debts = writer.map(|writer| left(subject, writer.other())).into_iter().collect();
    ReplicaStatus { debts, ..status(writer, Health::Broken(words)) }
}

/// A standby whose primary answers as well.
fn follower(
    subject: &Subject<'_>,
    (standby, primary): (SideAnswer, SideAnswer),
    side: Side,
    status: impl Fn(Option<Side>, Health) -> ReplicaStatus,
) -> ReplicaStatus {
    if !standby.is_of(&primary) {
        let (own, other) = (name(subject, side), name(subject, side.other()));
        return status(Some(side.other()), Health::Broken(format!("is not in sync: {own} does not follow {other}")));
    }
    let health = match standby.is_healthy {
        true => Health::Following,
        false => Health::Behind(format!("is not in sync: `observe` reports {} as not healthy", name(subject, side))),
    };
    ReplicaStatus { lag: standby.lag, ..status(Some(side.other()), health) }
}

/// The one side that answers. Only a primary tells its role: a standby may follow a side that is gone.
fn alone(subject: &Subject<'_>, answer: SideAnswer, side: Side, silent: ReplicaStatus) -> ReplicaStatus {
    match answer.is_primary {
        true => ReplicaStatus { writer: Some(side), debts: vec![left(subject, side.other())], ..silent },
        false => ReplicaStatus { lag: answer.lag, ..silent },
    }
}

/// The protection that is missing while a former primary does not follow.
fn left(subject: &Subject<'_>, side: Side) -> ProtectionDebt {
    ProtectionDebt {
        what: format!("{} does not follow, so that there is no copy of new writes", name(subject, side)),
        pays: "once its site is back, `drplan failover-group down` makes it follow, before it fails back".to_owned(),
    }
}

fn call(subject: &Subject<'_>, verb: ReplicaVerb, side: Side) -> Result<Call, String> {
    let unknown = || format!("{} is not a machine of the stack", name(subject, side));
    let Machine { object, region, .. } = machine(subject, side).ok_or_else(unknown)?;
    let line = line(subject, verb, side)?;
    Ok(Call { object, method: CallMethod::Run(line), body: None, region: Some(region) })
}

fn promote(subject: &Subject<'_>, seen: &ReadResults, side: Side, _: FailoverMode) -> Result<Call, String> {
    if let Some(Err(why)) = answer(subject, seen, side) {
        return Err(format!("{} does not answer: {why}", name(subject, side)));
    }
    call(subject, ReplicaVerb::Promote, side)
}

/// Any promotion waits for an answer of its side, and a planned one until the side has every write.
fn waits(subject: &Subject<'_>, seen: &ReadResults, side: Side, how: FailoverMode) -> Option<String> {
    let name = name(subject, side);
    let own = match answer(subject, seen, side)? {
        Err(why) => return Some(format!("{name} answers: {why}")),
        Ok(answer) => answer,
    };
    if own.is_primary || how == FailoverMode::Forced {
        return None;
    }
    // It had every write when the work of the other one was stopped.
    if stopped(subject, seen).is_some() {
        return None;
    }
    match answer(subject, seen, side.other()) {
        Some(Err(why)) if subject.args.contains_key(STAND_IN) => {
            return Some(format!("{} answers: {why}", self::name(subject, side.other())));
        }
        Some(Ok(other)) if !own.is_of(&other) => {
            return Some(format!("{name} follows {}", self::name(subject, side.other())));
        }
        _ => {}
    }
    match own.lag {
        _ if !own.is_healthy => Some(format!("`observe` reports {name} as healthy")),
        Some(Duration::ZERO) => None,
        Some(lag) => Some(format!("{name} has every write: its replication lag is {}", spoken(lag))),
        None => Some(format!("`observe` reports the replication lag of {name}")),
    }
}

fn takes_writes(subject: &Subject<'_>, seen: &ReadResults, side: Side) -> bool {
    matches!(answer(subject, seen, side), Some(Ok(answer)) if answer.is_primary)
}

/// A side that does not answer has to be asked again before its program runs.
fn follow(subject: &Subject<'_>, seen: &ReadResults, side: Side) -> Reprotect {
    let is_of_other = |own: SideAnswer| match answer(subject, seen, side.other()) {
        Some(Ok(other)) => own.is_of(&other),
        _ => true,
    };
    match (answer(subject, seen, side), call(subject, ReplicaVerb::Follow, side)) {
        (Some(Ok(own)), _) if !own.is_primary && own.is_healthy && is_of_other(own) => Reprotect::Nothing,
        (_, Ok(call)) => {
            Reprotect::Ask(Box::new(call), "the side that was left follows again, and copies what it is missing")
        }
        (_, Err(_)) => Reprotect::Nothing,
    }
}

fn reprotect(subject: &Subject<'_>, seen: &ReadResults) -> Reprotect {
    let writer = standing(subject, seen).writer;
    writer.map_or(Reprotect::Nothing, |writer| follow(subject, seen, writer.other()))
}

/// A forced promotion leaves a side behind that its program could not reach.
fn costs(subject: &Subject<'_>, seen: &ReadResults, how: FailoverMode) -> Option<ProtectionDebt> {
    let sides = [Side::Source, Side::Target];
    let reached = sides.into_iter().find(|side| matches!(answer(subject, seen, *side), Some(Ok(_))));
    reached.filter(|_| how == FailoverMode::Forced).map(|side| left(subject, side.other()))
}
