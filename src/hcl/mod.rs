//! Text to a tree with spans, and expressions to values. The only user of the HCL crates.
//!
//! The tree is our own, so that nothing above this layer depends on the crate that reads it, and so that an expression
//! can be walked for its references before anything is evaluated. This layer knows no resource kind.

pub mod ast;
pub mod eval;
pub mod format;
pub mod functions;
mod lex;
mod one_line;
pub mod parse;
pub mod render;
pub mod text;

pub use eval::{Files, NoFiles, ReferenceKey, Scope, evaluate, evaluate_partly};
pub use format::format;
pub use parse::{PartialFile, parse, parse_expression, parse_partly, parse_template};
pub use render::{line_text, quoted, value_text, value_text_with};
