//! The reference: blocks of the language, error codes, topics and JSON schemas, as data.
//!
//! Pages of `docs/` are compiled into the program, so that `drplan help`, `explain` and `schema` answer without a
//! network. Nothing here formats for a terminal; `view::kinds` and `view::pages` do.

mod backups;
pub mod blocks;
pub mod codes;
pub mod schemas;
pub mod topics;
mod variables;
