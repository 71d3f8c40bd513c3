//! Any Azure type: a resource whose provider type and API version are an argument, as the azapi provider has it.
//!
//! The body is the request body of Resource Manager as it is. [`tables`] makes the table of a type, [`facts`] has what
//! is known of some types beyond their name.

mod adoption;
mod answers;
mod check;
mod facts;
mod tables;

pub use answers::TypeAnswers;
pub use answers::answers_of;
use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::tags::TAGS;

/// Table of `azapi_resource`, for a block whose type is missing or malformed. [`Kind::of`] gives that of a type.
pub static KIND: Kind = BASE;

/// Arguments that every type has; [`tables`] adds the places in the body of `enabled` and `value`, and decides on
/// `tags`.
const ARGS: [Arg; 11] = [
    arg(
        "type",
        Ty::String,
        "",
        "Provider type and API version, as in \"Microsoft.Web/serverfarms@2024-04-01\". Another API version updates \
         the resource in place.",
    )
    .wire(Wire::Nowhere)
    .required()
    .any_case(),
    place(
        "parent",
        &[],
        "Resource group, parent resource or extended resource (a resource of the stack, or an id). For a type with a \
         parent type, the resource of that type.",
    ),
    arg(
        "location",
        Ty::String,
        "",
        "Only where the default is wrong: \"global\", \"none\" for a type without a location, or the region of the \
         site. By default the region of the site for a type in a resource group, and none for children and extensions.",
    )
    .wire(Wire::Nowhere),
    identity::IDENTITY,
    arg(
        "body",
        Ty::Any,
        "",
        "Body of the request, as Resource Manager documents it for the type. Only what it writes is compared with the \
         existing resource.",
    )
    .partial(),
    arg("sensitive_body", Ty::Any, "", "Secret part of the body, merged into `body`. It is never read back or shown.")
        .secret()
        .partial(),
    arg(
        "response_export_values",
        Ty::Any,
        "",
        "Parts of the response for the attribute `output`: a list of paths, as in [\"properties.hostName\"], or a map \
         from a name to a path. \"*\" is the whole response.",
    )
    .wire(Wire::Nowhere),
    arg(
        "enabled",
        Ty::Bool,
        "",
        "True while the resource takes users, as the end of a failover group's route. A failover run changes it, at \
         the place that `switch` or the type gives.",
    )
    .wire(Wire::Nowhere),
    arg(
        "value",
        Ty::String,
        "",
        "Destination of users, as the `record` of a failover group's route. A failover run changes it, at the place \
         that `switch` or the type gives.",
    )
    .wire(Wire::Nowhere),
    arg(
        "switch",
        Ty::Block(&SWITCH),
        "",
        "Place of `enabled` or `value` in the body, for a type that drplan does not know.",
    )
    .wire(Wire::Nowhere),
    Arg { need: Need::Optional, ..TAGS },
];

static SWITCH: Block = Block::one(&[
    arg("path", Ty::String, "", "Path in the body, as in \"properties.enabledState\".").wire(Wire::Nowhere).required(),
    arg("on", Ty::Any, "", "Value for `enabled = true`.").wire(Wire::Nowhere).default(Lit::Str("Enabled")),
    arg("off", Ty::Any, "", "Value for `enabled = false`.").wire(Wire::Nowhere).default(Lit::Str("Disabled")),
]);

const BASE: Kind = Kind {
    name: "azapi_resource",
    about: "Any Azure resource, by its provider type: for types without a kind, and for settings that a kind lacks.",
    place: Place::Extension("parent"),
    location: Location::None,
    names: NameRule::new(
        1,
        260,
        r"^[^/\\?#%&<>\x00-\x1f]*[^/\\?#%&<>\x00-\x1f. ]$",
        "any characters but `/`, `\\`, `?`, `#`, `%`, `&`, `<` and `>`, and does not end with a full stop or a space",
    ),
    args: &ARGS,
    attributes: &[
        Attribute {
            name: "output",
            from: AttributeSource::Exported("response_export_values"),
            secret: false,
            list: false,
            base64: false,
            fake: FakeValue::Nothing,
            doc: "The parts of the response in `response_export_values`, as in `output.properties.hostName`.",
        },
        identity::PRINCIPAL_ID,
        identity::TENANT_ID,
    ],
    durations: Durations { create: 60, update: 30, delete: 30 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    typed: Some(tables::of),
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check::check), ..Overrides::NONE },
    simulated: SimulatedBehaviour { settle: Some(identity::settle), ..SimulatedBehaviour::NONE },
    adoption: Adoption {
        any: Some(AnyType {
            arguments: adoption::arguments,
            versions: adoption::provider_of,
            newest: adoption::newest,
        }),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        provider: "azapi",
        resource: "resource",
        // A run changes them, and `ignore_changes` then names the body.
        renamed: &[("enabled", "body"), ("value", "body")],
        located: true,
        said: &["location", "enabled", "value", "switch"],
        body: "body",
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

azapi_resource "example" {
  type   = "Microsoft.Web/serverfarms@2024-04-01"
  parent = resource_group.example
  body = {
    kind = "linux"
    sku = {
      name = "P1v3"
    }
    properties = {
      reserved = true
    }
  }
  response_export_values = ["properties.numberOfWorkers"]
}
"#,
    left_out: &[
        ("schema_validation_enabled", "drplan validates no bodies of this kind; Azure does"),
        ("ignore_casing", "drplan compares without regard to case"),
        ("ignore_missing_property", "properties that a response omits count as unchanged"),
        ("locks", "writes below one outermost resource never run in parallel"),
        ("retry", "the client repeats what Azure asks it to repeat"),
        ("sensitive_response_export_values", "drplan keeps no secrets of a response"),
    ],
    ..crate::providers::azure::KIND
};

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    if let Some(body) = bodies.last_mut() {
        identity::encode(subject, body);
    }
}

fn decode(bodies: &[Json], args: &mut serde_json::Map<String, Json>) {
    let Some(body) = bodies.last() else { return };
    identity::decode(body, args);
    // What arguments of their own hold is no part of the argument `body`.
    if let Some(Json::Object(whole)) = args.get_mut("body") {
        whole.retain(|name, _| !APART.contains(&name.as_str()));
    }
}

/// Properties of a body that arguments hold, or that only the provider sets.
const APART: &[&str] = &["id", "name", "type", "location", "tags", "identity", "etag", "systemData"];

/// Seconds that clients may still use the old value of a record: its time to live, where the body has one.
fn lingers(subject: &Subject<'_>) -> u32 {
    let at = |at: &str| subject.args.get("body").and_then(|body| path::borrow(body, at)).and_then(Json::as_u64);
    let seconds = at("properties.ttl").or_else(|| at("properties.TTL")).unwrap_or(0);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}
