//! `format` and `formatlist`.

use crate::hcl::eval::{Budget, ELEMENT_WORK, MAX_ELEMENTS, to_bool, to_number, to_text};
use crate::value::{Number, Value};

use super::encoding::write_json;
use super::{Function, FunctionError, ParamType, costly, grow, param, pure, text};

pub(super) const FUNCTIONS: &[Function] = &[
    pure(
        "format",
        &[FORMAT],
        |args| format(text(args, 0), args.get(1..).unwrap_or_default()).map(Value::from),
        "The text with its verbs (`%s`, `%d`, `%v`…) filled in.",
    )
    .and_more(param("values", ParamType::Known)),
    costly("formatlist", &[FORMAT], formatlist, "The text, filled in once for each position of the lists.")
        .and_more(param("values", ParamType::Known)),
];

const FORMAT: super::Param = param("format", ParamType::Text);
/// The widest a verb may be.
const MAX_WIDTH: usize = 1024;

/// `%[flags][width][.precision][[index]]verb`.
#[derive(Default)]
struct FormatSpec {
    plus: bool,
    minus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
    /// The position of the value, from one, where it is written.
    index: Option<usize>,
    mode: char,
}

fn formatlist(args: &[Value], budget: &Budget) -> Result<Value, FunctionError> {
    let values = args.get(1..).unwrap_or_default();
    let lengths = values.iter().enumerate().filter_map(|(at, value)| match value {
        Value::List(items) => Some((at, items.len())),
        _ => None,
    });
    let mut length = None;
    for (at, found) in lengths {
        match length {
            Some(known) if known != found => {
                return Err(FunctionError::arg(
                    at + 1,
                    format!("this list has {found} elements, and one before it {known}"),
                ));
            }
            _ => length = Some(found),
        }
    }
    let mut left = crate::hcl::eval::MAX_STRING_BYTES;
    let mut out = Vec::new();
    for at in 0..length.unwrap_or(1).min(MAX_ELEMENTS) {
        let row: Vec<Value> = values
            .iter()
            .map(|value| match value {
                Value::List(items) => items.get(at).cloned().unwrap_or(Value::Null),
                single => single.clone(),
            })
            .collect();
        budget.charge(row.len() * ELEMENT_WORK + text(args, 0).len())?;
        let line = format(text(args, 0), &row)?;
        left = left.checked_sub(line.len()).ok_or_else(FunctionError::too_large)?;
        out.push(line.into());
    }
    Ok(out.into())
}

fn format(template: &str, values: &[Value]) -> Result<String, FunctionError> {
    let mut out = String::new();
    let mut rest = template;
    let mut next = 0;
    let mut used = 0;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        grow(&mut out, before)?;
        let (verb, after) = read_verb(from)?;
        rest = after;
        if verb.mode == '%' {
            grow(&mut out, "%")?;
            continue;
        }
        let position = verb.index.map_or(next, |index| index - 1);
        next = position + 1;
        used = used.max(next);
        let value = values.get(position).ok_or_else(|| {
            FunctionError::arg(
                0,
                format!("the verb `%{}` asks for value {}, and there are {}", verb.mode, position + 1, values.len()),
            )
        })?;
        grow(&mut out, &verb.fill(value, position + 1)?)?;
    }
    grow(&mut out, rest)?;
    if used < values.len() {
        return Err(FunctionError::arg(used + 1, format!("the text has {used} verbs, so this value is not used")));
    }
    Ok(out)
}

/// Reads a verb from its `%`, and gives what comes after.
fn read_verb(from: &str) -> Result<(FormatSpec, &str), FunctionError> {
    let mut verb = FormatSpec::default();
    let mut chars = from.chars();
    chars.next();
    let digits = |chars: &mut std::str::Chars<'_>| {
        let rest = chars.as_str();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        *chars = after.chars();
        number.parse::<usize>().ok()
    };
    loop {
        let before = chars.clone();
        match chars.next() {
            Some('+') => verb.plus = true,
            Some('-') => verb.minus = true,
            Some(' ') => verb.space = true,
            Some('0') => verb.zero = true,
            Some('#') => verb.sharp = true,
            _ => {
                chars = before;
                break;
            }
        }
    }
    verb.width = digits(&mut chars).unwrap_or_default();
    if chars.as_str().starts_with('.') {
        chars.next();
        verb.precision = Some(digits(&mut chars).unwrap_or_default());
    }
    if chars.as_str().starts_with('[') {
        chars.next();
        verb.index = digits(&mut chars).filter(|index| *index > 0);
        if verb.index.is_none() || chars.next() != Some(']') {
            return Err(FunctionError::arg(
                0,
                "after `[` in a verb there must be the number of a value, from 1, and `]`",
            ));
        }
    }
    if verb.width.max(verb.precision.unwrap_or_default()) > MAX_WIDTH {
        return Err(FunctionError::arg(0, format!("the maximum width of a verb is {MAX_WIDTH} characters")));
    }
    verb.mode = chars
        .next()
        .ok_or_else(|| FunctionError::arg(0, "unfinished verb at the end").help("Write `%%` for a percent sign."))?;
    Ok((verb, chars.as_str()))
}

