//! Providers as everything above sees them: the tables of each, and the catalog of all that a command knows.
//!
//! This module knows no provider by name. A catalog arrives as an argument, like time and ids, so that tests can have
//! providers of their own.

use std::collections::HashMap;

use super::emit::TerraformProvider;
use super::form::Form;
use super::grammar::{Grammar, NoIds};
use super::looks::{AccountCheck, Guards};
use super::regions::{self, Region};
use super::table::{Arg, Kind, Ty, Variants};
use super::tags::TagRule;
use crate::account::{Account, Accounts, Realm};
use crate::object::{Collection, Object, ObjectId};

/// The tables of one provider: plain data about what it has.
#[derive(Debug)]
pub struct Tables {
    /// Its name, which sites have as `provider`.
    pub name: &'static str,
    /// Its name in sentences: `AWS`.
    pub title: &'static str,
    /// The kinds of its resources, in the order of the documentation.
    pub kinds: &'static [&'static Kind],
    /// The grammar of its ids.
    pub grammar: &'static dyn Grammar,
    /// Its lists that preflight checks read.
    pub guards: &'static Guards,
    /// Its checks of `doctor`, in the order of the report.
    pub doctor: &'static [AccountCheck],
    /// Its providers of Terraform: the one of most kinds first.
    pub terraform: &'static [TerraformProvider],
    /// Areas of its types by namespace: the first word of a type's name.
    pub areas: &'static [(&'static str, Area)],
    /// The rule for tags of a whole stack, where its resources take tags.
    pub tags: Option<&'static TagRule>,
    /// Its regions, by name.
    pub regions: &'static [Region],
    /// The arguments of its `provider` block, which name an account: first its id, then its tenant.
    pub account: &'static [AccountArgument],
    /// The way to an account, as a sentence, where neither the stack nor the session has one.
    pub without_account: &'static str,
    /// The way to sign in, as a sentence. Empty: drplan cannot sign in.
    pub sign_in: &'static str,
    /// The place where operators look at its objects.
    pub console: Option<&'static ProviderConsole>,
    /// The lists of what can be imported from it, where its objects lie in no group.
    pub lists: Option<&'static RootLists>,
    /// An object or list that every region has, to ask the control plane of a region in which nothing is recorded.
    pub common: Option<fn(&Account, &str) -> Object>,
    /// Properties of any body that change without a change of the object, at any depth: versions, and the user and
    /// time of the last write.
    pub restless: &'static [&'static str],
    /// Properties that the provider itself writes into every object, or into its elements.
    pub own: &'static [&'static str],
}

/// The lists of a provider's outermost objects.
#[derive(Debug)]
pub struct RootLists {
    /// The thing that they are lists of, in the words of the provider: `zone`.
    pub container: &'static str,
    /// An example of a name, for help.
    pub example: &'static str,
    /// The lists of the container with this name, in an account.
    pub of: fn(&str, &Account) -> Vec<Collection>,
}

/// An area of types that no other fact of a kind tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Identities, permissions, locks.
    Access,
    /// Networks, addresses, load balancers.
    Network,
}

/// Names of providers are unique.
impl PartialEq for Tables {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Tables {}

impl Tables {
    /// The provider of a table that no catalog has.
    pub const NONE: Self = Self {
        name: "",
        title: "",
        kinds: &[],
        grammar: &NoIds,
        guards: &Guards::NONE,
        doctor: &[],
        terraform: &[],
        areas: &[],
        tags: None,
        regions: &[],
        account: &[],
        without_account: "",
        sign_in: "",
        console: None,
        lists: None,
        common: None,
        restless: &[],
        own: &[],
    };

    /// All tables of its kinds, in their order, each followed by the tables of its variants.
    pub fn tables(&self) -> impl Iterator<Item = Table> + use<> {
        self.kinds.iter().flat_map(|kind| {
            let variants = kind.variants.iter().flat_map(|variants| {
                variants.of.iter().map(|(of, kind)| Table { kind, variant: Some((variants.by, *of)) })
            });
            std::iter::once(Table { kind, variant: None }).chain(variants)
        })
    }

    /// An id of its own in words, with the article: `an AWS id`.
    pub fn id_in_words(&self) -> String {
        let article = if self.title.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
        format!("{article} {} id", self.title)
    }

    /// The name of its first Terraform provider. Empty: it has none.
    pub fn terraform_name(&self) -> &'static str {
        self.terraform.first().map_or("", |provider| provider.name)
    }

    /// The area of the types with this namespace, where the provider has one for it.
    pub fn area(&self, namespace: &str) -> Option<Area> {
        self.areas.iter().find(|(name, _)| name.eq_ignore_ascii_case(namespace)).map(|(_, area)| *area)
    }

