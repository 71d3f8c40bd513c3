//! Long texts of the stack, such as boot scripts, as files beside the code, with names in place of expressions.

use super::body_value::BodyValue;
use super::code::{Code, FileInput, LoopPart, TextPiece};
use super::emitter::BicepEmitter;
use crate::stack::Resource;
use crate::value::Value;

/// Line breaks from which on a text is a file.
const LINES: usize = 3;

/// A body whose long texts are read from files.
pub(super) fn kept(emitter: &BicepEmitter<'_>, resource: &Resource, draft: BodyValue) -> BodyValue {
    draft.map(&|code| match &code {
        Code::Text(pieces) if lines(pieces) >= LINES => file(emitter, resource, pieces).unwrap_or(code),
        _ => code,
    })
}

fn lines(pieces: &[TextPiece]) -> usize {
    let of = |piece: &TextPiece| match piece {
        TextPiece::Literal(text) => text.matches('\n').count(),
        TextPiece::Code(_) => 0,
    };
    pieces.iter().map(of).sum()
}

/// A text as a file that is read, with its expressions filled in.
fn file(emitter: &BicepEmitter<'_>, resource: &Resource, pieces: &[TextPiece]) -> Option<Code> {
    let whole: String = pieces
        .iter()
        .map(|piece| match piece {
            TextPiece::Literal(text) => text.as_str(),
            TextPiece::Code(_) => "",
        })
        .collect();
    let mut names: Vec<(String, Code)> = Vec::new();
    let mut text = String::new();
    for piece in pieces {
        match piece {
            TextPiece::Literal(literal) => text += literal,
            TextPiece::Code(code) => {
                let known = names.iter().find(|(_, other)| other == code).map(|(name, _)| name.clone());
                let name = known.unwrap_or_else(|| {
                    let wanted = word(emitter, code);
                    let all = std::iter::once(wanted.clone()).chain((2_u32..).map(|at| format!("{wanted}{at}")));
                    let is_free = |name: &String| {
                        !whole.contains(&format!("${{{name}}}")) && names.iter().all(|(other, _)| other != name)
                    };
                    let name = all.into_iter().find(is_free).unwrap_or_default();
                    names.push((name.clone(), code.clone()));
                    name
                });
                text += &format!("${{{name}}}");
            }
        }
    }
    let ending = match whole.trim_start() {
        start if start.starts_with("#!") => "sh",
        start if start.starts_with("#cloud-config") => "yaml",
        start if start.starts_with(['{', '[']) => "json",
        start if start.starts_with("<powershell>") || start.contains("$env:") => "ps1",
        _ => "txt",
    };
    let base = resource.address.name();
    let label: String = base.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let mut read = emitter.read.borrow_mut();
    let first = format!("scripts/{label}.{ending}");
    let more = (2_u32..).map(|number| format!("scripts/{label}-{number}.{ending}"));
    let path = std::iter::once(first).chain(more).find(|path| read.get(path).is_none_or(|other| *other == text))?;
    read.insert(path.clone(), text);
    let loaded = Code::Call("loadTextContent", vec![Code::text(path)]);
    let fill = |code, (name, value): (String, Code)| {
        Code::Call("replace", vec![code, Code::text(format!("${{{name}}}")), as_text(emitter, value)])
    };
    Some(names.into_iter().fold(loaded, fill))
}

/// A value as a text, which `replace` takes.
fn as_text(emitter: &BicepEmitter<'_>, value: Code) -> Code {
    let is_number = |given: &FileInput| match given {
        FileInput::Variable(name) => {
            let variable = emitter.stack.variables.get(name.as_str());
            variable.is_some_and(|variable| matches!(variable.value.unmark().0, Value::Number(_) | Value::Bool(_)))
        }
        FileInput::Local(_) | FileInput::Active => true,
        FileInput::Site(_)
        | FileInput::Tags
        | FileInput::Secret(_)
        | FileInput::Operator(_)
        | FileInput::GroupName(_) => false,
    };
    let is_text = match &value {
        Code::Text(_) | Code::If(_) | Code::Each(_, LoopPart::Key) => true,
        Code::Input(given) => !is_number(given),
        Code::Call(name, _) => !matches!(*name, "length" | "int" | "min" | "max" | "indexOf"),
        code => code.read_of().is_some(),
    };
    if is_text { value } else { Code::Text(vec![TextPiece::Code(value)]) }
}

/// A name for an expression in a file.
fn word(emitter: &BicepEmitter<'_>, code: &Code) -> String {
    match code {
        Code::Input(given) => emitter.name_of(given),
        Code::Each(_, LoopPart::Key) => "key".to_owned(),
        Code::Each(_, LoopPart::Value) => "value".to_owned(),
        Code::Each(_, LoopPart::Column(name)) | Code::Bound(name) | Code::Get(_, name) => name.clone(),
        Code::Call(_, args) => args.first().map_or_else(|| "value".to_owned(), |first| word(emitter, first)),
        Code::Index(of, _) => word(emitter, of),
        _ => "value".to_owned(),
    }
}
