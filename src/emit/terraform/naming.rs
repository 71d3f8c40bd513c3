//! Names of variables, resources and files in Terraform: unique, and none that Terraform reserves.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use super::accounts;
use super::names::TerraformEmitter;
use super::resource::{BACK, THERE};
use crate::address::Address;
use crate::emit::names::{Names, Rename, caseless};
use crate::kinds::TerraformShape;
use crate::stack::Stack;

/// Variable that creates the failover-only resources.
pub(super) const ACTIVE: &str = "failover_active";

/// Names that no variable may have (source: Terraform, the arguments and blocks of `module`).
const RESERVED: &[&str] =
    &["source", "version", "providers", "provider", "count", "for_each", "lifecycle", "depends_on", "locals"];

/// Files that are written for other purposes or that Terraform treats differently.
const FILES: &[&str] = &["variables", "outputs", "locals", "versions", "imports", "override", "terraform"];

/// The names that are given while a stack is written.
pub(super) struct TerraformNames {
    variables: RefCell<Names>,
    locals: RefCell<Names>,
    outputs: RefCell<Names>,
    files: RefCell<Names>,
    copied: RefCell<Names>,
    /// Labels in use: type and label.
    labels: RefCell<HashSet<(String, String)>>,
    relabelled: RefCell<Vec<Rename>>,
}

impl TerraformNames {
    /// Names for this stack, its variables and sites first.
    pub fn new(stack: &Stack) -> Self {
        let mut variables = Names::new(str::to_owned).reserving(RESERVED).reserving([ACTIVE]);
        let accounts = accounts::all_variables(stack);
        variables = variables.reserving(accounts.iter().map(String::as_str));
        for name in plain_first(stack.program.variable_blocks.keys()) {
            take(&mut variables, &variable_owner(name), name, "_value");
        }
        for site in stack.program.sites.keys() {
            take(&mut variables, &site_owner(site), &location(site), "_of_site");
        }
        let mut locals = Names::new(str::to_owned);
        let mut outputs = Names::new(str::to_owned);
        for name in plain_first(stack.program.outputs.keys()) {
            take(&mut outputs, &output_owner(name), name, "_value");
        }
        for name in plain_first(stack.program.locals.keys()) {
            take(&mut locals, &local_owner(name), name, "_value");
        }
        if !stack.tags.is_empty() {
            locals.take(TAGS, &["tags".to_owned(), "stack_tags".to_owned()]);
        }
        Self {
            variables: RefCell::new(variables),
            locals: RefCell::new(locals),
            outputs: RefCell::new(outputs),
            files: RefCell::new(Names::new(caseless).reserving(FILES)),
            copied: RefCell::new(Names::new(caseless)),
            labels: RefCell::default(),
            relabelled: RefCell::default(),
        }
    }

    /// Name of a variable of the stack.
    pub fn variable(&self, name: &str) -> String {
        self.variables.borrow_mut().take(&variable_owner(name), &[snake(name)])
    }

    /// Variable with a site's region.
    pub fn location(&self, site: &str) -> String {
        self.variables.borrow_mut().take(&site_owner(site), &[location(site)])
    }

    /// Name of a local of the stack.
    pub fn local(&self, name: &str) -> String {
        self.locals.borrow_mut().take(&local_owner(name), &[snake(name)])
    }

    /// Local with the arguments that a block shares with those that mirror it.
    pub fn recipe(&self, block: &Address) -> String {
        let label = snake(block.name());
        let long = format!("{label}_{}", block.kind());
        self.locals.borrow_mut().take(&format!("{SHARED}{block}"), &[label, long])
    }

    /// Local with the tags of the stack.
    pub fn tags(&self) -> String {
        self.locals.borrow_mut().take(TAGS, &["tags".to_owned()])
    }

    /// Local with the sites as objects.
    pub fn sites(&self) -> String {
        self.locals.borrow_mut().take("sites of the stack", &["sites".to_owned(), "stack_sites".to_owned()])
    }

    /// Path of a boot script.
    pub fn script(&self, block: &Address, path: &str, end: &str) -> String {
        let of = |text: &str| ascii(text).replace(['_', '.'], "-");
        let short = format!("{}-{}", of(block.name()), of(path));
        let long = format!("{}-{short}", of(block.kind()));
        let wanted = [short, long].map(|name| format!("scripts/{name}.{end}"));
        self.copied.borrow_mut().take(&format!("script {block}: {path}"), &wanted)
    }

    /// Name of an output.
    pub fn output(&self, name: &str) -> String {
        self.outputs.borrow_mut().take(&output_owner(name), &[snake(name)])
    }

    /// Variable for a secret argument: unique over kind, label and path.
    pub fn secret(&self, block: &Address, path: &str) -> String {
        let of = |text: &str| snake(text).replace('.', "_");
        let short = format!("{}_{}", of(block.name()), of(path));
        let long = format!("{}_{short}", block.kind());
        self.variables.borrow_mut().take(&format!("secret {block}: {path}"), &[short, long])
    }

    /// Variable for a secret of one instance that is elsewhere in the stack in plain text.
    pub fn secret_text(&self, address: &Address, path: &str) -> String {
        let of = |text: &str| ascii(text).replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let key = address.key().map(|key| format!("_{}", of(&key))).unwrap_or_default();
        let short = format!("{}{key}_{}", of(address.name()), of(path));
        let long = format!("{}_{short}", address.kind());
        self.variables.borrow_mut().take(&format!("secret text {address}: {path}"), &[short, long])
    }

    /// Variable that replaces a local with a secret.
    pub fn secret_local(&self, local: &str) -> String {
        take(&mut self.variables.borrow_mut(), &format!("secret local.{local}"), local, "_secret")
    }

