//! Everything beside the resources: the provider and its version, variables, locals and outputs.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::{AccountVariable, further_variables, provider_blocks};
use super::names::{SECRET_LENGTH, TerraformEmitter, TerraformScope};
use super::naming::ACTIVE;
use super::nested::block;
use crate::hcl::ast::{Body, ExprKind, HclBlock, TraversalStep};
use crate::hcl::{quoted, value_text};
use crate::kinds::emit::TerraformProvider;
use crate::kinds::{Kind, Tables, TerraformShape};
use crate::stack::validation::VALIDATION;
use crate::stack::{Resource, Site, Stack};
use crate::value::Value;
use crate::visible::one_line;

impl TerraformEmitter<'_> {
    /// True if a resource is failover-only.
    pub fn has_failover(&self) -> bool {
        self.instances.keys().any(|block| self.is_failover(block) || self.is_mixed(block))
    }

    /// True if a variable is sensitive, or some argument treats its value or its default as a secret.
    pub(super) fn is_secret(&self, variable: &str) -> bool {
        let Some(variable) = self.stack.variables.get(variable) else { return false };
        variable.sensitive
            || [Some(&variable.value), variable.default.as_ref()]
                .into_iter()
                .flatten()
                .any(|value| self.has_secret(value))
    }

    fn has_secret(&self, value: &Value) -> bool {
        match value.unmark().0 {
            Value::String(text) => text.len() >= SECRET_LENGTH && self.secret_texts.contains_key(&**text),
            Value::List(items) => items.iter().any(|item| self.has_secret(item)),
            Value::Map(map) => map.values().any(|item| self.has_secret(item)),
            _ => false,
        }
    }

    /// True if the stack has tags for its resources.
    pub fn has_tags(&self) -> bool {
        !self.stack.tags.is_empty()
    }

    /// Local with the tags: `tags`, unless the stack has a local of that name.
    pub fn tags_name(&self) -> String {
        self.names.tags()
    }

    /// Arguments of a block that failover runs change.
    pub fn moved(&self, block: &crate::address::Address) -> Vec<&'static str> {
        let Some(kind) = self.kind(block) else { return Vec::new() };
        let moves = &kind.moves;
        let argument = |one: Option<(&'static str, crate::kinds::Lit)>| one.map(|(name, _)| name);
        let mut out = BTreeSet::new();
        for group in self.stack.failover_groups.values() {
            let is_in = |list: &[crate::address::Address]| list.iter().any(|one| one.block() == *block);
            if group.stopped_away(self.stack).any(|one| one.block() == *block) {
                out.extend(argument(moves.quiesce));
            }
            if is_in(&group.fence) {
                out.extend(argument(moves.fence));
            }
            for value in group.routes.iter().flat_map(|route| route.all_values()) {
                if matches!(value, Value::Block(address) if address.block() == *block) {
                    out.extend(moves.routed());
                }
            }
            if is_in(&group.promote) && kind.terraform.shape == TerraformShape::Resource {
                out.extend(kind.run_moves);
            }
            if group.promote.iter().any(|replica| self.replicates(replica, block)) {
                out.extend(kind.run_moves.iter().chain(kind.terraform.swapped));
            }
        }
        out.into_iter().collect()
    }

    /// True if a resource is a replica of an instance of a block.
    fn replicates(&self, replica: &crate::address::Address, block: &crate::address::Address) -> bool {
        let of = self.stack.resources.get(replica).and_then(|replica| {
            let from = replica.kind.recovery.replicates?.from;
            replica.args.get(from)?.as_str()
        });
        let own = self.instances.get(block).into_iter().flatten();
        of.is_some_and(|of| own.into_iter().any(|one| one.id.as_str().eq_ignore_ascii_case(of)))
    }

    /// Nested blocks with the regions of a resource that failover groups promote.
    pub fn has_regions(&self, block: &crate::address::Address) -> impl Iterator<Item = &'static str> {
        let own: Vec<&str> = self.instances.get(block).into_iter().flatten().map(|one| one.id.as_str()).collect();
        let promoted = self.stack.failover_groups.values().flat_map(|group| &group.promote);
        let found: BTreeSet<&'static str> = promoted
            .filter_map(|address| {
                let replica = self.stack.resources.get(address)?;
                let TerraformShape::Block { of, block } = replica.kind.terraform.shape else { return None };
                let source = replica.args.get(of)?.as_str()?;
                own.iter().any(|id| id.eq_ignore_ascii_case(source)).then_some(block)
            })
            .chain(self.empty_regions(block).filter(|_| !self.stack.failover_groups.is_empty()))
            .collect();
        found.into_iter()
    }
}

