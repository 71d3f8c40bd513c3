//! Error codes, preflight checks and risks, each with its section of `docs/`.
//!
//! A section is a heading of the third level that consists of one code, as in ``### `unknown-name` ``, up to the next
//! heading. Rules of `check` have their text in `check` itself.

/// The pages that hold sections.
pub const PAGES: &[(&str, &str)] = &[
    ("docs/errors.md", include_str!("../../docs/errors.md")),
    ("docs/preflight.md", include_str!("../../docs/preflight.md")),
    ("docs/review.md", include_str!("../../docs/review.md")),
];

/// One code and its section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeSection {
    /// The code, as in `unknown-name`.
    pub code: &'static str,
    /// The page that holds the section.
    pub page: &'static str,
    /// The Markdown below the heading.
    pub text: &'static str,
}

impl CodeSection {
    /// The family of the code, in the words that stand behind it.
    pub fn family(&self) -> &'static str {
        match self.page {
            "docs/preflight.md" => "check of failover-group or doctor",
            "docs/review.md" => "risk of a change",
            _ => "error code",
        }
    }
}

/// Every section, in the order of the pages.
pub fn all() -> Vec<CodeSection> {
    let mut sections = Vec::new();
    for (page, text) in PAGES {
        let mut rest = *text;
        while let Some((_, after)) = rest.split_once("\n### `") {
            let Some((code, after)) = after.split_once("`\n") else { break };
            let end = after.find("\n#").map_or(after.len(), |at| at + 1);
            let (body, further) = after.split_at(end);
            sections.push(CodeSection { code, page, text: body.trim() });
            // The next heading begins with the line end that `end` left behind.
            rest = after.get(end.saturating_sub(1)..).unwrap_or(further);
        }
    }
    sections
}

/// The sections of a code: more than one where a check and a risk share a name.
pub fn find(code: &str) -> Vec<CodeSection> {
    all().into_iter().filter(|section| section.code == code).collect()
}
