//! Amazon Web Services: its regions. It has no kinds yet, so that a site of it can be declared and hold nothing.

mod regions;

use crate::kinds::Tables;

/// The tables of AWS.
pub static TABLES: Tables = Tables { name: "aws", title: "AWS", regions: regions::REGIONS, ..Tables::NONE };
