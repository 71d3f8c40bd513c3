//! Replica between two machines, whose replication somebody else has set up: programs of this machine report the roles
//! of its sides and move them.
//!
//! The table is the same for every provider with machines. drplan writes nothing to the provider for it. Nothing here
//! runs a program.

mod answer;
mod promotion;

use super::table::*;
use crate::object::ObjectId;

pub use promotion::PROMOTION;

/// The name of the kind.
pub const NAME: &str = "geo_replica";
/// The sentence about the kind.
pub const ABOUT: &str =
    "Continuously updated copy of data at another site. A failover run promotes it if the first site is lost.";

/// The argument that all variants share.
pub const fn source(machines: &'static [&'static str]) -> Arg {
    place("source", machines, "Source of the data. Its kind decides the replication method.")
}

/// The arguments of the table for these kinds of machines.
pub const fn arguments(machines: &'static [&'static str]) -> [Arg; 5] {
    [
        place("source", machines, "Machine with the data in normal operation."),
        arg("target", Ty::Ref(machines), "", "Machine that follows it, at another site.")
            .required()
            .replace()
            .wire(Wire::Nowhere),
        command(
            "observe",
            &OBSERVE,
            "Program that reports on a side. It prints one line of JSON: `{\"role\": \"primary\", \"lag_seconds\": 0, \
             \"healthy\": true}`; the other role is `standby`. A `timeline`, a number that grows with each promotion, \
             tells which of two primaries is the newer one.",
        ),
        command("promote", &PROMOTE, "Program that makes a side primary."),
        command("follow", &FOLLOW, "Program that makes a side follow the other one."),
    ]
}

const fn command(name: &'static str, block: &'static Block, doc: &'static str) -> Arg {
    arg(name, Ty::Block(block), "", doc).required().wire(Wire::Nowhere)
}

static OBSERVE: Block = Block::one(&program("30s"));
static PROMOTE: Block = Block::one(&program("2m"));
static FOLLOW: Block = Block::one(&program("30m"));

/// The arguments of a program.
const fn program(within: &'static str) -> [Arg; 5] {
    [
        arg("program", Ty::String, "", "The program; a path is relative to the stack's directory.")
            .required()
            .wire(Wire::Nowhere),
        arg(
            "arguments",
            Ty::List(&Ty::String),
            "",
            "Its arguments. `{host}` is the address of the machine that it is about, `{other}` that of the other one.",
        )
        .default(Lit::EmptyList)
        .wire(Wire::Nowhere),
        arg(
            "environment",
            Ty::Map(&Ty::String),
            "",
            "Environment variables, in addition to PATH, HOME, USER, the language, TZ and temporary directories.",
        )
        .default(Lit::EmptyMap)
        .wire(Wire::Nowhere),
        arg("directory", Ty::String, "", "Its working directory. Default: the stack's directory.").wire(Wire::Nowhere),
        arg("within", Ty::Duration, "", "The time after which it is killed.")
            .default(Lit::Str(within))
            .wire(Wire::Nowhere),
    ]
}

/// The table, to be completed with provider, type, arguments and example: `..machine_replica::KIND`.
pub const KIND: Kind = Kind {
    name: NAME,
    about: "Replication between two machines, reported and moved by programs.",
    place: Place::Property("source"),
    location: Location::None,
    names: NameRule::DERIVED,
    durations: Durations { create: 1, update: 1, delete: 1 },
    recovery: Recovery {
        holds_data: true,
        replicates: Some(Replication { from: "source", to: "target", image: false }),
        ..Recovery::NONE
    },
    in_use: "",
    promotion: Some(&PROMOTION),
    drill: Drill::never("its programs would act on production"),
    odd: Overrides {
        name: Some(|subject| subject.address.own_name().to_owned()),
        check: Some(check),
        ..Overrides::NONE
    },
    adoption: Adoption { is: Some(|_| false), ..Adoption::BY_TABLE },
    terraform: Terraform {
        shape: TerraformShape::Folded("its programs are not part of any resource"),
        ..Terraform::BY_RULE
    },
    ..Kind::EMPTY
};

/// The sides are two machines of the stack, which alone tells their addresses.
fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let machine = |argument: &str| subject.text(argument).map(ObjectId::new);
    for argument in ["source", "target"] {
        if machine(argument).is_none() || subject.with(argument, |_| ()).is_some() {
            continue;
        }
        findings.push(Finding {
            argument,
            summary: "the stack does not manage this machine".to_owned(),
            why: "The programs reach a machine by its address, which drplan knows of its own resources only."
                .to_owned(),
            help: "Declare the machine in this stack, and import it with `drplan plan --adopt`.".to_owned(),
        });
    }
    if machine("source").is_some_and(|source| machine("target") == Some(source)) {
        findings.push(Finding {
            argument: "target",
            summary: "both sides are the same machine".to_owned(),
            why: String::new(),
            help: "Name the machine that follows.".to_owned(),
        });
    }
}