/// The Terraform providers of the code: the first one of each provider of the stack, and others that resources have.
fn providers(emitter: &TerraformEmitter<'_>) -> Vec<&'static TerraformProvider> {
    let used: BTreeSet<&str> = emitter.stack.resources.values().map(|one| one.kind.terraform_provider()).collect();
    let all = tables(emitter.stack).into_iter().flat_map(|provider| provider.terraform.iter().enumerate());
    all.filter(|(at, provider)| *at == 0 || used.contains(provider.name)).map(|(_, provider)| provider).collect()
}

/// The variables of accounts that the code reads, each with its description.
fn accounts(emitter: &TerraformEmitter<'_>) -> impl Iterator<Item = (String, String)> {
    let fixed: Vec<&str> = emitter
        .instances
        .keys()
        .filter_map(|block| emitter.kind(block))
        .flat_map(|kind| kind.terraform.fixed)
        .map(|(_, value)| *value)
        .collect();
    let is_read = move |provider: &&TerraformProvider| {
        let variable = format!("var.{}", provider.account.0);
        !provider.account.0.is_empty() && (fixed.contains(&&*variable) || (provider.block)("", &[]).contains(&variable))
    };
    let read = providers(emitter).into_iter().filter(is_read);
    read.map(|provider| (provider.account.0.to_owned(), provider.account.1.to_owned()))
}

/// The providers of a stack that Terraform has. A stack without sites and resources is one of the first provider.
fn tables(stack: &Stack) -> Vec<&'static Tables> {
    let is_known = |provider: &&'static Tables| !provider.terraform.is_empty();
    let used: Vec<&'static Tables> = stack.providers().filter(is_known).collect();
    if used.is_empty() { stack.catalog().providers().find(is_known).into_iter().collect() } else { used }
}

/// The name of the Terraform provider that most resources of a stack have.
pub(super) fn name(stack: &Stack) -> &'static str {
    let mut all = tables(stack).into_iter().flat_map(|provider| provider.terraform);
    all.next().map_or("Terraform", |provider| provider.name)
}

/// Required versions and the providers. `texts` are those of the other files: a data source for the identity of
/// Terraform is declared where one of them reads it.
pub(super) fn versions<'t>(emitter: &TerraformEmitter<'_>, texts: impl Iterator<Item = &'t String> + Clone) -> String {
    let kinds: Vec<&Kind> = emitter.instances.keys().filter_map(|block| emitter.kind(block)).collect();
    let types = |of: &TerraformProvider| -> Vec<&str> {
        let own = kinds.iter().filter(|kind| kind.provider().terraform.iter().any(|one| one.name == of.name));
        own.map(|kind| kind.type_.name).collect()
    };
    let (features, terraform) = (features(emitter), required(emitter));
    let fifth = emitter.fifth.borrow();
    let providers = providers(emitter);
    let (mut fits, mut requirements, mut blocks, mut clients) =
        (String::new(), BTreeMap::new(), String::new(), String::new());
    for provider in &providers {
        let (comment, version) = match (fifth.first(), provider.newer) {
            (Some(first), Some((name, version))) => {
                let more = if fifth.len() > 1 { format!(", and {} more", fifth.len() - 1) } else { String::new() };
                (format!("Requires {name} for {first}{more}."), version)
            }
            _ => (provider.fits.to_owned(), provider.version),
        };
        if !comment.is_empty() {
            fits += &format!("# {comment}\n");
        }
        let TerraformProvider { name, source, .. } = provider;
        requirements.insert(
            name,
            format!("    {name} = {{\n      source  = \"{source}\"\n      version = \"{version}\"\n    }}\n"),
        );
        blocks += &format!("\nprovider \"{name}\" {{\n{}}}\n", (provider.block)(&features, &types(provider)));
        blocks += &provider_blocks(emitter.stack, provider, &features);
        let (client, declaration) = provider.client;
        if !client.is_empty() && texts.clone().any(|text| text.contains(client)) {
            clients += &format!("\n{declaration}");
        }
    }
    format!(
        "{fits}terraform {{
  required_version = \">= {terraform}\"

  required_providers {{
{}  }}

{}}}
{blocks}{clients}",
        requirements.into_values().collect::<String>(),
        backend(emitter, &providers),
    )
}

