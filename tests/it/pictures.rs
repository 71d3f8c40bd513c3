//! Pictures of `drplan graph` for every stack, and those in the documentation.

use std::path::{Path, PathBuf};

use drplan::stack::{Knowledge, Stack};
use drplan::view::graph::{Picture, PictureDetail, dot, mermaid, svg};

use crate::stacks::{lab, stacks};

/// Maximum width of a default picture, in pixels.
const WIDEST: u32 = 1000;
/// Maximum number of cells of a default picture for each site.
const MOST_CELLS: usize = 12;
/// XML names of characters.
const ENTITIES: &[&str] = &["amp", "lt", "gt", "quot", "#39"];

fn stack(dir: &Path) -> Stack {
    let (lab, text) = lab(dir);
    let program = lab.read(&text).unwrap();
    let (stack, _) = program.evaluate(&Knowledge::default()).unwrap();
    stack
}

/// Calls `f` with the name, the stack and its picture, for every stack.
fn each(detail: PictureDetail, f: impl Fn(&str, &Stack, &Picture)) {
    for dir in stacks() {
        let stack = stack(&dir);
        f(&dir.display().to_string(), &stack, &Picture::of(&stack, detail));
    }
}

/// Checks a document against the rules of XML that a picture could violate: nesting, quotes, characters.
fn assert_well_formed(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        assert_characters(&rest[..at]);
        let end = rest[at..].find('>').unwrap_or_else(|| panic!("an unterminated tag: {}", &rest[at..])) + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "an end tag without a start tag");
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let name = tag.split_whitespace().next().unwrap();
        // Text between quotes is a value; text outside is a name and an equals sign.
        let parts: Vec<&str> = tag[name.len()..].split('"').collect();
        assert_eq!(parts.len() % 2, 1, "a value without a closing quote: {tag}");
        for (at, part) in parts.iter().enumerate() {
            match at % 2 {
                0 if at + 1 < parts.len() => assert!(part.starts_with(' ') && part.ends_with('='), "{tag}"),
                0 => assert!(part.trim().is_empty(), "{tag}"),
                _ => assert_characters(part),
            }
        }
        if !is_empty {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0], "start tags without an end tag");
    assert!(rest.trim().is_empty());
}

fn assert_characters(text: &str) {
    for part in text.split('&').skip(1) {
        let entity = part.split(';').next().unwrap();
        assert!(ENTITIES.contains(&entity), "`&{entity}` is not an entity");
    }
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
}

