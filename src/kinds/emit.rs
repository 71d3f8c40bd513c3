//! Translation of a kind to other infrastructure languages, where it does not follow from the kind's table.

use super::argument::{Arg, Ty};
use crate::object::ObjectId;

/// Translation to resources of Terraform's provider. By rule, the resource has the kind's name, its arguments keep
/// theirs, a reference `x` becomes `x_id` (`xs` becomes `x_ids`), and a resource in a resource group has `name`,
/// `resource_group_name` and `location`. The fields below are the exceptions.
#[derive(Debug, Clone, Copy)]
pub struct Terraform {
    /// Terraform provider. Empty: the first one of the kind's provider.
    pub provider: &'static str,
    /// Resource name without the provider's prefix. Empty: the kind's name.
    pub resource: &'static str,
    /// Arguments, by dotted path, with another name in the Terraform provider. A dotted name goes into a block; a name
    /// that ends in `name` takes the name of the referenced resource instead of its id.
    pub renamed: &'static [(&'static str, &'static str)],
    /// References, by dotted path or by the name of the argument, of which the Terraform provider takes an attribute
    /// other than the id: the argument, and the attribute.
    pub referred: &'static [(&'static str, &'static str)],
    /// Resources of the Terraform provider for parts of this object, whose arguments are in `said`.
    pub splits: &'static [SplitResource],
    /// Arguments of the Terraform provider that follow from a reference: the argument, the reference, the attribute of
    /// the referenced resource.
    pub follows: &'static [(&'static str, &'static str, &'static str)],
    /// Arguments that a stack does not have, or whose default differs between versions 4 and 5 of the Terraform
    /// provider: the argument, and the value as an expression.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Arguments, by dotted path, that version 4 of the Terraform provider names differently or does not have. With
    /// them, the code fits version 5 only.
    pub fifth: &'static [&'static str],
    /// Secrets that the Terraform provider also takes as a write-only argument, `x_wo` with `x_wo_version`.
    pub written_only: &'static [&'static str],
    /// Earlier resources of the Terraform provider for the same object, without the prefix: `virtual_machine`.
    pub earlier: &'static [&'static str],
    /// Resources of the Terraform provider that manage a part of this object, which an argument of this kind holds: the
    /// resource and the argument, as in `network_security_rule`, `security_rule`.
    pub parts: &'static [(&'static str, &'static str)],
    /// For a child that the Terraform provider also takes as a block of its parent: the parent's resource, and the
    /// block.
    pub inline: Option<(&'static str, &'static str)>,
    /// True if the resource has a name.
    pub named: bool,
    /// The name that is an empty text in the Terraform provider, as that of a domain's own record. Empty: none.
    pub apex: &'static str,
    /// Child resources that carry a location of their own.
    pub located: bool,
    /// Further blocks, as text, from the texts of arguments. `{location}` is replaced by the location.
    pub blocks: Option<Blocks>,
    /// Arguments that `blocks` writes.
    pub said: &'static [&'static str],
    /// Argument that takes in, at their places in the body, the arguments that the provider's resource lacks: those in
    /// `said`. Empty: none.
    pub body: &'static str,
    /// Additional resource beside it. Placeholders: `{label}`, `{self}` for the main resource, `{name}`, and
    /// the Terraform provider's arguments.
    pub beside: &'static str,
    /// Argument with the name of an object of which Terraform wants the id, which a data source finds.
    pub lookup: Option<Lookup>,
    /// Arguments that the provider chooses if they are absent, and that the Terraform provider would remove again.
    pub chosen: &'static [&'static str],
    /// Further arguments that a promotion of its replica changes, because the two swap places.
    pub swapped: &'static [&'static str],
    /// Arguments of the Terraform provider that matter only at creation and that an import does not read.
    pub untold: &'static [&'static str],
    /// Import ids of the resource and of the resource beside it, where they differ from the ids of its objects.
    pub imported: Option<ImportId>,
    /// The form of the import id, where it has an id that the provider gave and no name leads to. Empty: none.
    pub given_id: &'static str,
    /// Attributes that the Terraform provider lacks, built from the name as the table defines them.
    pub made: &'static [&'static str],
    /// Attributes that the Terraform provider exports elsewhere or not at all: the attribute, and its place in the
    /// resource. An empty place: the Terraform provider does not export it.
    pub exported: &'static [(&'static str, &'static str)],
    /// Lists and blocks, by dotted path, that are sets in the Terraform provider, whose elements have no index.
    pub sets: &'static [&'static str],
    /// Block of the provider's `features`, as text, where a default of the Terraform provider destroys data. Empty:
    /// none.
    pub features: &'static str,
    /// Tags as the Terraform provider takes them, with `{tags}` for the map of a stack, and `{own_name}` for the name.
    pub tags: &'static str,
    /// Form of the kind in the Terraform provider.
    pub shape: TerraformShape,
}

