//! Tags of Azure's resources (source: the provider's page on tags; its naming rules for `Microsoft.Resources`).

use crate::kinds::table::*;

/// The rule of most types.
pub(super) static GENERAL: TagRule = RULE;
/// Storage accounts have shorter names.
pub(super) static STORAGE: TagRule = TagRule { longest_name: 128, ..RULE };
/// DNS zones have few tags, whose names have neither spaces nor a digit at the beginning (source: the provider's limits
/// of tags by resource type).
pub(super) static DNS: TagRule = TagRule { most: 15, forbidden: r"<>%&\?/ ", begins_with_letter: true, ..RULE };
/// The names of Traffic Manager have neither spaces, `#` and `:` nor a digit at the beginning (source: as above).
pub(super) static TRAFFIC_MANAGER: TagRule = TagRule { forbidden: r"<>%&\?/ #:", begins_with_letter: true, ..RULE };

const RULE: TagRule = TagRule {
    provider: "Azure",
    most: 50,
    longest_name: 512,
    longest_value: 256,
    forbidden: r"<>%&\?/",
    begins_with_letter: false,
    reserved: &["microsoft", "azure", "windows"],
};

/// The argument `tags` of every kind that takes them.
pub(super) const TAGS: Arg = Arg {
    need: Need::Default(Lit::EmptyMap),
    ..arg("tags", Ty::Tags(&GENERAL), "tags", "Tags, added to those of the stack.")
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_follow_the_rules_of_azure() {
        let fault = |rule: &TagRule, tags: &[(&str, &str)]| {
            rule.fault(tags.iter().map(|(name, value)| (*name, Some(*value)))).is_some()
        };
        let long = |count: usize| "n".repeat(count);
        let general = &GENERAL;
        assert!(!fault(general, &[("Owner", "x"), (&long(512), "y"), ("1 st", &long(256))]));
        for name in ["a/b", "a?", "a<b", r"a\b", "a\u{7}", "Azure-team", "windows", "", &long(513)] {
            assert!(fault(general, &[(name, "x")]), "{name}");
        }
        assert!(fault(general, &[("Owner", "x"), ("owner", "y")]));
        assert!(fault(general, &[("a", &long(257))]));
        let many: Vec<String> = (0..51).map(|at| format!("t{at}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "x")).collect();
        assert!(fault(general, &many) && !fault(general, &many[1..]));
        assert!(fault(&STORAGE, &[(&long(129), "x")]));
        for rule in [&DNS, &TRAFFIC_MANAGER] {
            assert!(fault(rule, &[("cost centre", "x")]) && fault(rule, &[("1st", "x")]));
        }
        assert!(fault(&TRAFFIC_MANAGER, &[("a:b", "x")]) && fault(&DNS, &many[..16]));
    }
}