    /// The kind with this name.
    pub fn kind(&self, name: &str) -> Option<&'static Kind> {
        self.kinds.iter().copied().find(|kind| kind.name == name)
    }

    /// Lists of bodies in which children of an object appear as well.
    pub fn shown_lists(&'static self) -> impl Iterator<Item = &'static str> {
        self.tables().flat_map(|table| table.kind.shows).copied()
    }

    /// The property with the rank of the elements of a list, where ranks are unique among them.
    pub fn rank_in(&self, list: &str) -> Option<&'static str> {
        let orders = self.tables().filter_map(|table| table.kind.promotion?.order);
        orders.into_iter().find(|order| order.list == list).map(|order| order.rank)
    }

    /// An object that this region has, whatever is recorded there.
    pub fn in_every_region(&self, account: &Account, region: &str) -> Object {
        let unknown = || Object::whole(ObjectId::new(format!("{}:regions/{region}", self.name)), "");
        self.common.map_or_else(unknown, |common| common(account, region))
    }

    /// The account of these texts for the arguments of its `provider` block; an argument without one has its
    /// placeholder.
    pub fn account_of(&self, text: impl Fn(&AccountArgument) -> Option<String>) -> Account {
        let mut texts = self.account.iter().map(|one| text(one).unwrap_or_else(|| one.unknown.to_owned()));
        Account::new(&texts.next().unwrap_or_default(), &texts.next().unwrap_or_default())
    }

    /// The arguments of its `provider` block with their texts in an account.
    pub fn account_texts<'a>(&self, account: &'a Account) -> impl Iterator<Item = (&'static AccountArgument, &'a str)> {
        self.account.iter().zip([&*account.id, &*account.tenant])
    }

    /// True for a provider with regions. Objects of another one are served from everywhere: they are at no site of a
    /// stack, and the name of the provider stands for the site.
    pub fn has_sites(&self) -> bool {
        !self.regions.is_empty()
    }

    /// The region with this name or display name, without regard to case and spaces.
    pub fn region(&self, name: &str) -> Option<&'static Region> {
        regions::in_list(self.regions, name)
    }
}

/// The place where operators look at the objects of a provider, outside of drplan.
#[derive(Debug)]
pub struct ProviderConsole {
    /// The place, to complete a sentence: `in the dashboard of Cloudflare`.
    pub place: &'static str,
    /// The command that shows recent operations on the object with an id, which is quoted for a shell.
    pub command: Option<fn(&str) -> String>,
}

/// An argument of a `provider` block.
#[derive(Debug)]
pub struct AccountArgument {
    /// Its name.
    pub name: &'static str,
    /// Its meaning.
    pub doc: &'static str,
    /// The form of its texts.
    pub form: &'static Form,
    /// The environment variables that have it where no block does, the first that is set.
    pub environment: &'static [&'static str],
    /// Its placeholder where it is unknown, so that a stack can be read, checked and drawn without it.
    pub unknown: &'static str,
    /// Its value in the local simulator where no block has another.
    pub simulated: &'static str,
}

/// A table: the one of a kind, or of one of its variants.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// The table itself.
    pub kind: &'static Kind,
    /// For a variant: the argument that selects it, and the kind to which that argument then refers.
    pub variant: Option<(&'static str, &'static str)>,
}

/// The providers that a command knows. Names of kinds are unique among them, but for kinds with variants: several
/// providers may have one of the same name, each with variants of its own.
#[derive(Debug)]
pub struct Catalog {
    providers: Vec<&'static Tables>,
    /// The kinds, in the order of the documentation.
    kinds: Vec<&'static Kind>,
    by_name: HashMap<&'static str, &'static Kind>,
}

impl Catalog {
    /// A catalog of these providers.
    pub fn new(providers: impl IntoIterator<Item = &'static Tables>) -> Self {
        let providers: Vec<&'static Tables> = providers.into_iter().collect();
        let mut kinds: Vec<&'static Kind> = Vec::new();
        for kind in providers.iter().flat_map(|provider| provider.kinds.iter().copied()) {
            match kinds.iter_mut().find(|known| known.name == kind.name) {
                Some(known) => *known = merged(known, kind),
                None => kinds.push(kind),
            }
        }
        let by_name = kinds.iter().map(|kind| (kind.name, *kind)).collect();
        Self { providers, kinds, by_name }
    }

