//! Names of what a stack declares, one text form each.
//!
//! An [`Address`] is the name of a block of the stack, or of one of its instances. It is one shared string, so that ten
//! thousand of them are cheap to clone, compare and print. This module knows no kind by name.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A declared resource, or one instance of it: `subnet.web` or `subnet.web["east"]`.
///
/// Ordered and compared by its text. Invariant: the text parses, so [`Address::kind`] and [`Address::name`] never fail.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Arc<str>);

/// Suffix of the address of a replaced object that is still to be deleted. No identifier and no key ends so.
const REPLACED: &str = "~replaced";

/// Suffix of the address of a copy that exists only during a drill.
const DRILL: &str = "~drill";

/// The error of a text that is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address; write `kind.name` or `kind.name[\"key\"]`")]
pub struct NotAnAddress {
    /// The text as it was given.
    pub text: String,
}

impl Address {
    /// The address of the block `kind "name"`. The caller has checked that both are identifiers.
    pub fn new(kind: &str, name: &str) -> Self {
        Self(format!("{kind}.{name}").into())
    }

    /// The address of one `for_each` instance of this block.
    pub fn instance(&self, key: &str) -> Self {
        let escaped = key.replace('\\', "\\\\").replace('"', "\\\"");
        Self(format!("{}[\"{escaped}\"]", self.block_text()).into())
    }

    /// The address of the replaced object in the state until it is deleted, while a new one has this address:
    /// `lb.web~replaced`.
    pub fn replaced(&self) -> Self {
        Self(format!("{}{REPLACED}", self.0).into())
    }

    /// This is the address of a replaced object that is still to be deleted.
    pub fn is_replaced(&self) -> bool {
        self.0.ends_with(REPLACED)
    }

    /// The address of what has taken the place of an old object, where this is the address of one.
    pub fn heir(&self) -> Option<Self> {
        self.is_replaced().then(|| Self(self.0.trim_end_matches(REPLACED).into()))
    }

    /// The address under which a copy of this resource is recorded while a drill has it: `lb.web~drill`.
    pub fn rehearsed(&self) -> Self {
        Self(format!("{}{DRILL}", self.0).into())
    }

    /// This is the address of a copy that exists only during a drill.
    pub fn is_rehearsed(&self) -> bool {
        self.0.ends_with(DRILL)
    }

    /// The address of what this is a copy of, where it is the address of one.
    pub fn original(&self) -> Option<Self> {
        self.0.strip_suffix(DRILL).map(|base| Self(base.into()))
    }

    /// The word before the dot.
    pub fn kind(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The label of the block.
    pub fn name(&self) -> &str {
        self.block_text().split_once('.').map_or("", |(_, name)| name)
    }

    /// The label of the block with the key of the instance, if it is one: `web["east"]`.
    pub fn own_name(&self) -> &str {
        self.base().split_once('.').map_or("", |(_, name)| name)
    }

    /// The `for_each` key, unescaped, of an instance.
    pub fn key(&self) -> Option<Cow<'_, str>> {
        let open = self.0.find("[\"")?;
        let inner = self.base()[open + 2..].strip_suffix("\"]")?;
        Some(if inner.contains('\\') {
            Cow::Owned(inner.replace("\\\"", "\"").replace("\\\\", "\\"))
        } else {
            Cow::Borrowed(inner)
        })
    }

    /// The block this is an instance of; itself where the block has no `for_each`.
    pub fn block(&self) -> Self {
        if self.block_text().len() < self.0.len() { Self(self.block_text().into()) } else { self.clone() }
    }

    /// The one text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn base(&self) -> &str {
        let base = self.0.trim_end_matches(REPLACED);
        base.strip_suffix(DRILL).unwrap_or(base)
    }

    fn block_text(&self) -> &str {
        let base = self.base();
        base.find('[').map_or(base, |open| &base[..open])
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let wrong = || NotAnAddress { text: text.to_owned() };
        if let Some(base) = text.strip_suffix(REPLACED) {
            return base.parse::<Self>().map(|address| address.replaced()).map_err(|_| wrong());
        }
        if let Some(base) = text.strip_suffix(DRILL) {
            return base.parse::<Self>().map(|address| address.rehearsed()).map_err(|_| wrong());
        }
        let (block, key) = match text.find('[') {
            Some(open) => (&text[..open], Some(&text[open..])),
            None => (text, None),
        };
        let (kind, name) = block.split_once('.').ok_or_else(wrong)?;
        if !is_identifier(kind) || !is_identifier(name) {
            return Err(wrong());
        }
        match key {
            None => Ok(Self(text.into())),
            Some(key) => {
                let inner = key.strip_prefix("[\"").and_then(|k| k.strip_suffix("\"]")).ok_or_else(wrong)?;
                let mut unescaped = String::with_capacity(inner.len());
                let mut chars = inner.chars();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => return Err(wrong()),
                        '\\' => match chars.next() {
                            Some(escaped @ ('"' | '\\')) => unescaped.push(escaped),
                            _ => return Err(wrong()),
                        },
                        plain => unescaped.push(plain),
                    }
                }
                Ok(Self(block.into()).instance(&unescaped))
            }
        }
    }
}

/// Whether HCL takes this text as an identifier: a letter or `_`, then letters, digits, `_` and `-`.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
