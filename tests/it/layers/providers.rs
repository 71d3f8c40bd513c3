//! Lines that name a provider outside of the room that may. A provider is to be one folder and one line in a list; a
//! line elsewhere that knows Azure is a line that a second provider would have to change.

use std::path::Path;

/// The room that may name Azure: the folders of the providers and their list. The core of the simulator may not: it has
/// objects of every provider; nor may the shape of a table (`kinds`).
const ROOM: &str = "src/providers";

fn may_name_azure(path: &Path) -> bool {
    let own = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path);
    own.starts_with(ROOM)
}

#[test]
fn nothing_names_azure_outside_of_its_folder() {
    let mut found = Vec::new();
    for (path, text) in super::sources().into_iter().filter(|(path, _)| !may_name_azure(path)) {
        let Some(text) = super::production(&path, &text) else { continue };
        let lines = text.lines().enumerate().filter(|(_, line)| names_azure(line));
        found.extend(lines.map(|(at, line)| format!("{}:{}: {}", path.display(), at + 1, line.trim())));
    }
    assert!(found.is_empty(), "lines that name Azure:\n{}", found.join("\n"));
}

#[test]
fn versions_and_states_of_objects_stay_behind_the_port() {
    for (path, text) in super::sources() {
        let Some(text) = super::production(&path, &text) else { continue };
        // The shape of a table says what the tables of Azure and the simulator need.
        let is_shape = super::module(&path) == "kinds";
        if may_name_azure(&path) || is_shape {
            continue;
        }
        for line in text.lines() {
            let reads = line.contains("provisioningState") || words(line).iter().any(|word| word == "etag");
            assert!(!reads, "{} reads what `Sight` has: {}", path.display(), line.trim());
        }
    }
}

/// True for a line with a word of Azure's, whatever identifier it is a part of: `ArmId`, `is_arm`, `azurerm_subnet`.
fn names_azure(line: &str) -> bool {
    let is_word = |word: &String| {
        matches!(word.as_str(), "arm" | "microsoft") || word.starts_with("azure") || word.starts_with("azapi")
    };
    line.to_lowercase().contains("resource manager") || words(line).iter().any(is_word)
}

/// The words of a line in lower case; `ArmId` and `arm_id` have two.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in line.chars() {
        let begins = !c.is_alphanumeric() || c.is_uppercase() && before.is_lowercase();
        if begins {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words
}

#[test]
fn words_are_found_within_identifiers() {
    for line in
        ["ArmId::new", "kind.arm.type_name", "/// Azure's own", "azurerm_subnet", "\"Microsoft.Network\"", "ARM_TENANT"]
    {
        assert!(names_azure(line), "{line}");
    }
    for line in ["a warm standby", "no harm", "an alarm", "the resource and its manager"] {
        assert!(!names_azure(line), "{line}");
    }
}
