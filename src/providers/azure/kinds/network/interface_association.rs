//! Associations of network interfaces with members of load balancers: elements of lists in the configurations of an
//! interface.

use crate::kinds::emit::ImportId;
use crate::kinds::place;
use crate::kinds::table::*;
use crate::providers::azure::kinds::network::network_interface::{CONFIGURATIONS, check_configuration};

/// The place of an association in a configuration of an interface.
pub(super) const fn place_of(
    list: &'static str,
    member: &'static str,
    segment: &'static str,
    owners: Owners,
) -> Membership {
    Membership {
        owner: "network_interface",
        enclosure: Enclosure::Element("ip_configuration_name", CONFIGURATIONS, "ipConfigurations"),
        list,
        key: "id",
        member,
        segment,
        owners,
    }
}

/// The arguments of an association. `member` is a member of this kind.
pub(super) const fn arguments(member: &'static str, kinds: &'static [&'static str], doc: &'static str) -> [Arg; 3] {
    [
        place("network_interface", &["network_interface"], "The network interface."),
        arg("ip_configuration_name", Ty::String, "", "Name of the interface's `ip_configuration`.")
            .required()
            .replace()
            .wire(Wire::Nowhere)
            .any_case(),
        arg(member, Ty::Ref(kinds), "id", doc).near().required().replace(),
    ]
}

/// The table of an association, without its name, description and example.
pub(super) const fn table(place: &'static Membership, args: &'static [Arg], imported: ImportId) -> Kind {
    Kind {
        type_: KindType { name: "Microsoft.Network/networkInterfaces", version: "2025-09-01" },
        place: Place::Member(place),
        location: Location::None,
        names: NameRule::DERIVED,
        args,
        drill: Drill::ALONG,
        durations: Durations { create: 5, update: 5, delete: 5 },
        answers: AnswerStyle::AsyncBody,
        serial: Serial::Root,
        in_use: "",
        link: true,
        odd: Overrides { name: Some(place::name), check: Some(check_configuration), ..Overrides::NONE },
        terraform: Terraform { named: false, imported: Some(imported), ..Terraform::BY_RULE },
        ..crate::providers::azure::KIND
    }
}

/// The id by which azurerm imports an association: that of the configuration and that of the member.
pub(super) fn import_id(member: &str, of: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let interface = of("network_interface").zip(of("ip_configuration_name"));
    let id = interface.zip(of(member));
    let text = |((interface, name), member)| format!("{interface}/ipConfigurations/{name}|{member}");
    id.map(text).into_iter().collect()
}
