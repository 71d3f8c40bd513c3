//! Grammars of ids: what the text of an id says about its object. Pure, and one for each provider.
//!
//! An id itself ([`ObjectId`]) is a text that is compared. Its parts are known to the grammar of its provider only.

use std::fmt::Debug;

use crate::object::ObjectId;

/// The grammar of a provider's ids.
pub trait Grammar: Debug + Sync {
    /// True for a text in the form of an id of this provider.
    fn is_id(&self, text: &str) -> bool;

    /// The full type of the object with this id, in the words of the provider. `None` for an id of no object, such as
    /// an account.
    fn type_of(&self, id: &ObjectId) -> Option<String>;

    /// The object of which this one is a child. `None` for what is no child.
    fn parent(&self, id: &ObjectId) -> Option<ObjectId>;

    /// The object directly around an object of a group or an extension: the group, the account, or the extended one.
    fn scope(&self, _: &ObjectId) -> Option<ObjectId> {
        None
    }

    /// The object that only collects others and that this one lies in. `None` for such an object itself.
    fn group(&self, _: &ObjectId) -> Option<ObjectId> {
        None
    }

    /// The account in which the object lies, where its id says so.
    fn account<'a>(&self, _: &'a ObjectId) -> Option<&'a str> {
        None
    }

    /// The id of an account, as a scope of what lies in it.
    fn of_account(&self, _: &str) -> Option<ObjectId> {
        None
    }

    /// The id of an object of an account that only collects others. `None` where the provider has none.
    fn of_group(&self, _account: &str, _name: &str) -> Option<ObjectId> {
        None
    }

    /// The id of an object of a group, or of an extension of another object, by the id of that, its type and its name.
    /// `None` where the provider has none.
    fn within(&self, _around: &str, _type: &str, _name: &str) -> Option<ObjectId> {
        None
    }

    /// The outermost object that contains this one, or that it extends: itself, where there is none.
    fn root(&self, id: &ObjectId) -> ObjectId {
        std::iter::successors(self.parent(id), |id| self.parent(id)).last().unwrap_or_else(|| id.clone())
    }

    /// The names in an id: of the outermost object first, without groups and accounts.
    fn names<'a>(&self, id: &'a ObjectId) -> Vec<&'a str> {
        vec![id.name()]
    }

    /// The arguments that are in an id, each with its text: those of a template, without the name.
    fn arguments<'a>(&self, _: &'a ObjectId) -> Vec<(&'static str, &'a str)> {
        Vec::new()
    }

    /// The list from which an object can be read with those beside it. `None` where it must be read by itself.
    fn collection(&self, _: &ObjectId) -> Option<ObjectId> {
        None
    }

    /// The list of all extensions of this type in an object and in what lies in it, where the provider has one.
    fn extensions(&self, _: &ObjectId, _: &str) -> Option<ObjectId> {
        None
    }

    /// The beginning of an id, for hints.
    fn example(&self) -> &'static str {
        "…"
    }

    /// An id of no object, which stands for one that is not known yet. Different numbers have different ids.
    fn unknown(&self, number: usize) -> String;

    /// The object around this one: its parent, or else its scope.
    fn above(&self, id: &ObjectId) -> Option<ObjectId> {
        self.parent(id).or_else(|| self.scope(id))
    }
}

/// The grammar of a provider without objects.
#[derive(Debug)]
pub struct NoIds;

impl Grammar for NoIds {
    fn is_id(&self, _: &str) -> bool {
        false
    }

    fn type_of(&self, _: &ObjectId) -> Option<String> {
        None
    }

    fn parent(&self, _: &ObjectId) -> Option<ObjectId> {
        None
    }

    fn unknown(&self, number: usize) -> String {
        format!("unknown{number}")
    }
}

/// The grammar of ids such as `cloudflare:zones/example.com/dns_records/A/www.example.com`: the provider, and the words
/// and names of a template. drplan makes such ids from names, for a provider whose own ids exist only after a creation.
#[derive(Debug)]
pub struct Templates {
    /// The word before the colon: the name of the provider.
    pub provider: &'static str,
    /// Each type, and the template of its ids without the provider: `zones/{zone}/dns_records/{type}/{name}`. A segment
    /// in braces is any text without a slash.
    pub types: &'static [(&'static str, &'static str)],
}

