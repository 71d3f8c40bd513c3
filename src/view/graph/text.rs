//! Text in a picture: what fits, and the picture as sentences for readers who do not see it.

use super::{LinkKind, Picture};

/// Width of an average character of a sans-serif font, in hundredths of its size. Wide, so that other fonts fit too.
const CHARACTER: i32 = 57;
/// The same for bold text.
const BOLD: i32 = 63;

/// Estimated width of a text, in pixels.
pub(super) fn width(text: &str, size: i32, bold: bool) -> i32 {
    let of_one = if bold { BOLD } else { CHARACTER };
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 1_000_000) * size * of_one / 100
}

/// The text, its middle left out where it is wider than this.
pub(super) fn fitted(text: &str, room: i32, size: i32, bold: bool) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let of_one = (size * if bold { BOLD } else { CHARACTER }).max(1);
    let most = usize::try_from(room * 100 / of_one).unwrap_or_default().max(4);
    let chars: Vec<char> = text.chars().collect();
    let tail = (most - 1) / 2;
    let head = most - 1 - tail;
    chars.iter().take(head).chain(['…'].iter()).chain(chars.iter().skip(chars.len() - tail)).collect()
}

/// Parts joined by commas, as many as fit; the rest is counted.
pub(super) fn joined(parts: &[String], room: i32, size: i32) -> String {
    for shown in (1..=parts.len()).rev() {
        let more = parts.len() - shown;
        let mut text = parts.iter().take(shown).map(String::as_str).collect::<Vec<_>>().join(", ");
        if more > 0 {
            text.push_str(&format!(", +{more} more"));
        }
        if width(&text, size, false) <= room {
            return text;
        }
    }
    parts.first().map(|one| fitted(one, room, size, false)).unwrap_or_default()
}

/// The picture as sentences.
pub(super) fn sentences(picture: &Picture) -> String {
    let mut out = vec![format!("Recovery of stack {}. Objectives: {}.", picture.title, picture.objectives)];
    for (at, site) in picture.sites.iter().enumerate() {
        let groups: Vec<String> = picture
            .groups_of(at)
            .map(|(group, it)| {
                let cells = picture.cells_of(group).map(|(_, cell)| match cell.tag() {
                    Some(tag) => format!("{} ({tag})", cell.title),
                    None => cell.title.clone(),
                });
                format!("{}: {}", it.label, cells.collect::<Vec<_>>().join(", "))
            })
            .collect();
        let groups = if groups.is_empty() { "no resources".to_owned() } else { groups.join("; ") };
        out.push(format!("Site {} ({}), {}. {groups}.", site.name, site.location, site.part));
    }
    let links = picture.links.iter().filter(|link| link.kind != LinkKind::Needs);
    out.extend(links.map(|link| format!("{}.", picture.sentence(link))));
    for list in &picture.moves {
        out.push(format!("{}: {}.", list.title, list.steps.join("; ").trim_end_matches('.')));
    }
    out.join(" ")
}
