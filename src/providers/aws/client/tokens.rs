//! Tokens of requests: the same for the same request, so that a repetition is known to AWS even after the end of this
//! process.

use serde_json::Value as Json;
use uuid::Uuid;

use super::names::Named;
use crate::sight::Version;

/// The token of a creation: the same for the same object, body and generation, so that a repetition is the same request
/// even after the end of this process.
pub(super) fn token(named: &Named, wanted: &Json, generation: u32) -> String {
    let Named { of, region, name, within, record } = named;
    let body = Version::of_body(wanted, &[]);
    token_of(&[region, of.word(), within, record, name, body.as_str(), &generation.to_string()])
}

/// The token that follows from these words.
pub(super) fn token_of(words: &[&str]) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, words.join("/").as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn token_follows_from_object_body_and_generation() {
        let named = Named::read("aws:eu-west-1/instances/web").unwrap();
        let other = Named::read("aws:eu-west-2/instances/web").unwrap();
        let (body, changed) = (json!({ "a": 1, "b": 2 }), json!({ "a": 1, "b": 3 }));
        let first = token(&named, &body, 0);
        assert_eq!(first, token(&named, &json!({ "b": 2, "a": 1 }), 0));
        for different in [token(&other, &body, 0), token(&named, &changed, 0), token(&named, &body, 1)] {
            assert_ne!(first, different);
        }
        assert!(first.len() <= 64);
    }
}
