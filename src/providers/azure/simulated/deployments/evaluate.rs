//! Evaluation of template expressions: parameters, variables, loops and functions. Reads the simulated world only
//! through [`TemplateEnvironment`].

use std::cell::Cell;

use serde_json::{Map as JsonMap, Value as Json};

use super::expression::{Expression, TemplateString, parse, written};
use super::{functions, lambdas};

/// The maximum nesting of variables.
const DEEPEST: u32 = 32;

/// The limit of evaluation per template, in characters and nodes of all intermediate values. Variables that double each
/// other a few dozen times would otherwise exhaust the memory.
const MOST_WORK: usize = 64 * 1024 * 1024;

/// The reason why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::providers::azure::simulated) enum TemplateError {
    /// Invalid, with the reason.
    Wrong(String),
    /// It depends on a resource that does not exist yet.
    Later,
}

impl From<String> for TemplateError {
    fn from(why: String) -> Self {
        Self::Wrong(why)
    }
}

/// The functions that read from outside of the template.
pub(in crate::providers::azure::simulated) trait TemplateEnvironment {
    /// The result of a function (its name folded) that reads from outside of the template; `None` for any other
    /// function.
    fn answer(&self, function: &str, args: &[Json]) -> Option<Result<Json, TemplateError>>;
}

/// The scope of an evaluation.
#[derive(Clone)]
pub(in crate::providers::azure::simulated) struct Frame<'a> {
    /// The values of the parameters, by folded name.
    pub(in crate::providers::azure::simulated) parameters: &'a JsonMap<String, Json>,
    /// The variables, not evaluated.
    pub(in crate::providers::azure::simulated) variables: &'a JsonMap<String, Json>,
    /// The enclosing loops, outermost first: names and indexes.
    pub(in crate::providers::azure::simulated) turns: Vec<(String, i64)>,
    /// The functions of the template's own: their namespaces, as written.
    pub(in crate::providers::azure::simulated) functions: &'a [Json],
    /// The parameter whose default value is evaluated: only there, `newGuid` and `utcNow` have a value.
    pub(in crate::providers::azure::simulated) default_of: Option<&'a str>,
    /// The variables of lambdas.
    pub(in crate::providers::azure::simulated) bound: Vec<(String, Json)>,
    pub(in crate::providers::azure::simulated) surroundings: &'a dyn TemplateEnvironment,
    pub(in crate::providers::azure::simulated) depth: u32,
    /// Amount evaluated so far.
    pub(in crate::providers::azure::simulated) spent: &'a Cell<usize>,
}

impl<'a> Frame<'a> {
    /// The scope of one iteration of a loop.
    pub(in crate::providers::azure::simulated) fn turn(&self, name: &str, at: i64) -> Self {
        let mut inner = self.clone();
        inner.turns.push((name.to_owned(), at));
        inner
    }

