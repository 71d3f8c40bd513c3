//! The values of parameters: types, types of one's own, allowed values and limits.

use serde_json::{Map as JsonMap, Value as Json};

use super::evaluate::kind_of;

/// The maximum nesting of types.
const DEEPEST: u32 = 32;

/// The declarations of a template that types refer to.
pub(in crate::providers::azure::simulated) struct Definitions<'a>(
    pub(in crate::providers::azure::simulated) Option<&'a JsonMap<String, Json>>,
);

impl<'a> Definitions<'a> {
    /// The declarations of this template.
    pub(in crate::providers::azure::simulated) fn of(template: &'a Json) -> Self {
        Self(template.get("definitions").and_then(Json::as_object))
    }

    /// The declaration that holds for another: the one that its `$ref` names, with its own properties before that
    /// one's.
    fn resolved(&self, declaration: &Json) -> Result<Json, String> {
        let mut declaration = declaration.clone();
        for _ in 0..DEEPEST {
            let Some(to) = declaration.get("$ref").and_then(Json::as_str) else { return Ok(declaration) };
            let name = to.strip_prefix("#/definitions/").unwrap_or(to);
            let found = self.0.and_then(|all| all.get(name)).and_then(Json::as_object);
            let mut made = found.ok_or_else(|| format!("the template has no definition `{name}`"))?.clone();
            if let Json::Object(own) = declaration {
                made.extend(own.into_iter().filter(|(name, _)| name != "$ref"));
            }
            declaration = Json::Object(made);
        }
        Err("the definitions refer to each other".to_owned())
    }

    /// The type of a declaration, in lower case.
    pub(in crate::providers::azure::simulated) fn type_of(&self, declaration: &Json) -> String {
        let declaration = self.resolved(declaration).unwrap_or_default();
        declaration.get("type").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase()
    }

    /// Checks a value against a declaration. `name` is the parameter, or its part.
    ///
    /// # Errors
    /// The first fault. It never shows the value, which may be secret.
    pub(in crate::providers::azure::simulated) fn check(
        &self,
        name: &str,
        declaration: &Json,
        value: &Json,
    ) -> Result<(), String> {
        self.check_at(name, declaration, value, 0)
    }

