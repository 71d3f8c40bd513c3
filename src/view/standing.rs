//! The standing of failover groups as text: sites, users and replication lag at this moment, and what to do next.
//!
//! Readable within seconds: a headline, a line for each fact with its mark, and one line for facts that differ in the
//! key of an instance only.

use std::collections::BTreeSet;
use std::time::Duration;

use anstyle::Style;
use jiff::Timestamp;

use super::alike::{StatusLine, merged};
use super::{BOLD, GREEN, Layout, RED, YELLOW, count, fit, styled, visible};
use crate::duration::spoken;
use crate::failover::{EndpointCheck, FrontCheck, GroupStanding, ReplicaCheck, RouteCheck, moment, user_sets};
use crate::kinds::EndpointHealth;
use crate::roles::Health;
use crate::stack::{CloudName, RouteTarget};
use crate::state::{GroupRole, Roles};
use crate::steps::WebAnswer;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// As it should be.
    Ok,
    /// Not read.
    Unknown,
    /// An operator should act.
    Alert,
}

impl Mark {
    /// The mark as a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Alert => "alert",
        }
    }

    const fn style(self) -> Style {
        match self {
            Self::Ok => GREEN,
            Self::Unknown => YELLOW,
            Self::Alert => RED,
        }
    }
}

/// A site, as its control plane answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteCheck {
    /// Its name.
    pub site: String,
    /// Its region.
    pub region: String,
    /// The answer.
    pub answer: SiteAnswer,
}

/// The answer of the control plane of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteAnswer {
    /// It responds.
    Responds,
    /// It responds, and refuses reads by its request limits.
    Throttled,
    /// It does not respond; the error.
    Silent(String),
    /// It was not read; the reason.
    Unchecked(String),
}

/// The failover groups of a stack at one moment.
#[derive(Debug, Clone)]
pub struct StackStanding {
    /// The stack.
    pub stack: String,
    /// The cloud.
    pub cloud: CloudName,
    /// The time, on the cloud's clock; `None` where the cloud was not read.
    pub at: Option<Timestamp>,
    /// The sites.
    pub sites: Vec<SiteCheck>,
    /// The groups; empty where they could not be read.
    pub groups: Vec<GroupStanding>,
    /// The names of the groups.
    pub names: Vec<String>,
    /// The reason why the groups were not read.
    pub unread: Option<String>,
    /// The RPO.
    pub rpo: Option<Duration>,
    /// The recorded roles.
    pub roles: Roles,
    /// Unfinished runs that need an operator, each as a clause: `the run of web failed`.
    pub runs: Vec<String>,
    /// The groups with an unfinished run: users and data are on their way.
    pub moving: BTreeSet<String>,
    /// The next actions.
    pub next: Vec<NextAction>,
}

/// A command to type next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextAction {
    /// The condition and the effect, as a sentence.
    pub why: String,
    /// The command, complete; `None` where no command of drplan helps.
    pub command: Option<String>,
}

/// The parts of the text: the first may be cut on a small screen, the second never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingText {
    /// The headline and the facts.
    pub facts: String,
    /// The next actions.
    pub next: String,
}

/// A finding for the headline: a clause about several subjects.
struct Finding {
    mark: Mark,
    /// The clause for one subject and for several; `%` stands for the subjects.
    clause: (&'static str, &'static str),
    /// The noun for many subjects.
    many: &'static str,
    subject: String,
}

const SITES: (&str, &str) = ("% does not respond", "% do not respond");
const SERVED: (&str, &str) = ("users of % are not served", "users of % are not served");
const LED: (&str, &str) =
    ("traffic of % does not lead to its active site", "traffic of % does not lead to the active sites");
const LATE: (&str, &str) = ("the replication lag of % exceeds the RPO", "the replication lag of % exceeds the RPO");
const ILL: (&str, &str) = ("replication of % is not healthy", "replication of % is not healthy");
const ROLE: (&str, &str) =
    ("the primary replica of % is not at its active site", "the primary replicas of % are not at their active sites");
