//! Tables that an argument decides between, and what follows from the table of a replica for its target.

use super::table::Kind;

/// A choice of tables by the kind that an argument refers to.
#[derive(Clone, Copy)]
pub struct Variants {
    /// The argument.
    pub by: &'static str,
    /// The kind referred to, and its table. A name of the form `kind with argument` has the table of the blocks that
    /// write that argument too.
    pub of: &'static [(&'static str, &'static Kind)],
}

impl Variants {
    /// The table for this kind of source, and its name, where the block writes the arguments for which `writes` holds.
    pub fn choose(&self, of: &str, writes: impl Fn(&str) -> bool) -> Option<(&'static str, &'static Kind)> {
        let mut fitting: Vec<_> = self.of.iter().filter(|(name, _)| Self::parts(name).0 == of).copied().collect();
        fitting.retain(|(name, _)| Self::parts(name).1.is_none_or(&writes));
        fitting.into_iter().max_by_key(|(name, _)| Self::parts(name).1.is_some())
    }

    /// The kind of source that the name of a table has, and the argument.
    pub fn parts(name: &str) -> (&str, Option<&str>) {
        name.split_once(" with ").map_or((name, None), |(of, argument)| (of, Some(argument)))
    }
}

/// Arguments of a replica's target that follow from the replica: the provider makes the target a copy of the source
/// when it creates it, so that the target's block says so in its arguments.
#[derive(Clone, Copy)]
pub struct Follower {
    /// The argument of the replica that refers to the target.
    pub target: &'static str,
    /// Arguments of the target with a fixed value.
    pub fixed: &'static [(&'static str, &'static str)],
    /// The argument of the replica that refers to the source, and that of the target.
    pub source: (&'static str, &'static str),
    /// Arguments that the target has from its source, and does not take from a block that it mirrors.
    pub inherits: &'static [&'static str],
}