/// A backend as a comment, at a site that the failover groups move to.
fn backend(emitter: &TerraformEmitter<'_>, providers: &[&TerraformProvider]) -> String {
    let target = emitter.stack.failover_groups.values().next().and_then(|group| group.to.first());
    let site = target.or_else(|| emitter.stack.sites.keys().last()).map_or("", |site| &**site);
    let place = one_line(site);
    let key = quoted(&format!("{}.tfstate", emitter.stack.name));
    let lines = providers.iter().map(|provider| provider.backend).find(|lines| !lines.is_empty()).unwrap_or_default();
    if lines.is_empty() {
        return String::new();
    }
    let lines: String = lines.iter().map(|line| format!("  # {}\n", line.replace("{key}", &key))).collect();
    format!(
        "  # Add a backend. Keep the state where an outage of the primary site does not reach it, for example at site
  # {place}:
  #
{lines}"
    )
}

/// The provider's `features`, with those whose default destroys data.
fn features(emitter: &TerraformEmitter<'_>) -> String {
    let kinds = emitter.instances.keys().filter_map(|block| emitter.kind(block));
    let all: BTreeSet<&str> = kinds.map(|kind| kind.terraform.features).filter(|text| !text.is_empty()).collect();
    if all.is_empty() {
        return "{}".to_owned();
    }
    format!("{{\n{}\n}}", all.into_iter().collect::<Vec<_>>().join("\n\n"))
}

/// Variables for each situation of the failover-only resources, as files for `-var-file`.
pub(super) fn situations(emitter: &TerraformEmitter<'_>) -> BTreeMap<String, String> {
    if !emitter.has_failover() {
        return BTreeMap::new();
    }
    let up = format!(
        "# Failed over: the failover-only resources exist. Use this file for every plan and apply in this time: without it,
# Terraform deletes the resources that serve users.
{ACTIVE} = true
"
    );
    let down = format!(
        "# Normal operation: the failover-only resources do not exist. Do not apply this file while a failover group is up:
# it deletes the resources that serve users.
{ACTIVE} = false
"
    );
    [(UP, up), (DOWN, down)].map(|(name, text)| (name.to_owned(), text)).into()
}

/// File with the variables while a failover group is up.
pub(super) const UP: &str = "failover-up.tfvars";
/// File with the variables in normal operation.
pub(super) const DOWN: &str = "failover-down.tfvars";