impl Templates {
    fn path<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.strip_prefix(self.provider)?.strip_prefix(':')
    }

    fn matching(&self, path: &str) -> Option<&'static (&'static str, &'static str)> {
        self.types.iter().find(|(_, template)| is_of(template, path))
    }
}

/// True for a path with the words of a template, and a name for each of its placeholders.
fn is_of(template: &str, path: &str) -> bool {
    let is_same = |(wanted, segment): (&str, &str)| match wanted.starts_with('{') {
        true => !segment.is_empty(),
        false => wanted == segment,
    };
    template.split('/').count() == path.split('/').count() && template.split('/').zip(path.split('/')).all(is_same)
}

impl Grammar for Templates {
    fn is_id(&self, text: &str) -> bool {
        self.path(text).is_some()
    }

    fn type_of(&self, id: &ObjectId) -> Option<String> {
        self.matching(self.path(id.as_str())?).map(|(type_, _)| (*type_).to_owned())
    }

    /// The longest beginning of the id that is an id of a type itself.
    fn parent(&self, id: &ObjectId) -> Option<ObjectId> {
        let mut above = self.path(id.as_str())?;
        while let Some((shorter, _)) = above.rsplit_once('/') {
            above = shorter;
            if self.matching(above).is_some() {
                return Some(ObjectId::new(format!("{}:{above}", self.provider)));
            }
        }
        None
    }

    fn names<'a>(&self, id: &'a ObjectId) -> Vec<&'a str> {
        let Some((path, (_, template))) = self.path(id.as_str()).and_then(|path| Some((path, self.matching(path)?)))
        else {
            return vec![id.name()];
        };
        let is_name = |(wanted, _): &(&str, &str)| wanted.starts_with('{');
        template.split('/').zip(path.split('/')).filter(is_name).map(|(_, name)| name).collect()
    }

    fn arguments<'a>(&self, id: &'a ObjectId) -> Vec<(&'static str, &'a str)> {
        let path = self.path(id.as_str());
        let Some((path, (_, template))) = path.and_then(|path| Some((path, self.matching(path)?))) else {
            return Vec::new();
        };
        let argument = |word: &'static str| word.strip_prefix('{')?.strip_suffix('}').filter(|word| *word != "name");
        let pairs = template.split('/').zip(path.split('/'));
        pairs.filter_map(|(word, text)| Some((argument(word)?, text))).collect()
    }

    fn unknown(&self, number: usize) -> String {
        format!("{}:unknown/unknown{number}", self.provider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_tell_words_from_names() {
        let types = &[
            ("zone", "zones/{zone}"),
            ("record", "zones/{zone}/records/{type}/{name}"),
            ("pool", "accounts/{account}/balancers/pools/{name}"),
        ];
        let grammar = Templates { provider: "edge", types };
        let id = |path: &str| ObjectId::new(format!("edge:{path}"));
        let record = id("zones/example.com/records/A/records");
        assert_eq!(grammar.type_of(&record).as_deref(), Some("record"));
        assert_eq!(grammar.parent(&record), Some(id("zones/example.com")));
        assert_eq!(grammar.names(&record), ["example.com", "A", "records"]);
        assert_eq!(grammar.arguments(&record), [("zone", "example.com"), ("type", "A")]);
        assert_eq!((grammar.root(&record), grammar.above(&id("zones/a"))), (id("zones/example.com"), None));
        let pool = id("accounts/a/balancers/pools/pools");
        assert_eq!((grammar.type_of(&pool).as_deref(), grammar.parent(&pool)), (Some("pool"), None));
        assert_eq!(grammar.type_of(&id("zones/example.com/pools/a")), None);
        assert!(grammar.is_id("edge:x") && !grammar.is_id("edges:x") && !grammar.is_id("/edge:x"));
        assert!(grammar.is_id(&grammar.unknown(1)) && grammar.unknown(1) != grammar.unknown(2));
    }
}