const MIXED: (&str, &str) = ("% is in a mixed state", "% are in a mixed state");
const UNCHECKED: (&str, &str) = ("site % was not checked", "sites % were not checked");
const UNSERVED: (&str, &str) = (
    "no probe or endpoint monitoring shows if users of % are served",
    "no probe or endpoint monitoring shows if users of % are served",
);
const UNLED: (&str, &str) = ("the routes of % were not read", "the routes of % were not read");
const UNREAD: (&str, &str) = ("the replication lag of % is unknown", "the replication lag of % is unknown");

/// The text of a standing.
pub fn text(standing: &StackStanding, layout: Layout) -> StandingText {
    let (mut sections, findings) = (Vec::new(), &mut Vec::new());
    sections.push(("Active sites:", active(standing, findings)));
    sections.push(("Sites:", sites(standing, findings)));
    sections.push(("Users:", standing.groups.iter().flat_map(|group| users(standing, group, findings)).collect()));
    let replicas = standing.groups.iter().flat_map(|group| replicas(standing, group, findings));
    sections.push(("Replication:", replicas.collect()));
    let mut facts = headline(standing, findings, layout);
    for (title, lines) in sections.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        facts += &format!("\n{title}\n{}", section(lines, layout));
    }
    StandingText { facts: fit(&facts, layout.width), next: next(standing, layout) }
}

/// The overall mark of a standing, with its clauses.
pub fn summary(standing: &StackStanding) -> (Mark, Vec<String>) {
    let findings = &mut Vec::new();
    active(standing, findings);
    sites(standing, findings);
    standing.groups.iter().for_each(|group| drop(users(standing, group, findings)));
    standing.groups.iter().for_each(|group| drop(replicas(standing, group, findings)));
    let (alerts, unknown) = (clauses(standing, findings, Mark::Alert), clauses(standing, findings, Mark::Unknown));
    let mark = match (alerts.is_empty(), unknown.is_empty()) {
        (false, _) => Mark::Alert,
        (true, false) => Mark::Unknown,
        (true, true) => Mark::Ok,
    };
    (mark, alerts.into_iter().chain(unknown).collect())
}

/// `ALERT: …` with everything that an operator should know first.
fn headline(standing: &StackStanding, findings: &[Finding], layout: Layout) -> String {
    let at = standing.at.map(|at| format!(", {}", moment(at))).unwrap_or_default();
    let mut out = format!("{} on {}{at}\n", styled(BOLD, &visible(&standing.stack)), standing.cloud.as_str());
    let sentence = |mark: Mark, words: &str| {
        let word = mark.as_str().to_ascii_uppercase();
        let text = layout.wrap(&format!("{word}: {words}."), 0);
        text.replacen(&word, &styled(mark.style(), &word), 1) + "\n"
    };
    if standing.names.is_empty() {
        return out + "No failover group is configured.\n";
    }
    let (alerts, unknown) = (clauses(standing, findings, Mark::Alert), clauses(standing, findings, Mark::Unknown));
    if !alerts.is_empty() {
        out += &sentence(Mark::Alert, &alerts.join("; "));
    }
    if !unknown.is_empty() {
        out += &sentence(Mark::Unknown, &unknown.join("; "));
    }
    if alerts.is_empty() && unknown.is_empty() {
        out += &sentence(Mark::Ok, &all_well(standing));
    }
    if standing.moving.is_empty() {
        out += "No run is in progress.\n";
    }
    out
}

/// The clause of the headline where every check passed: only what was checked.
fn all_well(standing: &StackStanding) -> String {
    let mut parts = vec!["every site responds"];
    if standing.groups.iter().any(|group| !group.endpoints.is_empty() || !group.fronts.is_empty()) {
        parts.push("users are served");
    }
    let replicated = standing.groups.iter().any(|group| !group.replicas.is_empty());
    match (replicated, standing.rpo) {
        (true, Some(_)) => parts.push("replication is within the RPO"),
        (true, None) => parts.push("replication is healthy"),
        (false, _) => {}
    }
    parts.join(", ")
}

