//! Copy of an image of AWS at another site, in the words that all providers share. The object is that of an
//! `aws_ami_copy`.

use super::ami_copy;
use crate::kinds::image_copy::{ABOUT, NAME, source};
use crate::kinds::table::*;

const IMAGES: &[&str] = &["aws_ami_from_instance", "aws_ami_copy"];

/// Table of `image_copy`: the common argument, and the variants by source.
pub(crate) static KIND: Kind = Kind {
    name: NAME,
    about: ABOUT,
    args: &[source(IMAGES)],
    recovery: Recovery { image: true, ..Recovery::NONE },
    variants: Some(Variants { by: "source", of: &[("aws_ami_from_instance", &COPY), ("aws_ami_copy", &COPY)] }),
    example: EXAMPLE,
    ..crate::providers::aws::KIND
};

/// Table of `image_copy` for an image of AWS. What exists is imported as an `aws_ami_copy`.
static COPY: Kind = Kind {
    name: NAME,
    adoption: Adoption { is: Some(|_| false), ..ami_copy::KIND.adoption },
    example: EXAMPLE,
    ..ami_copy::KIND
};

const EXAMPLE: &str = r#"
aws_vpc "example" {
  site       = site.east
  cidr_block = "10.10.0.0/16"
}

aws_subnet "example" {
  vpc        = aws_vpc.example
  cidr_block = "10.10.1.0/24"
}

aws_instance "example" {
  subnet        = aws_subnet.example
  ami           = "ami-0123456789abcdef0"
  instance_type = "m7i.large"
}

aws_ami_from_instance "example" {
  source_instance = aws_instance.example
}

image_copy "example" {
  site                        = site.west
  source                      = aws_ami_from_instance.example
  completion_duration_minutes = 30
}
"#;
