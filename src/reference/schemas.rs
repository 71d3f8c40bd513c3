//! JSON Schemas of the documents that commands print and of the files that drplan writes.

/// A document and its schema.
#[derive(Debug)]
pub struct DocumentSchema {
    /// The word after `drplan schema`.
    pub name: &'static str,
    /// Where the document comes from.
    pub from: &'static str,
    /// The schema, JSON Schema 2020-12.
    pub text: &'static str,
}

macro_rules! schemas {
    ($($name:literal $from:literal;)*) => {
        /// Every schema.
        pub static ALL: &[DocumentSchema] = &[
            $(DocumentSchema {
                name: $name,
                from: $from,
                text: include_str!(concat!("../../docs/schemas/", $name, ".json")),
            },)*
        ];
    };
}

schemas! {
    "plan" "drplan plan|show --format json";
    "plan-file" "drplan plan --out FILE";
    "apply" "drplan apply|destroy --format json";
    "review" "drplan diff --format json";
    "procedure" "drplan failover-group up|down|drill|backup restore --format json";
    "run" "drplan failover-group show RUN --format json";
    "history" "drplan failover-group history --format json";
    "status" "drplan failover-group status --format json";
    "abort" "drplan failover-group abort --format json";
    "backup-list" "drplan backup list --format json";
    "backup-status" "drplan backup status --format json";
    "roles" "drplan roles show --format json";
    "output" "drplan output [NAME] --format json";
    "state" "drplan state pull";
    "state-list" "drplan state list --format json";
    "resource" "drplan state show ADDRESS --format json";
    "restores" "drplan state show backup.NAME --format json";
    "diagnostics" "drplan validate --format json";
    "check" "drplan check --format json";
    "rules" "drplan check --list --format json";
    "doctor" "drplan doctor --format json";
    "kinds" "drplan kinds [NAME] --format json";
    "simulator" "drplan simulator show --format json";
    "faults" "drplan simulator fault list --format json";
    "workload" "drplan simulator workload show --format json";
}

/// The schema with this name.
pub fn find(name: &str) -> Option<&'static DocumentSchema> {
    ALL.iter().find(|schema| schema.name == name)
}
