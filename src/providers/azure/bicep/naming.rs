//! Names of parameters, variables and symbols in Bicep: in camel case, unique, and none that Bicep reserves.

use super::code::FileInput;
use super::emitter::{BicepEmitter, camel, symbol_base};
use crate::address::Address;
use crate::emit::names::{Names, Rename, caseless};
use crate::stack::{ENVIRONMENT, Stack};

/// Keywords, functions and namespaces of Bicep (source: its language reference), and names that drplan gives.
const RESERVED: &[&str] = &[
    "any",
    "array",
    "as",
    "assert",
    "az",
    "base64",
    "base64ToJson",
    "base64ToString",
    "bool",
    "buildUri",
    "cidrHost",
    "cidrSubnet",
    "coalesce",
    "concat",
    "contains",
    "createArray",
    "createObject",
    "dataUri",
    "dataUriToString",
    "dateTimeAdd",
    "dateTimeFromEpoch",
    "dateTimeToEpoch",
    "deployer",
    "deployment",
    "each",
    "empty",
    "endsWith",
    "environment",
    "existing",
    "extension",
    "extensionResourceId",
    "fail",
    "false",
    "filter",
    "first",
    "flatten",
    "for",
    "format",
    "func",
    "getSecret",
    "groupBy",
    "guid",
    "i",
    "if",
    "import",
    "in",
    "indexOf",
    "indexFromEnd",
    "int",
    "intersection",
    "items",
    "join",
    "json",
    "last",
    "lastIndexOf",
    "length",
    "list",
    "listAccountSas",
    "listKeys",
    "listSecrets",
    "loadDirectoryFileInfo",
    "loadFileAsBase64",
    "loadJsonContent",
    "loadTextContent",
    "loadYamlContent",
    "location",
    "managementGroup",
    "managementGroupResourceId",
    "map",
    "mapValues",
    "max",
    "metadata",
    "min",
    "module",
    "newGuid",
    "none",
    "null",
    "object",
    "objectKeys",
    "one",
    "output",
    "padLeft",
    "param",
    "parameters",
    "parseCidr",
    "parseUri",
    "pickZones",
    "provider",
    "providers",
    "range",
    "readEnvironmentVariable",
    "reduce",
    "reference",
    "replace",
    "resource",
    "resourceGroup",
    "resourceId",
    "resourceInput",
    "resourceOutput",
    "shallowMerge",
    "skip",
    "sort",
    "split",
    "startsWith",
    "string",
    "subscription",
    "subscriptionResourceId",
    "substring",
    "sys",
    "take",
    "targetScope",
    "tenant",
    "tenantResourceId",
    "this",
    "toLogicalZone",
    "toLogicalZones",
    "toLower",
    "toObject",
    "toPhysicalZone",
    "toPhysicalZones",
    "toUpper",
    "trim",
    "true",
    "tryGet",
    "type",
    "union",
    "uniqueString",
    "uri",
    "uriComponent",
    "uriComponentToString",
    "using",
    "utcNow",
    "var",
    "with",
];

/// The names of inputs, none given yet.
pub(super) fn inputs() -> Names {
    Names::new(caseless).reserving(RESERVED)
}

/// The names of parameters for secrets, none given yet. Two that are one environment variable are equal.
pub(super) fn secrets(stack: &Stack) -> Names {
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    Names::new(plain).reserving(stack.variables.keys().map(|name| format!("{ENVIRONMENT}{name}")))
}

impl BicepEmitter<'_> {
    /// Names the inputs that are known from the start, those of the stack first.
    pub(super) fn name_inputs(&self) {
        let variables = self.stack.variables.keys().map(|name| FileInput::Variable(name.to_string()));
        let locals = self.stack.program.locals.keys().filter(|name| self.plain_locals.contains(&***name));
        let locals = locals.map(|name| FileInput::Local(name.to_string()));
        let sites = self.stack.sites.keys().map(|name| FileInput::Site(name.to_string()));
        let all = variables.chain(locals).chain(sites).chain([FileInput::Tags, FileInput::Active]);
        all.for_each(|given| drop(self.name_of(&given)));
    }

    /// Name of an input.
    pub fn name_of(&self, given: &FileInput) -> String {
        let (owner, base, more) = match given {
            FileInput::Variable(name) => (format!("variable.{name}"), camel(name), "Value"),
            FileInput::Local(name) => (format!("local.{name}"), camel(name), "Local"),
            FileInput::Site(site) => (format!("site.{site}"), format!("{}Location", camel(site)), "OfSite"),
            FileInput::Tags => ("tags of the stack".to_owned(), "tags".to_owned(), "OfStack"),
            FileInput::Active => ("the failover switch".to_owned(), "failoverActive".to_owned(), "Now"),
            FileInput::Secret(name) => (format!("secret {name}"), camel(name), "Secret"),
            FileInput::Operator(name) => (format!("administrator name {name}"), camel(name), "Name"),
            FileInput::GroupName(address) => {
                (format!("name of {address}"), format!("{}GroupName", symbol_base(address)), "InUse")
            }
        };
        let more = if RESERVED.contains(&base.as_str()) { "Value" } else { more };
        let wanted = [base.clone(), format!("{base}{more}")];
        let symbols = self.symbols.borrow();
        self.inputs.borrow_mut().take_if(&owner, &wanted, &|name| !symbols.contains(&caseless(name)))
    }

    /// True for the name of an input, or a reserved one.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        self.inputs.borrow().is_taken(name)
    }

    /// Name that a loop or lambda binds: none that would hide an input or a function.
    pub(super) fn bound(&self, name: &str) -> String {
        let name = camel(name);
        if self.is_taken(&name) { format!("{name}Item") } else { name }
    }

    /// Name of the secret at a path of a block: unique over kind, label and path.
    pub(super) fn secret_name(&self, block: &Address, path: &str) -> String {
        let path = path.replace('.', "-");
        let short = format!("{}-{path}", block.name());
        let long = format!("{}-{path}-of-{}", block.name(), block.kind());
        self.secrets.borrow_mut().take(&format!("{block}: {path}"), &[short, long])
    }

    /// Name of the secret that is a local.
    pub(super) fn secret_local(&self, local: &str) -> String {
        let wanted = [local.to_owned(), format!("{local}-secret")];
        self.secrets.borrow_mut().take(&format!("local.{local}"), &wanted)
    }

    /// Parts of the stack with another name than the one in camel case.
    pub(super) fn renamed(&self) -> Vec<Rename> {
        let (inputs, secrets) = (self.inputs.borrow(), self.secrets.borrow());
        inputs.renamed().chain(secrets.renamed()).cloned().collect()
    }
}
