//! Amazon Web Services: its regions. It has no kinds yet, so that a site of it can be declared and hold nothing.

mod regions;

use crate::kinds::form::Form;
use crate::kinds::{AccountArgument, Tables, Templates};

/// The tables of AWS.
pub static TABLES: Tables = Tables {
    name: "aws",
    title: "AWS",
    grammar: &Templates { provider: "aws", types: &[] },
    regions: regions::REGIONS,
    account: &[ACCOUNT],
    ..Tables::NONE
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
    environment: &[],
    unknown: "000000000000",
    simulated: "111122223333",
};