/// The clauses for a mark; one for each kind of finding.
fn clauses(standing: &StackStanding, findings: &[Finding], mark: Mark) -> Vec<String> {
    let mut kinds: Vec<((&str, &str), &str, Vec<&str>)> = Vec::new();
    for Finding { clause, many, subject, .. } in findings.iter().filter(|finding| finding.mark == mark) {
        match kinds.iter_mut().find(|(other, ..)| other == clause) {
            Some((.., subjects)) if !subjects.contains(&subject.as_str()) => subjects.push(subject),
            Some(_) => {}
            None => kinds.push((*clause, many, vec![subject])),
        }
    }
    let one = |((one, several), many, subjects): ((&str, &str), &str, Vec<&str>)| match subjects.as_slice() {
        [subject] => one.replace('%', &visible(subject)),
        few if few.len() <= 3 => several.replace('%', &visible(&few.join(", "))),
        all => several.replace('%', &count(all.len(), many, many)),
    };
    let mut clauses: Vec<String> = kinds.into_iter().map(one).collect();
    match mark {
        Mark::Alert => clauses.splice(0..0, standing.runs.iter().cloned()).for_each(drop),
        Mark::Unknown => clauses.extend(
            standing.unread.as_ref().map(|why| format!("users and replication were not checked: {}", visible(why))),
        ),
        Mark::Ok => {}
    }
    clauses
}

/// A line for each group: its active site.
fn active(standing: &StackStanding, findings: &mut Vec<Finding>) -> Vec<StatusLine> {
    let mut lines = Vec::new();
    for name in &standing.names {
        let group = standing.groups.iter().find(|group| group.group == *name);
        let role = standing.roles.groups.get(name);
        let is_mixed = group.is_some_and(|group| group.is_mixed)
            || role.is_some_and(|role| role.active == crate::state::ActiveSite::Between);
        if is_mixed {
            findings.push(finding(Mark::Alert, MIXED, "groups", name));
        }
        let home = group.map_or("its home site", |group| group.home.as_str());
        let text = match role {
            Some(GroupRole { site, since, run, how, accepted, .. }) => {
                let by = super::roles::by(run, *how, accepted.as_deref());
                match group.filter(|_| is_mixed) {
                    Some(group) => {
                        format!("mixed state: {}; {site} recorded at {}, {by}", whereabouts(group), moment(*since))
                    }
                    None if is_mixed => {
                        format!(
                            "mixed state: traffic and data can be at different sites; {site} recorded at {}, {by}",
                            moment(*since)
                        )
                    }
                    None => format!("{site} since {}, {by}", moment(*since)),
                }
            }
            None if group.is_some() => format!("{home}, its home site"),
            None => home.to_owned(),
        };
        lines.push(StatusLine::new(if is_mixed { Mark::Alert } else { Mark::Ok }, name.clone(), text));
    }
    lines
}

/// The sites of users and data of a group in a mixed state, as observed.
fn whereabouts(group: &GroupStanding) -> String {
    let mut users: BTreeSet<&str> = BTreeSet::new();
    for route in &group.routes {
        match &route.target {
            RouteTarget::Sites(sites) => users.extend(sites.iter().map(String::as_str)),
            RouteTarget::Elsewhere(_) => drop(users.insert("no site of the group")),
            RouteTarget::Unknown(_) => drop(users.insert("an unknown site")),
        }
    }
    let data = group.replicas.iter().map(|replica| replica.primary.as_deref().unwrap_or("an unknown site"));
    let data: BTreeSet<&str> = data.collect();
    let at = |what: &str, sites: BTreeSet<&str>| {
        let sites: Vec<&str> = sites.into_iter().collect();
        (!sites.is_empty()).then(|| format!("{what} at {}", sites.join(" and ")))
    };
    let parts: Vec<String> = at("users", users).into_iter().chain(at("data", data)).collect();
    if parts.is_empty() { "traffic and data can be at different sites".to_owned() } else { parts.join(", ") }
}

