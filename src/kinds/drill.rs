//! Behaviour of a kind in a drill: the resources to copy, and the arguments to change in a copy so that it reaches
//! neither users nor production data.

use crate::value::{Map, Value};

/// Suffix of a copy's name where the copy cannot share the name of its original.
pub const SUFFIX: &str = "-drill";

/// Behaviour of a kind in a drill.
#[derive(Clone, Copy)]
pub struct Drill {
    /// Resources to copy.
    pub copying: DrillCopy,
    /// Changes to the arguments of a copy. It sees typed arguments, some of which may not be known yet.
    pub rewrites: Option<fn(&mut Map)>,
    /// Role in the isolation of copies.
    pub fence: Fence,
}

impl Drill {
    /// Failover-only resources are copied as they are; permanent resources, such as an image or an identity, are
    /// shared.
    pub const STOOD_UP: Self = Self { copying: DrillCopy::StoodUp, rewrites: None, fence: Fence::None };
    /// Permanent resources are copied too where a copy uses them.
    pub const ALONG: Self = Self { copying: DrillCopy::Along, ..Self::STOOD_UP };

    /// No resource is copied; the text is the reason.
    pub const fn never(why: &'static str) -> Self {
        Self { copying: DrillCopy::Never(why), ..Self::STOOD_UP }
    }
}

/// Resources of a kind that a drill copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrillCopy {
    /// Failover-only resources. Permanent ones are shared: a copy may use them.
    StoodUp,
    /// Permanent resources as well, where a copy uses them. Otherwise the copy would reach production through them,
    /// or users would reach the copy.
    Along,
    /// No resources; the text is the reason, a sentence without its full stop.
    Never(&'static str),
}

/// Role of a kind in the isolation of copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fence {
    /// None.
    None,
    /// Machines run in it, and a fence must isolate them.
    Wanted,
    /// A copy of it isolates everything below: no traffic leaves.
    Holds,
    /// Resources that use it directly have a way out of their own.
    Opens,
}

/// Changes a text argument that is set and known. A sensitive value stays sensitive.
pub fn rewrite_text(args: &mut Map, name: &str, f: impl FnOnce(&str) -> String) {
    let Some((Value::String(text), sensitive)) = args.get(name).map(Value::unmark) else { return };
    let text = Value::from(f(text));
    args.insert(name.into(), if sensitive { text.sensitive() } else { text });
}

/// A name with the suffix, shortened to at most `max` characters. A digest of the whole name keeps shortened names
/// distinct.
pub fn suffixed(name: &str, suffix: &str, max: usize) -> String {
    if name.len() + suffix.len() <= max {
        return format!("{name}{suffix}");
    }
    // FNV-1a: short, and the same on every platform. Its strength does not matter here.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let tail = format!("{:04x}{suffix}", hash & 0xffff);
    let kept: String = name.chars().take(max.saturating_sub(tail.len())).collect();
    format!("{}{tail}", kept.trim_end_matches(['-', '.', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened_and_stay_distinct() {
        assert_eq!(suffixed("web", SUFFIX, 63), "web-drill");
        let (one, other) =
            (suffixed(&"a".repeat(63), SUFFIX, 63), suffixed(&format!("{}b", "a".repeat(62)), SUFFIX, 63));
        assert_eq!((one.len(), other.len()), (63, 63));
        assert_ne!(one, other);
    }
}
