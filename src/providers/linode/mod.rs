//! Linode: machines, images, volumes and buckets at its regions, firewalls and domains. Its tables are data; its client
//! and its dialect of the local simulator lie beside them.

pub mod client;
mod doctor;
mod guards;
mod kinds;
mod regions;
pub(super) mod simulated;
mod terraform;

use crate::kinds::{Kind, ProviderConsole, RootLists, Tables, TagRule, Templates};
use crate::object::{Collection, ObjectId};

/// The tables of Linode. It has one account, that of the token, and one API for all regions.
pub static TABLES: Tables = Tables {
    name: "linode",
    title: "Linode",
    kinds: kinds::ALL,
    grammar: &Templates { provider: "linode", types: TYPES },
    regions: regions::REGIONS,
    terraform: terraform::PROVIDERS,
    lists: Some(&LISTS),
    guards: &guards::GUARDS,
    doctor: doctor::CHECKS,
    sign_in: "Set LINODE_TOKEN to a personal access token that may read and write Linodes, volumes, firewalls, \
              images, object storage and domains.",
    console: Some(&ProviderConsole { place: "in the Cloud Manager of Linode, or its events", command: None }),
    restless: &["updated", "available", "last_successful"],
    own: &["id", "created", "updated"],
    ..Tables::NONE
};

/// The lists of the account, which is that of the token whatever its name.
const LISTS: RootLists = RootLists {
    container: "account",
    example: "all",
    of: |_, _| {
        let list = |word: &str| Collection::new(ObjectId::new(format!("linode:{word}")), "4");
        ["instances", "volumes", "firewalls", "images", "buckets", "domains", "records"].into_iter().map(list).collect()
    },
};

/// The types of objects, and the templates of their ids. The kinds have the same.
const TYPES: &[(&str, &str)] = &[
    ("Linode/instances", "instances/{name}"),
    ("Linode/firewalls", "firewalls/{name}"),
    ("Linode/volumes", "volumes/{name}"),
    ("Linode/images", "images/{name}"),
    ("Linode/buckets", "buckets/{name}"),
    ("Linode/domains", "domains/{name}"),
    ("Linode/domains/records", "domains/{domain}/records/{record_type}/{name}"),
];

/// Tags of Linode are texts of 3 to 50 characters (source: Linode's API); drplan writes `name:value`.
static TAGS: TagRule = TagRule {
    provider: "Linode",
    most: 40,
    longest_name: 20,
    longest_value: 29,
    forbidden: ":,",
    begins_with_letter: false,
    reserved: &[],
};

/// Seconds from a request to create a machine until it runs (estimate: 30 to 90).
const INSTANCE_MADE: u32 = 60;
/// Seconds for the move of a machine to another plan (estimate: 5 to 30 minutes).
const RESIZED: u32 = 600;
/// Seconds in which a machine boots or shuts down (estimate).
const POWERED: u32 = 30;
/// Seconds until a machine is deleted (estimate).
const INSTANCE_DELETED: u32 = 10;
/// Seconds of an operation on a volume (estimate: 5 to 20).
const VOLUME: u32 = 10;
/// Seconds until an image of a disk is made (estimate: 3 to 30 minutes).
const IMAGE_MADE: u32 = 600;
/// Seconds until an image is in a further region (estimate).
const IMAGE_COPIED: u32 = 600;
/// Seconds until the name servers have a change of a zone (source: Linode's documentation: every quarter of an hour).
const RELOADED: u32 = 900;

/// An empty table of Linode's, to be completed with `..KIND`.
const KIND: Kind = Kind { provider: || &TABLES, ..Kind::EMPTY };
