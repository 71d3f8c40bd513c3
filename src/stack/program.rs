//! A parsed stack: blocks sorted by type, references checked, nothing evaluated but variables.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::account::Accounts;
use crate::address::Address;
use crate::diagnostic::Span;
use crate::hcl::Files;
use crate::hcl::ast::{ExprKind, HclAttribute, HclBlock};
use crate::kinds::{Catalog, Kind, Tables};
use crate::stack::references::ReferenceName;
use crate::stack::{CloudName, Variable};

/// A parsed stack.
pub struct Program {
    pub(crate) stack: Option<Arc<HclBlock>>,
    pub(crate) variable_blocks: IndexMap<Arc<str>, Arc<HclBlock>>,
    pub(crate) variables: IndexMap<Arc<str>, Variable>,
    /// Each after those it refers to.
    pub(crate) locals: IndexMap<Arc<str>, Local>,
    pub(crate) outputs: IndexMap<Arc<str>, Arc<HclBlock>>,
    pub(crate) sites: IndexMap<Arc<str>, Arc<HclBlock>>,
    /// Blocks of accounts: the name of the provider and the further label, which is empty for one without.
    pub(crate) providers: IndexMap<(Arc<str>, Arc<str>), Arc<HclBlock>>,
    pub(crate) backups: IndexMap<Arc<str>, Arc<HclBlock>>,
    pub(crate) failover_groups: IndexMap<Arc<str>, Arc<HclBlock>>,
    /// Each after those it refers to.
    pub(crate) definitions: IndexMap<Address, Definition>,
    /// Blocks of resources with an error in their labels: a second one of the same name, or one without a name. Only
    /// checked.
    pub(crate) unused: Vec<(Address, Definition)>,
    /// Names of blocks with an error that has been reported: references to them are no further error. An empty name
    /// means all of its kind.
    pub(crate) broken: HashSet<ReferenceName>,
    /// There is a file.
    pub(crate) readable: bool,
    /// The words of the text with syntax errors: the names that blocks in it may have. `None` where all could be read.
    pub(crate) unread: Option<HashSet<Arc<str>>>,
    pub(crate) reader: Arc<dyn Files + Send + Sync>,
    /// The accounts of the session, where no block has another.
    pub(crate) accounts: Accounts,
    /// The providers whose kinds the text may use.
    pub(crate) catalog: &'static Catalog,
    pub(crate) digest: String,
}

/// One block of a resource.
pub(crate) struct Definition {
    pub(crate) kind: &'static Kind,
    pub(crate) block: Arc<HclBlock>,
    /// Its references.
    pub(crate) references: Vec<ReferenceName>,
}

/// One local.
pub(crate) struct Local {
    pub(crate) attribute: HclAttribute,
    /// Its references.
    pub(crate) references: Vec<ReferenceName>,
}

impl Program {
    pub(crate) fn new(reader: Arc<dyn Files + Send + Sync>, accounts: Accounts, catalog: &'static Catalog) -> Self {
        Self {
            stack: None,
            variable_blocks: IndexMap::new(),
            variables: IndexMap::new(),
            locals: IndexMap::new(),
            outputs: IndexMap::new(),
            sites: IndexMap::new(),
            providers: IndexMap::new(),
            backups: IndexMap::new(),
            failover_groups: IndexMap::new(),
            definitions: IndexMap::new(),
            unused: Vec::new(),
            broken: HashSet::new(),
            readable: true,
            unread: None,
            reader,
            accounts,
            catalog,
            digest: String::new(),
        }
    }

    /// Text with a syntax error may declare this name, so that its absence elsewhere is no error.
    pub(crate) fn may_declare(&self, name: &str) -> bool {
        self.unread.as_ref().is_some_and(|words| words.contains(name))
    }

    /// The providers whose kinds the text may use.
    pub fn catalog(&self) -> &'static Catalog {
        self.catalog
    }

    /// The providers whose kinds it uses.
    pub fn providers(&self) -> Vec<&'static Tables> {
        let of_kinds: Vec<Vec<&'static Tables>> = self.definitions.values().map(|one| one.kind.providers()).collect();
        let mut own: Vec<&'static Tables> = of_kinds.iter().filter(|all| all.len() == 1).flatten().copied().collect();
        // A kind that several providers have lies with one that the text uses anyway: that of what it refers to.
        for several in of_kinds.iter().filter(|all| all.len() > 1) {
            if !several.iter().any(|provider| own.contains(provider)) {
                own.extend(several);
            }
        }
        self.catalog.providers().filter(|provider| own.contains(provider)).collect()
    }

    /// The providers whose account it needs: those with sites, and those of which an id has the account.
    pub fn providers_of_accounts(&self) -> Vec<&'static Tables> {
        let needs = |provider: &&Tables| {
            let mut own = self.definitions.values().filter(|one| one.kind.provider() == *provider);
            provider.has_sites() || own.any(|one| one.kind.place.is_in_account())
        };
        self.providers().into_iter().filter(needs).collect()
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        self.stack.as_ref().and_then(|block| block.labels.first()).map_or("", |label| &label.text)
    }

    /// The place of the `stack` block, for what no other block causes alone.
    pub(crate) fn header(&self) -> Span {
        self.stack.as_ref().map(|block| block.header).unwrap_or_default()
    }

    /// The same stack with objects in these accounts.
    #[must_use]
    pub fn in_accounts(self, accounts: Accounts) -> Self {
        Self { accounts, ..self }
    }

    /// The cloud that the stack declares, if it is a literal.
    pub fn cloud(&self) -> Option<CloudName> {
        let written = self.stack.as_ref()?.body.attribute("cloud")?;
        match &written.expr.kind {
            ExprKind::String(word) => CloudName::named(word, self.catalog),
            _ => None,
        }
    }

    /// The local depends on variables and nothing else.
    pub(crate) fn is_constant(&self, local: &Arc<str>) -> bool {
        let mut seen = HashSet::new();
        let mut open = vec![local];
        while let Some(name) = open.pop() {
            for (root, name) in self.locals.get(name).into_iter().flat_map(|local| &local.references) {
                match &**root {
                    "var" => {}
                    "local" if seen.insert(name) => open.push(name),
                    "local" => {}
                    _ => return false,
                }
            }
        }
        true
    }

    /// A local and the locals that it depends on, as far as they are `wanted`, each after those it refers to.
    pub(crate) fn locals_up_to(
        &self,
        local: &Arc<str>,
        wanted: impl Fn(&Arc<str>) -> bool,
    ) -> Vec<(&Arc<str>, &Local)> {
        let mut positions = BTreeSet::new();
        let mut open: Vec<usize> = self.locals.get_index_of(local).into_iter().collect();
        while let Some(at) = open.pop() {
            let Some((name, local)) = self.locals.get_index(at) else { continue };
            if wanted(name) && positions.insert(at) {
                let locals = local.references.iter().filter(|(root, _)| &**root == "local");
                open.extend(locals.filter_map(|(_, name)| self.locals.get_index_of(name)));
            }
        }
        positions.into_iter().filter_map(|at| self.locals.get_index(at)).collect()
    }

    /// `None` where the stack declares no such variable.
    pub fn is_sensitive(&self, variable: &str) -> Option<bool> {
        self.variables.get(variable).map(|variable| variable.sensitive)
    }

    /// The names of the variables that are not sensitive.
    pub fn plain_variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().filter(|(_, variable)| !variable.sensitive).map(|(name, _)| &**name)
    }

    /// The digest over every file read and every value of a variable that is not sensitive.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}