    fn check_at(&self, name: &str, declaration: &Json, value: &Json, depth: u32) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("the value of the parameter '{name}' is nested too deeply"));
        }
        let declaration = self.resolved(declaration)?;
        if value.is_null() && declaration.get("nullable") == Some(&Json::Bool(true)) {
            return Ok(());
        }
        let type_ = declaration.get("type").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase();
        let fits = match type_.as_str() {
            "string" | "securestring" => value.is_string(),
            "int" => value.is_i64(),
            "bool" => value.is_boolean(),
            "array" => value.is_array(),
            "object" | "secureobject" => value.is_object(),
            "any" | "null" => true,
            other => return Err(format!("the parameter '{name}' has the unknown type '{other}'")),
        };
        if !fits {
            return Err(format!("the parameter '{name}' has the type '{type_}', but its value is {}", kind_of(value)));
        }
        if let Some(allowed) = declaration.get("allowedValues").and_then(Json::as_array) {
            // The elements of an array may be any of the allowed ones.
            let all = value.as_array().is_some_and(|items| items.iter().all(|item| allowed.contains(item)));
            if !allowed.contains(value) && !all {
                return Err(format!("the value of the parameter '{name}' is not one of its `allowedValues`"));
            }
        }
        limits(name, &declaration, value)?;
        match value {
            Json::Array(items) => {
                let prefix = declaration.get("prefixItems").and_then(Json::as_array);
                for (at, item) in items.iter().enumerate() {
                    let own = prefix.and_then(|prefix| prefix.get(at));
                    if let Some(inner) = own.or_else(|| declaration.get("items").filter(|items| items.is_object())) {
                        self.check_at(&format!("{name}[{at}]"), inner, item, depth + 1)?;
                    }
                }
                Ok(())
            }
            Json::Object(map) => self.properties(name, &declaration, map, depth),
            _ => Ok(()),
        }
    }

    fn properties(
        &self,
        name: &str,
        declaration: &Json,
        map: &JsonMap<String, Json>,
        depth: u32,
    ) -> Result<(), String> {
        let Some(declared) = declaration.get("properties").and_then(Json::as_object) else { return Ok(()) };
        for (property, inner) in declared {
            match map.get(property) {
                Some(value) => self.check_at(&format!("{name}.{property}"), inner, value, depth + 1)?,
                None if self.resolved(inner)?.get("nullable") == Some(&Json::Bool(true)) => {}
                None => return Err(format!("the value of the parameter '{name}' has no property `{property}`")),
            }
        }
        let others = map.iter().filter(|(property, _)| !declared.contains_key(*property));
        for (property, value) in others {
            match declaration.get("additionalProperties") {
                Some(Json::Bool(false)) => {
                    return Err(format!("the value of the parameter '{name}' must not have a property `{property}`"));
                }
                Some(inner @ Json::Object(_)) => {
                    self.check_at(&format!("{name}.{property}"), inner, value, depth + 1)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Smallest and greatest value or length.
fn limits(name: &str, declaration: &Json, value: &Json) -> Result<(), String> {
    let limit = |word: &str| declaration.get(word).and_then(Json::as_i64);
    let (number, low, high, what) = match value {
        Json::Number(number) => (number.as_i64(), limit("minValue"), limit("maxValue"), "value"),
        Json::String(text) => (
            i64::try_from(text.encode_utf16().count()).ok(),
            limit("minLength"),
            limit("maxLength"),
            "length of the value",
        ),
        Json::Array(items) => {
            (i64::try_from(items.len()).ok(), limit("minLength"), limit("maxLength"), "length of the value")
        }
        _ => return Ok(()),
    };
    let Some(number) = number else { return Ok(()) };
    match (low, high) {
        (Some(low), _) if number < low => {
            Err(format!("the {what} of the parameter '{name}' is {number}, less than the minimum of {low}"))
        }
        (_, Some(high)) if number > high => {
            Err(format!("the {what} of the parameter '{name}' is {number}, more than the maximum of {high}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_held_to_types_and_limits() {
        let template = json!({ "definitions": {
            "place": { "type": "object", "additionalProperties": false, "properties": {
                "location": { "type": "string", "minLength": 3 },
                "weight": { "type": "int", "nullable": true, "maxValue": 9 },
            } },
            "places": { "type": "array", "maxLength": 2, "items": { "$ref": "#/definitions/place" } },
            "round": { "$ref": "#/definitions/round" },
        } });
        let definitions = Definitions::of(&template);
        let places = json!({ "$ref": "#/definitions/places" });
        for right in [json!([]), json!([{ "location": "eastus" }, { "location": "west", "weight": null }])] {
            assert_eq!(definitions.check("p", &places, &right), Ok(()));
        }
        for (wrong, part) in [
            (json!({}), "has the type 'array', but its value is an object"),
            (json!([{}]), "'p[0]' has no property `location`"),
            (json!([{ "location": "ab" }]), "the length of the value of the parameter 'p[0].location' is 2"),
            (json!([{ "location": "abc", "weight": 10 }]), "more than the maximum of 9"),
            (json!([{ "location": "abc", "more": 1 }]), "must not have a property `more`"),
            (
                json!([{ "location": "abc" }, { "location": "abc" }, { "location": "abc" }]),
                "more than the maximum of 2",
            ),
        ] {
            let why = definitions.check("p", &places, &wrong).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        assert!(definitions.check("p", &json!({ "$ref": "#/definitions/round" }), &json!(1)).is_err());
        assert!(definitions.check("p", &json!({ "$ref": "#/definitions/none" }), &json!(1)).is_err());
        assert_eq!(definitions.type_of(&places), "array");
    }
}
