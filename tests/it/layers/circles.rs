//! Circles of files within a room: files of one module that cannot be read, moved or tested without each other. The
//! layers forbid circles between modules; these are the ones that they leave.
//!
//! Measured from the text: `use` lines and paths, followed through re-exports to the file that has the item, and calls
//! of `self` to a method that another file adds to the same type. A folder's `mod.rs` may list its own files: only what
//! these use of it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The sizes of the circles of each room, largest first. They only become smaller, like the lines that name a
/// provider: moves of files come after the seams, so that no move closes a new circle.
const CEILINGS: &[(&str, &[usize])] = &[
    ("adopt", &[2]),
    ("apply", &[2, 2]),
    ("cli", &[3, 3, 2]),
    ("emit", &[14]),
    ("hcl", &[4, 2]),
    ("kinds", &[7, 2]),
    ("plan", &[8]),
    ("providers", &[8, 5, 3, 2, 2, 2, 2]),
    ("simulator", &[3]),
    ("stack", &[8, 6, 2]),
    ("steps", &[2]),
    ("view", &[2]),
];

/// Segments of a module's path: `simulator`, `world`.
type Module = Vec<String>;

/// A source file, as far as circles need it.
#[derive(Default)]
struct SourceFile {
    /// Names of its items.
    items: BTreeSet<String>,
    /// Paths that it exports again.
    exports: Vec<Module>,
    /// Paths that it uses.
    uses: Vec<Module>,
    /// For each type: the methods that it adds, and those that it calls on `self`.
    methods: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
}

#[test]
fn circles_of_files_only_become_smaller() {
    let files = files();
    let mut found: BTreeMap<String, Vec<Vec<Module>>> = BTreeMap::new();
    for circle in circles(&edges(&files)) {
        found.entry(circle[0][0].clone()).or_default().push(circle);
    }
    let mut sizes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (room, circles) in &mut found {
        circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
        sizes.insert(room.clone(), circles.iter().map(Vec::len).collect());
        let shown = |circle: &Vec<Module>| circle.iter().map(|file| file.join("/")).collect::<Vec<_>>().join(" ");
        println!("{}", circles.iter().map(shown).collect::<Vec<_>>().join("\n"));
    }
    let ceilings: Vec<(&str, Vec<usize>)> = CEILINGS.iter().map(|(room, sizes)| (*room, sizes.to_vec())).collect();
    super::hold_ceilings("circles of files", &ceilings, &sizes);
}

fn files() -> BTreeMap<Module, SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let texts: BTreeMap<Module, String> = super::sources()
        .into_iter()
        .filter_map(|(path, text)| {
            let relative = path.strip_prefix(&root).ok()?.with_extension("");
            let mut module: Module = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            module.pop_if(|last| last == "mod");
            Some((module, super::production(&path, &text)?))
        })
        .collect();
    let read = |(module, text): (&Module, &String)| (module.clone(), read(module, text, &texts));
    texts.iter().map(read).collect()
}

fn read(module: &Module, text: &str, all: &BTreeMap<Module, String>) -> SourceFile {
    let tokens = tokens(text);
    let at = |index: usize| tokens.get(index).copied().unwrap_or_default();
    let mut file = SourceFile::default();
    let (mut index, mut depth) = (0, 0_usize);
    while index < tokens.len() {
        match at(index) {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "use" => {
                let end = (index..tokens.len()).find(|end| at(*end) == ";").unwrap_or(tokens.len());
                let is_public = at(index.wrapping_sub(1)) == "pub" || at(index.wrapping_sub(1)) == ")";
                let mut paths = Vec::new();
                tree(&tokens[index + 1..end], &mut Vec::new(), &mut paths);
                let paths: Vec<Module> = paths.iter().filter_map(|path| absolute(module, path, all)).collect();
                file.exports.extend(paths.iter().filter(|_| is_public).cloned());
                file.uses.extend(paths);
                index = end;
            }
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" if depth == 0 => {
                file.items.insert(at(index + 1).to_owned());
            }
            "impl" if depth == 0 => methods(&tokens[index..], &mut file),
            word if at(index + 1) == "::" && !matches!(at(index.wrapping_sub(1)), "::" | ".") => {
                let mut path = vec![word.to_owned()];
                while at(index + 1) == "::" && at(index + 2).starts_with(is_ident) {
                    path.push(at(index + 2).to_owned());
                    index += 2;
                }
                file.uses.extend(absolute(module, &path, all));
            }
            _ => {}
        }
        index += 1;
    }
    file
}