/// A resource of the Terraform provider for a part of an object, or one for each element of a list or each block.
#[derive(Debug, Clone, Copy)]
pub struct SplitResource {
    /// Arguments without which it does not exist. Empty: it exists always.
    pub of: &'static [&'static str],
    /// Its type, without the prefix of the provider.
    pub resource: &'static str,
    /// The list or block for each of whose elements there is a resource. Empty: there is one.
    pub each: &'static str,
    /// Its lines. Each word in braces is a value, and a line without one of its values is left out: `{self}` is the
    /// main resource, `{label}`, `{name}` (within quotation marks), `{location}`, an argument by its dotted path, of
    /// the block in question; `{each}` is the element of the list, and `{x?yes:no}` one of two texts.
    pub text: &'static str,
    /// Blocks of the stack with this name that it has under another one.
    pub blocks: Option<(&'static str, &'static str)>,
}

impl SplitResource {
    /// One resource, which exists with these arguments.
    pub const fn one(of: &'static [&'static str], resource: &'static str, text: &'static str) -> Self {
        Self { of, resource, each: "", text, blocks: None }
    }

    /// One resource for each element of this list, or for each of these blocks.
    pub const fn each(each: &'static str, resource: &'static str, text: &'static str) -> Self {
        Self { of: &[], resource, each, text, blocks: None }
    }
}

/// An object that a data source finds by its name. A stack may also have its id.
#[derive(Debug, Clone, Copy)]
pub struct Lookup {
    /// The argument with the name or the id.
    pub argument: &'static str,
    /// True for an id.
    pub is_id: fn(&str) -> bool,
    /// The type of the data source.
    pub source: &'static str,
    /// Its attribute with the id.
    pub attribute: &'static str,
    /// The inner text of its block, with `{value}` for the name.
    pub text: &'static str,
}

/// A provider of Terraform.
#[derive(Debug)]
pub struct TerraformProvider {
    /// Its name, which its resources have as a prefix.
    pub name: &'static str,
    /// Its address in the registry.
    pub source: &'static str,
    /// The versions that the code fits, as a constraint.
    pub version: &'static str,
    /// Their description, a sentence for a comment. Empty: none.
    pub fits: &'static str,
    /// The version that has all arguments of [`Terraform::fifth`]: its name, and its constraint.
    pub newer: Option<(&'static str, &'static str)>,
    /// The inner lines of its block, from the `features` and the types of the resources, each ending in a line break.
    pub block: fn(&str, &[&str]) -> String,
    /// The variable of the account, and its description. It is declared where the block or a resource reads it.
    pub account: (&'static str, &'static str),
    /// The data source of its own identity, and the block that declares it. Empty: none.
    pub client: (&'static str, &'static str),
    /// True if its resources have attributes with objects in place of nested blocks: `origins = [{ … }]`.
    pub objects: bool,
    /// Lines of a backend that keeps the state there, with `{key}` for its name. Empty: none.
    pub backend: &'static [&'static str],
}

/// See [`Terraform::blocks`]. The function receives the texts of arguments by dotted path, as expressions of Terraform;
/// of a block, an empty text.
pub type Blocks = fn(&dyn Fn(&str) -> Option<String>) -> String;

/// A literal without its quotation marks; `None` for any other expression.
pub fn literal(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"').filter(|inner| !inner.contains(['"', '$', '%', '\\']))
}

