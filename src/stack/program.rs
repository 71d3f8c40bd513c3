//! A stack as text has it: blocks sorted by what they are, references known, nothing evaluated but variables.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph;
use crate::hcl::Files;
use crate::hcl::ast::{Attribute, Block, ExprKind};
use crate::kinds::{self, Kind};
use crate::stack::{CloudName, Variable};

/// A stack as text has it.
pub struct Program {
    pub(crate) stack: Option<Arc<Block>>,
    pub(crate) variable_blocks: IndexMap<Arc<str>, Arc<Block>>,
    pub(crate) variables: IndexMap<Arc<str>, Variable>,
    pub(crate) locals: IndexMap<Arc<str>, Attribute>,
    pub(crate) outputs: IndexMap<Arc<str>, Arc<Block>>,
    pub(crate) sites: IndexMap<Arc<str>, Arc<Block>>,
    pub(crate) failover_groups: IndexMap<Arc<str>, Arc<Block>>,
    pub(crate) definitions: IndexMap<Address, Definition>,
    pub(crate) reader: Arc<dyn Files + Send + Sync>,
    pub(crate) subscription: String,
    pub(crate) tenant: String,
    pub(crate) digest: String,
    /// Every name that stands after a dot in some reference: what attributes may be read.
    pub(crate) attributes: BTreeSet<Arc<str>>,
}

/// One block of a resource.
pub(crate) struct Definition {
    pub(crate) kind: &'static Kind,
    pub(crate) block: Arc<Block>,
    /// The roots and first steps it names.
    pub(crate) references: Vec<(Arc<str>, Arc<str>)>,
}

impl Program {
    pub(crate) fn new(reader: Arc<dyn Files + Send + Sync>, subscription: String, tenant: String) -> Self {
        Self {
            stack: None,
            variable_blocks: IndexMap::new(),
            variables: IndexMap::new(),
            locals: IndexMap::new(),
            outputs: IndexMap::new(),
            sites: IndexMap::new(),
            failover_groups: IndexMap::new(),
            definitions: IndexMap::new(),
            reader,
            subscription,
            tenant,
            digest: String::new(),
            attributes: BTreeSet::new(),
        }
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        self.stack.as_ref().and_then(|block| block.labels.first()).map_or("", |label| &label.text)
    }

    /// The cloud that the stack says, as far as that is a plain word.
    pub fn cloud(&self) -> Option<CloudName> {
        let written = self.stack.as_ref()?.body.attribute("cloud")?;
        match &written.expr.kind {
            ExprKind::String(word) => CloudName::ALL.into_iter().find(|cloud| cloud.as_str() == &**word),
            _ => None,
        }
    }

    /// The digest over every file read and every value of a variable that is not sensitive.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Locals in an order in which each comes after those it names, and resources likewise, what they name through locals included.
    pub(crate) fn order(&self, found: &mut Diagnostics) -> Option<Vec<usize>> {
        let locals: Vec<Vec<(Arc<str>, Arc<str>)>> = self.locals.values().map(local_references).collect();
        let needs: Vec<Vec<usize>> = locals
            .iter()
            .map(|names| {
                names.iter().filter(|(r, _)| &**r == "local").filter_map(|(_, n)| self.locals.get_index_of(n)).collect()
            })
            .collect();
        let order = match graph::order(&needs) {
            Ok(order) => order,
            Err(cycles) => {
                for cycle in cycles {
                    let names: Vec<_> = cycle.iter().filter_map(|at| self.locals.get_index(*at)).collect();
                    found.push(cycle_message(
                        &names
                            .iter()
                            .map(|(name, local)| (format!("local.{name}"), local.name.span))
                            .collect::<Vec<_>>(),
                    ));
                }
                return None;
            }
        };
        // What each local comes down to, in resources.
        let mut through: Vec<Vec<usize>> = vec![Vec::new(); locals.len()];
        for at in order {
            let mut all = Vec::new();
            for (root, name) in &locals[at] {
                if &**root == "local" {
                    all.extend(self.locals.get_index_of(name).map(|inner| through[inner].clone()).unwrap_or_default());
                } else {
                    all.extend(self.definition(root, name));
                }
            }
            all.sort_unstable();
            all.dedup();
            through[at] = all;
        }
        let needs: Vec<Vec<usize>> = self
            .definitions
            .values()
            .map(|definition| {
                let mut all = Vec::new();
                for (root, name) in &definition.references {
                    if &**root == "local" {
                        all.extend(self.locals.get_index_of(name).map(|at| through[at].as_slice()).unwrap_or_default());
                    } else {
                        all.extend(self.definition(root, name));
                    }
                }
                all.sort_unstable();
                all.dedup();
                all
            })
            .collect();
        match graph::order(&needs) {
            Ok(order) => Some(order),
            Err(cycles) => {
                for cycle in cycles {
                    let members: Vec<_> = cycle
                        .iter()
                        .filter_map(|at| self.definitions.get_index(*at))
                        .map(|(address, definition)| (address.to_string(), definition.block.header))
                        .collect();
                    found.push(cycle_message(&members));
                }
                None
            }
        }
    }

    fn definition(&self, kind: &str, name: &str) -> Option<usize> {
        kinds::find(kind)?;
        self.definitions.get_index_of(&Address::new(kind, name))
    }
}

fn local_references(local: &Attribute) -> Vec<(Arc<str>, Arc<str>)> {
    let mut all = Vec::new();
    local.expr.visit_references(&mut |root, steps, _| {
        if let Some(crate::hcl::ast::Step::Attr(name)) = steps.first() {
            all.push((Arc::clone(&root.text), Arc::clone(&name.text)));
        }
    });
    all
}

fn cycle_message(members: &[(String, crate::diagnostic::Span)]) -> Diagnostic {
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let summary = match names.as_slice() {
        [one] => format!("`{one}` needs itself"),
        all => format!("these need each other in a circle: {}", all.join(", ")),
    };
    let mut message = Diagnostic::error("cycle", summary)
        .why("Nothing in the circle could be made first.")
        .help("Take one of the references out; where one only needs a name, write the name as a local that both use.");
    message.span = members.first().map(|(_, span)| *span);
    message.related = members.iter().skip(1).map(|(_, span)| (*span, "and this".to_owned())).collect();
    message
}