/// Reads the methods of a block that begins with `impl`. Methods of a trait are not added to the type.
fn methods(tokens: &[&str], file: &mut SourceFile) {
    let Some(open) = tokens.iter().position(|token| *token == "{") else { return };
    let head = &tokens[1..open];
    let of = head.iter().rposition(|token| *token == "for");
    // Without its generics, the type is the last word before them.
    let (mut angle, mut name) = (0_i32, "");
    for token in &head[of.map_or(0, |of| of + 1)..] {
        match *token {
            "<" => angle += 1,
            ">" => angle -= 1,
            "where" => break,
            word if angle == 0 && word.starts_with(is_ident) => name = word,
            _ => {}
        }
    }
    let (added, called) = file.methods.entry(name.to_owned()).or_default();
    let mut depth = 0_usize;
    for (index, window) in tokens[open..].windows(4).enumerate() {
        match window {
            ["{", ..] => depth += 1,
            ["}", ..] if depth == 1 => break,
            ["}", ..] => depth -= 1,
            ["fn", name, ..] if depth == 1 && of.is_none() => _ = added.insert((*name).to_owned()),
            ["self", ".", name, "("] | ["Self", "::", name, "("] if index > 0 => _ = called.insert((*name).to_owned()),
            _ => {}
        }
    }
}

/// The paths of the tree of a `use`.
fn tree(tokens: &[&str], prefix: &mut Module, paths: &mut Vec<Module>) {
    let kept = prefix.len();
    let mut index = 0;
    while index < tokens.len() {
        match tokens[index] {
            "{" => {
                let mut depth = 0_i32;
                let close = tokens[index..].iter().position(|token| {
                    depth += i32::from(*token == "{") - i32::from(*token == "}");
                    depth == 0
                });
                let close = index + close.unwrap_or(tokens.len() - index - 1);
                tree(&tokens[index + 1..close], prefix, paths);
                prefix.truncate(kept);
                index = close;
                // What follows is a comma, and the path is complete.
                index += 1;
            }
            "," => {
                paths.push(prefix.clone());
                prefix.truncate(kept);
            }
            "as" => index += 1,
            "::" => {}
            word => prefix.push(word.to_owned()),
        }
        index += 1;
    }
    if prefix.len() > kept {
        paths.push(prefix.clone());
    }
    prefix.truncate(kept);
}

/// The path from the root of the crate; `None` for a path into another crate.
fn absolute(module: &Module, path: &[String], all: &BTreeMap<Module, String>) -> Option<Module> {
    let (first, mut rest) = path.split_first()?;
    let mut from = module.clone();
    match first.as_str() {
        "crate" => from.clear(),
        "self" => {}
        "super" => {
            from.pop();
            while let Some(("super", further)) = rest.split_first().map(|(first, rest)| (first.as_str(), rest)) {
                from.pop();
                rest = further;
            }
        }
        child => {
            from.push(child.to_owned());
            if !all.contains_key(&from) {
                return None;
            }
        }
    }
    from.extend(rest.iter().cloned());
    Some(from)
}

/// The file that has the item of a path: a path through a re-export leads to where the item is declared.
fn home(files: &BTreeMap<Module, SourceFile>, path: &[String], hops: usize) -> Option<Module> {
    let mut module = Module::new();
    for (index, segment) in path.iter().enumerate() {
        module.push(segment.clone());
        if files.contains_key(&module) {
            continue;
        }
        module.pop();
        let file = files.get(&module)?;
        if hops > 0 && !file.items.contains(segment) {
            let exported = file.exports.iter().find_map(|export| match export.split_last()? {
                (last, above) if last == "*" => {
                    let inner = [above, &path[index..=index]].concat();
                    home(files, &inner, hops - 1).filter(|found| files[found].items.contains(segment))
                }
                (last, _) if last == segment => home(files, export, hops - 1),
                _ => None,
            });
            return exported.or(Some(module));
        }
        return Some(module);
    }
    files.contains_key(&module).then_some(module)
}