/// The version of Terraform: one with write-only arguments where the code has one.
fn required(emitter: &TerraformEmitter<'_>) -> &'static str {
    let is_generic = |one: &&Resource| !one.kind.terraform.provider.is_empty();
    let has_secret = |one: &Resource| one.kind.args.iter().any(|arg| arg.secret && one.args.contains_key(arg.name));
    let has_one = emitter.stack.resources.values().filter(is_generic).any(has_secret);
    if emitter.has_write_only.get() || has_one { "1.11" } else { "1.9" }
}

/// Variables: those of the stack, the regions of its sites, and the switch for failover-only resources.
pub(super) fn variables(emitter: &TerraformEmitter<'_>) -> String {
    let scope = TerraformScope::outside(emitter);
    let account = |(name, about): (String, String)| {
        block(
            &format!("variable \"{name}\""),
            &[format!("description = {}", quoted(&about)), "type = string".to_owned()],
        )
    };
    let mut out: Vec<String> = accounts(emitter).map(account).collect();
    for AccountVariable { name, about, default } in further_variables(emitter.stack) {
        let mut lines = vec![format!("description = {}", quoted(&about)), "type = string".to_owned()];
        lines.extend(default.map(|default| format!("default = {default}")));
        out.push(block(&format!("variable \"{name}\""), &lines));
    }
    for site in emitter.stack.sites.values() {
        out.push(block(
            &format!("variable \"{}\"", emitter.location(&site.name)),
            &[
                format!("description = {}", quoted(&format!("Region of site {}.", site.name))),
                "type = string".to_owned(),
                format!("default = {}", quoted(&site.location)),
            ],
        ));
    }
    if emitter.has_failover() {
        out.push(block(
            &format!("variable \"{ACTIVE}\""),
            &[
                "description = \"Creates the failover-only resources.\"".to_owned(),
                "type = bool".to_owned(),
                "default = false".to_owned(),
            ],
        ));
    }
    for (name, about) in emitter.secrets.borrow().iter() {
        out.push(block(
            &format!("variable \"{name}\""),
            &[format!("description = {}", quoted(about)), "type = string".to_owned(), "sensitive = true".to_owned()],
        ));
    }
    for (name, written) in &emitter.stack.program.variable_blocks {
        let is_secret = emitter.is_secret(name);
        let order = ["description", "type", "default", "sensitive", "nullable"];
        let lines = order.iter().filter_map(|word| match (*word, written.body.attribute(word)) {
            // The default of a sensitive variable is a secret as well.
            ("default", Some(_)) if is_secret => None,
            ("sensitive", None) if is_secret => Some("sensitive = true".to_owned()),
            ("description", None) => Some(format!("description = {}", quoted(&description(emitter, name, written)))),
            (_, Some(attribute)) => Some(format!("{word} = {}", scope.expr(&attribute.expr))),
            (_, None) => None,
        });
        let rules = written.body.blocks(VALIDATION).map(|rule| {
            let lines = rule.body.attributes.iter().map(|one| format!("{} = {}", one.name.text, scope.expr(&one.expr)));
            format!("\n{}", block(VALIDATION, &lines.collect::<Vec<_>>()).trim_end())
        });
        let name = emitter.names.variable(name);
        out.push(block(&format!("variable \"{name}\""), &lines.chain(rules).collect::<Vec<_>>()));
    }
    out.join("\n")
}

/// The locals of the stack, and its tags.
pub(super) fn locals(emitter: &TerraformEmitter<'_>) -> String {
    let scope = TerraformScope::outside(emitter);
    let mut lines: Vec<String> = Vec::new();
    if emitter.has_tags() {
        let written = emitter.stack.program.stack.as_ref().and_then(|block| block.body.attribute("tags"));
        let tags = written.map(|tags| scope.expr(&tags.expr));
        lines.extend(tags.map(|tags| format!("{} = {tags}", emitter.tags_name())));
    }
    if emitter.has_sites {
        let one = |name: &str, site: &Site| {
            let (quoted, region) = (quoted(name), emitter.region(name));
            format!("{quoted} = {{ name = {quoted}, location = {region}, tier = {} }}\n", site.tier)
        };
        let sites: String = emitter.stack.sites.iter().map(|(name, site)| one(name, site)).collect();
        lines.push(format!("{} = {{\n{sites}}}", emitter.names.sites()));
    }
    for (name, local) in
        emitter.stack.program.locals.iter().filter(|(name, _)| !emitter.secret_locals.contains(&***name))
    {
        let expr = &local.attribute.expr;
        let keys = emitter.is_repeated_over(name) && emitter.makes_keys(expr);
        let scope = TerraformScope { keys, ..scope };
        lines.push(format!("{} = {}", emitter.names.local(name), scope.expr(expr)));
    }
    lines.extend(emitter.recipes());
    if lines.is_empty() { String::new() } else { block("locals", &lines) }
}

/// The outputs of the stack.
pub(super) fn outputs(emitter: &TerraformEmitter<'_>) -> String {
    let scope = TerraformScope::outside(emitter);
    let mut out = Vec::new();
    for (name, written) in &emitter.stack.program.outputs {
        let output = emitter.stack.outputs.get(name);
        // Terraform takes no expression here.
        let description = output.and_then(|output| output.description.as_ref());
        let value = written.body.attribute("value").map(|value| format!("value = {}", scope.expr(&value.expr)));
        let description = description.map(|text| format!("description = {}", quoted(text)));
        let mut lines: Vec<String> = description.into_iter().chain(value).collect();
        if output.is_some_and(|output| output.value.sensitive_within()) {
            lines.push("sensitive = true".to_owned());
        }
        out.push(block(&format!("output \"{}\"", emitter.names.output(name)), &lines));
    }
    out.join("\n")
}

/// A variable without a default.
pub(super) struct NeededVariable {
    /// Its description.
    pub about: String,
    /// The file [`VALUES`] sets it.
    pub is_set: bool,
}

/// Variables without a default, by name.
pub(super) fn needed(emitter: &TerraformEmitter<'_>) -> BTreeMap<String, NeededVariable> {
    let missing = emitter
        .stack
        .program
        .variable_blocks
        .iter()
        .filter(|(name, written)| emitter.is_secret(name) || written.body.attribute("default").is_none());
    let own = missing.map(|(name, written)| {
        let variable = NeededVariable { about: description(emitter, name, written), is_set: !emitter.is_secret(name) };
        (emitter.names.variable(name), variable)
    });
    let unset = |(name, about): (String, String)| (name, NeededVariable { about, is_set: false });
    let secrets: Vec<_> = emitter.secrets.borrow().iter().map(|(name, about)| (name.clone(), about.clone())).collect();
    let further = further_variables(emitter.stack).into_iter().filter(|variable| variable.default.is_none());
    let further = further.map(|variable| (variable.name, variable.about));
    own.chain(secrets.into_iter().map(unset)).chain(accounts(emitter).chain(further).map(unset)).collect()
}

/// File with the values that the stack was emitted with. Terraform reads it by itself.
pub(super) const VALUES: &str = "terraform.tfvars";

/// The values of variables that are no secrets; in comments where they are the defaults.
pub(super) fn values(emitter: &TerraformEmitter<'_>) -> Option<String> {
    let mut all = Vec::new();
    for (name, written) in &emitter.stack.program.variable_blocks {
        let variable = emitter.stack.variables.get(name).filter(|_| !emitter.is_secret(name));
        let Some((variable, value)) = variable.and_then(|one| Some((one, one.value.clear()?))) else { continue };
        let line = format!("{} = {}", emitter.names.variable(name), value_text(value.json(), 0));
        let is_default = variable.default.as_ref() == Some(&variable.value);
        all.push((description(emitter, name, written), line, is_default));
    }
    for site in emitter.stack.sites.values() {
        let line = format!("{} = {}", emitter.location(&site.name), quoted(&site.location));
        all.push((format!("Region of site {}.", site.name), line, true));
    }
    let one = |(about, line, is_default): (String, String, bool)| {
        // Comments are not formatted with the rest.
        let line = crate::hcl::format(&line).unwrap_or(line);
        let mark = if is_default { "# " } else { "" };
        let lines: String = line.lines().map(|line| format!("{mark}{line}\n")).collect();
        format!("# {}\n{lines}", one_line(&about))
    };
    (!all.is_empty()).then(|| all.into_iter().map(one).collect::<Vec<_>>().join("\n"))
}

/// Description of a variable: that of the stack, or the arguments that have its value.
fn description(emitter: &TerraformEmitter<'_>, name: &str, written: &HclBlock) -> String {
    if let Some(ExprKind::String(text)) = written.body.attribute("description").map(|text| &text.expr.kind) {
        return text.to_string();
    }
    let mut uses = Vec::new();
    for (block, definition) in &emitter.stack.program.definitions {
        used(&definition.block.body, name, &mut |argument, in_base64| {
            uses.push(format!(
                "{argument} of {block}{}",
                if in_base64 { ", as text that the code encodes" } else { "" }
            ));
        });
    }
    match uses.as_slice() {
        [] => format!("Variable {name} of the stack."),
        [first] => format!("Value for {first}."),
        [first, rest @ ..] => format!("Value for {first}, and for {} more.", rest.len()),
    }
}

/// Calls `f` with each argument of a body that a variable has a part in.
fn used(body: &Body, variable: &str, f: &mut dyn FnMut(&str, bool)) {
    for attribute in &body.attributes {
        let mut is_used = false;
        attribute.expr.visit_references(&mut |root, steps, _| {
            let is_it = matches!(steps.first(), Some(TraversalStep::Attr(name)) if &*name.text == variable);
            is_used |= &*root.text == "var" && is_it;
        });
        if is_used {
            let in_base64 =
                matches!(&attribute.expr.kind, ExprKind::Call { name, .. } if &*name.text == "base64encode");
            f(&attribute.name.text, in_base64);
        }
    }
    body.blocks.iter().for_each(|block| used(&block.body, variable, f));
}
