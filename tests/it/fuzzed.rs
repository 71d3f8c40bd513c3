//! The properties that the fuzz targets hold, on the inputs that those start from: the targets are a workspace of their
//! own, which no other check compiles.

use std::path::{Path, PathBuf};

#[path = "../../fuzz/properties/backup_catalogue.rs"]
mod backup_catalogue;
#[path = "../../fuzz/properties/cost.rs"]
mod cost;
#[path = "../../fuzz/properties/fault_file.rs"]
mod fault_file;
#[path = "../../fuzz/properties/journal_file.rs"]
mod journal_file;
#[path = "../../fuzz/properties/plan_file.rs"]
mod plan_file;
#[path = "../../fuzz/properties/stack_text.rs"]
mod stack_text;
#[path = "../../fuzz/properties/state_file.rs"]
mod state_file;
#[path = "../../fuzz/properties/template.rs"]
mod template;
#[path = "../../fuzz/properties/terraform_state.rs"]
mod terraform_state;
#[path = "../../fuzz/properties/whole_stack.rs"]
mod whole_stack;

/// A property of any text, or of any bytes.
enum Property {
    Text(fn(&str)),
    Bytes(fn(&[u8])),
}

/// Each target and its property.
const TARGETS: &[(&str, Property)] = &[
    ("backup_catalogue", Property::Text(backup_catalogue::holds)),
    ("cost", Property::Text(is_read)),
    ("fault_file", Property::Text(fault_file::holds)),
    ("journal_file", Property::Bytes(journal_file::holds)),
    ("plan_file", Property::Text(plan_file::holds)),
    ("stack_text", Property::Text(stack_text::holds)),
    ("state_file", Property::Bytes(state_file::holds)),
    ("template", Property::Text(template::holds)),
    ("terraform_state", Property::Text(terraform_state::holds)),
    ("whole_stack", Property::Text(whole_stack::holds)),
];

/// The target measures what this allocates; here it only has to end.
fn is_read(text: &str) {
    let _ = cost::read(text);
}

fn listed(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn every_seed_holds_the_property_of_its_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (target, property) in TARGETS {
        let seeds = listed(&root.join("seeds").join(target));
        assert!(!seeds.is_empty(), "{target} has no seed");
        for seed in seeds {
            println!("{}", seed.display());
            let bytes = std::fs::read(&seed).unwrap();
            match property {
                Property::Text(holds) => holds(std::str::from_utf8(&bytes).unwrap()),
                Property::Bytes(holds) => holds(&bytes),
            }
        }
    }
}

#[test]
fn every_fuzz_target_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let named = |directory: &str| -> Vec<String> {
        let files = listed(&root.join(directory)).into_iter();
        files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    let targets: Vec<&str> = TARGETS.iter().map(|(target, _)| *target).collect();
    assert_eq!(named("fuzz_targets"), targets);
    assert_eq!(named("properties"), targets);
}
