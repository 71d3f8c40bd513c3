//! Candidates to the formatted text of a stack.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map as JsonMap, Value as Json};

use super::candidates::Candidate;
use super::labels::label;
use super::{SecretVariable, StackDraft, Text};
use crate::address::Address;
use crate::hcl::{format, line_text, quoted, value_text_with};
use crate::kinds::{Arg, Location, Tables, Ty};
use crate::object::ObjectId;
use crate::stack::CloudName;
use crate::value::SealedValue;

/// Writes a stack of this name.
pub fn write(draft: &StackDraft, name: &str, cloud: CloudName) -> Text {
    let mut writer = StackWriter {
        by_id: draft.by_id(),
        provider: draft.resources().next().map_or(&Tables::NONE, |(candidate, _)| candidate.kind.provider()),
        regions: BTreeSet::new(),
        variables: Vec::new(),
        names: BTreeSet::new(),
    };
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut names: HashMap<String, String> = HashMap::new();
    for (candidate, address) in draft.resources() {
        let block = writer.block(candidate, address);
        let group = match candidate.kind.place.collects() {
            true => Some(candidate.id.clone()),
            false => candidate.kind.grammar().group(&candidate.id),
        };
        // What lies in no group lies in the account.
        let account = writer.provider.account.first().filter(|_| writer.provider.lists.is_none());
        let outside = || account.map_or(writer.provider.name, |argument| argument.name);
        let group = group.as_ref().map_or_else(outside, ObjectId::name).to_ascii_lowercase();
        let file = names.entry(group.clone()).or_insert_with(|| file_name(&group, &files));
        files.entry(file.clone()).or_default().push_str(&format!("{block}\n"));
    }
    let cloud = match cloud {
        CloudName::Local => String::new(),
        CloudName::Providers(_) => format!("cloud = {}\n", quoted(cloud.as_str())),
    };
    let description = quoted("Imported from existing resources.");
    let mut stack = format!("stack {} {{\ndescription = {description}\n{cloud}}}\n", quoted(name));
    for region in &writer.regions {
        let provider = writer.provider.name;
        let block = format!(
            "\nsite {} {{\nprovider = {}\nlocation = {}\n}}\n",
            quoted(region),
            quoted(provider),
            quoted(region)
        );
        stack.push_str(&block);
    }
    files.insert(STACK_FILE.to_owned(), stack);
    let variables: String = writer.variables.iter().map(variable).collect::<Vec<_>>().join("\n");
    if !variables.is_empty() {
        files.insert(VARIABLES_FILE.to_owned(), variables);
    }
    // Text that cannot be formatted cannot be parsed either, and the parser reports the error.
    let formatted = |text: &str| format(text).unwrap_or_else(|_| text.to_owned());
    let files = files.into_iter().map(|(name, text)| (name, formatted(&format!("{}\n", text.trim_end())))).collect();
    Text { files, variables: writer.variables }
}

const STACK_FILE: &str = "stack.hcl";
const VARIABLES_FILE: &str = "variables.hcl";

fn file_name(group: &str, taken: &BTreeMap<String, String>) -> String {
    let base = label(group);
    let mut name = format!("{base}.hcl");
    let mut number = 2;
    while taken.contains_key(&name) || name == STACK_FILE || name == VARIABLES_FILE || name.ends_with(".vars.hcl") {
        name = format!("{base}-{number}.hcl");
        number += 1;
    }
    name
}

fn variable(variable: &SecretVariable) -> String {
    let SecretVariable { argument, address, provider, .. } = variable;
    let about = format!("The {argument} of {address}, which cannot be read from {provider}.");
    format!(
        "variable {} {{\ntype = string\nsensitive = true\ndescription = {}\n}}\n",
        quoted(&variable.name),
        quoted(&about)
    )
}

struct StackWriter<'a> {
    by_id: HashMap<ObjectId, (&'a Candidate, &'a Address)>,
    /// The provider of its resources.
    provider: &'static Tables,
    regions: BTreeSet<String>,
    variables: Vec<SecretVariable>,
    /// The names of the variables.
    names: BTreeSet<String>,
}