impl FormatSpec {
    fn fill(&self, value: &Value, arg: usize) -> Result<String, FunctionError> {
        let wrong = |wanted: &str| {
            FunctionError::arg(arg, format!("`%{}` needs {wanted}, and this is {}", self.mode, value.type_name()))
        };
        let number = || to_number(value).map_err(|_| wrong("a number"));
        let text = match self.mode {
            'v' if self.sharp => json(value)?,
            'v' => match value {
                Value::String(text) => text.to_string(),
                Value::Number(number) => shortest(number.as_f64(), 'e'),
                other => json(other)?,
            },
            't' => return to_bool(value).map(|bool| bool.to_string()).map_err(|_| wrong("a bool")),
            's' | 'q' => {
                let text = to_text(value).map_err(|_| wrong("a string"))?;
                let kept: String = match self.precision {
                    Some(precision) => text.chars().take(precision).collect(),
                    None => text.to_string(),
                };
                if self.mode == 'q' { json(&kept.into())? } else { kept }
            }
            'd' | 'b' | 'o' | 'x' | 'X' => return self.integer(number()?).ok_or_else(|| wrong("a whole number")),
            'e' | 'E' | 'f' | 'g' | 'G' => return Ok(self.float(number()?.as_f64())),
            other => {
                return Err(FunctionError::arg(0, format!("unknown verb `%{other}`"))
                    .help("Supported: %v, %#v, %t, %s, %q, %d, %b, %o, %x, %X, %e, %f, %g; `%%` is a percent sign."));
            }
        };
        Ok(self.pad("", &text, matches!(value, Value::Number(_))))
    }

    fn integer(&self, number: Number) -> Option<String> {
        let int = number.as_i64()?;
        let size = int.unsigned_abs();
        let digits = match self.mode {
            'b' => format!("{size:b}"),
            'o' => format!("{size:o}"),
            'x' => format!("{size:x}"),
            'X' => format!("{size:X}"),
            _ => size.to_string(),
        };
        Some(self.pad(self.sign(int < 0), &digits, true))
    }

    fn float(&self, float: f64) -> String {
        let size = float.abs();
        let digits = match (self.mode, self.precision) {
            ('f', precision) => format!("{size:.*}", precision.unwrap_or(6)),
            ('e' | 'E', precision) => exponent(&format!("{size:.*e}", precision.unwrap_or(6)), self.mode),
            ('G', None) => shortest(size, 'E'),
            (_, None) => shortest(size, 'e'),
            (mode, Some(precision)) => general(size, precision.max(1), if mode == 'G' { 'E' } else { 'e' }),
        };
        self.pad(self.sign(float < 0.0), &digits, true)
    }

    fn sign(&self, negative: bool) -> &'static str {
        match () {
            () if negative => "-",
            () if self.plus => "+",
            () if self.space => " ",
            () => "",
        }
    }

    fn pad(&self, sign: &str, text: &str, number: bool) -> String {
        let missing = self.width.saturating_sub(sign.len() + text.chars().count());
        if self.minus {
            format!("{sign}{text}{}", " ".repeat(missing))
        } else if self.zero && number {
            format!("{sign}{}{text}", "0".repeat(missing))
        } else {
            format!("{}{sign}{text}", if self.zero { "0" } else { " " }.repeat(missing))
        }
    }
}

fn json(value: &Value) -> Result<String, FunctionError> {
    let mut out = String::new();
    write_json(value, &mut out)?;
    Ok(out)
}

/// `1.5e3` as Go writes exponents: with a sign and two digits at least.
fn exponent(text: &str, mark: char) -> String {
    let (digits, power) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, power) = match power.strip_prefix('-') {
        Some(power) => ('-', power),
        None => ('+', power),
    };
    format!("{digits}{mark}{sign}{power:0>2}")
}

/// The fewest digits that say the number, with an exponent from a million on and where it is very small.
fn shortest(float: f64, mark: char) -> String {
    let scientific = format!("{float:e}");
    let power: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    if (-4..6).contains(&power) { float.to_string() } else { exponent(&scientific, mark) }
}

/// So many significant digits, without zeros at the end.
fn general(float: f64, precision: usize, mark: char) -> String {
    let scientific = format!("{float:.*e}", precision - 1);
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let trimmed = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    if power < -4 || usize::try_from(power).is_ok_and(|power| power >= precision) {
        exponent(&format!("{}e{power}", trimmed(digits)), mark)
    } else {
        let decimals = usize::try_from(i64::try_from(precision).unwrap_or(1) - 1 - i64::from(power)).unwrap_or(0);
        trimmed(&format!("{float:.decimals$}"))
    }
}
