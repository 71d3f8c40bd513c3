//! Record of a zone at Route 53. Its control plane is in one region, so that another provider of names is the better
//! way to move users.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;

static ALIAS: Block = Block::one(&[
    arg("name", Ty::String, "DNSName", "Name of a resource of AWS.").required(),
    arg("zone", Ty::String, "HostedZoneId", "Zone of that name, which AWS has for the service.").required(),
    arg("evaluate_target_health", Ty::Bool, "EvaluateTargetHealth", "Answer only while the resource is healthy.")
        .default(Lit::Bool(false)),
]);

/// A zone: its domain, or the id that AWS gave it.
static ZONE: Form = Form::new(
    "a domain, as in \"example.com\", or the id of a zone",
    &["example.com", "Z0123456789ABCDEFGHIJ"],
    "NoSuchHostedZone",
    |text| {
        let is_id =
            text.starts_with('Z') && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let is_domain = text.contains('.') && form::network::HOST.read(text).is_ok_and(|normal| normal == *text);
        (!is_id && !is_domain).then(|| "is neither a domain in lower case nor the id of a zone".to_owned())
    },
);

/// Table of `aws_route53_record`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_route53_record",
    about: "DNS record of a zone at Route 53.",
    type_: KindType { name: "AWS::Route53::RecordSet", version: VERSION },
    place: Place::Root("aws:global/zones/{zone}/records/{type}/{name}"),
    location: Location::None,
    names: NameRule::new(
        3,
        253,
        r"^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$",
        "a full host name in lower case, as in `www.example.com`; other scripts in Punycode (`xn--…`)",
    ),
    args: &[
        Arg {
            need: Need::Required,
            wire: Wire::Nowhere,
            change: ChangeEffect::Replace,
            form: Some(&ZONE),
            ..arg("zone", Ty::String, "", "Zone: its domain, as in `example.com`, or its id, which saves a request.")
        },
        arg("type", Ty::Enum(&["A", "AAAA", "CNAME", "TXT"]), "", "Type of the record.")
            .wire(Wire::Nowhere)
            .required()
            .replace(),
        arg("records", Ty::Set(&Ty::String), "ResourceRecords", "Values: addresses, or one host name for `CNAME`."),
        arg("ttl", Ty::Integer(0, 604_800), "", "Time to live, in seconds.").wire(Wire::Text("TTL")),
        arg("alias", Ty::Block(&ALIAS), "AliasTarget", "Resource of AWS, in place of `records`."),
    ],
    attributes: &[named("fqdn", "{name}", "The name.")],
    drill: Drill::never("users resolve it to reach production"),
    durations: Durations { create: 60, update: 60, delete: 60 },
    in_use: "",
    run_moves: &["records"],
    moves: Moves { record: Some("records"), lingers: Some(lingers), ..Moves::NONE },
    combinations: &[
        Combination::new(
            "InvalidChangeBatch",
            &[("records", Test::Absent), ("alias", Test::Absent)],
            "the record leads nowhere",
            "Set `records` with `ttl`, or `alias`.",
        ),
        Combination::new(
            "InvalidChangeBatch",
            &[("records", Test::Set), ("alias", Test::Set)],
            "the record has values and an alias",
            "Remove `records` and `ttl`, or `alias`.",
        ),
        Combination::new(
            "InvalidChangeBatch",
            &[("records", Test::Set), ("ttl", Test::Absent)],
            "values have no time to live",
            "Set `ttl`.",
        ),
    ],
    terraform: Terraform {
        resource: "route53_record",
        renamed: &[("zone", "zone_id"), ("alias.zone", "alias.zone_id")],
        lookup: Some(crate::providers::aws::terraform::ZONE),
        swapped: &["records"],
        given_id: "ZONE_ID_NAME_TYPE",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_route53_record "example" {
  name    = "www.example.com"
  zone    = "example.com"
  type    = "A"
  ttl     = 60
  records = ["192.0.2.10"]
}
"#,
    left_out: &[
        ("allow_overwrite", "`apply --adopt` takes over what exists"),
        ("cidr_routing_policy", "steers by the place of users, and a failover moves all of them"),
        ("failover_routing_policy", "the failover group moves the record, and a person decides"),
        ("geolocation_routing_policy", "steers by the place of users, and a failover moves all of them"),
        ("geoproximity_routing_policy", "steers by the place of users, and a failover moves all of them"),
        ("health_check_id", "probes of the failover group decide"),
        ("latency_routing_policy", "steers by the place of users, and a failover moves all of them"),
        ("multivalue_answer_routing_policy", "divides users among records, and a failover moves all of them"),
        ("set_identifier", "for records that share a name, of which a failover would have to move each"),
        ("weighted_routing_policy", "divides users among records, and a failover moves all of them"),
    ],
    ..crate::providers::aws::KIND
};

/// An alias has the time to live of its target: a minute.
fn lingers(record: &Subject<'_>) -> u32 {
    let ttl = record.args.get("ttl").and_then(serde_json::Value::as_u64).and_then(|ttl| u32::try_from(ttl).ok());
    ttl.unwrap_or(60)
}