    /// File for the resources of a group, without its extension.
    pub fn file(&self, group: &Address) -> String {
        let name = group.name().to_owned();
        let wanted = [name.clone(), ascii(&name), format!("{}-group", ascii(&name))];
        // Terraform merges `*_override.tf` into other files.
        let is_free = |name: &str| name.is_ascii() && !caseless(name).ends_with("_override");
        self.files.borrow_mut().take_if(&format!("file of {group}"), &wanted, &is_free)
    }

    /// Path of a copied file: Terraform must not read it as its own.
    pub fn copied(&self, path: &str) -> String {
        let lower = caseless(path);
        let own = [".tf", ".tf.json", ".tfvars", ".tfvars.json", ".hcl"];
        let is_own = !path.contains('/') && (own.iter().any(|end| lower.ends_with(end)) || lower == "readme.md");
        let moved = format!("copied/{path}");
        let wanted = if is_own { vec![moved] } else { vec![path.to_owned(), moved] };
        self.copied.borrow_mut().take(&format!("file {path}"), &wanted)
    }

    /// Label of a block's resources of this type, with the suffixes of its halves.
    fn label(&self, block: &Address, type_: &str, suffixes: &[&str]) -> String {
        let mut labels = self.labels.borrow_mut();
        let all = |label: &str| -> Vec<(String, String)> {
            suffixes.iter().map(|more| (type_.to_owned(), format!("{label}{more}"))).collect()
        };
        let plain = snake(block.name());
        let longer = format!("{plain}_{}", block.kind());
        let numbered = (2_u32..).map(|number| format!("{longer}{number}"));
        let mut wanted = [plain, longer.clone()].into_iter().chain(numbered);
        let label = wanted.find(|label| all(label).iter().all(|one| !labels.contains(one))).unwrap_or_default();
        labels.extend(all(&label));
        if label != snake_of(block.name()) {
            let name = format!("{type_}.{label}");
            self.relabelled.borrow_mut().push(Rename { what: block.to_string(), name });
        }
        label
    }

    /// Parts of the stack that have another name.
    pub fn renamed(&self) -> Vec<Rename> {
        let (variables, files) = (self.variables.borrow(), self.files.borrow());
        let (locals, outputs) = (self.locals.borrow(), self.outputs.borrow());
        let copied = self.copied.borrow();
        let files = files.renamed().map(|one| Rename { name: format!("{}.tf", one.name), ..one.clone() });
        let own = self.relabelled.borrow();
        // A script has no name in the stack.
        let copied = copied.renamed().filter(|one| !one.what.starts_with("script ")).cloned();
        // Neither has such a local.
        let locals = locals.renamed().filter(|one| !one.what.starts_with(SHARED));
        let values = variables.renamed().chain(locals).chain(outputs.renamed()).cloned();
        values.chain(own.iter().cloned()).chain(files).chain(copied).collect()
    }
}

/// Owner of a local with shared arguments, before the block.
const SHARED: &str = "shared arguments of ";

/// Owner of the local with the tags of the stack.
const TAGS: &str = "tags of the stack";

/// A name in Terraform's form, or the same without other letters than ASCII's, whose identifiers each tool defines
/// differently.
fn take(names: &mut Names, owner: &str, name: &str, more: &str) -> String {
    let plain = snake(name);
    let wanted = [snake_of(name), plain.clone(), format!("{plain}{more}")];
    names.take_if(owner, &wanted, &str::is_ascii)
}

/// Names in the form that Terraform's style has first, so that they keep it: `a_b` before `a-b`.
fn plain_first<'n>(names: impl Iterator<Item = &'n Arc<str>>) -> Vec<&'n Arc<str>> {
    let mut names: Vec<_> = names.collect();
    names.sort_by_key(|name| name.contains('-'));
    names
}

/// A name with underscores for hyphens, as Terraform's style wants.
fn snake_of(name: &str) -> String {
    name.replace('-', "_")
}

/// The same with letters of ASCII alone.
fn snake(name: &str) -> String {
    snake_of(&ascii(name))
}

fn output_owner(name: &str) -> String {
    format!("output.{name}")
}

fn ascii(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect()
}

fn location(site: &str) -> String {
    format!("{}_location", snake_of(site))
}

fn local_owner(name: &str) -> String {
    format!("local.{name}")
}

fn variable_owner(name: &str) -> String {
    format!("variable.{name}")
}

fn site_owner(site: &str) -> String {
    format!("site.{site}")
}

impl TerraformEmitter<'_> {
    /// Gives every block its label: first to those whose kind is the Terraform provider's resource.
    pub(super) fn label_all(&mut self) {
        let mut blocks: Vec<&Address> = self.stack.program.definitions.keys().collect();
        blocks.sort_by_key(|block| (self.resource_of(block) != block.kind(), block.name().contains('-')));
        for block in blocks {
            let shape = self.kind(block).map(|kind| kind.terraform.shape);
            let beside = self.kind(block).and_then(|kind| {
                let source = kind.terraform.lookup.map(|lookup| lookup.source);
                kind.terraform.beside.split('"').nth(1).or(source)
            });
            let own = self.type_of(block);
            let label = match shape {
                Some(TerraformShape::Halves { .. }) => self.names.label(block, &own, &[THERE, BACK]),
                Some(TerraformShape::Resource) => self.names.label(block, &own, &[""]),
                _ => snake(block.name()),
            };
            self.resources.insert(block.clone(), format!("{own}.{label}"));
            if let Some(beside) = beside {
                self.beside.insert(block.clone(), self.names.label(block, beside, &[""]));
            }
        }
    }

    /// Label of the resource beside those of a block.
    pub(super) fn beside<'n>(&'n self, block: &'n Address) -> &'n str {
        self.beside.get(block).map_or(block.name(), String::as_str)
    }
}
