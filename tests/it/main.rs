//! The one test binary.

mod compute;
mod crash;
mod facts;
mod kinds;
mod lab;
mod layers;
mod transcripts;
mod web_geo;