    /// Evaluates a piece of a template, including nested values.
    pub(in crate::providers::azure::simulated) fn value(&self, written: &Json) -> Result<Json, TemplateError> {
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

    /// The same, but expressions that depend on resources not yet created stay as written.
    pub(in crate::providers::azure::simulated) fn value_so_far(&self, written: &Json) -> Result<Json, TemplateError> {
        match written {
            Json::Array(items) => {
                Ok(Json::Array(items.iter().map(|item| self.value_so_far(item)).collect::<Result<_, _>>()?))
            }
            Json::Object(map) if !map.get("copy").is_some_and(Json::is_array) => {
                let one = |(name, value): (&String, &Json)| Ok((self.key(name)?, self.value_so_far(value)?));
                Ok(Json::Object(map.iter().map(one).collect::<Result<_, TemplateError>>()?))
            }
            other => match self.value(other) {
                Err(TemplateError::Later) => Ok(other.clone()),
                known => known,
            },
        }
    }

    /// An expression that must evaluate to a string.
    pub(in crate::providers::azure::simulated) fn string(&self, written: &str) -> Result<String, TemplateError> {
        match self.text(written)? {
            Json::String(text) => Ok(text),
            other => Err(TemplateError::Wrong(format!("`{written}` must be a string, but is {other}"))),
        }
    }

    fn key(&self, name: &str) -> Result<String, TemplateError> {
        if name.starts_with('[') { self.string(name) } else { Ok(name.to_owned()) }
    }

    fn text(&self, text: &str) -> Result<Json, TemplateError> {
        match written(text) {
            TemplateString::Literal(text) => Ok(Json::from(text)),
            TemplateString::Expression(source) => self.evaluate(&parse(source)?),
        }
    }

    /// Arrays from property loops in an object.
    pub(in crate::providers::azure::simulated) fn lists(
        &self,
        loops: &[Json],
        into: &mut JsonMap<String, Json>,
    ) -> Result<(), TemplateError> {
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

    /// The number of iterations of a loop.
    pub(in crate::providers::azure::simulated) fn count(&self, written: &Json) -> Result<i64, TemplateError> {
        let count = self.value(written)?;
        let count = count.as_i64().filter(|count| (0..=800).contains(count));
        count.ok_or_else(|| TemplateError::Wrong(format!("the loop count `{written}` must be a number from 0 to 800")))
    }

    pub(in crate::providers::azure::simulated) fn evaluate(
        &self,
        expression: &Expression,
    ) -> Result<Json, TemplateError> {
        let value = self.evaluate_anew(expression)?;
        self.spent.set(self.spent.get().saturating_add(weight(&value)));
        if self.spent.get() > MOST_WORK {
            return Err(TemplateError::Wrong("the expressions of the template exceed the evaluation limit".to_owned()));
        }
        Ok(value)
    }

    fn evaluate_anew(&self, expression: &Expression) -> Result<Json, TemplateError> {
        match expression {
            Expression::Text(text) => Ok(Json::from(text.as_str())),
            Expression::Int(number) => Ok(Json::from(*number)),
            Expression::In(of, at) => {
                let (of, at) = (self.evaluate(of)?, self.evaluate(at)?);
                within(&of, &at)
                    .ok_or_else(|| TemplateError::Wrong(format!("there is no `{}` in {}", shown(&at), kind_of(&of))))
            }
            Expression::Call(name, args) => self.call(&name.to_ascii_lowercase(), name, args),
        }
    }

    fn call(&self, folded: &str, name: &str, args: &[Expression]) -> Result<Json, TemplateError> {
        match (folded, args) {
            ("if", [condition, yes, no]) => {
                self.evaluate(if functions::truth(&self.evaluate(condition)?)? { yes } else { no })
            }
            ("parameters", [name]) => {
                let name = functions::text(&self.evaluate(name)?)?;
                let value = self.parameters.get(&name.to_ascii_lowercase());
                value.cloned().ok_or_else(|| TemplateError::Wrong(format!("the template has no parameter `{name}`")))
            }
            ("variables", [name]) => self.variable(&functions::text(&self.evaluate(name)?)?),
            ("copyindex", args) => self.copy_index(args),
            ("lambdavariables", [name]) => {
                let name = functions::text(&self.evaluate(name)?)?;
                let found = self.bound.iter().rev().find(|(bound, _)| *bound == name);
                found
                    .map(|(_, value)| value.clone())
                    .ok_or_else(|| TemplateError::Wrong(format!("no lambda binds `{name}`")))
            }
            ("newguid" | "utcnow", args) => {
                let Some(parameter) = self.default_of else {
                    return Err(TemplateError::Wrong(format!(
                        "`{name}` is allowed in the default value of a parameter only"
                    )));
                };
                let args = std::iter::once(Ok(Json::from(parameter))).chain(args.iter().map(|arg| self.evaluate(arg)));
                let args: Vec<Json> = args.collect::<Result<_, _>>()?;
                self.surroundings.answer(folded, &args).unwrap_or(Err(TemplateError::Later))
            }
            (_, args) if folded.contains('.') => self.own(name, args),
            _ => {
                if let Some(answer) = lambdas::call(self, folded, args) {
                    return answer;
                }
                let args: Vec<Json> = args.iter().map(|arg| self.evaluate(arg)).collect::<Result<_, _>>()?;
                if let Some(answer) = self.surroundings.answer(folded, &args) {
                    return answer;
                }
                functions::call(folded, name, &args)
            }
        }
    }

    /// The result of a function of the template's own, which sees its parameters only.
    fn own(&self, name: &str, args: &[Expression]) -> Result<Json, TemplateError> {
        let wrong = |why: &str| TemplateError::Wrong(format!("the function `{name}` {why}"));
        let (namespace, member) = name.split_once('.').unwrap_or((name, ""));
        let is = |one: &&Json| one["namespace"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(namespace));
        let members = self.functions.iter().filter(is).filter_map(|one| one["members"].as_object()).flatten();
        let mut members = members.filter(|(own, _)| own.eq_ignore_ascii_case(member));
        let (_, function) = members.next().ok_or_else(|| wrong("does not exist"))?;
        let declared = function["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        if declared.len() != args.len() {
            return Err(wrong(&format!("takes {} arguments, not {}", declared.len(), args.len())));
        }
        if self.depth >= DEEPEST {
            return Err(wrong("refers to itself"));
        }
        let mut parameters = JsonMap::new();
        for (declaration, arg) in declared.iter().zip(args) {
            let parameter = declaration["name"].as_str().unwrap_or_default().to_ascii_lowercase();
            parameters.insert(parameter, self.evaluate(arg)?);
        }
        let none = JsonMap::new();
        let inner = Frame {
            parameters: &parameters,
            variables: &none,
            turns: Vec::new(),
            functions: self.functions,
            default_of: None,
            bound: Vec::new(),
            surroundings: self.surroundings,
            depth: self.depth + 1,
            spent: self.spent,
        };
        inner.value(&function["output"]["value"])
    }

    fn variable(&self, name: &str) -> Result<Json, TemplateError> {
        let written = self.variables.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        let inner = Self { depth: self.depth + 1, turns: Vec::new(), bound: Vec::new(), ..self.clone() };
        // A loop makes a variable as well.
        let looped = self.variables.get("copy").and_then(Json::as_array).into_iter().flatten();
        let mut looped = looped.filter(|one| one["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name)));
        if let (None, Some(one), false) = (written, looped.next(), inner.depth > DEEPEST) {
            let mut made = JsonMap::new();
            inner.lists(std::slice::from_ref(one), &mut made)?;
            return Ok(made.into_iter().next().map(|(_, list)| list).unwrap_or_default());
        }
        match written {
            Some(_) if inner.depth > DEEPEST => {
                Err(TemplateError::Wrong(format!("the variable `{name}` refers to itself")))
            }
            Some((_, written)) => inner.value(written),
            None => Err(TemplateError::Wrong(format!("the template has no variable `{name}`"))),
        }
    }

    fn copy_index(&self, args: &[Expression]) -> Result<Json, TemplateError> {
        let args: Vec<Json> = args.iter().map(|arg| self.evaluate(arg)).collect::<Result<_, _>>()?;
        let named = args.iter().find_map(Json::as_str);
        let turn = match named {
            Some(name) => self.turns.iter().rev().find(|(other, _)| other.eq_ignore_ascii_case(name)),
            None => self.turns.first(),
        };
        let (_, at) = turn.ok_or_else(|| TemplateError::Wrong("`copyIndex` is not in such a loop".to_owned()))?;
        Ok(Json::from(at + args.iter().find_map(Json::as_i64).unwrap_or(0)))
    }
}

/// The size of a value.
pub(in crate::providers::azure::simulated) fn weight(value: &Json) -> usize {
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

/// The property with this name, in any case, or the element at this index.
pub(in crate::providers::azure::simulated) fn within(of: &Json, at: &Json) -> Option<Json> {
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

/// A property name or index for messages.
fn shown(at: &Json) -> String {
    at.as_str().map_or_else(|| at.to_string(), str::to_owned)
}

/// The type of a value for messages. Values may be secret and are not shown.
pub(in crate::providers::azure::simulated) fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}
