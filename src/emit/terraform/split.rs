//! Parts of one object that the Terraform provider has as resources of their own: settings of a bucket, an address of a
//! machine, subnets of a route table.

use super::nested;
use super::resource::ResourceWriter;
use crate::emit::Limitation;
use crate::hcl::ast::{Expr, ExprKind, HclBlock};
use crate::hcl::quoted;
use crate::kinds::emit::{SplitResource, literal};
use crate::kinds::{Arg, Ty};

/// An element for which there is a resource.
enum Element<'b> {
    /// There is one resource for all.
    Whole,
    /// The text of an element of a list.
    Text(String),
    /// A block.
    Block(&'b HclBlock, bool),
}

impl ResourceWriter<'_, '_> {
    /// The further resources, each after an empty line.
    pub(super) fn splits(&self) -> String {
        self.of.splits.iter().map(|split| self.split(split)).collect()
    }

    fn is_written(&self, name: &str) -> bool {
        self.merged.attribute(name).is_some() || self.merged.blocks.iter().any(|(one, _)| &*one.ident.text == name)
    }

    fn split(&self, split: &SplitResource) -> String {
        if !split.of.is_empty() && !split.of.iter().all(|name| self.is_written(name)) {
            return String::new();
        }
        let Some(arg) = self.kind.arg(split.each) else { return self.one(split, "", &[], &Element::Whole) };
        if matches!(arg.ty, Ty::Block(_)) {
            let own = self.merged.blocks.iter().filter(|(block, _)| *arg.name == *block.ident.text);
            let text = |(at, (block, mirrored)): (usize, &(HclBlock, bool))| {
                self.one(split, &format!("_{}", at + 1), &[], &Element::Block(block, *mirrored))
            };
            return own.enumerate().map(text).collect();
        }
        let Some(written) = self.merged.attribute(arg.name) else { return String::new() };
        if let ExprKind::List(items) = &written.expr.kind {
            let text = |(at, item): (usize, &Expr)| {
                self.one(split, &format!("_{}", at + 1), &[], &Element::Text(self.element(arg, item)))
            };
            return items.iter().enumerate().map(text).collect();
        }
        if !self.repeats().is_empty() {
            self.emitter.lost.borrow_mut().push(Limitation {
                what: format!("{}.{}", self.block, arg.name),
                why: format!(
                    "a list that an expression makes needs a `{}_{}` for each element and instance; write them by hand",
                    self.kind.terraform_provider(),
                    split.resource
                ),
            });
            return String::new();
        }
        let all = self.element(arg, &written.expr);
        let each = format!("for_each = {{ for at, one in {all} : at => one }}");
        self.one(split, "", &[each, String::new()], &Element::Text("each.value".to_owned()))
    }

    /// The text of an element of a list, or of the whole list.
    fn element(&self, arg: &Arg, expr: &Expr) -> String {
        match arg.ty {
            Ty::Ref(_) | Ty::List(Ty::Ref(_)) | Ty::Set(Ty::Ref(_)) => {
                self.scope().reference(expr, self.of.referred(arg.name, arg))
            }
            _ => self.scope().expr(expr),
        }
    }

    /// One resource: the lines of its text of which all values are there.
    fn one(&self, split: &SplitResource, more: &str, each: &[String], element: &Element<'_>) -> String {
        let mut lines = self.meta();
        lines.extend(each.iter().cloned());
        lines.extend(split.text.lines().filter_map(|line| self.filled_line(line.trim(), element)));
        if let Some((argument, word)) = split.blocks {
            let table = self.kind.arg(argument);
            for (block, mirrored) in self.merged.blocks.iter().filter(|(one, _)| &*one.ident.text == argument) {
                let inner =
                    table.and_then(|arg| self.inner(arg, block, (argument, argument, *mirrored), &self.scope()));
                let inner = inner.map(|inner| nested::NestedBlock { word: word.to_owned(), ..inner });
                lines.extend(nested::written(inner.into_iter().collect(), false));
            }
        }
        let type_ = format!("{}_{}", self.kind.terraform_provider(), split.resource);
        let label = format!("{}{more}", self.emitter.beside(self.block));
        format!("\n{}", nested::block(&format!("resource \"{type_}\" \"{label}\""), &lines))
    }

    /// A line with the values in it. `None` where one of them is not there.
    fn filled_line(&self, line: &str, element: &Element<'_>) -> Option<String> {
        let mut out = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("{") {
            let Some((word, after)) = after.split_once('}') else { break };
            out += before;
            out += &self.placeholder(word, element)?;
            rest = after;
        }
        Some(out + rest)
    }

    fn placeholder(&self, word: &str, element: &Element<'_>) -> Option<String> {
        let own = || format!("{}{}", self.emitter.resource(self.block), self.index());
        if let Some((name, words)) = word.split_once('?') {
            let value = self.written_value(name)?;
            let (yes, no) = words.split_once(':')?;
            return Some(match value.as_str() {
                "true" => quoted(yes),
                "false" => quoted(no),
                _ => format!("{value} ? {} : {}", quoted(yes), quoted(no)),
            });
        }
        match (word, element) {
            ("self", _) => Some(own()),
            ("label", _) => Some(self.emitter.beside(self.block).to_owned()),
            ("location", _) => Some(self.location()),
            ("name", _) => {
                let name = self.own_name();
                Some(literal(&name).map_or_else(|| format!("${{{name}}}"), str::to_owned))
            }
            ("each", Element::Text(text)) => Some(text.clone()),
            (path, Element::Block(block, mirrored)) => {
                let (argument, name) = (&*block.ident.text, path.strip_prefix("each.")?);
                let Ty::Block(table) = self.kind.arg(argument)?.ty else { return None };
                let (arg, written) = (table.args.iter().find(|arg| arg.name == name)?, block.body.attribute(name)?);
                let path = format!("{argument}.{name}");
                Some(self.value(arg, &written.expr, (&path, &path, *mirrored), &self.scope()))
            }
            (path, _) => self.written_value(path),
        }
    }

    /// The value of an argument by its dotted path, where the stack has one.
    fn written_value(&self, path: &str) -> Option<String> {
        let Some((first, inner)) = path.split_once('.') else {
            let mut written = self.merged.attributes.iter();
            let (attribute, mirrored) = written.find(|(one, _)| &*one.name.text == path)?;
            return Some(self.value(self.kind.arg(path)?, &attribute.expr, (path, path, *mirrored), &self.scope()));
        };
        let Ty::Block(table) = self.kind.arg(first)?.ty else { return None };
        let (block, mirrored) = self.merged.blocks.iter().find(|(one, _)| &*one.ident.text == first)?;
        let (arg, written) = (table.args.iter().find(|arg| arg.name == inner)?, block.body.attribute(inner)?);
        Some(self.value(arg, &written.expr, (path, path, *mirrored), &self.scope()))
    }
}
