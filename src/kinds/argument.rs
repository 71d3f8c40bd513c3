//! The shape of an argument: its type, its need, its place in the body, and the effect of a change.

use serde_json::{Map as JsonMap, Value as Json};

pub use super::form::Form;
pub use super::tags::TagRule;

/// An argument.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// The name in the stack.
    pub name: &'static str,
    /// The type of its value.
    pub ty: Ty,
    /// Required, optional or with a default.
    pub need: Need,
    /// Its place and form in the body.
    pub wire: Wire,
    /// The effect of a change.
    pub change: ChangeEffect,
    /// Its value is never shown or kept.
    pub secret: bool,
    /// The provider never returns it (a password, custom data), so that its drift cannot be detected.
    pub write_only: bool,
    /// A part of a larger value: the provider returns more than the stack writes, and only what it writes is compared.
    /// A block that mirrors another one adds to its value, entry by entry.
    pub partial: bool,
    /// Spellings that mean the same.
    pub same: Equivalence,
    /// When the value in the cloud stays, although the text has another one.
    pub kept: Kept,
    /// Rule for its text, or for each text of its list.
    pub form: Option<&'static Form>,
    /// The value that the provider takes if a request lacks it, for an argument whose need says no default. Its answers
    /// have the value only if stacks must set it.
    pub filled: Option<Lit>,
    /// The same for requests of API versions before this one, where those have another value.
    pub filled_before: Option<(&'static str, Lit)>,
    /// True for a reference to a resource that must be in the region of the referring one.
    pub near: bool,
    /// One sentence of documentation; units where it has any.
    pub doc: &'static str,
}

