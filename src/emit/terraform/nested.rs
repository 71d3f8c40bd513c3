//! Nested blocks in the syntax of their provider: as blocks, or as attributes with objects.

/// A nested block, with its lines.
pub(super) struct NestedBlock {
    /// Its name.
    pub(super) word: String,
    /// The collection for whose elements it repeats.
    pub(super) each: Option<String>,
    /// The text inside it.
    pub(super) lines: Vec<String>,
    /// True if there is one at most: an object and no list of them.
    pub(super) is_single: bool,
}

/// A block with these lines.
pub(super) fn block(head: &str, lines: &[String]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end_matches('\n')).collect();
    match lines.join("\n").trim_matches('\n') {
        "" => format!("{head} {{}}\n"),
        lines => format!("{head} {{\n{lines}\n}}\n"),
    }
}

/// The text of blocks that are written beside each other.
pub(super) fn written(blocks: Vec<NestedBlock>, as_objects: bool) -> Vec<String> {
    if as_objects { objects(blocks) } else { blocks.into_iter().map(as_block).collect() }
}

fn as_block(NestedBlock { word, each, lines, is_single: _ }: NestedBlock) -> String {
    let text = match each {
        None => block(&word, &lines),
        Some(each) => block(
            &format!("dynamic \"{word}\""),
            &[format!("for_each = {each}"), String::new(), block("content", &lines)],
        ),
    };
    format!("\n{text}")
}

/// One attribute for all blocks of a name, in the order of the first of each.
fn objects(blocks: Vec<NestedBlock>) -> Vec<String> {
    let mut by_word: Vec<(String, Vec<NestedBlock>)> = Vec::new();
    for block in blocks {
        match by_word.iter_mut().find(|(word, _)| *word == block.word) {
            Some((_, same)) => same.push(block),
            None => by_word.push((block.word.clone(), vec![block])),
        }
    }
    let attribute = |(word, blocks): (String, Vec<NestedBlock>)| match blocks.as_slice() {
        [NestedBlock { each: None, lines, is_single: true, .. }] => format!("\n{word} = {}", object(lines)),
        blocks => format!("\n{word} = {}", list(&word, blocks)),
    };
    by_word.into_iter().map(attribute).collect()
}

fn object(lines: &[String]) -> String {
    block("", lines).trim().to_owned()
}

/// A list of objects. Blocks that repeat are lists of their own, joined with the others.
fn list(word: &str, blocks: &[NestedBlock]) -> String {
    let parts: Vec<String> = blocks
        .chunk_by(|one, next| one.each.is_none() && next.each.is_none())
        .map(|part| match part {
            [NestedBlock { each: Some(each), lines, .. }] => {
                // `word.key` and `word.value` are those of the element, as in a dynamic block.
                let elements = format!("[for key, value in {each} : {{ key = key, value = value }}]");
                format!("[for {word} in {elements} : {}]", object(lines))
            }
            part => {
                let objects: Vec<String> = part.iter().map(|one| object(&one.lines)).collect();
                format!("[\n{}\n]", objects.join(",\n"))
            }
        })
        .collect();
    match parts.as_slice() {
        [only] => only.clone(),
        several => format!("concat(\n{}\n)", several.join(",\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(word: &str, each: Option<&str>, line: &str, is_single: bool) -> NestedBlock {
        NestedBlock { word: word.to_owned(), each: each.map(str::to_owned), lines: vec![line.to_owned()], is_single }
    }

    #[test]
    fn objects_of_one_name_are_one_attribute() {
        let blocks = || {
            vec![
                nested("origins", None, "name = \"a\"", false),
                nested("settings", None, "flag = true", true),
                nested("origins", Some("local.more"), "name = origins.value", false),
            ]
        };
        let text = written(blocks(), true);
        assert_eq!(text.len(), 2);
        assert!(
            text[0].starts_with("\norigins = concat(\n[\n{\nname = \"a\"\n}\n],\n[for origins in ["),
            "{}",
            text[0]
        );
        assert_eq!(text[1], "\nsettings = {\nflag = true\n}");
        let text = written(blocks(), false);
        assert_eq!(text.len(), 3);
        assert!(text[2].starts_with("\ndynamic \"origins\" {\nfor_each = local.more\n"), "{}", text[2]);
    }
}
