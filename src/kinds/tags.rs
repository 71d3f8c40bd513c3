//! Rules for tags: names, values and their number. Independent of kinds.

/// Limits of tags (source: the provider's page on tags; its naming rules for `Microsoft.Resources`).
#[derive(Debug)]
pub struct TagRule {
    /// Maximum number of tags.
    pub most: usize,
    /// Maximum length of a name, in characters.
    pub longest_name: usize,
    /// Characters that names may not contain, in addition to control characters.
    pub forbidden: &'static str,
    /// True if a name may not begin with a digit.
    pub begins_with_letter: bool,
}

/// Maximum length of a value, in characters.
const LONGEST_VALUE: usize = 256;

/// Beginnings of names that the provider reserves.
const RESERVED: [&str; 3] = ["microsoft", "azure", "windows"];

impl TagRule {
    /// The rule of most types.
    pub const GENERAL: Self = Self { most: 50, longest_name: 512, forbidden: r"<>%&\?/", begins_with_letter: false };
    /// Storage accounts have shorter names.
    pub const STORAGE: Self = Self { longest_name: 128, ..Self::GENERAL };
    /// DNS zones have few tags, whose names have neither spaces nor a digit at the beginning (source: the provider's
    /// limits of tags by resource type).
    pub const DNS: Self = Self { most: 15, forbidden: r"<>%&\?/ ", begins_with_letter: true, ..Self::GENERAL };
    /// The names of Traffic Manager have neither spaces, `#` and `:` nor a digit at the beginning (source: as above).
    pub const TRAFFIC_MANAGER: Self = Self { forbidden: r"<>%&\?/ #:", begins_with_letter: true, ..Self::GENERAL };

    /// The first rule that these tags break, with what to change. `None` for a value that is not known yet.
    pub fn fault<'a>(&self, tags: impl Iterator<Item = (&'a str, Option<&'a str>)> + Clone) -> Option<String> {
        let count = tags.clone().count();
        if count > self.most {
            return Some(format!("there are {count} tags, and Azure accepts {}", self.most));
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
            if length > LONGEST_VALUE {
                return Some(format!(
                    "the value of `{name}` has {length} characters, and Azure accepts {LONGEST_VALUE}"
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
                "the name `{short}…` has {length} characters, and Azure accepts {}",
                self.longest_name
            ));
        }
        if let Some(odd) = name.chars().find(|c| self.forbidden.contains(*c) || c.is_control()) {
            return Some(format!("the name `{name}` contains `{}`", odd.escape_default()));
        }
        if self.begins_with_letter && name.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(format!("the name `{name}` begins with a digit"));
        }
        let folded = name.to_lowercase();
        let reserved = RESERVED.iter().find(|reserved| folded.starts_with(**reserved));
        reserved.map(|reserved| format!("the name `{name}` begins with `{reserved}`, which Azure reserves"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_follow_the_rules_of_azure() {
        let fault = |rule: &TagRule, tags: &[(&str, &str)]| {
            rule.fault(tags.iter().map(|(name, value)| (*name, Some(*value)))).is_some()
        };
        let long = |count: usize| "n".repeat(count);
        let general = &TagRule::GENERAL;
        assert!(!fault(general, &[("Owner", "x"), (&long(512), "y"), ("1 st", &long(256))]));
        for name in ["a/b", "a?", "a<b", r"a\b", "a\u{7}", "Azure-team", "windows", "", &long(513)] {
            assert!(fault(general, &[(name, "x")]), "{name}");
        }
        assert!(fault(general, &[("Owner", "x"), ("owner", "y")]));
        assert!(fault(general, &[("a", &long(257))]));
        let many: Vec<String> = (0..51).map(|at| format!("t{at}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "x")).collect();
        assert!(fault(general, &many) && !fault(general, &many[1..]));
        assert!(fault(&TagRule::STORAGE, &[(&long(129), "x")]));
        for rule in [TagRule::DNS, TagRule::TRAFFIC_MANAGER] {
            assert!(fault(&rule, &[("cost centre", "x")]) && fault(&rule, &[("1st", "x")]));
        }
        assert!(fault(&TagRule::TRAFFIC_MANAGER, &[("a:b", "x")]) && fault(&TagRule::DNS, &many[..16]));
    }
}
