//! Arguments whose form in the Terraform provider differs from the stack's: durations, blocks that several arguments
//! make up, parts that are resources of their own, and what a mirrored block says of its instances.

use super::names::{TerraformEmitter, TerraformScope, plain_text};
use super::nested::{self, NestedBlock, block};
use super::resource::ResourceWriter;
use super::split::{Element, Elements, SplitSource};
use crate::address::Address;
use crate::duration;
use crate::emit::Limitation;
use crate::emit::merged::{BlockContent, merged, names_each};
use crate::hcl::ast::{Expr, ExprKind, Root, TraversalStep};
use crate::hcl::text::ExprWriter;
use crate::hcl::{quoted, value_text};
use crate::kinds::emit::literal;
use crate::kinds::{Arg, Kind, Need, SplitResource, TerraformShape, Ty};
use crate::stack::Resource;
use crate::stack::references::named_block;
use crate::value::Value;

impl TerraformScope<'_, '_> {
    /// A duration in the form of the provider, `PT1H30M`. The stack's form differs from it by letters alone, so that
    /// code can make one of the other.
    pub(super) fn duration(&self, expr: &Expr) -> String {
        if let Some(known) = plain_text(expr).and_then(|text| duration::parse(&text).ok()) {
            return quoted(&duration::iso(known));
        }
        let text = self.expr(expr);
        let iso = format!("\"P${{trimsuffix(replace(upper({text}), \"/^P?([0-9]+D)?T?/\", \"$${{1}}T\"), \"T\")}}\"");
        // Other expressions may be null.
        if matches!(expr.kind, ExprKind::Template(_)) { iso } else { format!("try({iso}, null)") }
    }
}

impl TerraformEmitter<'_> {
    /// Blocks that become nested blocks of another one.
    pub(super) fn nested_blocks(&self) -> Vec<Address> {
        let is_nested = |block: &&Address| {
            self.kind(block).is_some_and(|kind| matches!(kind.terraform.shape, TerraformShape::Block { .. }))
        };
        self.stack.program.definitions.keys().filter(is_nested).cloned().collect()
    }

    /// Nested blocks of a block for other blocks that have no instance with these values of the variables.
    pub(super) fn empty_regions(&self, block: &Address) -> impl Iterator<Item = &'static str> {
        let all = self.nested.iter().filter(|other| !self.instances.contains_key(*other));
        all.filter_map(|other| {
            let TerraformShape::Block { of, block: word } = self.kind(other)?.terraform.shape else { return None };
            let source = self.stack.program.definitions.get(other)?.block.body.attribute(of)?;
            (named_block(self.stack.catalog(), &source.expr).as_ref() == Some(block)).then_some(word)
        })
    }
}

impl ResourceWriter<'_, '_> {
    /// Blocks of the Terraform provider that several arguments make up.
    pub(super) fn made_blocks(&self) -> Option<String> {
        let written = |path: &str| {
            let (first, inner) = path.split_once('.').map_or((path, None), |(first, inner)| (first, Some(inner)));
            match inner {
                None => match self.merged.attribute(first) {
                    Some(attribute) => Some(self.scope().expr(&attribute.expr)),
                    None => self.merged.blocks.iter().any(|(one, _)| &*one.ident.text == first).then(String::new),
                },
                Some(inner) => {
                    let (of, _) = self.merged.blocks.iter().find(|(one, _)| &*one.ident.text == first)?;
                    of.body.attribute(inner).map(|attribute| self.scope().expr(&attribute.expr))
                }
            }
        };
        let text = self.of.blocks?(&written);
        (!text.is_empty()).then(|| format!("\n{}", text.replace("{location}", &self.location())))
    }

    /// Key and value of the mirrored instance, where the mirrored block repeats and this one does not.
    pub(super) fn mirrored_instance(&self) -> Option<(String, String)> {
        let program = &self.emitter.stack.program;
        let mirrors = program.definitions.get(self.block)?.block.body.attribute("mirrors")?;
        let ExprKind::Traversal { root: Root::Name(root), steps } = &mirrors.expr.kind else { return None };
        let [TraversalStep::Attr(label), TraversalStep::Index(key)] = steps.as_slice() else { return None };
        let of = program.definitions.get(&Address::new(&root.text, &label.text))?;
        let each = of.block.body.attribute("for_each")?;
        let scope = self.scope();
        let (key, all) = (scope.expr(key), scope.expr(&each.expr));
        let value = match (scope.value(&ExprWriter::new(&scope), &each.expr)?.unmark().0, &each.expr.kind) {
            (Value::List(_), _) => key.clone(),
            (_, ExprKind::Traversal { .. }) => format!("{all}[{key}]"),
            _ => format!("({all})[{key}]"),
        };
        Some((key, value))
    }

