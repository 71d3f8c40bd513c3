//! Cloudflare: DNS records that move users at the edge, and load balancing. Its tables are data; its client and its
//! dialect of the local simulator lie beside them.

pub mod client;
mod kinds;
pub(super) mod simulated;

use crate::kinds::form::Form;
use crate::kinds::{AccountArgument, Kind, Tables, Templates};

/// The tables of Cloudflare. It has no regions: what it serves, it serves everywhere.
pub static TABLES: Tables = Tables {
    name: "cloudflare",
    title: "Cloudflare",
    kinds: kinds::ALL,
    grammar: &Templates { provider: "cloudflare", types: TYPES },
    account: &[ACCOUNT],
    without_account: "Set CLOUDFLARE_ACCOUNT_ID, or write `account` in a block `provider \"cloudflare\"`.",
    restless: &["modified_on", "comment_modified_on", "tags_modified_on"],
    own: &["id", "created_on", "modified_on", "comment_modified_on", "tags_modified_on", "meta", "proxiable"],
    ..Tables::NONE
};

/// The types of objects, and the templates of their ids. The kinds have the same.
const TYPES: &[(&str, &str)] = &[
    ("dns_record", "zones/{zone}/dns_records/{type}/{name}"),
    ("load_balancer", "zones/{zone}/load_balancers/{name}"),
    ("load_balancer_pool", "accounts/{account}/load_balancers/pools/{name}"),
    ("load_balancer_monitor", "accounts/{account}/load_balancers/monitors/{name}"),
];

/// The account of the local simulator.
pub const SIMULATED_ACCOUNT: &str = "c10d5a3e7f0b4c6d8e9fa1b2c3d4e5f6";

/// An account of Cloudflare has an id of 32 digits.
static ACCOUNT_ID: Form = Form::new(
    "the id of an account: 32 hexadecimal digits",
    &["023e105f4ecef8ad9ca31a8372d0c353", "699d98642c564d2e855e9661899b7252"],
    "7003",
    |text| {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (!is_id).then(|| "it has other than 32 hexadecimal digits".to_owned())
    },
);

const ACCOUNT: AccountArgument = AccountArgument {
    name: "account",
    doc: "The id of the account, for load balancing: 32 hexadecimal digits.",
    form: &ACCOUNT_ID,
    environment: &["CLOUDFLARE_ACCOUNT_ID"],
    unknown: "00000000000000000000000000000000",
    simulated: SIMULATED_ACCOUNT,
};

/// An empty table of Cloudflare's, to be completed with `..KIND`.
const KIND: Kind = Kind { provider: || &TABLES, ..Kind::EMPTY };
