//! Copies from region to region: the place of the source, and the end that AWS promises.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::aws::kinds::forms::COMBINATION;

/// Seconds of a copy without a promise (estimate: 5 minutes to an hour for an image, to two hours for a snapshot).
pub(super) const USUAL: u32 = 1_200;

/// The argument with the promised end.
pub(super) const ARGUMENT: &str = "completion_duration_minutes";
/// Its values: steps of 15 minutes (source: AWS's page on copies with a time of completion).
pub(super) const MINUTES: Ty = Ty::Integer(15, 2_880);
/// Its documentation.
pub(super) const DOC: &str =
    "Minutes, in steps of 15, in which AWS promises to complete the copy, for a price. Without it, none.";

/// The site of the copy.
pub(super) const SITE: Arg = Arg {
    need: Need::Required,
    wire: Wire::Nowhere,
    change: ChangeEffect::Replace,
    ..arg("site", Ty::Site, "", "Site that receives the copy.")
};

/// The region of a source that no stack manages.
pub(super) const SOURCE_REGION: Arg = Arg {
    ..arg("source_region", Ty::String, "SourceRegion", "Region of a source that the stack does not manage.").chosen()
};

/// A promise in other steps than AWS makes it.
pub(super) const PROMISE: Combination = Combination::new(
    "InvalidParameterValue",
    &[(ARGUMENT, Test::Uneven(15))],
    "AWS promises an end in steps of 15 minutes",
    "Set `completion_duration_minutes` to 15, 30, 45 and so on.",
);

/// A key for a copy that is not encrypted.
pub(super) const KEY: Combination = Combination::new(
    COMBINATION,
    &[("kms_key", Test::Set), ("encrypted", Test::Not(&[Lit::Bool(true)]))],
    "a copy that is not encrypted has no key",
    "Set `encrypted = true`, or remove `kms_key`.",
);

/// The promised end, where there is one.
pub(super) fn lasts(old: Option<&Json>, new: &Json, minutes_at: &str) -> u32 {
    let promised = new.get(minutes_at).and_then(Json::as_u64).and_then(|minutes| u32::try_from(minutes * 60).ok());
    if old.is_some() { 2 } else { promised.unwrap_or(USUAL) }
}

/// The region that the id of an object of the stack has.
fn region_of(id: &str) -> Option<&str> {
    id.strip_prefix("aws:")?.split_once('/').map(|(region, _)| region)
}

/// Sets the region of the source, which is in its id.
pub(super) fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    if let (Some(body), Some(region)) = (bodies.first_mut(), subject.text("source").and_then(region_of)) {
        path::put(body, "SourceRegion", Json::from(region));
    }
}

/// A source that no stack manages has an id without its region.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let Some(source) = subject.text("source") else { return };
    if region_of(source).is_none() && !subject.args.contains_key("source_region") {
        findings.push(Finding {
            argument: "source",
            summary: format!("the region of `{source}` is unknown"),
            why: "Its id does not say it, and no resource of the stack has it.".to_owned(),
            help: "Set `source_region`.".to_owned(),
        });
    }
}

/// The site of a copy that exists, and no region of a source whose id has it.
pub(super) fn complete(found: &CloudObject<'_>, args: &mut JsonMap<String, Json>) {
    args.extend(found.body.get("location").map(|region| ("site".to_owned(), region.clone())));
    if args.get("source").and_then(Json::as_str).and_then(region_of).is_some() {
        args.remove("source_region");
    }
}
