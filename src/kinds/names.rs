//! Rules for the names of resources.

/// Rules for the names of a kind.
#[derive(Debug, Clone, Copy)]
pub struct NameRule {
    /// Minimum number of characters.
    pub min: usize,
    /// Maximum number of characters.
    pub max: usize,
    /// Regular expression that matches the whole name. Empty: any name.
    pub pattern: &'static str,
    /// Description of the pattern, completing "may hold …", as in "lower-case letters, digits and hyphens, and starts
    /// with a letter".
    pub words: &'static str,
    /// Scope in which the name must be unique.
    pub unique: NameScope,
    /// True if the block's label or `name` is the name in the cloud. False if the kind derives the name (a GUID, a
    /// constant), see [`Overrides::name`].
    pub written: bool,
}

impl NameRule {
    /// Any name of up to 260 characters, the general limit of the provider.
    pub const ANY: Self =
        Self { min: 1, max: 260, pattern: "", words: "any characters", unique: NameScope::InParent, written: true };
    /// The rule of most kinds of networks.
    pub const NETWORK: Self = Self {
        min: 1,
        max: 80,
        pattern: "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_])?$",
        words: "letters, digits, `.`, `_` and `-`, starts with a letter or digit and ends with a letter, digit or `_`",
        unique: NameScope::InParent,
        written: true,
    };

    /// A rule for names that are unique in their parent.
    pub const fn new(min: usize, max: usize, pattern: &'static str, words: &'static str) -> Self {
        Self { min, max, pattern, words, unique: NameScope::InParent, written: true }
    }

    /// A name that is unique among all accounts of the provider, because it becomes a DNS name.
    #[must_use]
    pub const fn global(mut self) -> Self {
        self.unique = NameScope::Globally;
        self
    }

    /// A derived name: [`Overrides::name`] builds it.
    pub const DERIVED: Self = Self { written: false, ..Self::ANY };
}

/// Scope in which a name must be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameScope {
    /// The resource group, parent or scope.
    InParent,
    /// All accounts of the provider.
    Globally,
}
