//! Parts of one object that the Terraform provider has as resources of their own: settings of a bucket, an address of a
//! machine, subnets of a route table. Independent of the resource, which answers for its arguments.

use super::nested;
use crate::hcl::quoted;
use crate::kinds::emit::SplitResource;

/// An element for which there is a resource.
pub(super) enum Element {
    /// There is one resource for all.
    Whole,
    /// The text of an element of a list.
    Text(String),
    /// The position of a block among those of its name.
    Block(usize),
}

/// The elements of a list or block.
pub(super) enum Elements {
    /// Elements that the stack writes.
    Each(Vec<Element>),
    /// A list that an expression makes.
    Made(String),
    /// A list that an expression makes, of a resource that repeats itself.
    Unsaid,
}

/// The resource, as its parts see it.
pub(super) trait SplitSource {
    /// True if the stack writes an argument.
    fn is_written(&self, argument: &str) -> bool;
    /// The elements of an argument; reports those that cannot be expressed.
    fn elements(&self, of: &SplitResource) -> Elements;
    /// The lines before all others: provider, `count` or `for_each`.
    fn head(&self) -> Vec<String>;
    /// The value of a word, see [`SplitResource::text`].
    fn word(&self, word: &str, element: &Element) -> Option<String>;
    /// The blocks of an argument under another name.
    fn renamed_blocks(&self, argument: &str, word: &str) -> Vec<String>;
    /// The type of a resource with the prefix of the provider, and the label.
    fn labels(&self, resource: &str) -> (String, String);
}

/// The text of these resources, each after an empty line.
pub(super) fn written(source: &dyn SplitSource, splits: &[SplitResource]) -> String {
    splits.iter().map(|split| of_split(source, split)).collect()
}

fn of_split(source: &dyn SplitSource, split: &SplitResource) -> String {
    if !split.of.iter().all(|name| source.is_written(name)) {
        return String::new();
    }
    if split.each.is_empty() {
        return one(source, split, "", &[], &Element::Whole);
    }
    match source.elements(split) {
        Elements::Each(all) => {
            let text = |(at, element): (usize, &Element)| one(source, split, &format!("_{}", at + 1), &[], element);
            all.iter().enumerate().map(text).collect()
        }
        Elements::Made(all) => {
            let each = [format!("for_each = {{ for at, one in {all} : at => one }}"), String::new()];
            one(source, split, "", &each, &Element::Text("each.value".to_owned()))
        }
        Elements::Unsaid => String::new(),
    }
}

/// One resource: the lines of its text of which all values exist.
fn one(source: &dyn SplitSource, split: &SplitResource, more: &str, each: &[String], element: &Element) -> String {
    let mut lines = source.head();
    lines.extend(each.iter().cloned());
    lines.extend(split.text.lines().filter_map(|line| filled(source, line.trim(), element)));
    if let Some((argument, word)) = split.blocks {
        lines.extend(source.renamed_blocks(argument, word));
    }
    let (type_, label) = source.labels(split.resource);
    format!("\n{}", nested::block(&format!("resource \"{type_}\" \"{label}{more}\""), &lines))
}

/// A line with the values in it. `None` where one of them does not exist.
fn filled(source: &dyn SplitSource, line: &str, element: &Element) -> Option<String> {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((word, after)) = after.split_once('}') else { break };
        out += before;
        out += &placed(source, word, element)?;
        rest = after;
    }
    Some(out + rest)
}

fn placed(source: &dyn SplitSource, word: &str, element: &Element) -> Option<String> {
    let Some((name, words)) = word.split_once('?') else { return source.word(word, element) };
    let (value, (yes, no)) = (source.word(name, element)?, words.split_once(':')?);
    Some(match value.as_str() {
        "true" => quoted(yes),
        "false" => quoted(no),
        _ => format!("{value} ? {} : {}", quoted(yes), quoted(no)),
    })
}
