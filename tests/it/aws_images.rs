//! Copies of images of AWS at another site: made ahead of a failover, with a promised end, and judged by the checks.

use drplan::emit::{Options, terraform};
use drplan::object::ObjectId;
use drplan::providers::rules;
use drplan::stack::{Knowledge, Stack};
use drplan::world::Clock as _;

use crate::lab::{Lab, changes, failures, simulated};

const STACK: &str = r#"
stack "images" {}

site "main" {
  provider = "aws"
  location = "eu-west-1"
}

site "cold" {
  provider = "aws"
  location = "us-west-2"
}

aws_vpc "main" {
  site       = site.main
  cidr_block = "10.10.0.0/16"
}

aws_subnet "main" {
  vpc        = aws_vpc.main
  cidr_block = "10.10.1.0/24"
}

aws_instance "golden" {
  subnet        = aws_subnet.main
  ami           = "ami-0123456789abcdef0"
  instance_type = "m7i.large"
}

aws_ami_from_instance "web" {
  source_instance = aws_instance.golden
}

image_copy "web" {
  site                        = site.cold
  source                      = aws_ami_from_instance.web
  completion_duration_minutes = 30
}

aws_vpc "cold" {
  site       = site.cold
  cidr_block = "10.20.0.0/16"
}

aws_subnet "cold" {
  vpc        = aws_vpc.cold
  cidr_block = "10.20.1.0/24"
}

aws_instance "cold" {
  presence      = "failover"
  subnet        = aws_subnet.cold
  ami           = image_copy.web
  instance_type = "m7i.large"
}

failover_group "web" {
  from = site.main
  to   = site.cold
}
"#;

fn evaluated(lab: &Lab, text: &str) -> Stack {
    let program = lab.read(text).unwrap_or_else(|why| panic!("{why}"));
    program.evaluate(&Knowledge::default()).expect("a stack").0
}

#[test]
fn copy_is_made_at_the_other_site_within_the_promised_time() {
    simulated(async {
        let lab = Lab::new(7);
        let began = lab.clock.now();
        failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
        assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new());
        let source = lab.simulator.body(&ObjectId::new("aws:eu-west-1/images/web")).expect("the image");
        let copy = lab.simulator.body(&ObjectId::new("aws:us-west-2/images/web")).expect("its copy");
        assert_eq!((&copy["State"], &source["State"]), (&"available".into(), &"available".into()));
        let took = lab.clock.now().duration_since(began).as_secs();
        assert!((30 * 60..45 * 60).contains(&took), "{took} s");
        let other = STACK.replace("completion_duration_minutes = 30", "completion_duration_minutes = 45");
        assert_eq!(changes(&lab.plan(&other, false).await.0).len(), 1, "another promise is another copy");
        failures(&lab.destroy(STACK).await.unwrap(), "destroy").unwrap();
        assert!(lab.standing().is_empty(), "{:?}", lab.standing());
    });
}

#[test]
fn checks_know_where_a_copy_is() {
    let lab = Lab::new(7);
    let why = lab
        .read(&STACK.replacen("site                        = site.cold", "name = \"copy\"\n  site = site.main", 1))
        .err();
    assert!(why.as_ref().is_some_and(|why| why.contains("image-at-source")), "{why:?}");

    let names = |text: &str| -> Vec<&'static str> {
        let stack = evaluated(&lab, text);
        rules().review(&stack).found.iter().map(|finding| finding.code).collect()
    };
    assert!(!names(STACK).contains(&"image-not-copied"), "{:?}", names(STACK));
    // The region of an image is that of its machines as well.
    let why = lab.read(&STACK.replace("ami           = image_copy.web", "ami           = aws_ami_from_instance.web"));
    assert!(why.is_err(), "an image of another region starts no machine");
}

#[test]
fn emitted_code_copies_the_image_and_templates_leave_it_out() {
    let lab = Lab::new(7);
    let stack = evaluated(&lab, STACK);
    let code: String = terraform(&stack, Options { imports: false }).files.into_values().collect();
    for line in ["resource \"aws_ami_copy\" \"web\" {", "source_ami_id", "= aws_ami_copy.web.id"] {
        assert!(code.contains(line), "{line}: {code}");
    }
    let emitted = drplan::providers::aws::cloudformation::emit(&stack).expect("a template");
    let why = emitted.limitations.iter().find(|limitation| limitation.what == "image_copy.web");
    assert!(why.is_some_and(|limitation| limitation.why.contains("without CloudFormation")), "{why:?}");
}

#[test]
fn source_decides_what_a_copy_needs() {
    let lab = Lab::new(7);
    let source = "source                      = aws_ami_from_instance.web";
    let id = "source = \"ami-0123456789abcdef0\"";
    let why = lab.read(&STACK.replace(source, id)).err();
    assert!(why.as_ref().is_some_and(|why| why.contains("source_region")), "{why:?}");
    let told = format!("{id}\n  source_region = \"eu-west-1\"");
    assert!(lab.read(&STACK.replace(source, &told)).is_ok());
    let why = lab.read(&STACK.replace(source, "source = aws_vpc.main")).err();
    assert!(why.as_ref().is_some_and(|why| why.contains("aws_ami_from_instance")), "{why:?}");
    let why = lab.read(&STACK.replace("minutes = 30", "minutes = 20")).err();
    assert!(why.as_ref().is_some_and(|why| why.contains("steps of 15 minutes")), "{why:?}");
}
