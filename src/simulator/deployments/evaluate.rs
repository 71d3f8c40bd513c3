//! What the expressions of a template are worth: parameters, variables, loops, and what a function gives. Knows of the world only what [`Surroundings`] tells.

use std::cell::Cell;

use serde_json::{Map as JsonMap, Value as Json};

use super::expression::{Expression, Written, parse, written};
use super::functions;

/// How deep variables may stand in each other.
const DEEPEST: u32 = 32;

/// How much may be evaluated in one template, as characters and nodes of all values that come up: variables that are made of each other twice, a few dozen times,
/// would otherwise fill any machine.
const MOST_WORK: usize = 64 * 1024 * 1024;

/// Why something has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// It is wrong, and why.
    Wrong(String),
    /// It asks for what stands only once other resources do.
    Later,
}

impl From<String> for Miss {
    fn from(why: String) -> Self {
        Self::Wrong(why)
    }
}

/// What expressions ask of the world around the template.
pub(super) trait Surroundings {
    /// The answer of a function (its name folded) that asks for something outside of the template; `None` where it is no such function.
    fn answer(&self, function: &str, args: &[Json]) -> Option<Result<Json, Miss>>;
}

/// Where expressions are evaluated.
#[derive(Clone)]
pub(super) struct Frame<'a> {
    /// The values of the parameters, by folded name.
    pub(super) parameters: &'a JsonMap<String, Json>,
    /// The variables as they are written.
    pub(super) variables: &'a JsonMap<String, Json>,
    /// The loops around, outermost first: their names and turns.
    pub(super) turns: Vec<(String, i64)>,
    /// The variables of lambdas.
    pub(super) bound: Vec<(String, Json)>,
    pub(super) surroundings: &'a dyn Surroundings,
    pub(super) depth: u32,
    /// How much was evaluated so far.
    pub(super) spent: &'a Cell<usize>,
}

impl<'a> Frame<'a> {
    /// The same in one turn of a loop.
    pub(super) fn turn(&self, name: &str, at: i64) -> Self {
        let mut inner = self.clone();
        inner.turns.push((name.to_owned(), at));
        inner
    }

