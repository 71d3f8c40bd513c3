use super::*;
use crate::diagnostic::{Sources, render_all};
use crate::kinds::{self, Within, body, path};
use crate::stack::{Input, Knowledge, read};

struct None_;
impl crate::hcl::Files for None_ {
    fn bytes(&self, p: &str) -> Result<Option<Arc<[u8]>>, String> {
        Err(p.to_owned())
    }
}

async fn run(name: &str, text: &str) -> Result<(), String> {
    let mut sources = Sources::default();
    let input = Input {
        files: vec![("a.hcl".into(), text.into())],
        sources: &mut sources,
        reader: Arc::new(None_),
        variables: vec![],
        subscription: SUBSCRIPTION.into(),
        tenant: super::super::TENANT.into(),
    };
    let program = Arc::new(read(input).map_err(|d| render_all(&d, &sources))?);
    let cloud = Cloud::new(3);
    for f in super::super::parse_faults(r#"[{"fault":"instant"},{"fault":"unthrottled"}]"#).unwrap() {
        cloud.simulator.add_fault(f).unwrap();
    }
    let mut knowledge = Knowledge::default();
    let (stack, _) = program.evaluate(&knowledge).map_err(|d| render_all(&d, &sources))?;
    let addresses: Vec<_> = stack.resources.keys().cloned().collect();
    let mut problems = String::new();
    for address in &addresses {
        let (stack, _) = program.evaluate(&knowledge).map_err(|d| render_all(&d, &sources))?;
        let r = &stack.resources[address];
        let args: serde_json::Map<String, Json> =
            r.args.iter().filter_map(|(k, v)| Some((k.to_string(), v.reveal().ok()?))).collect();
        let bodies = stack.with_subject(r, &args, &knowledge, body::bodies);
        for (object, one) in r.objects.iter().zip(bodies) {
            let at = format!("{}?api-version={}", object.id, object.api);
            let whole = match &object.within {
                None => one,
                Some(Within::Element { list, key, name }) => {
                    let mut parent = cloud.get(&at).await.body;
                    let mut items = path::borrow(&parent, list).and_then(Json::as_array).cloned().unwrap_or_default();
                    items.retain(|i| i.get(key) != Some(&json!(name)));
                    items.push(one);
                    path::put(&mut parent, list, Json::Null);
                    path::put(&mut parent, list, Json::Array(items));
                    parent
                }
                Some(Within::Paths(_)) => {
                    let mut parent = cloud.get(&at).await.body;
                    path::put(&mut parent, "", one);
                    parent
                }
            };
            let a = cloud.put(&at, whole.clone()).await;
            if a.status >= 300 {
                problems += &format!("{name}/{address}: {} {}\n   {}\n", a.status, a.body, whole);
            }
        }
        let mut answers = vec![];
        for object in &r.objects {
            let got = cloud.get(&format!("{}?api-version={}", object.id, object.api)).await;
            if got.status != 200 {
                problems += &format!("{name}/{address}: GET {} {}\n", got.status, got.body);
                continue;
            }
            if got.body["properties"]["provisioningState"].as_str().is_some_and(|s| s != "Succeeded") {
                problems += &format!("{name}/{address}: state {}\n", got.state());
            }
            answers.push(body::part(object, &got.body).cloned().unwrap_or_default());
        }
        if answers.len() == r.objects.len() {
            if let Some(ready) = r.kind.odd.ready {
                let x = ready(&answers);
                if x != kinds::Ready::Yes {
                    problems += &format!("{name}/{address}: ready {x:?}\n");
                }
            }
            let back = body::read(r.kind, &answers);
            for arg in r.kind.args {
                if arg.write_only || matches!(arg.wire, kinds::Wire::Nowhere) {
                    continue;
                }
                let (Some(w), b) = (args.get(arg.name), back.get(arg.name)) else { continue };
                let w = crate::kinds::decode::canonical(&arg.ty, w);
                if Some(&w) != b && !(w == json!({}) || w == json!([])) {
                    problems += &format!("{name}/{address}.{}: wrote {w} read {b:?}\n", arg.name);
                }
            }
            let found = stack.with_subject(r, &args, &knowledge, |s| body::attributes(s, &answers));
            for at in r.kind.attributes {
                if !at.secret && !found.contains_key(at.name) && !matches!(at.from, kinds::From::Action(..)) {
                    problems += &format!("{name}/{address}: no attribute {}\n", at.name);
                }
            }
            let map = found.iter().map(|(k, v)| (Arc::from(k.as_str()), crate::value::Value::from_json(v))).collect();
            knowledge.attributes.insert(address.clone(), map);
        }
    }
    for address in addresses.iter().rev() {
        let r = &stack.resources[address];
        for object in r.objects.iter().rev().filter(|o| o.within.is_none()) {
            let a = cloud.delete(&format!("{}?api-version={}", object.id, object.api)).await;
            if a.status >= 300 && a.status != 404 {
                problems += &format!("{name}/{address}: DELETE {} {}\n", a.status, a.body);
            }
        }
    }
    let left = cloud.simulator.handle(&crate::simulator::Request {
        verb: crate::simulator::Verb::Get,
        path: "/subscriptions".into(),
        query: Default::default(),
        headers: Default::default(),
        body: Ok(None),
    });
    let _ = left;
    for (id, _) in cloud.simulator.show().objects {
        problems += &format!("{name}: left {id}\n");
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[tokio::test]
async fn examples() {
    let mut bad = 0;
    for kind in kinds::ALL
        .iter()
        .copied()
        .chain(kinds::ALL.iter().filter_map(|k| k.variants.as_ref()).flat_map(|v| v.of.iter().map(|(_, k)| *k)))
    {
        if kind.example.is_empty() {
            println!("-- no example: {}", kind.name);
            continue;
        }
        let text = format!(
            "stack \"t\" {{}}\nsite \"east\" {{\n provider=\"azure\"\n location=\"eastus\"\n}}\nsite \"west\" {{\n provider=\"azure\"\n location=\"westus\"\n}}\n{}",
            kind.example
        );
        if let Err(e) = run(kind.name, &text).await {
            println!("== {}\n{e}", kind.name);
            bad += 1;
        }
    }
    println!("{bad} bad");
}

#[tokio::test]
async fn web_geo() {
    let text = std::fs::read_to_string("/work/shared/spec/stacks/web-geo/stack.hcl").unwrap();
    let text = text
        .replace("base64encode(templatefile(\"cloud-init.yaml\", {", "jsonencode(({")
        .replace("type        = string\n  sensitive   = true", "type = string\n default=\"ssh-rsa AAAA x\"")
        .replace("type      = string\n  sensitive = true", "type = string\n default=\"P4ss w0rd, long\"");
    if let Err(e) = run("web-geo", &text).await {
        println!("== web-geo\n{e}");
    }
}

#[tokio::test]
async fn speed() {
    for n in [1000usize, 3000, 10000] {
        let dir = tempfile::tempdir().unwrap();
        let hand = Arc::new(Hand(AtomicI64::new(START.as_second())));
        let cloud = Cloud { simulator: Simulator::open(dir.path(), Some(1), hand.clone()).unwrap(), hand };
        for f in super::super::parse_faults(r#"[{"fault":"unthrottled"}]"#).unwrap() {
            cloud.simulator.add_fault(f).unwrap();
        }
        cloud.put("", json!({ "location": "canadacentral" })).await;
        cloud.made(NET, net()).await;
        cloud.made(SUBNET, subnet()).await;
        let t = std::time::Instant::now();
        let mut polls = 0;
        for batch in 0..n / 100 {
            let mut links = vec![];
            for i in 0..100 {
                let path = format!("Microsoft.Network/networkInterfaces/card-{batch}-{i}");
                let body = json!({ "location": "canadacentral", "properties": { "ipConfigurations": [{ "name": "ip", "properties": { "primary": true, "privateIPAllocationMethod": "Dynamic", "subnet": { "id": id(SUBNET) } } }] } });
                let a = cloud.put(&path, body).await;
                assert_eq!(a.status, 201, "{}", a.body);
                links.push((path, a.link("azure-asyncoperation")));
            }
            cloud.pass(2);
            for (_, l) in &links {
                cloud.get(l).await;
                polls += 1;
            }
            cloud.pass(20);
            for (p, l) in &links {
                assert_eq!(cloud.get(l).await.body["status"], "Succeeded");
                assert_eq!(cloud.get(p).await.state(), "Succeeded");
                polls += 1;
            }
        }
        let made = t.elapsed();
        let log = std::fs::metadata(dir.path().join("world.jsonl")).unwrap().len();
        let t = std::time::Instant::now();
        drop(cloud);
        let close = t.elapsed();
        let snap = std::fs::metadata(dir.path().join("world.json")).map(|m| m.len()).unwrap_or(0);
        let t = std::time::Instant::now();
        let again = Simulator::open(dir.path(), None, Arc::new(Hand(AtomicI64::new(0)))).unwrap();
        println!(
            "{n}: made {made:?} polls {polls} log {log} close {close:?} snap {snap} open {:?} {}",
            t.elapsed(),
            again.show().objects.len()
        );
    }
}