/// The type of an argument.
#[derive(Debug, Clone, Copy)]
pub enum Ty {
    /// `true` or `false`.
    Bool,
    /// A string.
    String,
    /// A number between the two, inclusive.
    Number(f64, f64),
    /// A whole number between the two, inclusive.
    Integer(i64, i64),
    /// One of these strings, in this case.
    Enum(&'static [&'static str]),
    /// An address range, as in `10.0.0.0/16`. Normalised to its network address.
    Cidr,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A duration: `"90s"`, `"5m"`, `"1h30m"`, `"7d"` or ISO 8601 in the stack, ISO 8601 (`PT1H30M`) in the body.
    Duration,
    /// A list whose order counts.
    List(&'static Ty),
    /// A list without duplicates whose order does not count.
    Set(&'static Ty),
    /// A map of values of one type.
    Map(&'static Ty),
    /// Tags: a map of strings whose names have no case.
    Tags(&'static TagRule),
    /// A block of one of these kinds, or the id of a resource that the stack does not manage. In arguments it is the
    /// id.
    Ref(&'static [&'static str]),
    /// A site of the stack. In arguments it is the site's location (its region).
    Site,
    /// A backup of the stack. In arguments it is the backup's name.
    Backup,
    /// A nested block.
    Block(&'static Block),
    /// Any value, in the body as it is (a map) or as JSON text.
    Any,
}

/// A nested block.
#[derive(Debug)]
pub struct Block {
    /// Its arguments. Paths are relative to the element or object of the block in the body.
    pub args: &'static [Arg],
    /// Minimum number of blocks.
    pub min: usize,
    /// Maximum number of blocks; with 1, the block is an object in the body and not a list.
    pub max: usize,
    /// The argument that identifies elements in a diff, so that their order does not count (`name`), or several of
    /// them, separated by spaces; empty: by position.
    pub key: &'static str,
}

impl Block {
    /// At most one block with these arguments.
    pub const fn one(args: &'static [Arg]) -> Self {
        Self { args, min: 0, max: 1, key: "" }
    }

    /// Any number of blocks, identified by this argument.
    pub const fn many(key: &'static str, args: &'static [Arg]) -> Self {
        Self { args, min: 0, max: usize::MAX, key }
    }

    /// The key of an element: the values of its arguments, joined by spaces. `None` where none has one.
    pub fn key_of<'v>(&self, value: impl Fn(&str) -> Option<std::borrow::Cow<'v, str>>) -> Option<String> {
        let values: Vec<_> = self.key.split(' ').filter_map(value).collect();
        (!values.is_empty()).then(|| values.join(" "))
    }

    /// The key of an element in the form in which keys are compared: names of parts have no case.
    pub fn identity(&self, key: &str) -> String {
        if self.key == "name" { key.to_lowercase() } else { key.to_owned() }
    }

    /// At least one of them.
    #[must_use]
    pub const fn at_least_one(mut self) -> Self {
        self.min = 1;
        self
    }
}

/// The need of an argument.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// It must be set.
    Required,
    /// It may be set; without it the provider chooses the value, and drplan keeps it.
    Optional,
    /// It may be set; without it drplan writes this value.
    Default(Lit),
}

/// A literal in a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lit {
    /// A string.
    Str(&'static str),
    /// A whole number.
    Int(i64),
    /// A bool.
    Bool(bool),
    /// An empty list.
    EmptyList,
    /// An empty map.
    EmptyMap,
}

impl Lit {
    /// The literal as JSON.
    pub fn json(self) -> Json {
        match self {
            Self::Str(text) => Json::from(text),
            Self::Int(int) => Json::from(int),
            Self::Bool(bool) => Json::from(bool),
            Self::EmptyList => Json::Array(Vec::new()),
            Self::EmptyMap => Json::Object(JsonMap::new()),
        }
    }
}

/// The place and form of an argument in the body.
#[derive(Debug, Clone, Copy)]
pub enum Wire {
    /// At this path, as it is. For a list of ids or values with a path that holds `[]`, one element each:
    /// `properties.publicIpAddresses[].id`.
    At(&'static str),
    /// At this path, translated: pairs of the value in the stack and the value in the body.
    Mapped(&'static str, &'static [(Lit, Lit)]),
    /// At this path, multiplied by this: `max_size_gb` is bytes in the body.
    Scaled(&'static str, i64),
    /// At this path, a whole number in the stack and a string in the body.
    Text(&'static str),
    /// The opposite of a bool at this path.
    Negated(&'static str),
    /// Handled by the kind's own functions ([`super::Overrides::encode`], [`super::Overrides::decode`]).
    Odd,
    /// Not in the body: it determines the location of the object in the hierarchy, or its treatment by drplan.
    Nowhere,
}

/// The effect of a change of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeEffect {
    /// The object is written again in place.
    Update,
    /// The object is deleted and created.
    Replace,
}

/// Values in the cloud that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Only those that the text has.
    No,
    /// Where the text does not write the argument: the default is the initial value, and others may change it.
    LeftOut,
    /// Where this argument is true, and the value is greater than that of the text: the provider increases it.
    Growing(&'static str),
    /// Where the text has none: the provider chooses a value at the creation, and taking a value out of the text does
    /// not change it (source: the Terraform provider's schema, arguments that are optional and computed).
    Chosen,
}

/// Spellings of a value that mean the same to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equivalence {
    /// Only equal values.
    Exactly,
    /// Without regard to case: ids, locations, some enums.
    AnyCase,
}

/// The form of a bool in many services: for [`Wire::Mapped`].
pub const ENABLED: &[(Lit, Lit)] = &[(Lit::Bool(true), Lit::Str("Enabled")), (Lit::Bool(false), Lit::Str("Disabled"))];

/// An argument with this type at this path of the body: optional, updated in place.
pub const fn arg(name: &'static str, ty: Ty, path: &'static str, doc: &'static str) -> Arg {
    Arg {
        name,
        ty,
        need: Need::Optional,
        wire: Wire::At(path),
        change: ChangeEffect::Update,
        secret: false,
        write_only: false,
        partial: false,
        same: match ty {
            Ty::Ref(_) | Ty::List(Ty::Ref(_)) | Ty::Set(Ty::Ref(_)) | Ty::Site => Equivalence::AnyCase,
            _ => Equivalence::Exactly,
        },
        kept: Kept::No,
        form: None,
        filled: None,
        filled_before: None,
        near: false,
        doc,
    }
}

/// The argument that refers to the parent, scope or target of the object, from which its id follows.
pub const fn place(name: &'static str, kinds: &'static [&'static str], doc: &'static str) -> Arg {
    Arg {
        need: Need::Required,
        wire: Wire::Nowhere,
        change: ChangeEffect::Replace,
        ..arg(name, Ty::Ref(kinds), "", doc)
    }
}

/// The argument `resource_group` of every kind that lives in one.
pub const RESOURCE_GROUP: Arg =
    place("resource_group", &["resource_group"], "The resource group; its site is the default for this resource.");

/// The argument with the backups that a machine restores at its launch.
pub const RESTORES: Arg = Arg {
    wire: Wire::Nowhere,
    ..arg(
        "restores",
        Ty::List(&Ty::Backup),
        "",
        "Backups that the image restores at the first start of the machine, in this order.",
    )
};

/// The argument `presence` of every root: what lies in it shares that.
pub const PRESENCE: Arg = Arg {
    need: Need::Default(Lit::Str("permanent")),
    wire: Wire::Nowhere,
    ..arg(
        "presence",
        Ty::Enum(&["permanent", "failover"]),
        "",
        "Lifetime: `permanent`, or `failover` to exist only while a failover group is up.",
    )
};

impl Arg {
    /// The argument with this rule for values in the cloud that stay.
    #[must_use]
    pub const fn kept(mut self, kept: Kept) -> Self {
        self.kept = kept;
        self
    }

    /// Makes it required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.need = Need::Required;
        self
    }

    /// Sets the default.
    #[must_use]
    pub const fn default(mut self, lit: Lit) -> Self {
        self.need = Need::Default(lit);
        self
    }

    /// Makes a change replace the object.
    #[must_use]
    pub const fn replace(mut self) -> Self {
        self.change = ChangeEffect::Replace;
        self
    }

    /// Makes a change replace the object, and leaves the value to the provider where the text has none.
    #[must_use]
    pub const fn chosen(self) -> Self {
        self.replace().kept(Kept::Chosen)
    }

    /// Sets the rule for its tags, where a kind has one of its own.
    #[must_use]
    pub const fn tags(mut self, rule: &'static TagRule) -> Self {
        self.ty = Ty::Tags(rule);
        self
    }

    /// Marks it as secret: never shown or kept, and never returned by the provider.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self.write_only = true;
        self
    }

    /// Marks it as write-only: never returned by the provider.
    #[must_use]
    pub const fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// Marks it as a part of what the provider returns.
    #[must_use]
    pub const fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// Sets its place and form in the body.
    #[must_use]
    pub const fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Sets the rule for its text.
    #[must_use]
    pub const fn form(mut self, form: &'static Form) -> Self {
        self.form = Some(form);
        self
    }

    /// Sets the value that the provider takes if a request lacks it.
    #[must_use]
    pub const fn filled(mut self, lit: Lit) -> Self {
        self.filled = Some(lit);
        self
    }

    /// Sets the value that earlier API versions take if a request lacks it.
    #[must_use]
    pub const fn filled_before(mut self, version: &'static str, lit: Lit) -> Self {
        self.filled_before = Some((version, lit));
        self
    }

    /// The value that this API version takes if a request lacks it.
    pub fn filled_at(&self, api: &str) -> Option<Lit> {
        let earlier = self.filled_before.filter(|(version, _)| api < *version);
        earlier.map(|(_, lit)| lit).or(self.filled)
    }

    /// Requires the referenced resource to be in the region of the referring one.
    #[must_use]
    pub const fn near(mut self) -> Self {
        self.near = true;
        self
    }

    /// True for a script that a machine runs at its start: text in base64, which a stack may contain.
    pub fn is_script(&self) -> bool {
        self.form.is_some_and(|form| form.is_script)
    }

    /// Ignores case.
    #[must_use]
    pub const fn any_case(mut self) -> Self {
        self.same = Equivalence::AnyCase;
        self
    }
}

/// Joins groups of arguments into one table, for kinds that share some: `&concat::<{ A.len() + B.len() }>(&[A, B])`.
pub const fn concat<const N: usize>(groups: &[&[Arg]]) -> [Arg; N] {
    let mut all = [arg("", Ty::Any, "", ""); N];
    let (mut filled, mut group) = (0, 0);
    while group < groups.len() {
        let mut at = 0;
        while at < groups[group].len() {
            all[filled] = groups[group][at];
            filled += 1;
            at += 1;
        }
        group += 1;
    }
    assert!(filled == N, "the length given is the sum of the groups' lengths");
    all
}

/// Joins lists of anything else in a table, the first of which is not empty.
pub const fn joined<T: Copy, const N: usize>(groups: &[&[T]]) -> [T; N] {
    let mut all = [groups[0][0]; N];
    let (mut filled, mut group) = (0, 0);
    while group < groups.len() {
        let mut at = 0;
        while at < groups[group].len() {
            all[filled] = groups[group][at];
            filled += 1;
            at += 1;
        }
        group += 1;
    }
    assert!(filled == N, "the length given is the sum of the groups' lengths");
    all
}
