//! Every argument of every kind, nested ones included: a changed value is the change that the kind's table declares,
//! can be applied, and leaves an empty plan without drift.

mod containers;
mod existing;
mod otherwise;

use std::collections::BTreeMap;
use std::sync::Mutex;

use drplan::hcl::ast::Body;
use drplan::hcl::{parse, quoted, value_text};
use drplan::kinds::{Arg, Block, ChangeEffect, Form, Kind, Need, Ty, Wire};
use drplan::object::ObjectId;
use drplan::plan::Action;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::examples;
use crate::lab::{Lab, changes, failures, simulated, unmarked};

/// Another subscription, whose objects are not verified.
const OTHERS: &str = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/others/providers";

/// Test value of an argument that cannot be derived from its type.
pub enum TestValue {
    /// This value, in stack syntax.
    Value(&'static str),
    /// This value, and these lines added next to it.
    With(&'static str, &'static str),
    /// This value, after replacing each of these texts of the example.
    Instead(&'static str, &'static [(&'static str, &'static str)]),
    /// No test, for this reason.
    Skip(#[expect(dead_code, reason = "the reason documents the table")] &'static str),
}

/// The example with one argument changed.
struct Variation {
    /// Dotted argument.
    path: String,
    text: String,
    /// Effect of the change according to the table.
    change: ChangeEffect,
}

struct VariedExample<'a> {
    label: &'a str,
    text: &'a str,
    found: Vec<Variation>,
}

impl VariedExample<'_> {
    /// Varies each argument of a body in the text, and of the blocks in it.
    fn body(
        &mut self,
        table: &[Arg],
        body: &Body,
        open: usize,
        now: &JsonMap<String, Json>,
        prefix: &str,
        outer: ChangeEffect,
    ) {
        for arg in table {
            let path = format!("{prefix}{}", arg.name);
            let change = if arg.change == ChangeEffect::Replace { ChangeEffect::Replace } else { outer };
            if let Ty::Block(block) = arg.ty {
                let value = now.get(arg.name).map(|value| value.get(0).unwrap_or(value));
                if let (Some(written), Some(Json::Object(value))) = (body.blocks(arg.name).next(), value) {
                    let open = self.after_brace(written.header.end as usize);
                    self.body(block.args, &written.body, open, value, &format!("{path}."), change);
                } else {
                    self.new_block(arg, block, open, &path, change);
                }
                continue;
            }
            let (value, beside) = match otherwise::find(self.label, &path) {
                Some(TestValue::Skip(_)) => continue,
                Some(TestValue::Value(value) | TestValue::Instead(value, _)) => ((*value).to_owned(), ""),
                Some(TestValue::With(value, beside)) => ((*value).to_owned(), *beside),
                None => match another(arg, now.get(arg.name)) {
                    Some(value) => (value, ""),
                    None => continue,
                },
            };
            let mut text = self.text.to_owned();
            match body.attribute(arg.name) {
                Some(attribute) => {
                    let span = attribute.expr.span;
                    text.replace_range(span.start as usize..span.end as usize, &value);
                    text.insert_str(open, &format!("\n{beside}\n"));
                }
                None => text.insert_str(open, &format!("\n{} = {value}\n{beside}\n", arg.name)),
            }
            self.push(path, text, change);
        }
    }

    fn push(&mut self, path: String, mut text: String, change: ChangeEffect) {
        if let Some(TestValue::Instead(_, edits)) = otherwise::find(self.label, &path) {
            for (old, new) in *edits {
                // The block of the kind is the last in its example.
                let at = text.rfind(old).unwrap_or_else(|| panic!("{}.{path}: the example has no `{old}`", self.label));
                text.replace_range(at..at + old.len(), new);
            }
        }
        self.found.push(Variation { path, text: text.replace("OTHERS/", &format!("{OTHERS}/")), change });
    }

    /// A block that the example lacks: with its required arguments, then with each optional argument.
    fn new_block(&mut self, arg: &Arg, block: &Block, open: usize, path: &str, change: ChangeEffect) {
        match otherwise::find(self.label, path) {
            Some(TestValue::Skip(_)) => return,
            Some(TestValue::Value(inner) | TestValue::With(inner, _) | TestValue::Instead(inner, _)) => {
                return self.insert(arg, open, path, inner, change);
            }
            None => {}
        }
        let inner = self.least(block, path);
        self.insert(arg, open, path, &inner, change);
        for more in block.args.iter().filter(|arg| !matches!(arg.need, Need::Required)) {
            let path = format!("{path}.{}", more.name);
            if let Some(line) = self.line(more, &path) {
                self.insert(arg, open, &path, &format!("{inner}\n{line}"), change);
            }
        }
    }

