//! The blocks of the language beside the resource kinds, each with its arguments, nested blocks and an example.
//!
//! The readers of these blocks are in `stack`; `tests/it/docs.rs` holds each table to what its reader accepts.

use std::borrow::Cow;

use super::{backups, variables};
use crate::actions;
use crate::kinds::Catalog;
use crate::language::argument;
pub use crate::language::{LanguageArgument, LanguageBlock, Necessity};
use crate::stack::{CloudName, ROUTE_ARGUMENTS};
use Necessity::{Default, Optional, Required};

/// The block of an account, whose arguments are those of its provider.
const ACCOUNT: &str = "provider";
const FAILOVER_GROUP: &str = include_str!("examples/failover_group.hcl");
const IGNORED: &str = "Arguments that somebody else owns once the resource exists, such as an autoscaler: written at its \
                       creation, and left as they are from then on.";
const STACK: &str = include_str!("examples/stack.hcl");

/// The block for a name, or for the word by which expressions refer to it.
pub fn find(name: &str) -> Option<&'static LanguageBlock> {
    let name = match name {
        "var" => "variable",
        "local" => "locals",
        "each" | "for_each" | "depends_on" | "mirrors" | "prevent_destroy" | "ignore_changes" => "resource",
        other => other,
    };
    all().find(|block| block.name == name)
}

/// Every block, top-level blocks first, each nested block after the one it is written in.
pub fn all() -> impl Iterator<Item = &'static LanguageBlock> {
    BLOCKS.iter().chain(actions::ALL.iter().map(|action| &action.block))
}

/// The words of all actions.
const ACTIONS: [&str; actions::ALL.len()] = {
    let mut words = [""; actions::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = actions::ALL[index].block.name;
        index += 1;
    }
    words
};

/// The type of an argument that names a cloud, until [`arguments`] has the names.
const CLOUDS: &str = "name of a cloud";
/// The type of an argument that names a provider with sites, until [`arguments`] has the names.
const PROVIDERS: &str = "name of a provider";

/// An argument of a block as the providers of a catalog have it.
#[derive(Debug)]
pub struct ProvidedArgument {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Cow<'static, str>,
    /// The value without it.
    pub need: Necessity,
    /// Its meaning.
    pub doc: Cow<'static, str>,
}

/// The arguments of a block: those of its table, with names of providers in their types, and those of an account in
/// the block of one.
pub fn arguments(block: &LanguageBlock, catalog: &Catalog) -> Vec<ProvidedArgument> {
    let names = |names: &mut dyn Iterator<Item = &'static str>| {
        names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" | ")
    };
    let own = block.arguments.iter().map(|argument| {
        let ty = match argument.ty {
            CLOUDS => names(&mut CloudName::all(catalog).map(CloudName::as_str)).into(),
            PROVIDERS => {
                let with_sites = names(&mut catalog.providers().filter(|one| one.has_sites()).map(|one| one.name));
                format!("{with_sites}, or reference to a `provider` block").into()
            }
            ty => ty.into(),
        };
        ProvidedArgument { name: argument.name, ty, need: argument.need, doc: argument.doc.into() }
    });
    let mut all: Vec<ProvidedArgument> = own.collect();
    if block.name == ACCOUNT {
        all.extend(of_accounts(catalog));
    }
    all
}

/// The arguments of accounts, each with its meaning at every provider that has it.
fn of_accounts(catalog: &Catalog) -> Vec<ProvidedArgument> {
    let mut all: Vec<ProvidedArgument> = Vec::new();
    for provider in catalog.providers() {
        for argument in provider.account {
            let mut letters = argument.doc.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
            let doc = format!("{}: {first}{}", provider.title, letters.as_str());
            match all.iter_mut().find(|known| known.name == argument.name) {
                Some(known) => known.doc = format!("{} {doc}", known.doc).into(),
                None => {
                    let ty = "string".into();
                    all.push(ProvidedArgument { name: argument.name, ty, need: Optional, doc: doc.into() });
                }
            }
        }
    }
    all
}

