//! The shape of an attribute: a value that other blocks read from an object, and where it comes from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

/// An attribute: a value that other blocks can read from an object.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// The name in a stack.
    pub name: &'static str,
    /// Source of the value.
    pub from: AttributeSource,
    /// True for a secret, which drplan never shows or keeps.
    pub secret: bool,
    /// True for a list of texts, false for a single text.
    pub list: bool,
    /// True for a text that the provider returns in base64.
    pub base64: bool,
    /// The simulator's value.
    pub fake: FakeValue,
    /// One-sentence documentation.
    pub doc: &'static str,
}

/// Source of an attribute's value.
#[derive(Debug, Clone, Copy)]
pub enum AttributeSource {
    /// A path of the provider's response, known once the object exists.
    Body(&'static str),
    /// A text that follows from names and is known before the object exists. Placeholders: `{name}`, `{location}`,
    /// `{parent}` (the parent's name), `{id}`, `{subscription}`, and `{argument}` for a string argument. Unknown
    /// while such an argument is absent.
    Names(&'static str),
    /// A path of the response to a POST of this action (`listKeys`, `keys[0].value`).
    Action(&'static str, &'static str),
    /// The parts of the provider's response that this argument lists, see [`super::export`].
    Exported(&'static str),
}

/// The simulator's value for an attribute, unless the behaviour of its kind overrides it. All values follow from the
/// seed and the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FakeValue {
    /// No value: another function fills the path, or it stays empty.
    Nothing,
    /// A GUID.
    Guid,
    /// A public IPv4 address of the documentation ranges.
    PublicIp,
    /// A private IPv4 address of the subnet that the body refers to.
    PrivateIp,
    /// A text with the placeholders of [`AttributeSource::Names`].
    Text(&'static str),
    /// A secret of 64 random bytes in base64.
    Key,
}

impl Attribute {
    /// The attribute as a list of texts.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// The value of the attribute, from the provider's response. `None` for a text that is not what it should be.
    pub fn told(&self, value: Json) -> Option<Json> {
        if !self.base64 {
            return Some(value);
        }
        let text = STANDARD.decode(value.as_str()?).ok()?;
        String::from_utf8(text).ok().map(Json::from)
    }

    /// The attribute as the text that the provider returns in base64.
    #[must_use]
    pub const fn base64(mut self) -> Self {
        self.base64 = true;
        self
    }
}

/// An attribute at this path of the body.
pub const fn attribute(name: &'static str, path: &'static str, fake: FakeValue, doc: &'static str) -> Attribute {
    Attribute { name, from: AttributeSource::Body(path), secret: false, list: false, base64: false, fake, doc }
}

/// An attribute that follows from names.
pub const fn named(name: &'static str, text: &'static str, doc: &'static str) -> Attribute {
    Attribute {
        name,
        from: AttributeSource::Names(text),
        secret: false,
        list: false,
        base64: false,
        fake: FakeValue::Nothing,
        doc,
    }
}

/// A secret attribute that an action returns.
pub const fn key(name: &'static str, action: &'static str, path: &'static str, doc: &'static str) -> Attribute {
    Attribute {
        name,
        from: AttributeSource::Action(action, path),
        secret: true,
        list: false,
        base64: false,
        fake: FakeValue::Key,
        doc,
    }
}
