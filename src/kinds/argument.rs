//! The shape of an argument: its type, whether it must be written, where it stands in the body, and what a change of it takes.

use serde_json::{Map as JsonMap, Value as Json};

/// An argument.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// The name in the stack.
    pub name: &'static str,
    /// The type of its value.
    pub ty: Ty,
    /// Whether it must be written.
    pub need: Need,
    /// Where and how it stands in the body.
    pub wire: Wire,
    /// What a change of it takes.
    pub change: Change,
    /// Whether its value is never shown or kept.
    pub secret: bool,
    /// Whether the provider never answers it (a password, custom data), so that drift of it cannot be seen.
    pub write_only: bool,
    /// Spellings that mean the same.
    pub same: Same,
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
    /// A duration: `"90s"`, `"5m"`, `"1h30m"`, `"7d"` in the stack (ISO 8601 is taken too), ISO 8601 (`PT1H30M`) in the body.
    Duration,
    /// A list whose order counts.
    List(&'static Ty),
    /// A list whose order does not count and in which nothing stands twice.
    Set(&'static Ty),
    /// A map of values of one type.
    Map(&'static Ty),
    /// A block of one of these kinds, or an id of what the stack does not manage. In arguments it is the id.
    Ref(&'static [&'static str]),
    /// A site of the stack. In arguments it is the site's location (its region).
    Site,
    /// A nested block.
    Block(&'static Block),
    /// Any value; it stands in the body as it is (a map), or as JSON text.
    Any,
}

/// A nested block.
#[derive(Debug)]
pub struct Block {
    /// What can be written in it. Paths are relative to the element or object that the block is in the body.
    pub args: &'static [Arg],
    /// The least number of them.
    pub min: usize,
    /// The greatest number of them; with 1, the block is an object in the body and not a list.
    pub max: usize,
    /// The argument by which elements are told apart in a diff and whose order does not count (`name`); empty: by position.
    pub key: &'static str,
}

impl Block {
    /// Values of each element that no argument decides are put by [`Odd::encode`]; this is only the list of arguments.
    pub const fn one(args: &'static [Arg]) -> Self {
        Self { args, min: 0, max: 1, key: "" }
    }

    /// Any number of blocks, told apart by this argument.
    pub const fn many(key: &'static str, args: &'static [Arg]) -> Self {
        Self { args, min: 0, max: usize::MAX, key }
    }

    /// At least one of them.
    #[must_use]
    pub const fn at_least_one(mut self) -> Self {
        self.min = 1;
        self
    }
}

/// Whether an argument must be written.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// It must.
    Required,
    /// It may; without it the provider decides, and drplan leaves what the provider decided alone.
    Optional,
    /// It may; without it drplan writes this.
    Default(Lit),
}

/// A literal of a table.
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

/// Where and how an argument stands in the body.
#[derive(Debug, Clone, Copy)]
pub enum Wire {
    /// At this path, as it is. For a list of ids or values with a path that holds `[]`, one element each:
    /// `properties.publicIpAddresses[].id`.
    At(&'static str),
    /// At this path, translated: pairs of what is written and what the body has.
    Mapped(&'static str, &'static [(Lit, Lit)]),
    /// At this path, multiplied by this: `max_size_gb` is bytes in the body.
    Scaled(&'static str, i64),
    /// At this path, a whole number in the stack and a string in the body.
    Text(&'static str),
    /// A bool at this path that says the opposite.
    Negated(&'static str),
    /// Only the kind's own functions ([`Odd::encode`], [`Odd::decode`]) know.
    Odd,
    /// Not in the body: it decides where the object is, or what drplan does with it.
    Nowhere,
}

/// What a change of an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The object is written again in place.
    Update,
    /// The object is deleted and created.
    Replace,
}

/// Spellings of a value that mean the same to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Same {
    /// Only equal values.
    Exactly,
    /// Without regard to case: ids, locations, some enums.
    AnyCase,
}

/// How many services write a bool: for [`Wire::Mapped`].
pub const ENABLED: &[(Lit, Lit)] = &[(Lit::Bool(true), Lit::Str("Enabled")), (Lit::Bool(false), Lit::Str("Disabled"))];

/// An argument with this type at this path of the body: optional, updated in place.
pub const fn arg(name: &'static str, ty: Ty, path: &'static str, doc: &'static str) -> Arg {
    Arg {
        name,
        ty,
        need: Need::Optional,
        wire: Wire::At(path),
        change: Change::Update,
        secret: false,
        write_only: false,
        same: match ty {
            Ty::Ref(_) | Ty::List(Ty::Ref(_)) | Ty::Set(Ty::Ref(_)) | Ty::Site => Same::AnyCase,
            _ => Same::Exactly,
        },
        doc,
    }
}

/// The argument that names the parent, scope or target of the object and so decides its id.
pub const fn place(name: &'static str, kinds: &'static [&'static str], doc: &'static str) -> Arg {
    Arg { need: Need::Required, wire: Wire::Nowhere, change: Change::Replace, ..arg(name, Ty::Ref(kinds), "", doc) }
}

/// The argument `resource_group` of every kind that lives in one.
pub const RESOURCE_GROUP: Arg = place(
    "resource_group",
    &["resource_group"],
    "The resource group it lives in; its site is the default for this one's.",
);

/// The argument `tags` of every kind that takes them.
pub const TAGS: Arg = Arg {
    need: Need::Default(Lit::EmptyMap),
    ..arg("tags", Ty::Map(&Ty::String), "tags", "Tags, added to those of the stack.")
};

impl Arg {
    /// It must be written.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.need = Need::Required;
        self
    }

    /// Without it, this is written.
    #[must_use]
    pub const fn default(mut self, lit: Lit) -> Self {
        self.need = Need::Default(lit);
        self
    }

    /// A change of it replaces the object.
    #[must_use]
    pub const fn replace(mut self) -> Self {
        self.change = Change::Replace;
        self
    }

    /// Its value is never shown or kept, and the provider never answers it.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self.write_only = true;
        self
    }

    /// The provider never answers it.
    #[must_use]
    pub const fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// It stands in the body as this says.
    #[must_use]
    pub const fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Case does not count.
    #[must_use]
    pub const fn any_case(mut self) -> Self {
        self.same = Same::AnyCase;
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
