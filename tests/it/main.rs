//! The one test binary.

mod facts;
mod kinds;
mod lab;
mod web_geo;
