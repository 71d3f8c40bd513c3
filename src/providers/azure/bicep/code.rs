//! Bicep as a tree of expressions, with the names of the stack.

use serde_json::Value as Json;

use crate::address::Address;

/// Input of a file: a parameter, or in `main.bicep` a variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum FileInput {
    /// A variable of the stack.
    Variable(String),
    /// A local of the stack.
    Local(String),
    /// The region of a site.
    Site(String),
    /// The tags of the stack.
    Tags,
    /// The switch for failover-only resources.
    Active,
    /// A secret in plain text in the stack, or computed in a way that Bicep cannot express, named after its use.
    Secret(String),
    /// An administrator name in plain text in the stack.
    Operator(String),
    /// The name of a resource group.
    GroupName(Address),
}

/// Number of a loop.
pub(super) type LoopId = usize;

/// Part of a loop's current entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LoopPart {
    Key,
    Value,
    /// A literal that differs between entries.
    Column(String),
}

/// Target of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ResourceRef {
    /// One resource.
    One(Address),
    /// The instance of a block with the current key of a loop.
    Same(Address, LoopId),
}

/// An object of a resource, or a child of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Symbol {
    /// The resource.
    pub which: ResourceRef,
    /// Index of the object.
    pub object: usize,
    /// Segments and names below the object; empty for the object itself.
    pub below: String,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TextPiece {
    Literal(String),
    Code(Code),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Code {
    Null,
    Bool(bool),
    Int(i64),
    /// A fraction, for which Bicep has no literal.
    Float(f64),
    Text(Vec<TextPiece>),
    List(Vec<ListItem>),
    Object(Vec<(String, Code)>),
    /// An object whose names are expressions, such as ids.
    Keyed(Vec<(Code, Code)>),
    Input(FileInput),
    Each(LoopId, LoopPart),
    /// A name that a lambda binds.
    Bound(String),
    Resource(Symbol),
    Get(Box<Code>, String),
    Index(Box<Code>, Box<Code>),
    /// A property that may be missing, and its default.
    Else(Box<Code>, String, Box<Code>),
    Call(&'static str, Vec<Code>),
    Method(Box<Code>, String, Vec<Code>),
    Lambda(Vec<String>, Box<Code>),
    Binary(&'static str, Box<[Code; 2]>),
    Not(Box<Code>),
    If(Box<[Code; 3]>),
}

/// An element of a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ListItem {
    One(Code),
    /// One for each entry of a loop.
    Each(LoopId, Code),
    /// Elements that exist only during a failover.
    Active(Vec<ListItem>),
}

impl Code {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(vec![TextPiece::Literal(text.into())])
    }

    /// A property; of an object literal, its value.
    #[must_use]
    pub fn get(self, name: &str) -> Self {
        if let Self::Object(entries) = &self
            && let Some((_, value)) = entries.iter().find(|(other, _)| other == name)
        {
            return value.clone();
        }
        Self::Get(Box::new(self), name.to_owned())
    }

    #[must_use]
    pub fn index(self, at: Self) -> Self {
        Self::Index(Box::new(self), Box::new(at))
    }

    /// Follows a path of a body: segments joined by dots, `name[0]` into a list.
    #[must_use]
    pub fn path(self, path: &str) -> Self {
        path.split('.').fold(self, |code, segment| match segment.split_once('[') {
            Some((name, at)) => match at.trim_end_matches(']').parse() {
                Ok(at) => code.get(name).index(Self::Int(at)),
                Err(_) => code.get(name),
            },
            None => code.get(segment),
        })
    }

    /// A value of JSON, as it is.
    pub fn json(value: &Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(bool) => Self::Bool(*bool),
            Json::Number(number) => match number.as_i64() {
                Some(int) => Self::Int(int),
                None => Self::Float(number.as_f64().unwrap_or_default()),
            },
            Json::String(text) => Self::text(text),
            Json::Array(items) => Self::List(items.iter().map(|item| ListItem::One(Self::json(item))).collect()),
            Json::Object(map) => {
                Self::Object(map.iter().map(|(name, value)| (name.clone(), Self::json(value))).collect())
            }
        }
    }

    /// The text, if it has no interpolation.
    pub fn literal(&self) -> Option<&str> {
        match self {
            Self::Text(pieces) => match pieces.as_slice() {
                [] => Some(""),
                [TextPiece::Literal(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// True if it depends on no input and can be replaced by its value.
    pub fn is_constant(&self) -> bool {
        !self.any(&|part| match part {
            Self::Input(_) | Self::Each(..) | Self::Resource(_) => true,
            Self::Call(name, _) => name.starts_with("load"),
            _ => false,
        })
    }

    /// True if it consists of literals alone.
    pub fn is_literal(&self) -> bool {
        let mut literal = true;
        self.visit(&mut |code| {
            literal &= matches!(
                code,
                Self::Null
                    | Self::Bool(_)
                    | Self::Int(_)
                    | Self::Float(_)
                    | Self::Text(_)
                    | Self::List(_)
                    | Self::Object(_)
            );
        });
        literal
    }

    /// The same with `f` applied to each direct part.
    #[must_use]
    fn children(self, f: &mut dyn FnMut(Self) -> Self) -> Self {
        match self {
            Self::Text(pieces) => Self::Text(joined(
                pieces
                    .into_iter()
                    .map(|piece| match piece {
                        TextPiece::Code(code) => TextPiece::Code(f(code)),
                        literal @ TextPiece::Literal(_) => literal,
                    })
                    .collect::<Vec<_>>(),
            )),
            Self::List(items) => Self::List(items.into_iter().map(|item| item.map(f)).collect()),
            Self::Object(entries) => Self::Object(entries.into_iter().map(|(name, code)| (name, f(code))).collect()),
            Self::Keyed(entries) => Self::Keyed(entries.into_iter().map(|(name, code)| (f(name), f(code))).collect()),
            Self::Get(of, name) => f(*of).get(&name),
            Self::Index(of, at) => Self::Index(Box::new(f(*of)), Box::new(f(*at))),
            Self::Else(of, name, other) => Self::Else(Box::new(f(*of)), name, Box::new(f(*other))),
            Self::Call(name, args) => Self::Call(name, args.into_iter().map(f).collect()),
            Self::Method(of, name, args) => Self::Method(Box::new(f(*of)), name, args.into_iter().map(f).collect()),
            Self::Lambda(names, body) => Self::Lambda(names, Box::new(f(*body))),
            Self::Binary(op, sides) => Self::Binary(op, Box::new(sides.map(f))),
            Self::Not(of) => Self::Not(Box::new(f(*of))),
            Self::If(parts) => Self::If(Box::new(parts.map(f))),
            leaf @ (Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Input(_)
            | Self::Each(..)
            | Self::Bound(_)
            | Self::Resource(_)) => leaf,
        }
    }

    /// The same with `f` applied to every part, from the leaves up.
    #[must_use]
    pub fn map(self, f: &dyn Fn(Self) -> Self) -> Self {
        f(self.children(&mut |code| code.map(f)))
    }

    /// The same with the outermost parts replaced for which `f` returns something.
    #[must_use]
    pub fn replace(self, f: &mut dyn FnMut(&Self) -> Option<Self>) -> Self {
        match f(&self) {
            Some(other) => other,
            None => self.children(&mut |code| code.replace(f)),
        }
    }

    /// Resource whose property is read.
    pub fn read_of(&self) -> Option<&Symbol> {
        match self {
            Self::Resource(symbol) => Some(symbol),
            Self::Get(of, _) | Self::Index(of, _) | Self::Method(of, ..) => of.read_of(),
            _ => None,
        }
    }

    /// Calls `f` with it and all its parts.
    pub fn visit(&self, f: &mut dyn FnMut(&Self)) {
        f(self);
        match self {
            Self::Text(pieces) => pieces.iter().for_each(|piece| {
                if let TextPiece::Code(code) = piece {
                    code.visit(f);
                }
            }),
            Self::List(items) => items.iter().for_each(|item| item.visit(f)),
            Self::Object(entries) => entries.iter().for_each(|(_, code)| code.visit(f)),
            Self::Keyed(entries) => entries.iter().for_each(|(name, code)| {
                name.visit(f);
                code.visit(f);
            }),
            Self::Get(of, _) | Self::Lambda(_, of) | Self::Not(of) => of.visit(f),
            Self::Index(of, at) | Self::Else(of, _, at) => {
                of.visit(f);
                at.visit(f);
            }
            Self::Call(_, args) => args.iter().for_each(|arg| arg.visit(f)),
            Self::Method(of, _, args) => {
                of.visit(f);
                args.iter().for_each(|arg| arg.visit(f));
            }
            Self::Binary(_, sides) => sides.iter().for_each(|side| side.visit(f)),
            Self::If(parts) => parts.iter().for_each(|part| part.visit(f)),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Input(_)
            | Self::Each(..)
            | Self::Bound(_)
            | Self::Resource(_) => {}
        }
    }

    /// True if `is` holds for any part.
    pub fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |code| found |= is(code));
        found
    }
}

impl ListItem {
    fn map(self, f: &mut dyn FnMut(Code) -> Code) -> Self {
        match self {
            Self::One(code) => Self::One(f(code)),
            Self::Each(of, code) => Self::Each(of, f(code)),
            Self::Active(items) => Self::Active(items.into_iter().map(|item| item.map(f)).collect()),
        }
    }

    fn visit(&self, f: &mut dyn FnMut(&Code)) {
        match self {
            Self::One(code) | Self::Each(_, code) => code.visit(f),
            Self::Active(items) => items.iter().for_each(|item| item.visit(f)),
        }
    }
}

/// Pieces with adjacent literals joined and nested texts flattened.
pub(super) fn joined(pieces: impl IntoIterator<Item = TextPiece>) -> Vec<TextPiece> {
    let mut out: Vec<TextPiece> = Vec::new();
    for piece in pieces {
        match (piece, out.last_mut()) {
            (TextPiece::Code(Code::Text(inner)), _) => {
                let all = std::mem::take(&mut out);
                out = joined(all.into_iter().chain(inner));
            }
            (TextPiece::Literal(text), Some(TextPiece::Literal(last))) => last.push_str(&text),
            (TextPiece::Literal(text), _) if text.is_empty() => {}
            (piece, _) => out.push(piece),
        }
    }
    out
}
