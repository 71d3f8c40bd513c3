//! Associations of NAT gateways with public addresses and prefixes: elements of lists of a gateway.

use crate::kinds::emit::ImportId;
use crate::kinds::place;
use crate::kinds::table::*;
use crate::providers::azure::kinds::network::nat_gateway::WAY_OUT;

/// The place of an association in the body of a gateway.
pub(super) const fn place_of(list: &'static str, member: &'static str, segment: &'static str) -> Membership {
    Membership {
        owner: "nat_gateway",
        enclosure: Enclosure::Whole,
        list,
        key: "id",
        member,
        segment,
        owners: Owners::One,
    }
}

/// The table of an association, without its name, description, rules and example.
pub(super) const fn table(place: &'static Membership, args: &'static [Arg], imported: ImportId) -> Kind {
    Kind {
        type_: KindType { name: "Microsoft.Network/natGateways", version: "2025-09-01" },
        place: Place::Member(place),
        location: Location::None,
        names: NameRule::DERIVED,
        args,
        drill: Drill::never(WAY_OUT),
        durations: Durations { create: 10, update: 10, delete: 10 },
        answers: AnswerStyle::AsyncBody,
        serial: Serial::Root,
        in_use: "",
        link: true,
        odd: Overrides { name: Some(place::name), ..Overrides::NONE },
        terraform: Terraform { named: false, imported: Some(imported), ..Terraform::BY_RULE },
        ..crate::providers::azure::KIND
    }
}

/// The id by which azurerm imports an association: those of the gateway and of the member.
pub(super) fn import_id(member: &str, of: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let id = of("nat_gateway").zip(of(member));
    id.map(|(gateway, member)| format!("{gateway}|{member}")).into_iter().collect()
}
