//! The operator of a command, as journals, locks and approvals record it.

use clap::builder::NonEmptyStringValueParser;

use super::Session;

/// The name to record.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct By {
    /// Name of the operator to record beside the user and the host
    #[arg(long = "by", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
}

impl By {
    /// The operator in one phrase: `alex on web01`, or `Ann Lee (alex on web01)` with `--by "Ann Lee"`.
    pub fn actor(&self, session: &Session) -> String {
        let account = format!("{} on {}", session.identity.user, session.identity.host);
        match &self.name {
            Some(name) => format!("{} ({account})", name.trim()),
            None => account,
        }
    }

    /// The name of the operator alone: that of `--by`, else the user.
    pub fn name(&self, session: &Session) -> String {
        self.name.as_deref().map_or(session.identity.user.as_str(), str::trim).to_owned()
    }
}
