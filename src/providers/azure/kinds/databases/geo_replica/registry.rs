//! Replication of a container registry: the same images in another region.
//!
//! Every replication takes pushes and serves pulls, and the registry's name leads to the nearest one. No role moves,
//! and nothing is promoted.

use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::ids::AzureId;
use crate::providers::azure::regions::region;
use crate::providers::azure::tags::TAGS;

/// Table of `geo_replica` for a container registry.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "Replication of a container registry: the same images in another region.",
    type_: KindType { name: "Microsoft.ContainerRegistry/registries/replications", version: "2025-11-01" },
    place: Place::Child("source", "replications"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("source", &["container_registry"], "Container registry. Its `sku` must be `Premium`."),
        arg("site", Ty::Site, "location", "Site of the replication.").required().replace(),
        arg(
            "global_endpoint_routing_enabled",
            Ty::Bool,
            "properties.regionEndpointEnabled",
            "Lead clients nearby to this replication.",
        )
        .default(Lit::Bool(true)),
        arg("zone_redundancy_enabled", Ty::Bool, "", "Spread the replication over zones of its region.")
            .wire(Wire::Mapped("properties.zoneRedundancy", ENABLED))
            .default(Lit::Bool(false))
            .replace(),
        TAGS,
    ],
    drill: Drill::never("the replications of a registry are in use"),
    durations: Durations { create: 90, update: 30, delete: 60 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    recovery: Recovery { replicates: Some(Replication { from: "source", to: "site", image: true }), ..Recovery::NONE },
    in_use: "",
    odd: Overrides { name: Some(name), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour { admit: Some(admit), settle: Some(settle), ..SimulatedBehaviour::NONE },
    adoption: Adoption {
        is: Some(is_further),
        arguments: Some(|found, args| {
            let place = path::text(found.body, "location").unwrap_or_default();
            let place = region(place).map_or(place, |region| region.name);
            args.insert("site".to_owned(), Json::from(place));
        }),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        shape: TerraformShape::Block { of: "source", block: "georeplications" },
        renamed: &[("site", "location")],
        fifth: &["global_endpoint_routing_enabled"],
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "east" {
  site = site.east
}

container_registry "images" {
  name           = "drplanexampleimages"
  resource_group = resource_group.east
  sku            = "Premium"
}

geo_replica "example" {
  source = container_registry.images
  site   = site.west
}
"#,
    ..crate::providers::azure::KIND
};

fn name(subject: &Subject<'_>) -> String {
    subject.text("site").unwrap_or_default().to_owned()
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let source =
        subject.with("source", |registry| (registry.text("sku").map(str::to_owned), registry.location.to_owned()));
    let Some((sku, location)) = source else { return };
    if let Some(sku) = sku.filter(|sku| sku != "Premium") {
        findings.push(Finding {
            argument: "source",
            summary: format!("a registry of the tier `{sku}` has no replications"),
            why: String::new(),
            help: "Set `sku = \"Premium\"` in the registry.".to_owned(),
        });
    }
    if subject.text("site").is_some_and(|site| path::same_name(site, &location)) {
        findings.push(Finding {
            argument: "site",
            summary: format!("the registry itself is in `{location}`"),
            why: "A replication there would add nothing.".to_owned(),
            help: "Set another site.".to_owned(),
        });
    }
}

/// True for a replication in another region than the registry's, in which Azure makes one by itself.
fn is_further(found: &CloudObject<'_>) -> bool {
    let home = found.id.parent().and_then(|registry| path::text(found.all.get(&registry)?, "location"));
    !home.zip(path::text(found.body, "location")).is_some_and(|(home, place)| path::same_name(home, place))
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &Json) -> Result<(), Refusal> {
    let sku = id.parent().and_then(|registry| path::text(cloud.get(&registry)?, "sku.name"));
    if sku.is_none_or(|sku| sku.eq_ignore_ascii_case("Premium")) {
        return Ok(());
    }
    Err(Refusal {
        status: 400,
        code: "UnsupportedSku",
        message: "Geo-replication is supported for registries of SKU Premium only.".to_owned(),
    })
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    if let Some(body) = cloud.get_mut(id) {
        path::fill(body, "properties.status.displayStatus", "Ready");
    }
}
