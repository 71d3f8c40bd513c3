//! Names in emitted code: unique within their namespace and free of words that the language reserves.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A name that emitted code has in place of the stack's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rename {
    /// The name in the stack, as in `variable.version`.
    pub what: String,
    /// The name in the code.
    pub name: String,
}

/// The names of one namespace. Two names are equal if their folded forms are.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    fold: fn(&str) -> String,
    /// The owner of each folded name; empty for a reserved one.
    taken: HashMap<String, String>,
    /// The name of each owner.
    of: BTreeMap<String, String>,
    /// Owners whose name is not the first that was wanted.
    renamed: BTreeSet<Rename>,
}

impl Names {
    /// An empty namespace.
    pub fn new(fold: fn(&str) -> String) -> Self {
        Self { fold, taken: HashMap::new(), of: BTreeMap::new(), renamed: BTreeSet::new() }
    }

    /// Keeps these names from being given.
    #[must_use]
    pub fn reserving(mut self, words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.reserve(words);
        self
    }

    /// The same for names that are found later.
    pub fn reserve(&mut self, words: impl IntoIterator<Item = impl AsRef<str>>) {
        for word in words {
            self.taken.entry((self.fold)(word.as_ref())).or_default();
        }
    }

    /// True for a name that is given or reserved.
    pub fn is_taken(&self, name: &str) -> bool {
        self.taken.contains_key(&(self.fold)(name))
    }

    /// The name of an owner: the one that it has, else the first of these that is free, else the last with a number.
    pub fn take(&mut self, owner: &str, wanted: &[String]) -> String {
        self.take_if(owner, wanted, &|_| true)
    }

    /// The same, where a name must also meet this condition.
    pub fn take_if(&mut self, owner: &str, wanted: &[String], is_free: &dyn Fn(&str) -> bool) -> String {
        if let Some(name) = self.of.get(owner) {
            return name.clone();
        }
        let last = wanted.last().map_or("name", String::as_str);
        let numbered = (2_u32..).map(|number| format!("{last}{number}"));
        let name = wanted
            .iter()
            .cloned()
            .chain(numbered)
            .find(|name| !self.is_taken(name) && is_free(name))
            .unwrap_or_default();
        if wanted.first() != Some(&name) {
            self.renamed.insert(Rename { what: owner.to_owned(), name: name.clone() });
        }
        self.taken.insert((self.fold)(&name), owner.to_owned());
        self.of.insert(owner.to_owned(), name.clone());
        name
    }
}

impl Names {
    /// The owner of a name.
    pub fn owner(&self, name: &str) -> Option<&str> {
        self.taken.get(&(self.fold)(name)).map(String::as_str).filter(|owner| !owner.is_empty())
    }

    /// Owners that do not have the first name that was wanted.
    pub fn renamed(&self) -> impl Iterator<Item = &Rename> {
        self.renamed.iter()
    }
}

/// Names that differ in case only are equal: those of parameters of a deployment and of files on most desktops.
pub(crate) fn caseless(name: &str) -> String {
    name.to_lowercase()
}

/// Section of a README that lists renamed parts; empty where there are none.
pub(crate) fn renames_section(renames: &[Rename]) -> String {
    if renames.is_empty() {
        return String::new();
    }
    let lines: String =
        renames.iter().map(|Rename { what, name }| format!("- `{what}` is `{name}` in this code.\n")).collect();
    format!("## Renamed\n\nThese names are reserved, or equal to another one in this language.\n\n{lines}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_owner_of_a_name_gets_another_and_keeps_it() {
        let mut names = Names::new(caseless).reserving(["count"]);
        let mut take = |owner: &str, name: &str| names.take(owner, &[name.to_owned(), format!("{name}_value")]);
        assert_eq!(take("variable.count", "count"), "count_value");
        assert_eq!(take("variable.a", "a"), "a");
        assert_eq!(take("local.a", "A"), "A_value");
        assert_eq!(take("site.a", "a"), "a_value2");
        assert_eq!(take("variable.count", "count"), "count_value");
    }
}