    /// Nested blocks for other resources of the stack, such as the regions of an account.
    pub(super) fn regions(&self) -> Vec<String> {
        let program = &self.emitter.stack.program;
        let mut out = Vec::new();
        for address in &self.emitter.nested {
            let (Some(kind), Some(definition)) = (self.emitter.kind(address), program.definitions.get(address)) else {
                continue;
            };
            let TerraformShape::Block { of, block: word } = kind.terraform.shape else { continue };
            let content = merged(program, definition);
            let all = self.emitter.instances.get(address).map_or(&[][..], Vec::as_slice);
            let own: Vec<&Resource> = all.iter().copied().filter(|one| self.contains(one, of)).collect();
            let names_it = || content.attribute(of).and_then(|of| named_block(self.emitter.stack.catalog(), &of.expr));
            if own.is_empty() && (!all.is_empty() || names_it().as_ref() != Some(self.block)) {
                continue;
            }
            let region = RegionBlock { kind, of, word, content, one: own.first().copied() };
            match self.region(&region) {
                Some(text) => {
                    for name in kind.terraform.fifth.iter().filter(|name| text.contains(&format!("{name} ="))) {
                        let what = format!("{word}.{name} of {}", self.emitter.resource(self.block));
                        self.emitter.fifth.borrow_mut().insert(what);
                    }
                    out.push(text);
                }
                None => {
                    self.tell_known(address, &region);
                    out.extend(own.iter().map(|one| known_region(one, of, word)));
                }
            }
        }
        out
    }

    /// True if a resource is a part of an instance of this block.
    fn contains(&self, one: &Resource, of: &str) -> bool {
        let id = one.args.get(of).and_then(Value::as_str);
        let own = self.emitter.instances.get(self.block).into_iter().flatten();
        id.is_some_and(|id| own.into_iter().any(|own| own.id.as_str().eq_ignore_ascii_case(id)))
    }

    /// A nested block for the resources of another one, `dynamic` where it repeats; `None` where the code cannot tell
    /// which instance of this block each belongs to.
    fn region(&self, region: &RegionBlock<'_>) -> Option<String> {
        let each = region.content.attribute("for_each");
        let source = &region.content.attribute(region.of)?.expr;
        let own_each = self.merged.attribute("for_each").is_some();
        let scope = self.scope();
        let inside = |each| TerraformScope { each, instance: region.one.or(scope.instance), ..scope };
        match (own_each, each) {
            (false, None) => Some(format!("\n{}", block(region.word, &region.lines(&inside(None))?))),
            (false, Some(each)) if !names_each(source) => {
                let all = format!("for_each = {}", scope.expr(&each.expr));
                Some(self.dynamic(region.word, all, &region.lines(&inside(Some(region.word)))?))
            }
            // One region for each instance of this block.
            (true, Some(each))
                if named_block(self.emitter.stack.catalog(), &each.expr).as_ref() == Some(self.block) =>
            {
                Some(format!("\n{}", block(region.word, &region.lines(&inside(None))?)))
            }
            (true, None) => {
                let ExprKind::Traversal { steps, .. } = &source.kind else { return None };
                let [_, TraversalStep::Index(key)] = steps.as_slice() else { return None };
                let all = format!("for_each = each.key == {} ? [true] : []", scope.expr(key));
                Some(self.dynamic(region.word, all, &region.lines(&inside(None))?))
            }
            _ => None,
        }
    }

    /// Lists that the values of nested blocks are written as they are now, if they follow a variable.
    fn tell_known(&self, address: &Address, region: &RegionBlock<'_>) {
        let mut written = region.content.attributes.iter().map(|(one, _)| &one.expr);
        let mut lost = self.emitter.lost.borrow_mut();
        let what = address.to_string();
        if written.any(|expr| self.emitter.varies(address, expr)) && !lost.iter().any(|one| one.what == what) {
            lost.push(Limitation {
                what,
                why: format!(
                    "the code cannot tell which instance of `{}` each belongs to; the values are written as they are \
                     now, and do not follow variables",
                    self.block
                ),
            });
        }
    }

    fn dynamic(&self, word: &str, each: String, lines: &[String]) -> String {
        format!("\n{}", block(&format!("dynamic \"{word}\""), &[each, String::new(), block("content", lines)]))
    }
}

/// A block of resources that the Terraform provider has as nested blocks of another one.
struct RegionBlock<'a> {
    kind: &'static Kind,
    /// Argument with the resource that contains it.
    of: &'static str,
    /// The Terraform provider's block.
    word: &'static str,
    content: BlockContent,
    /// One of its instances, if it has any.
    one: Option<&'a Resource>,
}

impl RegionBlock<'_> {
    fn lines(&self, scope: &TerraformScope<'_, '_>) -> Option<Vec<String>> {
        let site = self.content.attribute("site")?;
        let mut lines = vec![format!("location = {}", scope.reference(&site.expr, "location"))];
        let others = self.kind.args.iter().filter(|arg| arg.name != self.of && !matches!(arg.ty, Ty::Site));
        lines.extend(others.filter_map(|arg| {
            let text = match (self.content.attribute(arg.name), arg.need) {
                (Some(written), _) => scope.expr(&written.expr),
                (None, Need::Default(value)) => value_text(&value.json(), 0),
                (None, _) => return None,
            };
            (text != "false").then(|| format!("{} = {text}", arg.name))
        }));
        Some(lines)
    }
}

