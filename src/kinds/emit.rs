//! How a kind is said in other languages of infrastructure, where that does not follow from its table.

use serde_json::{Map as JsonMap, Value as Json};

use super::argument::{Arg, Ty};
use crate::address::ArmId;

/// How a kind is said in Terraform's azurerm. By rule the resource has the kind's name, its arguments have theirs, a reference `x` is `x_id` (`xs` is
/// `x_ids`), and what lives in a resource group has `name`, `resource_group_name` and `location`; here stands what is otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Terraform {
    /// The resource without azurerm's prefix; empty: the kind's name.
    pub resource: &'static str,
    /// Arguments, by dotted path, that azurerm names otherwise; a dotted name goes into a block, and one that ends in `name` is the name of what is referred to.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Arguments of azurerm that follow from what an argument refers to: the argument, the reference, the attribute of what is referred to.
    pub follows: &'static [(&'static str, &'static str, &'static str)],
    /// Arguments that the stack has not, or whose default is not the same in azurerm 4 and 5: the argument, the value as an expression.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Arguments, by dotted path, for which azurerm 4 has another name or none: with them the code fits azurerm 5 only.
    pub fifth: &'static [&'static str],
    /// Whether it has a name.
    pub named: bool,
    /// Whether it has a location although it is a child.
    pub located: bool,
    /// Further blocks, as text, from the arguments that are known; the location is `{location}`.
    pub blocks: Option<Blocks>,
    /// Arguments that `blocks` says.
    pub said: &'static [&'static str],
    /// A further resource beside it; `{label}`, `{self}` for what it stands beside, and `{name}` and arguments as azurerm has them, are replaced.
    pub beside: &'static str,
    /// Arguments that Azure chooses where they are not written, and that azurerm would take away again.
    pub chosen: &'static [&'static str],
    /// Further arguments that a promotion of its replica moves, since the two change places.
    pub swapped: &'static [&'static str],
    /// Arguments of azurerm that matter only when it is made, and that an import does not read.
    pub untold: &'static [&'static str],
    /// The ids by which azurerm imports it, and what stands beside it, where those are not the ids of its objects.
    pub imported: Option<Imported>,
    /// Attributes that azurerm has not, made from the name as the table says.
    pub made: &'static [&'static str],
    /// What it is there.
    pub shape: Shape,
}

/// See [`Terraform::blocks`].
pub type Blocks = fn(&JsonMap<String, Json>) -> String;

/// See [`Terraform::imported`]; made of the ids of its objects, and of the ids that its arguments refer to.
pub type Imported = fn(&[&ArmId], &dyn Fn(&str) -> Option<String>) -> Vec<String>;

/// What a kind is in azurerm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A resource.
    Resource,
    /// Two resources, one in each of the two things that this argument refers to, each with the other as `remote`.
    Halves {
        /// The argument.
        of: &'static str,
        /// The argument of azurerm that refers to the one by name.
        own: &'static str,
        /// That which refers to the other by id.
        remote: &'static str,
        /// Arguments that are true in the first half only, and in the second only.
        only: [&'static str; 2],
        /// The argument that is the name of the second half, where it is not that of the first.
        name_back: &'static str,
    },
    /// A block of this name within what the argument refers to.
    Block {
        /// The argument.
        of: &'static str,
        /// The block.
        block: &'static str,
    },
    /// Nothing of its own: another resource says it already, as the words say.
    Folded(&'static str),
    /// azurerm cannot say it; the words say why and what to do.
    Unsaid(&'static str),
}

impl Terraform {
    /// By rule.
    pub const BY_RULE: Self = Self {
        resource: "",
        renamed: &[],
        follows: &[],
        fixed: &[],
        fifth: &[],
        named: true,
        located: false,
        blocks: None,
        said: &[],
        beside: "",
        chosen: &[],
        swapped: &[],
        untold: &[],
        imported: None,
        made: &[],
        shape: Shape::Resource,
    };
}

impl Terraform {
    /// What azurerm calls an argument, by its dotted path; a dotted name stands in a block.
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