fn edges(files: &BTreeMap<Module, SourceFile>) -> BTreeMap<&Module, BTreeSet<&Module>> {
    let mut edges: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    let mut add = |from, to: &Module| {
        let to = files.get_key_value(to).map(|(to, _)| to);
        // Its own files are what a folder lists.
        edges.entry(from).or_default().extend(to.filter(|to: &&Module| to[0] == from[0] && !to.starts_with(from)));
    };
    for (module, file) in files {
        for path in &file.uses {
            if let Some(home) = home(files, path, 4) {
                add(module, &home);
            }
        }
        for (name, (added, called)) in &file.methods {
            for (other, further) in files.iter().filter(|(other, _)| other[0] == module[0] && *other != module) {
                let theirs = further.methods.get(name).map(|(theirs, _)| theirs);
                if theirs.is_some_and(|theirs| called.difference(added).any(|call| theirs.contains(call))) {
                    add(module, other);
                }
            }
        }
    }
    edges
}

/// The sets of files that reach each other.
fn circles<'a>(edges: &BTreeMap<&'a Module, BTreeSet<&'a Module>>) -> Vec<Vec<Module>> {
    let reached: BTreeMap<&'a Module, BTreeSet<&'a Module>> =
        edges.keys().map(|from| (*from, reachable(edges, from))).collect();
    let mut circles: BTreeSet<Vec<Module>> = BTreeSet::new();
    for (from, all) in reached.iter().filter(|(from, all)| all.contains(*from)) {
        let back = |to: &&&Module| reached.get(**to).is_some_and(|theirs| theirs.contains(from));
        circles.insert(all.iter().filter(back).map(|file| (*file).clone()).collect());
    }
    circles.into_iter().collect()
}

/// The files that this one leads to.
fn reachable<'a>(edges: &BTreeMap<&Module, BTreeSet<&'a Module>>, from: &'a Module) -> BTreeSet<&'a Module> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        open.extend(edges.get(at).into_iter().flatten().filter(|to| seen.insert(**to)));
    }
    seen
}

/// A character of a name.
fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words and signs of a source without comments and literals.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let raw = rest.strip_prefix('r').filter(|after| after.starts_with(['"', '#']));
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some((marks, true)) = raw.map(|after| {
            let marks = after.bytes().take_while(|byte| *byte == b'#').count();
            (marks, after[marks..].starts_with('"'))
        }) {
            let end = format!("\"{}", "#".repeat(marks));
            let begin = 2 + marks;
            rest[begin..].find(&end).map_or(rest.len(), |at| begin + at + end.len())
        } else if first == '"' {
            quoted(rest)
        } else if first == '\'' {
            // A lifetime has no second quote.
            let mut chars = rest.char_indices().skip(1);
            match (chars.next(), chars.next()) {
                (Some((_, '\\')), _) => {
                    rest[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 3)
                }
                (_, Some((at, '\''))) => at + 1,
                _ => 1,
            }
        } else {
            let word = rest.find(|c| !is_ident(c)).unwrap_or(rest.len());
            let length = if word > 0 {
                word
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            if !first.is_whitespace() {
                tokens.push(&rest[..length]);
            }
            length
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of a text in quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[test]
fn paths_lead_to_the_file_that_has_the_item() {
    let texts = BTreeMap::from([
        (vec!["room".to_owned()], "mod one; mod two; pub use one::*; pub use two::{B, C as D}; use two::B;"),
        (vec!["room".to_owned(), "one".to_owned()], "use super::{B, two::C}; pub struct A; impl A { fn go(&self) {} }"),
        (
            vec!["room".to_owned(), "two".to_owned()],
            "pub struct B; struct C; impl super::A { fn f(&self) { self.go(); } }",
        ),
    ]);
    let texts: BTreeMap<Module, String> = texts.into_iter().map(|(module, text)| (module, text.to_owned())).collect();
    let files = texts.iter().map(|(module, text)| (module.clone(), read(module, text, &texts))).collect();
    let edges = edges(&files);
    let found = circles(&edges);
    assert_eq!(found.len(), 1, "{edges:?}");
    assert_eq!(found[0].iter().map(|file| file.join("/")).collect::<Vec<_>>(), ["room/one", "room/two"]);
    assert_eq!(
        tokens("a::b('x', '\\'', &'a c, \"d\\\"\", r#\"e\"#) // f"),
        ["a", "::", "b", "(", ",", ",", "&", "a", "c", ",", ",", ")"]
    );
}
