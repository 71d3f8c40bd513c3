//! Cloudflare: DNS records that move users at the edge, and load balancing. Its tables are data; its client and its
//! dialect of the local simulator lie beside them.

pub mod client;
mod doctor;
mod kinds;
pub(super) mod simulated;
mod terraform;

use crate::account::Account;
use crate::kinds::form::Form;
use crate::kinds::{AccountArgument, Kind, ProviderConsole, RootLists, Tables, Templates};
use crate::object::{Collection, Object, ObjectId};

/// The tables of Cloudflare. It has no regions: what it serves, it serves everywhere.
pub static TABLES: Tables = Tables {
    name: "cloudflare",
    title: "Cloudflare",
    kinds: kinds::ALL,
    grammar: &Templates { provider: "cloudflare", types: TYPES },
    terraform: terraform::PROVIDERS,
    account: &[ACCOUNT],
    common: Some(token),
    lists: Some(&LISTS),
    doctor: doctor::CHECKS,
    without_account: "Set CLOUDFLARE_ACCOUNT_ID, or write `account` in a block `provider \"cloudflare\"`.",
    sign_in: "Set CLOUDFLARE_API_TOKEN to a token with the rights `Zone Read` and `DNS Write`.",
    console: Some(&ProviderConsole { place: "in the dashboard of Cloudflare, or its audit log", command: None }),
    restless: &["modified_on", "comment_modified_on", "tags_modified_on"],
    own: &["id", "created_on", "modified_on", "comment_modified_on", "tags_modified_on", "meta", "proxiable"],
    ..Tables::NONE
};

/// The types of objects, and the templates of their ids. The kinds have the same.
const TYPES: &[(&str, &str)] = &[
    ("Cloudflare/dns_records", "zones/{zone}/dns_records/{type}/{name}"),
    ("Cloudflare/load_balancers", "zones/{zone}/load_balancers/{name}"),
    ("Cloudflare/load_balancers/pools", "accounts/{account}/load_balancers/pools/{name}"),
    ("Cloudflare/load_balancers/monitors", "accounts/{account}/load_balancers/monitors/{name}"),
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
    doc: "The 32 hexadecimal digits of the account's id, for load balancing.",
    form: &ACCOUNT_ID,
    environment: &["CLOUDFLARE_ACCOUNT_ID"],
    unknown: "00000000000000000000000000000000",
    simulated: SIMULATED_ACCOUNT,
};

/// The token, which every account has: any answer for it shows that the API answers.
fn token(_: &Account, _: &str) -> Object {
    Object::whole(ObjectId::new("cloudflare:user/tokens/verify"), "4")
}

/// A zone can be imported, with the load balancing of its account.
const LISTS: RootLists = RootLists {
    container: "zone",
    example: "example.com",
    of: |zone, account| {
        let list = |path: String| Collection::new(ObjectId::new(format!("cloudflare:{path}")), "4");
        let account = &account.id;
        vec![
            list(format!("zones/{zone}/dns_records")),
            list(format!("zones/{zone}/load_balancers")),
            list(format!("accounts/{account}/load_balancers/pools")),
            list(format!("accounts/{account}/load_balancers/monitors")),
        ]
    },
};

/// An empty table of Cloudflare's, to be completed with `..KIND`.
const KIND: Kind = Kind { provider: || &TABLES, ..Kind::EMPTY };
