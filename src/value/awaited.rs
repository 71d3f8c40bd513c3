//! The causes of unknown values: what has to exist or to be given before a value is known.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::address::Address;

/// A value for which another one waits: an attribute of a resource that does not exist yet, or a sensitive variable
/// that was not given. Compared and ordered by its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Awaited {
    text: Arc<str>,
    /// The resource, of which the text begins with the address; `None` for a variable.
    resource: Option<Address>,
}

/// The beginning of a variable's text.
const VARIABLE: &str = "var.";

impl Awaited {
    /// An attribute of a resource: `public_ip.web.ip_address`.
    pub fn attribute(address: &Address, attribute: &str) -> Self {
        Self { text: format!("{address}.{attribute}").into(), resource: Some(address.clone()) }
    }

    /// A variable: `var.password`.
    pub fn variable(name: &str) -> Self {
        Self { text: format!("{VARIABLE}{name}").into(), resource: None }
    }

    /// Reads the text form back; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (before, attribute) = text.rsplit_once('.')?;
        match before.parse() {
            Ok(address) => Some(Self::attribute(&address, attribute)),
            Err(_) => text.strip_prefix(VARIABLE).map(Self::variable),
        }
    }

    /// The resource and the attribute; `None` for a variable.
    pub fn resource(&self) -> Option<(&Address, &str)> {
        let address = self.resource.as_ref()?;
        Some((address, self.text.get(address.as_str().len() + 1..).unwrap_or_default()))
    }

    /// True for a variable.
    pub fn is_variable(&self) -> bool {
        self.resource.is_none()
    }

    /// The one text form.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Serialize for Awaited {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_back_as_what_it_was() {
        let instance = Address::new("public_ip", "web").instance("a.b[\"c");
        for awaited in [Awaited::attribute(&instance, "ip_address"), Awaited::variable("password")] {
            assert_eq!(Awaited::parse(awaited.as_str()), Some(awaited));
        }
        let read = Awaited::attribute(&instance, "ip_address");
        assert_eq!(read.resource(), Some((&instance, "ip_address")));
        assert_eq!(Awaited::parse("web"), None);
    }
}