fn width(svg: &str) -> u32 {
    svg.split("width=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().parse().unwrap()
}

#[test]
fn svg_is_well_formed_narrow_and_names_every_site() {
    each(PictureDetail::Recovery, |name, stack, picture| {
        let svg = svg(picture);
        assert_well_formed(&svg);
        assert!(width(&svg) <= WIDEST, "{name}: {} pixels", width(&svg));
        for site in stack.sites.keys() {
            assert!(svg.contains(&format!(">{site}</text>")), "{name}: {site}");
        }
        assert!(svg.contains("<title") && svg.contains("<desc"), "{name}");
        assert!(!svg.contains("<image") && !svg.contains("href") && !svg.contains("var("), "{name}");
    });
}

#[test]
fn default_picture_has_few_cells_and_counts_every_resource() {
    each(PictureDetail::Recovery, |name, stack, picture| {
        let most = MOST_CELLS * stack.sites.len();
        assert!(picture.cells.len() <= most, "{name}: {} cells", picture.cells.len());
        let in_cells = picture.cells.iter().flat_map(|cell| &cell.members);
        let in_links = picture.links.iter().flat_map(|link| &link.members);
        let shown: std::collections::BTreeSet<_> = in_cells.chain(in_links).collect();
        for resource in stack.resources.values().filter(|resource| resource.group.as_ref() != Some(&resource.address)) {
            assert!(shown.contains(&resource.address), "{name}: {}", resource.address);
        }
    });
}

#[test]
fn detailed_picture_contains_every_resource() {
    each(PictureDetail::All, |name, stack, picture| {
        let (svg, dot, mermaid) = (svg(picture), dot(picture), mermaid(picture));
        assert_well_formed(&svg);
        for address in stack.resources.keys() {
            let in_xml = address.as_str().replace('"', "&quot;");
            assert!(svg.contains(&in_xml), "{name}: {address} in SVG");
            let key = address.key().map(|key| format!("[{key}]")).unwrap_or_default();
            let label = format!("{}{key}", address.name());
            assert!(dot.contains(&label) && mermaid.contains(&label), "{name}: {address}");
        }
        let needs = picture.cells.iter().map(|cell| cell.needs.len()).sum::<usize>();
        assert!(needs == 0 || mermaid.lines().filter(|line| line.contains(" --> ")).count() > 0, "{name}");
    });
}

#[test]
fn mermaid_declares_each_id_once_before_its_use_and_closes_subgraphs() {
    for detail in [PictureDetail::Recovery, PictureDetail::All] {
        each(detail, |name, _, picture| {
            let mermaid = mermaid(picture);
            let mut lines = mermaid.lines();
            assert_eq!(lines.next(), Some("flowchart LR"));
            let (mut declared, mut depth) = (std::collections::BTreeSet::new(), 0);
            for line in lines.map(str::trim) {
                assert_eq!(line.matches('"').count() % 2, 0, "{name}: {line}");
                let word = |text: &str| text.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
                if line == "end" {
                    depth -= 1;
                } else if let Some(rest) = line.strip_prefix("subgraph ") {
                    depth += 1;
                    assert!(declared.insert(word(rest)), "{name}: {line}");
                } else if line.starts_with("classDef ") {
                    assert!(line.contains(": "), "{name}: {line}");
                } else if let Some(rest) = line.strip_prefix("class ") {
                    let ids = rest.split(' ').next().unwrap().split(',');
                    ids.for_each(|id| assert!(declared.contains(id), "{name}: {id}"));
                } else if line.contains("[\"") {
                    assert!(line.ends_with("\"]") || line.ends_with("\"])"), "{name}: {line}");
                    assert!(declared.insert(word(line)), "{name}: {line}");
                } else {
                    let last = line.split(' ').next_back().unwrap();
                    for id in [word(line), last.to_owned()] {
                        assert!(declared.contains(&id), "{name}: {id} in {line}");
                    }
                }
            }
            assert_eq!(depth, 0, "{name}");
        });
    }
}

#[test]
fn dot_is_balanced_and_declares_the_ends_of_edges() {
    for detail in [PictureDetail::Recovery, PictureDetail::All] {
        each(detail, |name, _, picture| {
            let dot = dot(picture);
            // Without quoted text, braces and brackets nest.
            let bare: String = dot.replace("\\\\", "").replace("\\\"", "").split('"').step_by(2).collect();
            for (open, close) in [('{', '}'), ('[', ']')] {
                assert_eq!(bare.matches(open).count(), bare.matches(close).count(), "{name}: {open}");
            }
            for line in bare.lines().filter(|line| line.contains(" -> ")) {
                for id in line.split('[').next().unwrap().split(" -> ").map(str::trim) {
                    assert!(bare.contains(&format!(" {id} [label")), "{name}: {id}");
                }
            }
        });
    }
}

#[test]
fn same_stack_gives_the_same_picture() {
    each(PictureDetail::Recovery, |name, stack, picture| {
        assert_eq!(svg(&Picture::of(stack, PictureDetail::Recovery)), svg(picture), "{name}");
    });
}

/// Directory of the pictures in the documentation.
fn pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures")
}

/// `UPDATE_PICTURES=1 cargo test --test it pictures` updates it.
#[test]
fn picture_in_the_documentation_is_current() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/web-geo");
    let now = svg(&Picture::of(&stack(&dir), PictureDetail::Recovery));
    let file = pictures().join("stack.svg");
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == now, "{} is outdated; run this test with UPDATE_PICTURES=1", file.display());
}

#[test]
fn every_picture_in_the_documentation_is_well_formed_and_narrow() {
    for entry in std::fs::read_dir(pictures()).unwrap() {
        let file = entry.unwrap().path();
        let svg = std::fs::read_to_string(&file).unwrap();
        assert_well_formed(&svg);
        assert!(width(&svg) <= WIDEST, "{}", file.display());
        assert!(svg.contains("<title") && svg.contains("<desc"), "{}", file.display());
    }
}