/// The nested block of one resource, with its values.
fn known_region(one: &Resource, of: &str, word: &str) -> String {
    let place = quoted(one.args.get("site").and_then(Value::as_str).unwrap_or_default());
    let mut lines = vec![format!("location = {place}")];
    let others = one.kind.args.iter().filter(|arg| arg.name != of && !matches!(arg.ty, Ty::Site));
    lines.extend(others.filter_map(|arg| {
        let value = one.args.get(arg.name)?.clear()?;
        let is_set = *value.json() != serde_json::json!(false);
        is_set.then(|| format!("{} = {}", arg.name, value_text(value.json(), 0)))
    }));
    format!("\n{}", block(word, &lines))
}

impl ResourceWriter<'_, '_> {
    /// The value of an argument by its dotted path, where the stack has one; of the block at this position.
    fn written_value(&self, path: &str, at: usize) -> Option<String> {
        let Some((first, inner)) = path.split_once('.') else {
            let mut written = self.merged.attributes.iter();
            let (attribute, mirrored) = written.find(|(one, _)| &*one.name.text == path)?;
            return Some(self.value(self.kind.arg(path)?, &attribute.expr, (path, path, *mirrored), &self.scope()));
        };
        let Ty::Block(table) = self.kind.arg(first)?.ty else { return None };
        let mut blocks = self.merged.blocks.iter().filter(|(one, _)| &*one.ident.text == first);
        let (block, mirrored) = blocks.nth(at)?;
        let (arg, written) = (table.args.iter().find(|arg| arg.name == inner)?, block.body.attribute(inner)?);
        Some(self.value(arg, &written.expr, (path, path, *mirrored), &self.scope()))
    }

    /// The text of an element of a list, or of the whole list.
    fn element(&self, arg: &Arg, expr: &Expr) -> String {
        match arg.ty {
            Ty::List(Ty::Ref(_)) | Ty::Set(Ty::Ref(_)) => self.scope().reference(expr, self.of.referred(arg.name, arg)),
            _ => self.scope().expr(expr),
        }
    }
}

impl SplitSource for ResourceWriter<'_, '_> {
    fn is_written(&self, argument: &str) -> bool {
        self.merged.attribute(argument).is_some()
            || self.merged.blocks.iter().any(|(one, _)| &*one.ident.text == argument)
    }

    fn elements(&self, of: &SplitResource) -> Elements {
        let own = self.merged.blocks.iter().filter(|(one, _)| &*one.ident.text == of.each);
        let blocks: Vec<Element> = own.enumerate().map(|(at, _)| Element::Block(at)).collect();
        let (Some(arg), Some(written)) = (self.kind.arg(of.each), self.merged.attribute(of.each)) else {
            return Elements::Each(blocks);
        };
        if let ExprKind::List(items) = &written.expr.kind {
            return Elements::Each(items.iter().map(|item| Element::Text(self.element(arg, item))).collect());
        }
        if self.repeats().is_empty() {
            return Elements::Made(self.element(arg, &written.expr));
        }
        self.emitter.lost.borrow_mut().push(Limitation {
            what: format!("{}.{}", self.block, of.each),
            why: format!(
                "a list that an expression makes needs an `{}` for each element and instance; write them by hand",
                self.labels(of.resource).0
            ),
        });
        Elements::Unsaid
    }

    fn head(&self) -> Vec<String> {
        self.meta()
    }

    fn word(&self, word: &str, element: &Element) -> Option<String> {
        match (word, element) {
            ("self", _) => Some(format!("{}{}", self.emitter.resource(self.block), self.index())),
            ("label", _) => Some(self.emitter.beside(self.block).to_owned()),
            ("location", _) => Some(self.location()),
            ("name", _) => {
                let name = self.own_name();
                Some(literal(&name).map_or_else(|| format!("${{{name}}}"), str::to_owned))
            }
            ("each", Element::Text(text)) => Some(text.clone()),
            (path, Element::Block(at)) => self.written_value(path, *at),
            (path, _) => self.written_value(path, 0),
        }
    }

    fn renamed_blocks(&self, argument: &str, word: &str) -> Vec<String> {
        let Some(arg) = self.kind.arg(argument) else { return Vec::new() };
        let own = self.merged.blocks.iter().filter(|(one, _)| &*one.ident.text == argument);
        let blocks = own.filter_map(|(block, mirrored)| {
            let inner = self.nested_block(arg, block, (argument, argument, *mirrored), &self.scope())?;
            Some(NestedBlock { word: word.to_owned(), ..inner })
        });
        nested::written(blocks.collect(), false)
    }

    fn labels(&self, resource: &str) -> (String, String) {
        let type_ = format!("{}_{resource}", self.kind.terraform_provider());
        (type_, self.emitter.beside(self.block).to_owned())
    }
}
