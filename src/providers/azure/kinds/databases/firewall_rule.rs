//! Common parts of the firewall rules of database servers: a range of IPv4 addresses. Independent of kinds.

use std::net::Ipv4Addr;

use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;

/// Both ends of the range, in the stack and in the body.
const ENDS: [(&str, &str); 2] =
    [("start_ip_address", "properties.startIpAddress"), ("end_ip_address", "properties.endIpAddress")];

/// Arguments of the range.
pub(super) const RANGE: &[Arg] = &[
    arg(ENDS[0].0, Ty::Ip, ENDS[0].1, "First IPv4 address of the range.").required(),
    arg(
        ENDS[1].0,
        Ty::Ip,
        ENDS[1].1,
        "Last IPv4 address of the range. `0.0.0.0` at both ends admits all Azure services.",
    )
    .required(),
];

/// A drill has no copy of a server with data, so that a copy of its rule would open the original.
pub(super) const DRILL: Drill = Drill::never("it would let copies reach the production databases");

/// The range is one of IPv4 addresses, in order.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let texts = ENDS.map(|(argument, _)| (argument, subject.text(argument)));
    for (argument, text) in texts {
        if let Some(text) = text.filter(|text| text.parse::<Ipv4Addr>().is_err()) {
            findings.push(Finding {
                argument,
                summary: format!("`{text}` is not an IPv4 address"),
                why: "The firewall of the server compares IPv4 addresses only.".to_owned(),
                help: "Use the IPv4 address from which the clients connect.".to_owned(),
            });
        }
    }
    if let [(_, Some(start)), (argument, Some(end))] = texts
        && let (Ok(first), Ok(last)) = (start.parse::<Ipv4Addr>(), end.parse::<Ipv4Addr>())
        && first > last
    {
        findings.push(Finding {
            argument,
            summary: format!("the range ends at {end}, before it starts at {start}"),
            why: String::new(),
            help: "Swap the two.".to_owned(),
        });
    }
}

/// Refuses a range that is not one.
pub(super) fn admit(_: &dyn SimulatedWorld, _: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let [start, end] = ENDS.map(|(_, at)| path::text(body, at).unwrap_or_default().parse::<Ipv4Addr>());
    match (start, end) {
        (Ok(start), Ok(end)) if start <= end => Ok(()),
        _ => Err(Refusal {
            status: 400,
            code: "InvalidParameterValue",
            message: "The firewall rule has an invalid range: it needs two IPv4 addresses, and the start IP address must not exceed the end IP address.".to_owned(),
        }),
    }
}
