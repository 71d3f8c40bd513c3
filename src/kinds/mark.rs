//! Owner marks: two tags by which an object shows the stack that created or imported it.
//!
//! A mark is no argument: no stack writes it, no difference shows it, and no import writes it into a text. Kinds
//! without tags have no mark; of their objects only the state knows the owner.

use serde_json::{Map as JsonMap, Value as Json};

use super::{Kind, path};

/// The tag with the name of the stack.
const STACK: &str = "drplan-stack";
/// The tag with the lineage of the stack's state.
const LINEAGE: &str = "drplan-lineage";
/// The argument with the tags, and their place in a body.
const TAGS: &str = "tags";
/// The tags that every type takes: most take 50, a few 15 (source: the provider's limits for tags). An object with more
/// tags of its own stays without a mark.
const MOST_TAGS: usize = 15;

/// The owner of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The name of the stack.
    pub stack: String,
    /// The lineage of its state.
    pub lineage: String,
}

impl Owner {
    /// The owner that the mark of an object names.
    pub fn of(body: &Json) -> Option<Self> {
        let tags = body.get(TAGS)?.as_object()?;
        let tag = |wanted: &str| {
            let (_, value) = tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            Some(value.as_str()?.to_owned())
        };
        Some(Self { stack: tag(STACK)?, lineage: tag(LINEAGE)? })
    }

    /// Adds the mark to the body of a request, where there is room for it.
    pub fn mark(&self, body: &mut Json) {
        let own = body.get(TAGS).and_then(Json::as_object).map_or(0, JsonMap::len);
        if own + 2 <= MOST_TAGS {
            for (name, value) in [(STACK, &self.stack), (LINEAGE, &self.lineage)] {
                path::put(body, &format!("{TAGS}.{name}"), Json::from(value.as_str()));
            }
        }
    }
}

/// True if objects of this kind with this body get a mark: the kind has tags, and the object is more than a part of
/// another one.
pub fn takes_mark(kind: &Kind, body: &Json) -> bool {
    kind.args.iter().any(|arg| arg.name == TAGS) && body.get("location").is_some()
}

/// True for a tag of a mark.
pub fn is_mark(tag: &str) -> bool {
    [STACK, LINEAGE].iter().any(|mark| tag.eq_ignore_ascii_case(mark))
}

/// Removes the mark from the arguments that were read from an object.
pub fn remove(args: &mut JsonMap<String, Json>) {
    let Some(Json::Object(tags)) = args.get_mut(TAGS) else { return };
    let marked = tags.len();
    tags.retain(|name, _| !is_mark(name));
    if tags.is_empty() && marked > 0 {
        args.remove(TAGS);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map as JsonMap, Value as Json, json};

    use super::{MOST_TAGS, Owner, remove};

    fn owner() -> Owner {
        Owner { stack: "shop".to_owned(), lineage: "l-1".to_owned() }
    }

    #[test]
    fn a_mark_is_read_back_and_is_no_argument() {
        let mut body = json!({ "tags": { "team": "a" } });
        owner().mark(&mut body);
        assert_eq!(Owner::of(&body), Some(owner()));
        assert_eq!(Owner::of(&json!({ "tags": { "DRPLAN-Stack": "shop", "drplan-lineage": "l-1" } })), Some(owner()));
        assert_eq!(Owner::of(&json!({ "tags": { "drplan-stack": "shop" } })), None);
        let mut args = body.as_object().unwrap().clone();
        remove(&mut args);
        assert_eq!(Json::Object(args), json!({ "tags": { "team": "a" } }));
        let mut bare = json!({});
        owner().mark(&mut bare);
        let mut args = bare.as_object().unwrap().clone();
        remove(&mut args);
        assert_eq!(args, JsonMap::new());
    }

    #[test]
    fn an_object_with_many_tags_stays_without_a_mark() {
        let tags = |count: usize| json!({ "tags": (0..count).map(|at| (format!("t{at}"), json!(""))).collect::<JsonMap<_, _>>() });
        let mut full = tags(MOST_TAGS - 1);
        owner().mark(&mut full);
        assert_eq!(Owner::of(&full), None);
        let mut room = tags(MOST_TAGS - 2);
        owner().mark(&mut room);
        assert_eq!(Owner::of(&room), Some(owner()));
    }
}
