//! What a drill does with a kind: what is copied, and what a copy writes otherwise so that it reaches neither users nor data that is in use.

use crate::value::{Map, Value};

/// What is appended to a name that a copy cannot share with what it is a copy of.
pub const SUFFIX: &str = "-drill";

/// What a drill does with the resources of a kind.
#[derive(Clone, Copy)]
pub struct Drill {
    /// Which of them are copied.
    pub copying: Copying,
    /// What a copy writes otherwise; called with its arguments as they are typed, some of which may not be known yet.
    pub rewrites: Option<fn(&mut Map)>,
    /// What it has to do with keeping copies where they are.
    pub fence: Fence,
}

impl Drill {
    /// What stands only during a failover is copied as it is, and what always stands is shared: an image, an identity.
    pub const STOOD_UP: Self = Self { copying: Copying::StoodUp, rewrites: None, fence: Fence::None };
    /// What always stands is copied too, where a copy uses it.
    pub const ALONG: Self = Self { copying: Copying::Along, ..Self::STOOD_UP };

    /// None of them is copied; the words say why.
    pub const fn never(why: &'static str) -> Self {
        Self { copying: Copying::Never(why), ..Self::STOOD_UP }
    }
}

/// Which resources of a kind a drill copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copying {
    /// Those that stand only during a failover. Those that always stand are shared: a copy may use them.
    StoodUp,
    /// Those that always stand too, where a copy uses them: it would reach what is in use by them, or users would reach it.
    Along,
    /// None; the words say why, a sentence without its full stop.
    Never(&'static str),
}

/// What a kind has to do with keeping copies where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fence {
    /// Nothing.
    None,
    /// Machines stand in it, and something must hold them there.
    Wanted,
    /// Its copy holds what is under it: nothing leaves.
    Holds,
    /// What uses it directly has a way out of its own.
    Opens,
}

/// Changes the text of an argument, where it is written and known. What is sensitive stays so.
pub fn rewrite_text(args: &mut Map, name: &str, f: impl FnOnce(&str) -> String) {
    let Some((Value::String(text), sensitive)) = args.get(name).map(Value::unmark) else { return };
    let text = Value::from(f(text));
    args.insert(name.into(), if sensitive { text.sensitive() } else { text });
}

/// A name with the suffix, cut so that it has no more than `max` characters. What is cut is told apart by a digest of the whole.
pub fn suffixed(name: &str, suffix: &str, max: usize) -> String {
    if name.len() + suffix.len() <= max {
        return format!("{name}{suffix}");
    }
    // FNV-1a: short, and the same everywhere; nothing hangs on its strength.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let tail = format!("{:04x}{suffix}", hash & 0xffff);
    let kept: String = name.chars().take(max.saturating_sub(tail.len())).collect();
    format!("{}{tail}", kept.trim_end_matches(['-', '.', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_is_cut_and_told_apart() {
        assert_eq!(suffixed("web", SUFFIX, 63), "web-drill");
        let (one, other) =
            (suffixed(&"a".repeat(63), SUFFIX, 63), suffixed(&format!("{}b", "a".repeat(62)), SUFFIX, 63));
        assert_eq!((one.len(), other.len()), (63, 63));
        assert_ne!(one, other);
    }
}
