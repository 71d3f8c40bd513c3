//! Copy of an image at another site: what the variants of all providers have in common.

use super::table::*;

/// The name of the kind.
pub const NAME: &str = "image_copy";
/// The sentence about the kind.
pub const ABOUT: &str = "Copy of an image at another site, created ahead of a failover. Machines can use it as their \
                         image.";

/// The argument that all variants share.
pub const fn source(images: &'static [&'static str]) -> Arg {
    place("source", images, "Image to copy. Its kind decides where copies can be.")
}