/// Every block but the actions of steps.
static BLOCKS: &[LanguageBlock] = &[
    LanguageBlock {
        name: "stack",
        within: "",
        about: "The stack itself: its name, its recovery objectives and its defaults. The label names its state.",
        label: "the name of the stack",
        count: "exactly one in a directory",
        arguments: &[
            argument("description", "string", Optional, "Description of the stack, for plans and reports."),
            argument(
                "cloud",
                CLOUDS,
                Default("\"local\""),
                "Target of `plan` and `apply` unless `--cloud` names another. `local` is the simulator.",
            ),
            argument(
                "residency",
                "list of strings",
                Default("anywhere"),
                "Geographies in which data may be stored, as in `[\"Canada\"]`. A data store or replica elsewhere is an error.",
            ),
            argument("tags", "map of strings", Default("{}"), "Tags on every resource whose kind takes tags."),
        ],
        blocks: &["objectives", "accept"],
        notes: &[
            "Its values must be known before any resource: literals, variables, and locals that refer to variables only.",
        ],
        example: STACK,
    },
    LanguageBlock {
        name: "objectives",
        within: "stack",
        about: "The recovery objectives of the stack. Predictions, preflight checks and reports are compared with them.",
        label: "",
        count: "at most one",
        arguments: &[
            argument("rto", "duration", Optional, "Recovery time objective: the maximum time without service."),
            argument("rpo", "duration", Optional, "Recovery point objective: the maximum data loss, as a duration."),
        ],
        blocks: &[],
        notes: &[],
        example: STACK,
    },
    LanguageBlock {
        name: "accept",
        within: "stack",
        about: "A finding of `drplan check` that was reviewed and is accepted. It is reported as accepted, with its reason.",
        label: "the name of the rule (`drplan check --list`)",
        count: "any number",
        arguments: &[argument("reason", "string", Required, "Why the finding is acceptable.")],
        blocks: &[],
        notes: &["Rules of severity `blocking` cannot be accepted."],
        example: STACK,
    },
    LanguageBlock {
        name: ACCOUNT,
        within: "",
        about: "An account of a provider. Without a block, the account is that of the environment or of the provider's own \
                tools. A command is refused where those name another account than the block.",
        label: "the provider; a second label names a further account, for sites with `provider = provider.aws.dr`",
        count: "one for each provider and label",
        arguments: &[],
        blocks: &[],
        notes: &["The local simulator has one account at each provider, and ignores these arguments."],
        example: include_str!("examples/provider.hcl"),
    },
    LanguageBlock {
        name: "site",
        within: "",
        about: "A region of a provider in which resources run. Resources refer to sites and never to a location.",
        label: "the name of the site, as in `site.primary`",
        count: "any number",
        arguments: &[
            argument("provider", PROVIDERS, Required, "The cloud provider, or one of its accounts: `provider.aws.dr`."),
            argument("location", "string", Required, "The region, as in `canadacentral`."),
            argument(
                "tier",
                "1 | 2",
                Default("1"),
                "1: a hot or warm site, to which data is replicated. 2: a cold site.",
            ),
            argument(
                "for_each",
                "map or set of strings",
                Optional,
                "One site for each key: `site.region[\"east\"]`. `each.key` and `each.value` are the instance.",
            ),
        ],
        blocks: &[],
        notes: &[
            "Attributes: `location`, `name`, `tier`.",
            "Commands take the name of an instance: `--lost 'region[\"east\"]'`, or `--lost region[east]`.",
        ],
        example: include_str!("examples/site.hcl"),
    },
    variables::VARIABLE,
    variables::VALIDATION,
    LanguageBlock {
        name: "locals",
        within: "",
        about: "Named values of the stack. Each argument is a local value, read as `local.name`.",
        label: "",
        count: "any number",
        arguments: &[],
        blocks: &[],
        notes: &["Locals may refer to variables, resources and other locals, in any order, but not in a cycle."],
        example: include_str!("examples/locals.hcl"),
    },
    LanguageBlock {
        name: "output",
        within: "",
        about: "A value that `apply` prints and records, for `drplan output`.",
        label: "the name of the output",
        count: "any number",
        arguments: &[
            argument("value", "any value", Required, "The value. It may be unknown until apply."),
            argument("description", "string", Optional, "Description, for readers of the stack."),
            argument("sensitive", "true or false", Default("false"), "Record a digest instead of the value."),
        ],
        blocks: &[],
        notes: &[],
        example: include_str!("examples/output.hcl"),
    },
    LanguageBlock {
        name: "resource",
        within: "",
        about: "The arguments that every resource takes beside those of its kind. The block itself starts with the kind, \
                as in `public_ip \"front\" { … }`.",
        label: "the name of the resource, and its name in the cloud unless `name` is written",
        count: "any number",
        arguments: &[
            argument(
                "name",
                "string, known before apply",
                Default("the label"),
                "The name in the cloud. Not supported by kinds that derive their name.",
            ),
            argument(
                "site",
                "reference to a site",
                Default("that of its resource group or parent"),
                "The site of the resource. Child resources have the site of their parent.",
            ),
            argument(
                "for_each",
                "map | set of strings",
                Optional,
                "One instance for each key, addressed as `kind.name[\"key\"]`. The block reads `each.key` and \
                 `each.value`. Nested blocks also take `for_each`.",
            ),
            argument(
                "depends_on",
                "list of resources",
                Default("[]"),
                "Resources that must exist first although no argument refers to them.",
            ),
            argument(
                "mirrors",
                "reference to a resource of the same kind",
                Optional,
                "Resource from which every argument and nested block is copied that is not set here, except \
                 `prevent_destroy` and `ignore_changes`. A nested block set here replaces all blocks of that name.",
            ),
            argument(
                "prevent_destroy",
                "true or false",
                Default("false"),
                "Refuse plans that would delete or replace the resource.",
            ),
            argument("ignore_changes", "list of arguments", Default("[]"), IGNORED),
        ],
        blocks: &[],
        notes: &["Attributes of every resource: `id`, `name`, `location`, and its arguments."],
        example: include_str!("examples/resource.hcl"),
    },
    backups::BACKUP,
    backups::CATALOGUE,
    LanguageBlock {
        name: "failover_group",
        within: "",
        about: "Resources that fail over together: data, compute, routes. `drplan failover-group up`, `down` and `drill` \
                operate on it.",
        label: "the name of the failover group",
        count: "any number",
        arguments: &[
            argument("from", "reference to a site", Required, "The home site: active in normal operation."),
            argument(
                "to",
                "reference to a site, or a list of them",
                Required,
                "The standby sites in order of preference. `up` moves to the first one that is not lost.",
            ),
            argument(
                "promote",
                "list of replicas",
                Default("every data replica from `from` to a site of `to`"),
                "Replicas to promote: their target becomes the primary.",
            ),
            argument(
                "restore",
                "list of backups",
                Default("every backup of a resource at `from` or at a site of `to`"),
                "Backups that a cold standby (`tier = 2`) starts from, in the order in which they are restored.",
            ),
            argument(
                "stand_up",
                "list of resource groups",
                Default("every group with presence \"failover\" at a site of `to`"),
                "Failover-only resource groups: created by `up`, deleted by `down`.",
            ),
            argument(
                "quiesce",
                "list of resources",
                Default("the workloads at the site that is left, if data moves"),
                "Workloads that stop before data moves, if their site answers: machines, scale sets, and workloads in \
                 clusters. At a site of several groups, a workload belongs to the one group whose stores it uses, or to \
                 none.",
            ),
            argument(
                "fence",
                "list of resources",
                Default("[]"),
                "Resources that block writes at `from` in a forced failover, as an endpoint of a traffic profile.",
            ),
            argument(
                "for_each",
                "map or set of strings",
                Optional,
                "One group for each key: `web[\"a\"]`. `each.key` and `each.value` are the instance.",
            ),
            argument(
                "depends_on",
                "list of failover groups and resources",
                Default("[]"),
                "Groups that move before it with `up --all`, and after it with `down --all`; resources that must exist before it \
                 moves.",
            ),
        ],
        blocks: &["route", "probe", "step"],
        notes: &[
            "Commands take the name of an instance: `--group 'web[\"a\"]'`, or `--group web[a]`.",
            "An entry of `quiesce` or `fence`, or a route, that can do nothing is an error.",
            "`quiesce` stops a scale set with `instances = 0`, and deallocates a machine. A move to their site starts them again.",
            "A workload in a cluster runs at the active site only: its number of pods is `replicas` there and `standby` elsewhere. A move starts those that mirror an entry of `quiesce` at the destination once the data is there, in the order of `depends_on`; stops have the reverse order. The phase `promote` ends with these starts.",
            "Other permanent workloads of a standby site are started again at the end of the move that leaves it.",
            "Planned order: stand_up, quiesce, promote, probes, route, probes, record. Forced order: fence, then promote and stand_up in parallel, probes, route, probes, record.",
            "The active site is observed and recorded, never declared.",
        ],
        example: FAILOVER_GROUP,
    },
    LanguageBlock {
        name: "route",
        within: "failover_group",
        about: "A traffic-routing method: the endpoints of a traffic profile, or a DNS record. A move switches every route; \
                one with `fallback_for` only if that one cannot be switched.",
        label: "the name of the route",
        count: "any number",
        arguments: &ROUTE_ARGUMENTS,
        blocks: &[],
        notes: &[
            "A value may be known only once the site is up, as the address of a failover-only resource.",
            "With several standby sites, `to` belongs to the site that its endpoint or name leads to, or to all of them.",
        ],
        example: include_str!("examples/route.hcl"),
    },
    LanguageBlock {
        name: "probe",
        within: "failover_group",
        about: "A GET request that must succeed before or after traffic is switched. drplan sends it every 5 seconds.",
        label: "the name of the probe",
        count: "any number",
        arguments: &[
            argument(
                "url",
                "string",
                Required,
                "The URL, `https://…` or `http://…`. It may be unknown until the site is up.",
            ),
            argument(
                "status",
                "whole number from 100 to 599",
                Default("200"),
                "The HTTP status that counts as success.",
            ),
            argument(
                "address",
                "string",
                Optional,
                "The IP address that is asked instead of the one that the name in the URL leads to: an origin behind a proxy. \
                 Name and certificate stay those of the URL.",
            ),
            argument(
                "marker",
                "string",
                Optional,
                "The header of the answer that must hold the name of the destination site, such as `\"X-Site\"`. It proves \
                 that users reach this site, and not a cache or the site that they left.",
            ),
            argument("within", "duration", Default("\"5m\""), "How long drplan tries before the probe fails."),
            argument(
                "before",
                "phase",
                Default("after traffic has switched"),
                "The phase that waits for the probe: `\"quiesce\"`, while the source still serves, or `\"route\"`.",
            ),
            argument(
                "at",
                "reference to a site",
                Default("the site that its URL or address leads to"),
                "The site that it checks. It is sent in moves to that site; without a site, in every move.",
            ),
            argument("for_each", "map or set of strings", Optional, "One probe for each key: `probe.front[\"a\"]`."),
            argument(
                "depends_on",
                "list of resources",
                Default("[]"),
                "Resources that must exist before the group moves.",
            ),
        ],
        blocks: &[],
        notes: &[
            "The site of a URL is that of the resources it refers to, or of the region in its name.",
            "In a drill, only probes of copied resources are sent.",
        ],
        example: include_str!("examples/probe.hcl"),
    },
    LanguageBlock {
        name: "step",
        within: "failover_group",
        about: "An additional action of the group, between phases or other steps.",
        label: "the name of the step, as in `step.settle`",
        count: "any number",
        arguments: &[
            argument(
                "on",
                "list of \"up\" | \"down\" | \"drill\"",
                Default("[\"up\", \"down\", \"drill\"]"),
                "The commands that run the step. A drill runs `http` and `command` only where `drill` is written here.",
            ),
            argument(
                "to",
                "reference to a site, or a list of them",
                Default("any"),
                "The sites that a move leads to for it to run the step.",
            ),
            argument(
                "modes",
                "list of \"planned\" | \"forced\"",
                Default("[\"planned\", \"forced\"]"),
                "The modes that run the step.",
            ),
            argument(
                "after",
                "list of steps and phases",
                Default("the data and the new site are ready"),
                "Steps (`step.name`) and phases that end first: `stand_up`, `restore`, `quiesce`, `fence`, `sync`, `promote`, \
                 `probe`, `route`.",
            ),
            argument("before", "list of steps and phases", Default("[]"), "Steps and phases that wait for this step."),
            argument(
                "only_if_unreachable",
                "reference to a resource",
                Optional,
                "Run the action only while the control plane of this resource does not answer.",
            ),
            argument(
                "for_each",
                "map or set of strings",
                Optional,
                "One step for each key: `step.scale[\"a\"]`. `step.scale` in `after` or `before` means all of them.",
            ),
            argument("depends_on", "list of resources", Default("[]"), "Resources that must exist before it starts."),
        ],
        blocks: &ACTIONS,
        notes: &[
            "A step has exactly one action block.",
            "Steps that wait for each other in a cycle are an error.",
            "An `approval` with neither `after` nor `before` comes before every promotion, restore and traffic switch.",
        ],
        example: actions::EXAMPLE,
    },
];
