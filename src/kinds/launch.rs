//! Machines that restore backups at their first start: where their user data are, and how much fits.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map as JsonMap, Value as Json};

use super::path;

/// The user data of a kind of machines that can restore at its launch. Its property has them in base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Launch {
    /// The argument with user data of a stack, by dotted path.
    pub argument: &'static str,
    /// True for an argument in base64.
    pub is_encoded: bool,
    /// The property.
    pub property: &'static str,
    /// The most bytes that the provider takes, before encoding.
    pub most: usize,
}

impl Launch {
    /// The user data that a stack writes for a machine, from its arguments. `None` where there are none.
    ///
    /// # Errors
    /// The reason why they are no text.
    pub fn written(&self, args: &JsonMap<String, Json>) -> Result<Option<String>, String> {
        let mut steps = self.argument.split('.');
        let first = steps.next().and_then(|name| args.get(name));
        let value = steps.try_fold(first, |at, name| Some(at.and_then(|at| at.get(name))));
        match value.flatten().and_then(Json::as_str) {
            Some(text) if self.is_encoded => decoded(text).map(Some),
            text => Ok(text.map(str::to_owned)),
        }
    }

    /// The user data in the body of a machine. `None` where there are none.
    ///
    /// # Errors
    /// The reason why they are no text.
    pub fn of(&self, body: &Json) -> Result<Option<String>, String> {
        path::text(body, self.property).filter(|text| !text.is_empty()).map(decoded).transpose()
    }

    /// Gives the body of a machine these user data.
    ///
    /// # Errors
    /// User data of more bytes than the provider takes.
    pub fn give(&self, body: &mut Json, user_data: &str) -> Result<(), String> {
        if user_data.len() > self.most {
            let (has, most) = (user_data.len(), self.most);
            return Err(format!("its user data have {has} bytes with those of the restore, and {most} fit"));
        }
        path::put(body, self.property, Json::from(BASE64_STANDARD.encode(user_data)));
        Ok(())
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| "its user data are not base64".to_owned())?;
    String::from_utf8(bytes).map_err(|_| "its user data are compressed, or no text".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: Launch = Launch { argument: "user_data", is_encoded: false, property: "UserData", most: 8 };
    const NESTED: Launch =
        Launch { argument: "metadata.user_data", is_encoded: true, property: "metadata.user_data", most: 8 };

    #[test]
    fn user_data_are_read_where_they_are_and_bounded() {
        let args = |value: Json| value.as_object().unwrap().clone();
        assert_eq!(PLAIN.written(&args(json!({ "user_data": "#!x" }))), Ok(Some("#!x".to_owned())));
        assert_eq!(NESTED.written(&args(json!({ "metadata": { "user_data": "IyF4" } }))), Ok(Some("#!x".to_owned())));
        assert_eq!(NESTED.written(&args(json!({}))), Ok(None));
        assert!(NESTED.written(&args(json!({ "metadata": { "user_data": "H4sI/w==" } }))).is_err(), "gzip");

        let mut body = json!({});
        NESTED.give(&mut body, "12345678").unwrap();
        assert_eq!(NESTED.of(&body), Ok(Some("12345678".to_owned())));
        assert!(NESTED.give(&mut body, "123456789").unwrap_err().contains("9 bytes"));
        assert_eq!(PLAIN.of(&body), Ok(None));
    }
}