    /// What a piece of a template is worth, with everything in it.
    pub(super) fn value(&self, written: &Json) -> Result<Json, Miss> {
        match written {
            Json::String(text) => self.text(text),
            Json::Array(items) => Ok(Json::Array(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?)),
            Json::Object(map) => {
                let mut values = JsonMap::new();
                for (name, value) in map {
                    match value.as_array().filter(|loops| name == "copy" && loops.iter().all(is_loop)) {
                        Some(loops) => self.lists(loops, &mut values)?,
                        None => drop(values.insert(self.key(name)?, self.value(value)?)),
                    }
                }
                Ok(Json::Object(values))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => Ok(written.clone()),
        }
    }

    /// The same, with expressions left as they are written that wait for other resources.
    pub(super) fn value_so_far(&self, written: &Json) -> Result<Json, Miss> {
        match written {
            Json::Array(items) => {
                Ok(Json::Array(items.iter().map(|item| self.value_so_far(item)).collect::<Result<_, _>>()?))
            }
            Json::Object(map) if !map.get("copy").is_some_and(Json::is_array) => {
                let one = |(name, value): (&String, &Json)| Ok((self.key(name)?, self.value_so_far(value)?));
                Ok(Json::Object(map.iter().map(one).collect::<Result<_, Miss>>()?))
            }
            other => match self.value(other) {
                Err(Miss::Later) => Ok(other.clone()),
                known => known,
            },
        }
    }

    /// A text that must be one.
    pub(super) fn string(&self, written: &str) -> Result<String, Miss> {
        match self.text(written)? {
            Json::String(text) => Ok(text),
            other => Err(Miss::Wrong(format!("`{written}` is {other}, and should be a text"))),
        }
    }

    fn key(&self, name: &str) -> Result<String, Miss> {
        if name.starts_with('[') { self.string(name) } else { Ok(name.to_owned()) }
    }

    fn text(&self, text: &str) -> Result<Json, Miss> {
        match written(text) {
            Written::Literal(text) => Ok(Json::from(text)),
            Written::Expression(source) => self.evaluate(&parse(source)?),
        }
    }

    /// Lists that loops make in an object.
    fn lists(&self, loops: &[Json], into: &mut JsonMap<String, Json>) -> Result<(), Miss> {
        for written in loops {
            let (Some(name), Some(count), Some(input)) =
                (written.get("name").and_then(Json::as_str), written.get("count"), written.get("input"))
            else {
                continue;
            };
            let count = self.count(count)?;
            let turns = (0..count).map(|at| self.turn(name, at).value(input));
            into.insert(name.to_owned(), Json::Array(turns.collect::<Result<_, _>>()?));
        }
        Ok(())
    }

    /// How many turns a loop has.
    pub(super) fn count(&self, written: &Json) -> Result<i64, Miss> {
        let count = self.value(written)?;
        let count = count.as_i64().filter(|count| (0..=800).contains(count));
        count.ok_or_else(|| Miss::Wrong(format!("the count `{written}` of a loop is no number from 0 to 800")))
    }

    pub(super) fn evaluate(&self, expression: &Expression) -> Result<Json, Miss> {
        let value = self.evaluate_anew(expression)?;
        self.spent.set(self.spent.get().saturating_add(weight(&value)));
        if self.spent.get() > MOST_WORK {
            return Err(Miss::Wrong("the expressions of the template come to more than can be evaluated".to_owned()));
        }
        Ok(value)
    }

    fn evaluate_anew(&self, expression: &Expression) -> Result<Json, Miss> {
        match expression {
            Expression::Text(text) => Ok(Json::from(text.as_str())),
            Expression::Int(number) => Ok(Json::from(*number)),
            Expression::In(of, at) => {
                let (of, at) = (self.evaluate(of)?, self.evaluate(at)?);
                within(&of, &at).ok_or_else(|| Miss::Wrong(format!("there is no `{}` in {}", shown(&at), kind_of(&of))))
            }
            Expression::Call(name, args) => self.call(&name.to_ascii_lowercase(), name, args),
        }
    }

    fn call(&self, folded: &str, name: &str, args: &[Expression]) -> Result<Json, Miss> {
        match (folded, args) {
            ("if", [condition, yes, no]) => {
                self.evaluate(if functions::truth(&self.evaluate(condition)?)? { yes } else { no })
            }
            ("parameters", [name]) => {
                let name = functions::text(&self.evaluate(name)?)?;
                let value = self.parameters.get(&name.to_ascii_lowercase());
                value.cloned().ok_or_else(|| Miss::Wrong(format!("the template has no parameter `{name}`")))
            }
            ("variables", [name]) => self.variable(&functions::text(&self.evaluate(name)?)?),
            ("copyindex", args) => self.copy_index(args),
            ("lambdavariables", [name]) => {
                let name = functions::text(&self.evaluate(name)?)?;
                let found = self.bound.iter().rev().find(|(bound, _)| *bound == name);
                found.map(|(_, value)| value.clone()).ok_or_else(|| Miss::Wrong(format!("no lambda binds `{name}`")))
            }
            ("map" | "filter", [list, Expression::Call(lambda, of)]) if lambda.eq_ignore_ascii_case("lambda") => {
                let (Json::Array(items), [Expression::Text(name), body]) = (self.evaluate(list)?, &of[..]) else {
                    return Err(Miss::Wrong(format!("`{name}` takes a list and a lambda of one name")));
                };
                let mut made = Vec::new();
                for item in items {
                    let mut inner = self.clone();
                    inner.bound.push((name.clone(), item.clone()));
                    let value = inner.evaluate(body)?;
                    match folded {
                        "map" => made.push(value),
                        _ if functions::truth(&value)? => made.push(item),
                        _ => {}
                    }
                }
                Ok(Json::Array(made))
            }
            _ => {
                let args: Vec<Json> = args.iter().map(|arg| self.evaluate(arg)).collect::<Result<_, _>>()?;
                if let Some(answer) = self.surroundings.answer(folded, &args) {
                    return answer;
                }
                functions::call(folded, name, &args)
            }
        }
    }

    fn variable(&self, name: &str) -> Result<Json, Miss> {
        let written = self.variables.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        let inner = Self { depth: self.depth + 1, turns: Vec::new(), bound: Vec::new(), ..self.clone() };
        match written {
            Some(_) if inner.depth > DEEPEST => Err(Miss::Wrong(format!("the variable `{name}` leads back to itself"))),
            Some((_, written)) => inner.value(written),
            None => Err(Miss::Wrong(format!("the template has no variable `{name}`"))),
        }
    }

    fn copy_index(&self, args: &[Expression]) -> Result<Json, Miss> {
        let args: Vec<Json> = args.iter().map(|arg| self.evaluate(arg)).collect::<Result<_, _>>()?;
        let named = args.iter().find_map(Json::as_str);
        let turn = match named {
            Some(name) => self.turns.iter().rev().find(|(other, _)| other.eq_ignore_ascii_case(name)),
            None => self.turns.first(),
        };
        let (_, at) = turn.ok_or_else(|| Miss::Wrong("`copyIndex` stands in no such loop".to_owned()))?;
        Ok(Json::from(at + args.iter().find_map(Json::as_i64).unwrap_or(0)))
    }
}

/// How large a value is.
fn weight(value: &Json) -> usize {
    match value {
        Json::String(text) => 1 + text.len(),
        Json::Array(items) => items.iter().map(weight).sum::<usize>() + 1,
        Json::Object(map) => map.iter().map(|(name, value)| name.len() + weight(value)).sum::<usize>() + 1,
        Json::Null | Json::Bool(_) | Json::Number(_) => 1,
    }
}

fn is_loop(written: &Json) -> bool {
    written.get("input").is_some()
}

/// What stands in a value under a name, in any case, or at a place.
pub(super) fn within(of: &Json, at: &Json) -> Option<Json> {
    match (of, at) {
        (Json::Object(map), Json::String(name)) => {
            let found = map.get(name).or_else(|| {
                let mut others = map.iter();
                others.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            });
            found.cloned()
        }
        (Json::Array(items), Json::Number(at)) => items.get(usize::try_from(at.as_u64()?).ok()?).cloned(),
        _ => None,
    }
}

/// A name or place as a message shows it.
fn shown(at: &Json) -> String {
    at.as_str().map_or_else(|| at.to_string(), str::to_owned)
}

/// What kind of value it is. Values may be secret, and are not shown.
pub(super) fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a truth value",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