impl StackWriter<'_> {
    fn block(&mut self, candidate: &Candidate, address: &Address) -> String {
        let kind = candidate.kind;
        let mut head = String::new();
        let derived = !kind.names.written && kind.names.pattern.is_empty();
        // An existing resource has another name than one that the kind derives.
        let made_up = kind.odd.name.is_some();
        if !derived && (made_up || candidate.name != address.name()) {
            head.push_str(&format!("name = {}\n", quoted(&candidate.name)));
        }
        let place = kind.place.argument();
        let placed = place.and_then(|name| Some((kind.arg(name)?, candidate.args.get(name)?)));
        if let Some((arg, value)) = placed {
            head.push_str(&self.argument(arg, value, address));
        }
        if let Some(site) = self.own_site(candidate) {
            head.push_str(&format!("site = {site}\n"));
        }
        let rest = kind.args.iter().filter(|arg| Some(arg.name) != place);
        let body = self.arguments(head, rest, &candidate.args, address);
        format!("{} {} {{\n{body}}}\n", kind.name, quoted(address.name()))
    }

    /// The site, unless its container determines it.
    fn own_site(&mut self, candidate: &Candidate) -> Option<String> {
        if candidate.kind.arg("site").is_some() {
            return None;
        }
        // What has no region is as well at one site as at another.
        let any = || self.regions.first().cloned().filter(|_| self.provider.has_sites());
        let region = candidate.region.clone().or_else(any)?;
        let above = candidate.above.as_ref().and_then(|above| self.by_id.get(above)).map(|(above, _)| &above.region);
        let says = match (above, candidate.kind.location) {
            (Some(Some(above)), Location::Regional) => *above == region,
            (Some(_), _) => true,
            (None, _) => false,
        };
        (!says).then(|| self.site(&region))
    }

    fn site(&mut self, region: &str) -> String {
        self.regions.insert(region.to_owned());
        format!("site.{region}")
    }

    /// Lines of a block: the first ones, all other arguments, then nested blocks.
    fn arguments<'t>(
        &mut self,
        first: String,
        table: impl Iterator<Item = &'t Arg>,
        args: &JsonMap<String, Json>,
        address: &Address,
    ) -> String {
        let (mut plain, mut blocks) = (first, String::new());
        for arg in table {
            let Some(value) = args.get(arg.name) else { continue };
            match arg.ty {
                Ty::Block(block) => {
                    let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                    for one in several.iter().filter_map(Json::as_object) {
                        let inner = self.arguments(String::new(), block.args.iter(), one, address);
                        blocks.push_str(&format!("\n{} {{\n{inner}}}\n", arg.name));
                    }
                }
                _ => plain.push_str(&self.argument(arg, value, address)),
            }
        }
        if plain.is_empty() { blocks.trim_start_matches('\n').to_owned() } else { plain + &blocks }
    }

    fn argument(&mut self, arg: &Arg, value: &Json, address: &Address) -> String {
        let value = match SealedValue::is_untold(value) {
            true => format!("var.{}", self.variable(arg.name, address)),
            false => self.value(&arg.ty, value),
        };
        format!("{} = {value}\n", arg.name)
    }

    fn variable(&mut self, argument: &str, address: &Address) -> String {
        let base = format!("{}_{argument}", address.name()).replace('-', "_").to_ascii_lowercase();
        let mut name = base.clone();
        let mut number = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        let variable = SecretVariable {
            name: name.clone(),
            address: address.clone(),
            argument: argument.to_owned(),
            provider: self.provider.title,
        };
        self.variables.push(variable);
        name
    }

    fn value(&mut self, ty: &Ty, value: &Json) -> String {
        match ty {
            Ty::Site => value.as_str().map_or_else(|| line_text(value, &|_| None), |region| self.site(region)),
            Ty::Ref(kinds) => value_text_with(value, 2, &|id| self.reference(kinds, id)),
            Ty::List(Ty::Ref(kinds)) | Ty::Set(Ty::Ref(kinds)) => {
                value_text_with(value, 2, &|id| self.reference(kinds, id))
            }
            // A part of a body that is the id of another resource.
            Ty::Any => value_text_with(value, 2, &|id| self.reference(&[], id).map(|address| format!("{address}.id"))),
            _ => value_text_with(value, 2, &|_| None),
        }
    }

    fn reference(&self, kinds: &[&str], id: &str) -> Option<String> {
        let (candidate, address) = self.by_id.get(&ObjectId::new(id))?;
        let takes = kinds.is_empty() || kinds.contains(&candidate.kind.name);
        takes.then(|| address.to_string())
    }
}

impl StackDraft {
    /// Targets of references by id. Properties are left out, because they share the id of their object.
    fn by_id(&self) -> HashMap<ObjectId, (&Candidate, &Address)> {
        self.resources()
            .filter(|(candidate, _)| !candidate.kind.place.is_property())
            .map(|(candidate, address)| (candidate.id.clone(), (candidate, address)))
            .collect()
    }
}
