//! Topics of `drplan help`: pages of `docs/`.

/// A page.
#[derive(Debug)]
pub struct Topic {
    /// The word after `drplan help`.
    pub name: &'static str,
    /// Content in a few words.
    pub about: &'static str,
    /// Its Markdown.
    pub text: &'static str,
}

macro_rules! topics {
    ($($name:literal $about:literal;)*) => {
        /// Every topic but those of providers, in the order of docs/README.md.
        static ALL: &[Topic] = &[
            $(Topic { name: $name, about: $about, text: include_str!(concat!("../../docs/", $name, ".md")) },)*
        ];
    };
}

topics! {
    "ten-minutes" "a first stack on the simulator, from check to drift";
    "incident" "one outage: review, failover, report, failback, drill";
    "concepts" "terms: sites, presence, roles, runs, protection debt";
    "language" "the stack language: blocks, references, variables, values";
    "functions" "every function of the language";
    "commands" "every command with its flags";
    "checks" "every rule of `drplan check`";
    "errors" "every error code: cause, consequence, fix";
    "preflight" "every preflight check of a failover, every check of `doctor`";
    "exit-codes" "exit codes, for scripts";
    "environment" "environment variables";
    "json" "JSON documents and their schemas";
    "review" "pull requests and CI: `diff`, comments, code scanning";
    "state" "files that drplan keeps, locks, saved plans";
    "simulator" "the local simulator: faults, workloads, other clients";
    "emit" "Terraform and Bicep";
    "adopt" "importing existing resources";
}

/// Every topic, with these of providers before the local simulator.
pub fn with_providers(own: impl Iterator<Item = &'static Topic>) -> Vec<&'static Topic> {
    let mut all: Vec<&Topic> = ALL.iter().collect();
    let at = all.iter().position(|topic| topic.name == "simulator").unwrap_or(all.len());
    all.splice(at..at, own);
    all
}
