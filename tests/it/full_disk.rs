//! A full disk: files of the real binary cannot grow beyond a size. Once there is room, the same command completes, and
//! nothing is lost or created twice.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Output};

/// Runs drplan in this directory; with a limit, no file grows beyond that many blocks of 512 bytes.
fn drplan(dir: &Path, limit: Option<u32>, args: &str) -> Output {
    let limited = limit.map(|blocks| format!("trap '' XFSZ; ulimit -f {blocks}; ")).unwrap_or_default();
    let script = format!("{limited}exec \"$0\" {args}");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_drplan")]).current_dir(dir);
    command.output().expect("the shell")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn apply_completes_after_a_full_disk() {
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/web-geo");
    let mut failed = 0;
    for blocks in [8, 24, 48, 80, 120, 180] {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["stack.hcl", "demo.vars.hcl", "cloud-init.yaml"] {
            std::fs::copy(stack.join(name), dir.path().join(name)).expect("a copy");
        }
        let apply = "apply . --vars demo.vars.hcl --yes";
        let first = drplan(dir.path(), Some(blocks), apply);
        failed += i32::from(!first.status.success());
        let second = drplan(dir.path(), None, apply);
        assert!(second.status.success(), "{blocks} blocks\n{}\n── then\n{}", said(&first), said(&second));
        let planned = drplan(dir.path(), None, "plan . --vars demo.vars.hcl");
        assert!(said(&planned).contains("No changes."), "{blocks} blocks\n{}", said(&planned));
    }
    assert!(failed >= 4, "the limits stopped {failed} applies only");
}
