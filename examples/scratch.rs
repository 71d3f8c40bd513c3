use drplan::{diagnostic, hcl, plan, stack, value::Seal};
use std::sync::Arc;
struct Dir(std::path::PathBuf);
impl hcl::Files for Dir {
    fn bytes(&self, p: &str) -> Result<Option<Arc<[u8]>>, String> {
        Ok(std::fs::read(self.0.join(p)).ok().map(|v| v.into()))
    }
}
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let mut sources = diagnostic::Sources::default();
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "hcl") && !p.to_string_lossy().ends_with(".vars.hcl"))
        .collect();
    files.sort();
    let files = files
        .iter()
        .map(|p| (Arc::from(p.to_string_lossy().as_ref()), Arc::from(std::fs::read_to_string(p).unwrap())))
        .collect();
    let t = std::time::Instant::now();
    let vars = std::env::args()
        .skip(2)
        .map(|a| {
            let (n, t) = a.split_once('=').unwrap();
            stack::GivenVariable { name: n.into(), text: t.into(), origin: "by --var".into() }
        })
        .collect();
    let r = stack::read(stack::Input {
        files,
        sources: &mut sources,
        reader: Arc::new(Dir(dir.into())),
        variables: vars,
        subscription: "5a5a".into(),
        tenant: "7e7e".into(),
    });
    let program = match r {
        Ok(p) => Arc::new(p),
        Err(d) => {
            anstream::print!("{}", diagnostic::render_all(&d, &sources));
            return;
        }
    };
    eprintln!("read {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let observed = plan::Observed::default();
    let q = plan::Question {
        program: &program,
        state: None,
        observed: &observed,
        seal: &Seal::new([7; 32]),
        targets: &[],
        destroy: false,
    };
    match plan::plan(&q) {
        Err(d) => anstream::print!("{}", diagnostic::render_all(&d, &sources)),
        Ok(p) => {
            eprintln!("planned {:?}", t.elapsed());
            for c in &p.plan.changes {
                println!("{:?} {} {} {}", c.action, c.address, c.id, c.reason);
                for a in &c.arguments {
                    println!(
                        "      {} = {}",
                        a.path,
                        a.after
                            .as_ref()
                            .map(|s| s.json().to_string())
                            .unwrap_or_default()
                            .chars()
                            .take(150)
                            .collect::<String>()
                    );
                }
            }
            for s in &p.plan.stand_up {
                println!("{s:?}");
            }
            for s in &p.plan.steps.steps {
                println!("{:?} {} needs {:?} serial {:?} {:?}", s.id, s.address, s.needs, s.serial, s.expect);
            }
            println!("critical {:?}", p.plan.steps.critical_path());
        }
    }
}
