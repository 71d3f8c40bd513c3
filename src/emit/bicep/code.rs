//! Bicep as a tree: expressions in which names are still those of the stack.

use serde_json::Value as Json;

use crate::address::Address;

/// What is given to a file from outside: a parameter, or in `main.bicep` a variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Given {
    /// A variable of the stack.
    Variable(String),
    /// A local of the stack.
    Local(String),
    /// The region of a site.
    Site(String),
    /// The tags of the stack.
    Tags,
    /// Whether what stands only during a failover does.
    Active,
    /// A secret that the stack writes in clear, or makes of others in a way that Bicep cannot: by what it is for.
    Secret(String),
    /// A name that a person signs in with, which the stack writes in clear.
    Operator(String),
    /// The name of a resource group.
    GroupName(Address),
}

/// What a loop goes through, by its number.
pub(super) type LoopId = usize;

/// A part of what a loop is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Key,
    Value,
    /// What differs from one to the next and is nothing but itself.
    Column(String),
}

/// A resource that is referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Which {
    /// One.
    One(Address),
    /// That of a block which has the key that a loop is at.
    Same(Address, LoopId),
}

/// An object of a resource, or one that is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Symbol {
    /// The resource.
    pub which: Which,
    /// Which of its objects.
    pub object: usize,
    /// Segments and names below the object; empty: itself.
    pub below: String,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Literal(String),
    Code(Code),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Code {
    Null,
    Bool(bool),
    Int(i64),
    /// A number that is not whole, which Bicep has no literal for.
    Float(f64),
    Text(Vec<Piece>),
    List(Vec<Item>),
    Object(Vec<(String, Code)>),
    Given(Given),
    Each(LoopId, Part),
    /// A name that a lambda binds.
    Bound(String),
    Resource(Symbol),
    Get(Box<Code>, String),
    Index(Box<Code>, Box<Code>),
    /// A value that may not be there, and what it is then.
    Else(Box<Code>, String, Box<Code>),
    Call(&'static str, Vec<Code>),
    Method(Box<Code>, String, Vec<Code>),
    Lambda(Vec<String>, Box<Code>),
    Binary(&'static str, Box<[Code; 2]>),
    Not(Box<Code>),
    If(Box<[Code; 3]>),
}

/// What stands in a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    One(Code),
    /// One for each that a loop goes through.
    Each(LoopId, Code),
    /// These, while the failover is on.
    Active(Vec<Item>),
}

impl Code {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(vec![Piece::Literal(text.into())])
    }

    /// A property; of an object that is written out, what it is there.
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
            Json::Array(items) => Self::List(items.iter().map(|item| Item::One(Self::json(item))).collect()),
            Json::Object(map) => {
                Self::Object(map.iter().map(|(name, value)| (name.clone(), Self::json(value))).collect())
            }
        }
    }

    /// The text, where it is one without anything put in.
    pub fn literal(&self) -> Option<&str> {
        match self {
            Self::Text(pieces) => match pieces.as_slice() {
                [] => Some(""),
                [Piece::Literal(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it hangs on nothing: what it is worth says as much.
    pub fn is_constant(&self) -> bool {
        !self.any(&|part| match part {
            Self::Given(_) | Self::Each(..) | Self::Resource(_) => true,
            Self::Call(name, _) => name.starts_with("load"),
            _ => false,
        })
    }

    /// Whether it is nothing but values that are written out.
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

    /// The same with each part directly below replaced by what `f` makes of it.
    #[must_use]
    fn children(self, f: &mut dyn FnMut(Self) -> Self) -> Self {
        match self {
            Self::Text(pieces) => Self::Text(joined(
                pieces
                    .into_iter()
                    .map(|piece| match piece {
                        Piece::Code(code) => Piece::Code(f(code)),
                        literal @ Piece::Literal(_) => literal,
                    })
                    .collect::<Vec<_>>(),
            )),
            Self::List(items) => Self::List(items.into_iter().map(|item| item.map(f)).collect()),
            Self::Object(entries) => Self::Object(entries.into_iter().map(|(name, code)| (name, f(code))).collect()),
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
            | Self::Given(_)
            | Self::Each(..)
            | Self::Bound(_)
            | Self::Resource(_)) => leaf,
        }
    }

    /// The same with every part replaced, from the ground up, by what `f` makes of it.
    #[must_use]
    pub fn map(self, f: &dyn Fn(Self) -> Self) -> Self {
        f(self.children(&mut |code| code.map(f)))
    }

    /// The same with the outermost parts replaced for which `f` has something.
    #[must_use]
    pub fn replace(self, f: &mut dyn FnMut(&Self) -> Option<Self>) -> Self {
        match f(&self) {
            Some(other) => other,
            None => self.children(&mut |code| code.replace(f)),
        }
    }

    /// The resource that a property is read of.
    pub fn read_of(&self) -> Option<&Symbol> {
        match self {
            Self::Resource(symbol) => Some(symbol),
            Self::Get(of, _) | Self::Index(of, _) | Self::Method(of, ..) => of.read_of(),
            _ => None,
        }
    }

    /// Calls `f` with it and with everything in it.
    pub fn visit(&self, f: &mut dyn FnMut(&Self)) {
        f(self);
        match self {
            Self::Text(pieces) => pieces.iter().for_each(|piece| {
                if let Piece::Code(code) = piece {
                    code.visit(f);
                }
            }),
            Self::List(items) => items.iter().for_each(|item| item.visit(f)),
            Self::Object(entries) => entries.iter().for_each(|(_, code)| code.visit(f)),
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
            | Self::Given(_)
            | Self::Each(..)
            | Self::Bound(_)
            | Self::Resource(_) => {}
        }
    }

    /// Whether any part is such a one.
    pub fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |code| found |= is(code));
        found
    }
}

impl Item {
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

/// Pieces with literals beside each other made one, and texts in texts taken apart.
pub(super) fn joined(pieces: impl IntoIterator<Item = Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (piece, out.last_mut()) {
            (Piece::Code(Code::Text(inner)), _) => {
                let all = std::mem::take(&mut out);
                out = joined(all.into_iter().chain(inner));
            }
            (Piece::Literal(text), Some(Piece::Literal(last))) => last.push_str(&text),
            (Piece::Literal(text), _) if text.is_empty() => {}
            (piece, _) => out.push(piece),
        }
    }
    out
}
