//! Tests of the recovery picture and its layout.

use super::layout::lay_out;
use super::text::{fitted, joined};
use super::*;

fn cell(group: usize, row: usize, title: &str) -> Cell {
    Cell {
        group,
        row,
        title: title.to_owned(),
        details: vec!["subnet ×2".to_owned()],
        changes: Vec::new(),
        members: vec![Address::new("subnet", "a")],
        needs: Vec::new(),
        data: false,
    }
}

fn link(kind: LinkKind, from: usize, to: usize) -> Link {
    let label = vec!["orders".to_owned(), "RPO 5m".to_owned()];
    Link { from: End::Cell(from), to: End::Cell(to), kind, label, members: Vec::new() }
}

/// Three sites with two cells each: `row 0` and `row 1`.
fn picture(links: Vec<Link>) -> Picture {
    let sites = ["east", "central", "west"].map(|name| SiteColumn {
        name: name.to_owned(),
        location: name.to_owned(),
        part: "home of web".to_owned(),
    });
    let group = |site| CellGroup { site, presence: Presence::Permanent, label: "permanent".to_owned() };
    Picture {
        title: "test".to_owned(),
        objectives: "RTO 30m · RPO 5m".to_owned(),
        detail: PictureDetail::Recovery,
        sites: sites.to_vec(),
        groups: (0..3).map(group).collect(),
        cells: (0..6).map(|at| cell(at / 2, at % 2, &format!("network ×{at}"))).collect(),
        links,
        entrances: Vec::new(),
        moves: Vec::new(),
    }
}

#[test]
fn sites_are_side_by_side_and_hold_their_cells() {
    let picture = picture(Vec::new());
    let laid = lay_out(&picture);
    for pair in laid.sites.windows(2) {
        assert!(pair[0].right() < pair[1].x);
    }
    for (cell, rect) in picture.cells.iter().zip(&laid.cells) {
        let site = &laid.sites[picture.groups[cell.group].site];
        assert!(site.x < rect.x && rect.right() < site.right() && rect.bottom() < site.bottom());
    }
    assert!(laid.width <= 1000, "{}", laid.width);
}

#[test]
fn links_between_neighbours_run_level_and_others_below_the_sites() {
    let picture = picture(vec![link(LinkKind::Replication, 0, 2), link(LinkKind::Replication, 1, 5)]);
    let laid = lay_out(&picture);
    let [level, below] = laid.lines.as_slice() else { panic!("two lines") };
    assert_eq!(level.points.len(), 2);
    assert_eq!(level.points[0].1, level.points[1].1);
    let bottom = laid.sites.iter().map(|site| site.bottom()).max().unwrap();
    assert!(below.points.iter().any(|(_, y)| *y > bottom), "{below:?}");
}

#[test]
fn names_are_escaped_in_each_format() {
    let mut picture = picture(Vec::new());
    let hostile = "a<b>&\"'`#\\";
    picture.cells[0].title = hostile.to_owned();
    picture.sites[0].name = hostile.to_owned();
    let svg = svg(&picture);
    assert!(!svg.contains("a<b>") && svg.contains("a&lt;b&gt;&amp;&quot;&#39;`#\\"));
    let mermaid = mermaid(&picture);
    assert!(mermaid.contains("a#lt;b#gt;&#quot;'#96;#35;\\"), "{mermaid}");
    let dot = dot(&picture);
    assert!(dot.contains(r##"a<b>&\"'`#\\"##), "{dot}");
}

#[test]
fn long_text_is_shortened_to_its_room() {
    assert_eq!(fitted("short", 100, 12, false), "short");
    let shown = fitted("linux_virtual_machine_scale_set.web-failover", 140, 12, true);
    assert!(shown.starts_with("linux_vi") && shown.contains('…') && shown.ends_with("failover"), "{shown}");
    let parts = ["virtual_network", "subnet ×2", "lb", "public_ip"].map(str::to_owned);
    assert_eq!(joined(&parts, 1000, 11), "virtual_network, subnet ×2, lb, public_ip");
    assert_eq!(joined(&parts, 225, 11), "virtual_network, subnet ×2, +2 more");
}
