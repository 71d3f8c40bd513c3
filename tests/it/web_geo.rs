//! Life cycle of web-geo, the two-region stack of the language reference: create, replan, destroy.

use std::path::Path;

use drplan::plan::Action;

use crate::lab::{Lab, changes, simulated};

/// A new lab with the inputs of the stack, and the stack's text.
pub fn lab() -> (Lab, String) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/web-geo");
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).expect("a file of the stack");
    let mut lab = Lab::new(11);
    lab.files = vec![("cloud-init.yaml".to_owned(), read("cloud-init.yaml"))];
    lab.variables = vec![
        (
            "admin_ssh_key".to_owned(),
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator".to_owned(),
        ),
        ("sql_admin_password".to_owned(), "correct-horse-battery-1".to_owned()),
    ];
    (lab, read("stack.hcl"))
}

#[test]
fn stack_is_created_and_replanned_empty() {
    let (lab, text) = lab();
    simulated(async {
        let applied = lab.apply(&text).await.expect("apply succeeds");
        assert_eq!(applied.report.ended, Some(drplan::steps::RunEnd::Done), "{:#?}", applied.report.fates);
        let (again, _) = lab.plan(&text, false).await;
        assert_eq!(changes(&again), [""; 0]);
        assert_eq!(again.plan.drift, []);
        println!("{:?} critical {:?}", applied.report.length, applied.report.critical.total);

        let (resized, _) = lab.plan(&text.replace("default = 4", "default = 6"), false).await;
        let acts: Vec<_> = changes(&resized);
        assert_eq!(acts.len(), 1, "{acts:#?}");
        assert!(acts[0].starts_with("Update linux_virtual_machine_scale_set.web "), "{acts:#?}");

        let (moved, _) = lab.plan(&text.replace("offer     = \"web\"", "offer     = \"web2\""), false).await;
        let replaced = moved.plan.changes.iter().filter(|change| matches!(change.action, Action::Replace(_))).count();
        assert!(replaced >= 1, "{:#?}", changes(&moved));

        let gone = lab.destroy(&text).await.expect("destroy succeeds");
        assert_eq!(gone.report.ended, Some(drplan::steps::RunEnd::Done), "{:#?}", gone.report.fates);
        assert_eq!(lab.standing(), []);
        assert!(gone.state.resources.is_empty());
    });
}
