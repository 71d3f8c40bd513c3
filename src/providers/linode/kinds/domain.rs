//! Domain that Linode's name servers answer for.

use super::forms::{DOMAIN, EMAIL, TAGS_ARG, TTL};
use crate::kinds::table::*;
use crate::providers::linode::terraform::TAGS;

/// An interval of the zone in seconds.
const fn interval(name: &'static str, doc: &'static str) -> Arg {
    Arg { name, doc, ..TTL }.wire(Wire::At(name))
}

/// Table of `linode_domain`.
pub(super) static KIND: Kind = Kind {
    name: "linode_domain",
    about: "Domain at Linode's name servers, which reload changes of a zone every quarter of an hour.",
    type_: KindType { name: "Linode/domains", version: "4" },
    place: Place::Root("linode:domains/{name}"),
    location: Location::None,
    names: DOMAIN,
    args: &[
        arg("type", Ty::Enum(&["master", "slave"]), "type", "`slave` copies the records from `master_ips`.")
            .required()
            .replace(),
        arg("soa_email", Ty::String, "soa_email", "Mail address of the administrator. Required for `master`.")
            .form(&EMAIL),
        arg("description", Ty::String, "description", "Description, for people."),
        arg(
            "status",
            Ty::Enum(&["active", "disabled"]),
            "status",
            "`disabled`: the name servers do not answer for it.",
        )
        .default(Lit::Str("active")),
        interval("ttl_sec", "Time to live of records that have none, in seconds. `0` means a day."),
        interval("refresh_sec", "Seconds after which a `slave` reads the zone again. `0` means Linode's default."),
        interval("retry_sec", "Seconds after which a failed read is tried again. `0` means Linode's default."),
        interval("expire_sec", "Seconds after which a zone that cannot be read expires. `0` means Linode's default."),
        arg("master_ips", Ty::Set(&Ty::Ip), "master_ips", "Name servers that a `slave` copies the records from.")
            .default(Lit::EmptyList),
        arg("axfr_ips", Ty::Set(&Ty::Ip), "axfr_ips", "Addresses that may copy the zone.").default(Lit::EmptyList),
        TAGS_ARG,
    ],
    attributes: &[attribute("domain_id", "id", FakeValue::Nothing, "Number that Linode gave the domain.")],
    drill: Drill::never("users resolve names below it to reach production"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    in_use: "",
    combinations: &[
        Combination::new(
            super::forms::NO_CODE,
            &[("type", Test::Is(&[Lit::Str("master")])), ("soa_email", Test::Absent)],
            "a domain of type `master` has a mail address",
            "Set `soa_email`.",
        ),
        Combination::new(
            super::forms::NO_CODE,
            &[("type", Test::Is(&[Lit::Str("slave")])), ("master_ips", Test::Is(&[Lit::EmptyList]))],
            "a domain of type `slave` has name servers to copy from",
            "Set `master_ips`.",
        ),
    ],
    terraform: Terraform {
        resource: "domain",
        renamed: &[("name", "domain")],
        tags: TAGS,
        exported: &[("domain_id", "id")],
        sets: &["master_ips", "axfr_ips"],
        given_id: "DOMAIN_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
linode_domain "example" {
  name      = "example.com"
  type      = "master"
  soa_email = "ops@example.com"
}
"#,
    left_out: &[("group", "deprecated by Linode; use `tags`")],
    ..crate::providers::linode::KIND
};