    /// The providers, in the order of the documentation.
    pub fn providers(&self) -> impl Iterator<Item = &'static Tables> {
        self.providers.iter().copied()
    }

    /// The provider with this name.
    pub fn provider(&self, name: &str) -> Option<&'static Tables> {
        self.providers().find(|provider| provider.name == name)
    }

    /// The providers with resources, in the order of the documentation. A command names the providers of a stack by
    /// one of them.
    pub fn clouds(&self) -> impl Iterator<Item = &'static Tables> {
        self.providers().filter(|provider| !provider.kinds.is_empty())
    }

    /// All kinds, in the order of the documentation.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> {
        self.kinds.iter().copied()
    }

    /// The kind with this name.
    pub fn kind(&self, name: &str) -> Option<&'static Kind> {
        self.by_name.get(name).copied()
    }

    /// All tables, in the order of [`Catalog::kinds`], each kind's followed by those of its variants.
    pub fn tables(&self) -> impl Iterator<Item = Table> {
        self.providers().flat_map(Tables::tables)
    }

    /// The tables whose objects have this type.
    pub fn of_type(&self, type_: &str) -> impl Iterator<Item = &'static Kind> {
        self.tables().map(|table| table.kind).filter(move |kind| kind.type_.name.eq_ignore_ascii_case(type_))
    }

    /// The provider that has this region.
    pub fn provider_of_region(&self, name: &str) -> Option<&'static Tables> {
        self.providers().find(|provider| provider.region(name).is_some())
    }

    /// The accounts of the local simulator.
    pub fn simulated_accounts(&self) -> Accounts {
        let mut accounts = Accounts::fixed();
        for provider in self.providers() {
            let account = provider.account_of(|argument| Some(argument.simulated.to_owned()));
            accounts.insert(Realm::of(provider.name), account);
        }
        accounts
    }

    /// The tables of objects of this object's type.
    pub fn of_object(&self, object: &Object) -> impl Iterator<Item = &'static Kind> {
        let type_ = match &*object.of.name {
            "" => self.type_of(&object.id).unwrap_or_default(),
            name => name.to_owned(),
        };
        self.tables().map(|table| table.kind).filter(move |kind| kind.type_.name.eq_ignore_ascii_case(&type_))
    }

    /// A kind's name in a word that has the name of a Terraform provider as a prefix, and that prefix.
    pub fn without_prefix<'w>(&self, word: &'w str) -> Option<(&'static str, &'w str)> {
        let prefixes = self.providers().flat_map(|provider| provider.terraform).map(|provider| provider.name);
        let mut stems = prefixes.filter_map(|name| Some((name, word.strip_prefix(name)?.strip_prefix('_')?)));
        stems.find(|(_, stem)| self.kind(stem).is_some())
    }

    /// The region of any provider with this name or display name.
    pub fn region(&self, name: &str) -> Option<&'static Region> {
        self.providers().find_map(|provider| provider.region(name))
    }

    /// The provider of an id.
    pub fn owner(&self, id: &ObjectId) -> Option<&'static Tables> {
        self.providers().find(|provider| provider.grammar.is_id(id.as_str()))
    }

    /// The grammar of an id.
    pub fn grammar(&self, id: &str) -> &'static dyn Grammar {
        self.providers().map(|provider| provider.grammar).find(|grammar| grammar.is_id(id)).unwrap_or(&NoIds)
    }
}

/// A kind with the variants of both, which lives as long as the program: a catalog is made once.
fn merged(one: &'static Kind, other: &'static Kind) -> &'static Kind {
    let (Some(variants), Some(more)) = (one.variants, other.variants) else { return one };
    let of: Vec<(&'static str, &'static Kind)> = variants.of.iter().chain(more.of).copied().collect();
    let accepted: Vec<&'static str> =
        [one, other].into_iter().flat_map(|kind| kind.refers(variants.by)).copied().collect();
    let accepted: &'static [&'static str] = Vec::leak(accepted);
    let args = one.args.iter().map(|arg| match arg.ty {
        Ty::Ref(_) if arg.name == variants.by => Arg { ty: Ty::Ref(accepted), ..*arg },
        _ => *arg,
    });
    let kind = Kind {
        args: Vec::leak(args.collect()),
        variants: Some(Variants { by: variants.by, of: Vec::leak(of) }),
        ..*one
    };
    Box::leak(Box::new(kind))
}

/// The ids of all providers: each by the grammar of its own.
impl Grammar for Catalog {
    fn is_id(&self, text: &str) -> bool {
        self.grammar(text).is_id(text)
    }

    fn type_of(&self, id: &ObjectId) -> Option<String> {
        self.grammar(id.as_str()).type_of(id)
    }

    fn parent(&self, id: &ObjectId) -> Option<ObjectId> {
        self.grammar(id.as_str()).parent(id)
    }

    fn scope(&self, id: &ObjectId) -> Option<ObjectId> {
        self.grammar(id.as_str()).scope(id)
    }

    fn group(&self, id: &ObjectId) -> Option<ObjectId> {
        self.grammar(id.as_str()).group(id)
    }

    fn account<'a>(&self, id: &'a ObjectId) -> Option<&'a str> {
        self.grammar(id.as_str()).account(id)
    }

    fn root(&self, id: &ObjectId) -> ObjectId {
        self.grammar(id.as_str()).root(id)
    }

    fn names<'a>(&self, id: &'a ObjectId) -> Vec<&'a str> {
        self.grammar(id.as_str()).names(id)
    }

    fn collection(&self, id: &ObjectId) -> Option<ObjectId> {
        self.grammar(id.as_str()).collection(id)
    }

    fn extensions(&self, of: &ObjectId, type_: &str) -> Option<ObjectId> {
        self.grammar(of.as_str()).extensions(of, type_)
    }

    fn unknown(&self, number: usize) -> String {
        NoIds.unknown(number)
    }
}