fn sites(standing: &StackStanding, findings: &mut Vec<Finding>) -> Vec<StatusLine> {
    let line = |SiteCheck { site, region, answer }: &SiteCheck| {
        let (mark, text) = match answer {
            SiteAnswer::Responds => (Mark::Ok, "responds".to_owned()),
            SiteAnswer::Throttled => (Mark::Ok, "responds, and throttles requests (429)".to_owned()),
            SiteAnswer::Silent(why) => (Mark::Alert, format!("does not respond: {why}")),
            // The headline has the reason that concerns all.
            SiteAnswer::Unchecked(why) if standing.unread.as_ref() == Some(why) => {
                (Mark::Unknown, "not checked".to_owned())
            }
            SiteAnswer::Unchecked(why) => (Mark::Unknown, format!("not checked: {why}")),
        };
        match mark {
            Mark::Ok => {}
            Mark::Unknown => findings.push(finding(mark, UNCHECKED, "sites", site)),
            Mark::Alert => findings.push(finding(mark, SITES, "sites", site)),
        }
        StatusLine::new(mark, format!("{site} ({region})"), text)
    };
    standing.sites.iter().map(line).collect()
}

/// The destination of each set of users, and the answers of the endpoints.
fn users(standing: &StackStanding, group: &GroupStanding, findings: &mut Vec<Finding>) -> Vec<StatusLine> {
    let mut lines = Vec::new();
    let is_silent = |site: &SiteCheck| site.site == group.active && matches!(site.answer, SiteAnswer::Silent(_));
    let is_silent = standing.sites.iter().any(is_silent);
    for mut set in user_sets(&group.routes) {
        let Some(first) = set.next() else { continue };
        let (mark, text) = led(group, first, set, standing.moving.contains(&group.group));
        match mark {
            Mark::Ok => {}
            Mark::Unknown => findings.push(finding(mark, UNLED, "groups", &group.group)),
            Mark::Alert if group.is_mixed => {}
            Mark::Alert => findings.push(finding(mark, LED, "groups", &group.group)),
        }
        lines.push(StatusLine::new(mark, group.group.clone(), text));
    }
    // What the front reports is better than silence at a URL that was assumed.
    let is_shown = group.fronts.iter().any(|front| front.is_served() == Some(true));
    let reports = group.fronts.iter().map(|front| report(front, group.is_passed_over(front)));
    // During a run that has switched traffic, the site that it leaves need not answer.
    let leads_away = |route: &RouteCheck| matches!(&route.target, RouteTarget::Sites(sites) if !sites.is_empty() && !sites.contains(&group.active));
    let is_left = standing.moving.contains(&group.group) && group.routes.iter().any(leads_away);
    let endpoints: &[EndpointCheck] = if is_left { &[] } else { &group.endpoints };
    for (mark, text) in endpoints.iter().map(|endpoint| answer(endpoint, is_silent)).chain(reports) {
        match mark {
            Mark::Ok => {}
            Mark::Unknown if is_shown => {}
            Mark::Unknown => findings.push(finding(mark, UNSERVED, "groups", &group.group)),
            Mark::Alert => findings.push(finding(mark, SERVED, "groups", &group.group)),
        }
        lines.push(StatusLine::new(mark, group.group.clone(), text));
    }
    if endpoints.is_empty() && group.fronts.is_empty() {
        findings.push(finding(Mark::Unknown, UNSERVED, "groups", &group.group));
        let text = format!("not checked: no probe or endpoint monitoring at {}", group.active);
        lines.push(StatusLine::new(Mark::Unknown, group.group.clone(), text));
    }
    lines
}

