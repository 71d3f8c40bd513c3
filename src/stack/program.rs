//! p
/// p
pub struct Program;
