//! Amazon Web Services: networks, machines, images, addresses and buckets at its regions. Its tables are data.

pub mod client;
pub mod cloudformation;
mod doctor;
mod ids;
mod kinds;
mod regions;
mod rules;
pub(super) mod simulated;
mod terraform;

pub(super) use rules::RULES;

use crate::account::Account;
use crate::kinds::form::Form;
use crate::kinds::{AccountArgument, Area, Kind, ProviderConsole, RootLists, Tables};
use crate::object::{Collection, Object, ObjectId};

/// The tables of AWS.
pub static TABLES: Tables = Tables {
    name: "aws",
    title: "AWS",
    kinds: kinds::ALL,
    grammar: &ids::AwsIds,
    terraform: terraform::PROVIDERS,
    areas: &[("AWS::EC2", Area::Network), ("AWS::IAM", Area::Access), ("AWS::KMS", Area::Access)],
    regions: regions::REGIONS,
    account: &[ACCOUNT],
    without_account: "Set AWS_ACCOUNT_ID, or write `account` in a block `provider \"aws\"`.",
    sign_in: "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as for the command line of AWS.",
    console: Some(&ProviderConsole { place: "in the console of AWS, or in CloudTrail", command: None }),
    lists: Some(&LISTS),
    common: Some(instances),
    doctor: doctor::CHECKS,
    own: OWN,
    ..Tables::NONE
};

/// Values that AWS gives an object, and that no stack sets.
const OWN: &[&str] = &["Arn", "CreationDate", "StartTime", "CreateDate", "OwnerId", "State"];

/// The machines of a region: any answer for their list shows that its API answers.
fn instances(_: &Account, region: &str) -> Object {
    Object::whole(ObjectId::new(format!("aws:{region}/instances")), VERSION)
}

/// Lists of a region, of what has none, or of the records of a zone.
const LISTS: RootLists = RootLists {
    container: "region, hosted zone or `global`",
    example: "us-west-2",
    of: |container, _| {
        let list = |path: String| Collection::new(ObjectId::new(format!("aws:{path}")), VERSION);
        if container.contains('.') {
            return vec![list(format!("global/zones/{container}/records"))];
        }
        let words: &[&str] = match container {
            "global" => &["roles", "instance-profiles"],
            _ => ids::REGIONAL,
        };
        words.iter().map(|word| list(format!("{container}/{word}"))).collect()
    },
};

/// An account of AWS has twelve digits (source: AWS's documentation of account identifiers).
static ACCOUNT_ID: Form = Form::new(
    "the twelve digits of an account, as in `123456789012`",
    &["123456789012", "000000000000"],
    "InvalidParameterValue",
    |text| {
        let is_id = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        (!is_id).then(|| "it has other than twelve digits".to_owned())
    },
);

const ACCOUNT: AccountArgument = AccountArgument {
    name: "account",
    doc: "The twelve digits of the account.",
    form: &ACCOUNT_ID,
    environment: &["AWS_ACCOUNT_ID"],
    unknown: "000000000000",
    simulated: "111122223333",
};

/// The version of the properties of types: the date of the schemas that the tables follow.
const VERSION: &str = "2026-10-20";

/// An empty table of AWS's, to be completed with `..KIND`.
const KIND: Kind = Kind { provider: || &TABLES, ..Kind::EMPTY };