/// The destination of a route and its fallbacks. Users who follow a fallback are where they should be.
fn led<'a>(
    group: &GroupStanding,
    route: &RouteCheck,
    mut fallbacks: impl Iterator<Item = &'a RouteCheck>,
    is_moving: bool,
) -> (Mark, String) {
    let name = &route.route;
    let is_active = |target: &RouteTarget| target.leads_to(&group.active) == Some(true);
    let fallback = fallbacks.find(|other| is_active(&other.target) && !is_active(&route.target));
    let to = match &route.target {
        RouteTarget::Sites(sites) if sites.is_empty() => {
            format!("route.{name} leads nowhere (every endpoint is closed)")
        }
        RouteTarget::Sites(sites) => format!("route.{name} leads to {}", sites.join(" and ")),
        RouteTarget::Elsewhere(value) => {
            format!("route.{name} leads to {}, which is no site of the group", visible(value))
        }
        RouteTarget::Unknown(why) => format!("route.{name} is unknown: {}", visible(why)),
    };
    match (&route.target, fallback) {
        (_, Some(other)) => (Mark::Ok, format!("{to}; its fallback route.{} leads to {}", other.route, group.active)),
        (RouteTarget::Unknown(_), None) => (Mark::Unknown, to),
        (target, None) if is_active(target) => (Mark::Ok, to),
        (_, None) if is_moving => (Mark::Ok, format!("{to} during the run")),
        // The headline has the mixed state.
        (_, None) if group.is_mixed => (Mark::Alert, to),
        (_, None) => (Mark::Alert, format!("{to}, but {} is active", group.active)),
    }
}

/// The report of a front. An endpoint that the front passes over harms no user.
fn report(check: &FrontCheck, is_passed_over: bool) -> (Mark, String) {
    let FrontCheck { route, site: _, endpoint, front, health, notices } = check;
    let (mark, word) = match health {
        Ok(EndpointHealth::Healthy(word)) => (Mark::Ok, word),
        Ok(EndpointHealth::Unhealthy(word)) if is_passed_over => {
            let text = format!("route.{route}: {front} reports {endpoint}: {}, and leads no user there", visible(word));
            return (Mark::Ok, text);
        }
        Ok(EndpointHealth::Unhealthy(word)) => (Mark::Alert, word),
        Ok(EndpointHealth::Unknown(word)) => (Mark::Unknown, word),
        Err(why) => return (Mark::Unknown, format!("route.{route}: {front} was not read: {}", visible(why))),
    };
    // The last probes may be older than the end of the outage.
    let since = notices.map(|notices| {
        format!(" as of its last probe; it notices an endpoint that answers again within {}", spoken(notices))
    });
    (mark, format!("route.{route}: {front} reports {endpoint}: {}{}", visible(word), since.unwrap_or_default()))
}

/// The answer of an endpoint. Two silences, of the endpoint and of its site, are one fact.
fn answer(check: &EndpointCheck, is_silent: bool) -> (Mark, String) {
    let endpoint = &check.endpoint;
    let url = endpoint.shown.as_deref().unwrap_or("(hidden URL)");
    let answer = match &check.answer {
        Ok(WebAnswer::NotSimulated) => {
            return (Mark::Unknown, format!("{}: {url} was not asked: the host is not simulated", endpoint.name));
        }
        Ok(WebAnswer::Status(status) | WebAnswer::Marked(status, _)) => format!("answers {status}"),
        Err(_) => format!("does not answer ({})", visible(check.why().unwrap_or_default())),
    };
    let expected = match endpoint.status {
        Some(status) if !check.is_served() => format!(", expected {status}"),
        _ => String::new(),
    };
    let mark = match (check.is_served(), check.is_unknown() && !is_silent) {
        (true, _) => Mark::Ok,
        (false, true) => Mark::Unknown,
        (false, false) => Mark::Alert,
    };
    (mark, format!("{}: {url} {answer}{expected}", endpoint.name))
}

