//! Arguments to bodies and back.