/// See [`Terraform::imported`]. The function receives the ids of the objects, and of the resources that arguments
/// refer to.
pub type ImportId = fn(&[&ObjectId], &dyn Fn(&str) -> Option<String>) -> Vec<String>;

/// Form of a kind in the Terraform provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerraformShape {
    /// A resource.
    Resource,
    /// Two resources, one in each of the two resources that this argument refers to, each with the other as `remote`.
    Halves {
        /// The argument.
        of: &'static str,
        /// The argument of the Terraform provider that refers to the near resource by name.
        own: &'static str,
        /// The argument of the Terraform provider that refers to the remote resource by id.
        remote: &'static str,
        /// Arguments that are true in the first half only, and in the second half only.
        only: [&'static str; 2],
        /// The argument with the name of the second half, where it differs from the first.
        name_back: &'static str,
    },
    /// A block of this name within the resource that the argument refers to.
    Block {
        /// The argument.
        of: &'static str,
        /// The block.
        block: &'static str,
    },
    /// No resource of its own: another resource contains it, as the text explains.
    Folded(&'static str),
    /// Impossible in the Terraform provider; the text is the reason and the alternative.
    Unsaid(&'static str),
}

impl Terraform {
    /// The rule without exceptions.
    pub const BY_RULE: Self = Self {
        provider: "",
        resource: "",
        renamed: &[],
        referred: &[],
        splits: &[],
        follows: &[],
        fixed: &[],
        fifth: &[],
        written_only: &[],
        earlier: &[],
        parts: &[],
        inline: None,
        named: true,
        apex: "",
        located: false,
        blocks: None,
        said: &[],
        body: "",
        beside: "",
        lookup: None,
        chosen: &[],
        swapped: &[],
        untold: &[],
        imported: None,
        given_id: "",
        made: &[],
        exported: &[],
        sets: &[],
        features: "",
        tags: "{tags}",
        shape: TerraformShape::Resource,
    };
}

impl Terraform {
    /// Place of an attribute in the Terraform provider's resource; empty if the Terraform provider does not export it.
    /// The identity that the provider makes for a resource is in its block, whatever the kind (source: the
    /// `commonschema` of its identities).
    pub fn place_of<'n>(&self, attribute: &'n str) -> &'n str {
        match (self.exported.iter().find(|(ours, _)| *ours == attribute), attribute) {
            (Some((_, place)), _) => place,
            (None, "identity_principal_id") => "identity[0].principal_id",
            (None, "identity_tenant_id") => "identity[0].tenant_id",
            (None, own) => own,
        }
    }

    /// The attribute of the referenced resource that an argument takes.
    pub fn referred(&self, path: &str, arg: &Arg) -> &'static str {
        let own =
            self.referred.iter().find(|(name, _)| [path, arg.name].contains(name)).map(|(_, attribute)| *attribute);
        own.unwrap_or(if self.name_of(path, arg).ends_with("_name") { "name" } else { "id" })
    }

    /// The Terraform provider's word for the name or the location of a resource.
    pub fn word_of<'n>(&self, own: &'n str) -> &'n str {
        self.renamed.iter().find(|(ours, _)| *ours == own).map_or(own, |(_, word)| word)
    }

    /// The Terraform provider's name of an argument, by its dotted path. A dotted name is in a block.
    pub fn name_of(&self, path: &str, arg: &Arg) -> String {
        if let Some((_, name)) = self.renamed.iter().find(|(ours, _)| *ours == path) {
            return (*name).to_owned();
        }
        let singular = |name: &str| {
            let stems = [("ies", "y"), ("sses", "ss"), ("s", "")];
            stems.iter().find_map(|(plural, one)| Some(format!("{}{one}", name.strip_suffix(plural)?)))
        };
        match &arg.ty {
            Ty::Ref(_) => format!("{}_id", arg.name),
            Ty::List(Ty::Ref(_)) | Ty::Set(Ty::Ref(_)) => {
                format!("{}_ids", singular(arg.name).unwrap_or_else(|| arg.name.to_owned()))
            }
            _ => arg.name.to_owned(),
        }
    }
}