fn replicas(standing: &StackStanding, group: &GroupStanding, findings: &mut Vec<Finding>) -> Vec<StatusLine> {
    let (rpo, is_moving) = (standing.rpo, standing.moving.contains(&group.group));
    let mut lines = Vec::new();
    for replica in &group.replicas {
        let ReplicaCheck { replica: address, primary, health, lag } = replica;
        let subject = address.as_str();
        let (mark, clause, text) = match (health, lag, rpo) {
            (Health::Broken(how) | Health::Behind(how), ..) => {
                (Mark::Alert, ILL, format!("the replica {}", visible(how)))
            }
            (Health::Unseen(why), ..) => (Mark::Unknown, UNREAD, format!("lag unknown: {}", visible(why))),
            (Health::Following, Some(lag), Some(rpo)) if *lag > rpo => {
                (Mark::Alert, LATE, format!("lag {{lag}}, above the RPO of {}", spoken(rpo)))
            }
            (Health::Following, Some(_), Some(rpo)) => (Mark::Ok, LATE, format!("lag {{lag}}, RPO {}", spoken(rpo))),
            (Health::Following, Some(_), None) => (Mark::Ok, LATE, "lag {lag}; no RPO is configured".to_owned()),
            (Health::Following, None, _) => {
                (Mark::Unknown, UNREAD, "replicates, lag unknown: the service reports none".to_owned())
            }
        };
        if mark != Mark::Ok {
            findings.push(finding(mark, clause, "replicas", subject));
        }
        let moved = primary.as_ref().filter(|primary| **primary != group.active);
        let (mark, text) = match moved {
            Some(primary) if is_moving => (mark, format!("{text}; the primary replica is at {primary} during the run")),
            Some(primary) if group.is_mixed => (mark, format!("{text}; the primary replica is at {primary}")),
            Some(primary) => {
                findings.push(finding(Mark::Alert, ROLE, "replicas", subject));
                (Mark::Alert, format!("{text}; the primary replica is at {primary}, but {} is active", group.active))
            }
            None => (mark, text),
        };
        lines.push(StatusLine { lag: *lag, ..StatusLine::new(mark, subject.to_owned(), text) });
    }
    lines
}

fn finding(mark: Mark, clause: (&'static str, &'static str), many: &'static str, subject: &str) -> Finding {
    Finding { mark, clause, many, subject: subject.to_owned() }
}

/// The lines of a section in columns. In a summary, lines that differ in the key of an instance only are one.
fn section(lines: Vec<StatusLine>, layout: Layout) -> String {
    let lines = if layout.is_full() { lines } else { merged(lines) };
    let shown: Vec<(Mark, String, String)> = lines.into_iter().map(StatusLine::shown).collect();
    let most = (layout.width * 2 / 5).max(12);
    let widest = shown.iter().map(|(_, subject, _)| subject.chars().count()).filter(|width| *width <= most).max();
    let widest = widest.unwrap_or_default();
    let one = |(mark, subject, text): &(Mark, String, String)| {
        let word = format!("{:<7}", mark.as_str().to_ascii_uppercase());
        let subject = visible(subject);
        let column = 13 + widest.max(subject.chars().count());
        // A long subject has its text below it.
        let text = match subject.chars().count() > most {
            true => format!("\n           {}", layout.wrap(&visible(text), 11)),
            false => {
                format!("{:1$}{2}", "", column - 11 - subject.chars().count(), layout.wrap(&visible(text), column))
            }
        };
        format!("  {}  {subject}{text}\n", styled(mark.style(), &word))
    };
    shown.iter().map(one).collect()
}

/// The next actions.
fn next(standing: &StackStanding, layout: Layout) -> String {
    let one = |NextAction { why, command }: &NextAction| {
        let command = command.iter().map(|command| format!("    {}\n", styled(BOLD, command)));
        format!("{}\n{}", layout.wrap(why, 0), command.collect::<String>())
    };
    standing.next.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    #[test]
    fn failing_endpoint_is_reported_as_of_the_last_probe() {
        let check = |health, notices| FrontCheck {
            route: "web".to_owned(),
            site: "home".to_owned(),
            endpoint: Address::new("endpoint", "home"),
            front: "Traffic Manager",
            health: Ok(health),
            notices,
        };
        let failing = check(EndpointHealth::Unhealthy("Degraded".to_owned()), Some(Duration::from_secs(30)));
        let (mark, text) = report(&failing, false);
        assert_eq!(mark, Mark::Alert);
        assert!(text.ends_with(
            "endpoint.home: Degraded as of its last probe; it notices an endpoint that answers again within 30s"
        ));
        let disabled = check(EndpointHealth::Unhealthy("Disabled".to_owned()), None);
        assert!(report(&disabled, false).1.ends_with("endpoint.home: Disabled"));
        let (mark, text) = report(&failing, true);
        assert_eq!(mark, Mark::Ok);
        assert!(text.ends_with("endpoint.home: Degraded, and leads no user there"), "{text}");
    }
}