    fn insert(&mut self, arg: &Arg, open: usize, path: &str, inner: &str, change: ChangeEffect) {
        let mut text = self.text.to_owned();
        text.insert_str(open, &format!("\n{} {{\n{inner}\n}}\n", arg.name));
        self.push(path.to_owned(), text, change);
    }

    /// Required arguments of a block.
    fn least(&self, block: &Block, path: &str) -> String {
        let required = block.args.iter().filter(|arg| matches!(arg.need, Need::Required));
        let lines: Vec<String> = required.filter_map(|arg| self.line(arg, &format!("{path}.{}", arg.name))).collect();
        lines.join("\n")
    }

    fn line(&self, arg: &Arg, path: &str) -> Option<String> {
        let given = otherwise::find(self.label, path);
        if let Ty::Block(block) = arg.ty {
            return match given {
                Some(TestValue::Skip(_)) => None,
                Some(TestValue::Value(inner) | TestValue::With(inner, _) | TestValue::Instead(inner, _)) => {
                    Some(format!("{} {{\n{inner}\n}}", arg.name))
                }
                None => Some(format!("{} {{\n{}\n}}", arg.name, self.least(block, path))),
            };
        }
        match given {
            Some(TestValue::Skip(_)) => None,
            Some(TestValue::Value(value) | TestValue::Instead(value, _)) => Some(format!("{} = {value}", arg.name)),
            Some(TestValue::With(value, beside)) => Some(format!("{} = {value}\n{beside}", arg.name)),
            None => another(arg, default(arg).as_ref()).map(|value| format!("{} = {value}", arg.name)),
        }
    }

    fn after_brace(&self, from: usize) -> usize {
        from + self.text[from..].find('{').expect("a block has a brace") + 1
    }
}

fn default(arg: &Arg) -> Option<Json> {
    match arg.need {
        Need::Default(lit) => Some(lit.json()),
        Need::Required | Need::Optional => None,
    }
}

/// A different value in stack syntax; `None` where the argument determines the location of the object.
fn another(arg: &Arg, now: Option<&Json>) -> Option<String> {
    let decides_place = matches!((arg.need, arg.wire), (Need::Required, Wire::Nowhere));
    if decides_place {
        return None;
    }
    match arg.form {
        Some(form) => sample(&arg.ty, form, now),
        None => value(&arg.ty, now),
    }
}

/// Another text that keeps the rule of an argument.
fn sample(ty: &Ty, form: &Form, now: Option<&Json>) -> Option<String> {
    if let Ty::List(_) | Ty::Set(_) = ty {
        let mut items: Vec<String> =
            now.and_then(Json::as_array).into_iter().flatten().map(|item| value_text(item, 0)).collect();
        let free = form.samples.iter().map(|text| quoted(text)).find(|text| !items.contains(text))?;
        items.push(free);
        return Some(format!("[{}]", items.join(", ")));
    }
    let now = now.and_then(Json::as_str);
    form.samples.iter().find(|text| Some(**text) != now).map(|text| quoted(text))
}

fn value(ty: &Ty, now: Option<&Json>) -> Option<String> {
    Some(match ty {
        Ty::Bool => (now != Some(&json!(true))).to_string(),
        Ty::String => quoted(&now.and_then(Json::as_str).map_or_else(|| "example".to_owned(), |now| format!("{now}x"))),
        Ty::Integer(low, high) => match now.and_then(Json::as_i64) {
            Some(now) if now < *high => (now + 1).to_string(),
            Some(now) => (now - 1).to_string(),
            None => 10.clamp(*low, *high).to_string(),
        },
        Ty::Number(low, high) => match now.and_then(Json::as_f64) {
            Some(now) if now < *high => (now + 1.0).min(*high).to_string(),
            Some(now) => (now - 1.0).max(*low).to_string(),
            None => 10f64.clamp(*low, *high).to_string(),
        },
        Ty::Enum(words) => quoted(words.iter().find(|word| now.and_then(Json::as_str) != Some(word))?),
        Ty::Cidr => quoted("10.10.1.128/25"),
        Ty::Ip => quoted("10.10.1.77"),
        Ty::Duration => quoted(if now == Some(&json!("2h")) { "3h" } else { "2h" }),
        Ty::List(inner) | Ty::Set(inner) => {
            let mut items: Vec<String> =
                now.and_then(Json::as_array).into_iter().flatten().map(|item| value_text(item, 0)).collect();
            items.push(value(inner, None)?);
            format!("[{}]", items.join(", "))
        }
        Ty::Map(inner) => format!("{{ extra = {} }}", value(inner, None)?),
        Ty::Tags(_) => "{ extra = \"example\" }".to_owned(),
        Ty::Ref(of) => {
            let type_ = of
                .first()
                .and_then(|kind| drplan::providers::azure::TABLES.kind(kind))
                .map_or("Microsoft.Example/things", |kind| kind.type_.name);
            let mut id = OTHERS.to_owned();
            for (at, segment) in type_.split('/').enumerate() {
                id.push_str(&if at == 0 { format!("/{segment}") } else { format!("/{segment}/other{at}") });
            }
            quoted(&id)
        }
        Ty::Site => "site.west".to_owned(),
        Ty::Backup => "backup.example".to_owned(),
        Ty::Block(_) | Ty::Any => return None,
    })
}

