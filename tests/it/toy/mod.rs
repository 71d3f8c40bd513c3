//! A provider of three kinds that nothing but the tests knows, through the whole life of kinds. It gives ids of its own
//! to what it creates, has regions of its own, and the simulator does not know it: drplan knows the
//! tables of a provider, and uses its port.

mod cloud;
mod life;

use std::sync::LazyLock;

use drplan::kinds::emit::TerraformProvider;
use drplan::kinds::regions::Region;
use drplan::kinds::{
    Arg, Catalog, Durations, FakeValue, Kind, KindType, Location, Moves, PRESENCE, Place, RootLists, Tables, Templates,
    Ty, Wire, arg, attribute, place,
};
use drplan::object::{Collection, ObjectId};

pub use cloud::{Toy, ToyFaults};

/// The tables of the provider.
pub static TABLES: Tables = Tables {
    name: "toy",
    title: "Toy",
    kinds: &[&MACHINE, &DISK, &RECORD],
    grammar: &Templates {
        provider: "toy",
        types: &[
            ("machine", "machines/{name}"),
            ("disk", "machines/{machine}/disks/{name}"),
            ("record", "records/{name}"),
        ],
    },
    regions: &[region("moon", "Earth"), region("mars", "Sun")],
    own: &["number"],
    lists: Some(&RootLists {
        container: "world",
        example: "all",
        of: |_, _| {
            ["machines", "records"].map(|list| Collection::new(ObjectId::new(format!("toy:{list}")), "1")).into()
        },
    }),
    terraform: &[TerraformProvider {
        name: "toy",
        source: "example/toy",
        version: "~> 1.0",
        fits: "",
        newer: None,
        block: |_, _| String::new(),
        account: ("", ""),
        client: ("", ""),
        objects: false,
        backend: &[],
    }],
    ..Tables::NONE
};

const fn region(name: &'static str, geography: &'static str) -> Region {
    Region { name, display_name: name, geography, pair: None, zones: false }
}

const KIND: Kind = Kind {
    provider: || &TABLES,
    location: Location::None,
    durations: Durations { create: 2, update: 1, delete: 1 },
    ..Kind::EMPTY
};

/// A root that works, with a region and an id that only the provider knows.
static MACHINE: Kind = Kind {
    name: "toy_machine",
    type_: KindType { name: "machine", version: "1" },
    place: Place::Root("toy:machines/{name}"),
    location: Location::Regional,
    args: &[
        PRESENCE,
        arg("size", Ty::Integer(1, 9), "size", "Size.").required(),
        arg("image", Ty::String, "image", "Image.").replace(),
        Arg { wire: Wire::Nowhere, ..arg("restores", Ty::List(&Ty::Backup), "", "Backups that it starts from.") },
    ],
    attributes: &[
        attribute("number", "number", FakeValue::Nothing, "Id that the provider gave it."),
        attribute("address", "address", FakeValue::Nothing, "Address."),
    ],
    ..KIND
};

/// A child.
static DISK: Kind = Kind {
    name: "toy_disk",
    type_: KindType { name: "disk", version: "1" },
    place: Place::Child("machine", "disks"),
    args: &[
        place("machine", &["toy_machine"], "Machine that it belongs to."),
        arg("size_gb", Ty::Integer(1, 1000), "gigabytes", "Size.").required(),
    ],
    ..KIND
};

/// A record that moves users.
static RECORD: Kind = Kind {
    name: "toy_record",
    type_: KindType { name: "record", version: "1" },
    place: Place::Root("toy:records/{name}"),
    args: &[PRESENCE, arg("value", Ty::String, "value", "Destination.").required()],
    run_moves: &["value"],
    moves: Moves { record: Some("value"), ..Moves::NONE },
    ..KIND
};

/// The providers of drplan, and this one.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> =
        LazyLock::new(|| Catalog::new(drplan::providers::catalog().providers().chain([&TABLES])));
    &CATALOG
}
