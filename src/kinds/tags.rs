//! Rules for tags: names, values and their number. Independent of kinds and of providers.

/// Limits of a provider for tags.
#[derive(Debug)]
pub struct TagRule {
    /// The title of the provider, for messages.
    pub provider: &'static str,
    /// Maximum number of tags.
    pub most: usize,
    /// Maximum length of a name, in characters.
    pub longest_name: usize,
    /// Maximum length of a value, in characters.
    pub longest_value: usize,
    /// Characters that names may not contain, in addition to control characters.
    pub forbidden: &'static str,
    /// True if a name may not begin with a digit.
    pub begins_with_letter: bool,
    /// Beginnings of names that the provider reserves, in lower case.
    pub reserved: &'static [&'static str],
}

impl TagRule {
    /// The first rule that these tags break, with what to change. `None` for a value that is not known yet.
    pub fn fault<'a>(&self, tags: impl Iterator<Item = (&'a str, Option<&'a str>)> + Clone) -> Option<String> {
        let count = tags.clone().count();
        if count > self.most {
            return Some(format!("there are {count} tags, and {} accepts {}", self.provider, self.most));
        }
        let mut seen = std::collections::BTreeMap::new();
        for (name, value) in tags {
            if let Some(other) = seen.insert(name.to_lowercase(), name) {
                return Some(format!("`{other}` and `{name}` are the same tag, because names of tags have no case"));
            }
            if let Some(fault) = self.name_fault(name) {
                return Some(fault);
            }
            let length = value.map_or(0, |value| value.chars().count());
            if length > self.longest_value {
                return Some(format!(
                    "the value of `{name}` has {length} characters, and {} accepts {}",
                    self.provider, self.longest_value
                ));
            }
        }
        None
    }

    fn name_fault(&self, name: &str) -> Option<String> {
        let length = name.chars().count();
        let short: String = name.chars().take(40).collect();
        if length == 0 {
            return Some("the name of a tag is empty".to_owned());
        }
        if length > self.longest_name {
            return Some(format!(
                "the name `{short}…` has {length} characters, and {} accepts {}",
                self.provider, self.longest_name
            ));
        }
        if let Some(odd) = name.chars().find(|c| self.forbidden.contains(*c) || c.is_control()) {
            return Some(format!("the name `{name}` contains `{}`", odd.escape_default()));
        }
        if self.begins_with_letter && name.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(format!("the name `{name}` begins with a digit"));
        }
        let folded = name.to_lowercase();
        let reserved = self.reserved.iter().find(|reserved| folded.starts_with(**reserved));
        reserved.map(|reserved| format!("the name `{name}` begins with `{reserved}`, which {} reserves", self.provider))
    }
}
