//! The one test binary.

mod facts;
mod kinds;
mod lab;
mod layers;
mod web_geo;
