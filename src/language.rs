//! The shape of a block of the language: its words and their documentation, as readers and the reference share them.

/// The type of arguments that hold a length of time.
pub const DURATION: &str = "duration";

/// A block that is no resource, or a block nested in one of those.
#[derive(Debug, Clone, Copy)]
pub struct LanguageBlock {
    /// The word that starts the block.
    pub name: &'static str,
    /// The block that it is written in; empty at the top level.
    pub within: &'static str,
    /// One or two sentences: its purpose.
    pub about: &'static str,
    /// The meaning of its label; empty where it takes none.
    pub label: &'static str,
    /// How many of them there may be.
    pub count: &'static str,
    /// Its arguments.
    pub arguments: &'static [LanguageArgument],
    /// The names of the blocks nested in it.
    pub blocks: &'static [&'static str],
    /// Attributes that expressions can read, and further rules.
    pub notes: &'static [&'static str],
    /// A stack that uses it, without the `stack` block and the sites `east` and `west` unless it declares its own.
    pub example: &'static str,
}

/// An argument of a block of the language.
#[derive(Debug, Clone, Copy)]
pub struct LanguageArgument {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: &'static str,
    /// The value without it.
    pub need: Necessity,
    /// Its meaning.
    pub doc: &'static str,
}

impl LanguageArgument {
    /// True for a length of time.
    pub fn is_duration(&self) -> bool {
        self.ty == DURATION
    }
}

/// The value of an argument that is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Necessity {
    /// It must be written.
    Required,
    /// It may be left out.
    Optional,
    /// Without it, this holds.
    Default(&'static str),
}

/// An argument.
pub const fn argument(name: &'static str, ty: &'static str, need: Necessity, doc: &'static str) -> LanguageArgument {
    LanguageArgument { name, ty, need, doc }
}