fn variations(label: &str, kind: &'static Kind, text: &str) -> Vec<Variation> {
    let lab = Lab::new(7);
    let program = lab.read(text).unwrap_or_else(|why| panic!("{label}: {why}"));
    let (stack, _) = program.evaluate(&Default::default()).unwrap_or_else(|found| panic!("{found:?}"));
    let resource =
        stack.resources.values().find(|resource| resource.address.to_string() == format!("{}.example", kind.name));
    let resource = resource.unwrap_or_else(|| panic!("{label}: no block is labelled `example`"));
    let now =
        resource.args.iter().map(|(name, value)| (name.to_string(), value.reveal().unwrap_or_default())).collect();
    let body = parse(text, 0).expect("the example parses");
    let block = body
        .blocks(kind.name)
        .find(|block| block.labels.first().is_some_and(|label| &*label.text == "example"))
        .expect("the block of the kind");
    let mut varied = VariedExample { label, text, found: Vec::new() };
    let open = varied.after_brace(block.header.end as usize);
    varied.body(kind.args, &block.body, open, &now, "", ChangeEffect::Update);
    varied.found
}

/// True if a new object would be as the existing one is, which has the value already.
async fn has_it_already(lab: &Lab, text: &str) -> Result<bool, String> {
    let other = Lab::new(7);
    let applied = other.apply(text).await.map_err(|error| error.to_string())?;
    failures(&applied, "apply of the variation")?;
    let objects = |lab: &Lab| without_tokens(unmarked(lab.simulator.show().objects));
    Ok(objects(lab) == objects(&other))
}

/// Objects without the tokens of the requests that made them, which follow from the text.
fn without_tokens(mut objects: BTreeMap<ObjectId, Json>) -> BTreeMap<ObjectId, Json> {
    objects.values_mut().filter_map(Json::as_object_mut).for_each(|body| drop(body.remove("ClientToken")));
    objects
}

async fn varies(kind: &Kind, example: &str, variation: &Variation) -> Result<(), String> {
    let lab = Lab::new(7);
    lab.read(&variation.text)?;
    let stood = lab.apply(example).await.map_err(|error| error.to_string())?;
    failures(&stood, "apply of the example")?;
    let (planned, state) = lab.plan(&variation.text, false).await;
    let address = format!("{}.example", kind.name);
    let action =
        planned.plan.changes.iter().find(|change| change.address.to_string() == address).map(|change| change.action);
    let expected = match action {
        Some(Action::Keep) => has_it_already(&lab, &variation.text).await?,
        Some(Action::Update) => variation.change == ChangeEffect::Update,
        Some(Action::Replace(_)) => variation.change == ChangeEffect::Replace,
        _ => false,
    };
    if !expected {
        return Err(format!(
            "the table declares {:?}, but the plan has {action:?}: {}",
            variation.change,
            changes(&planned).join("; ")
        ));
    }
    let applied = lab.carry_out(&planned, state, "apply").await.map_err(|error| error.to_string())?;
    failures(&applied, "apply")?;
    let (again, _) = lab.plan(&variation.text, false).await;
    if !changes(&again).is_empty() || !again.plan.drift.is_empty() {
        return Err(format!(
            "the second plan is not empty: {}; drift {:?}",
            changes(&again).join("; "),
            again.plan.drift
        ));
    }
    Ok(())
}

#[test]
fn changed_argument_has_the_effect_of_its_table() {
    // Where the type is an argument, the table follows from the arguments.
    let examples: Vec<_> =
        examples().into_iter().filter(|(_, kind, _)| kind.typed.is_none() && kind.installed.is_none()).collect();
    let next = Mutex::new(examples.iter());
    let wrong = Mutex::new(Vec::new());
    let tried = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(4, usize::from) {
            scope.spawn(|| {
                while let Some((label, kind, text)) = { next.lock().expect("no panic").next() } {
                    for variation in variations(label, kind, text) {
                        *tried.lock().expect("no panic") += 1;
                        if let Err(why) = simulated(varies(kind, text, &variation)) {
                            let line = format!("{label}.{}: {}", variation.path, why.trim().replace('\n', "\n      "));
                            wrong.lock().expect("no panic").push(line);
                        }
                    }
                }
            });
        }
    });
    let (mut wrong, tried) = (wrong.into_inner().expect("no panic"), tried.into_inner().expect("no panic"));
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {tried} variations fail:\n{}", wrong.len(), wrong.join("\n"));
}
