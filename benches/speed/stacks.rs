//! Stacks of any size: half of the resources in plain blocks, half through `for_each`, each with two references.
//!
//! Resources come in cells of ten cheap network resources. The group of a plain cell references two earlier groups, so
//! that the graph is deep as well as wide. Within a cell a network and its subnets are written one after the other, as
//! Azure requires.

use std::fmt::Write as _;

/// Resources per cell.
const CELL: usize = 10;
/// Cells per file: the size limit of a stack file is four megabytes.
const CELLS_IN_FILE: usize = 500;

/// The files of a stack of this many resources, a multiple of 20: name and text.
pub fn stack(resources: usize) -> Vec<(String, String)> {
    let cells = resources / CELL / 2;
    let mut files = vec![("stack.hcl".to_owned(), format!("{HEAD}{}", repeated(cells)))];
    for (number, first) in (0..cells).step_by(CELLS_IN_FILE).enumerate() {
        let text = (first..cells.min(first + CELLS_IN_FILE)).map(plain).collect();
        files.push((format!("plain-{number}.hcl"), text));
    }
    files
}

const HEAD: &str = r#"stack "speed" {
  tags = { team = "speed" }
}

site "east" {
  provider = "azure"
  location = "eastus2"
}

site "west" {
  provider = "azure"
  location = "westus3"
}

"#;

/// A cell in plain blocks.
fn plain(cell: usize) -> String {
    let mut text = String::new();
    let site = if cell.is_multiple_of(2) { "east" } else { "west" };
    let tags = if cell < 2 {
        String::new()
    } else {
        let (one, two) = (cell / 2, cell / 3);
        format!("\n  tags = {{ one = resource_group.p{one}.name, two = resource_group.p{two}.name }}")
    };
    let (high, low) = (cell / 256, cell % 256);
    let _ = write!(
        text,
        r#"resource_group "p{cell}" {{
  site = site.{site}{tags}
}}

network_security_group "p{cell}" {{
  resource_group = resource_group.p{cell}
  tags           = {{ of = resource_group.p{cell}.name }}
}}

route_table "p{cell}" {{
  resource_group = resource_group.p{cell}
  tags           = {{ beside = network_security_group.p{cell}.name }}
}}

virtual_network "p{cell}" {{
  resource_group = resource_group.p{cell}
  address_space  = ["10.{high}.{low}.0/24"]
  tags           = {{ beside = route_table.p{cell}.name }}
}}

"#
    );
    for (at, name) in ["a", "b", "c"].into_iter().enumerate() {
        let _ = write!(
            text,
            r#"subnet "p{cell}-{name}" {{
  virtual_network  = virtual_network.p{cell}
  address_prefixes = ["10.{high}.{low}.{}/26"]
  depends_on       = [route_table.p{cell}]
}}

"#,
            at * 64
        );
    }
    for name in ["a", "b"] {
        let _ = write!(
            text,
            r#"public_ip "p{cell}-{name}" {{
  resource_group    = resource_group.p{cell}
  allocation_method = "Static"
  tags              = {{ beside = virtual_network.p{cell}.name }}
}}

"#
        );
    }
    let _ = write!(
        text,
        r#"subnet_network_security_group_association "p{cell}" {{
  subnet                 = subnet.p{cell}-a
  network_security_group = network_security_group.p{cell}
}}

"#
    );
    text
}

/// The same number of cells through `for_each`.
fn repeated(cells: usize) -> String {
    format!(
        r#"locals {{
  cells = {{ for n in range({cells}) : "c${{n}}" => n }}
}}

resource_group "r" {{
  for_each = local.cells
  name     = "r-${{each.key}}"
  site     = each.value % 2 == 0 ? site.east : site.west
  tags     = {{ one = resource_group.p0.name, cell = each.key }}
}}

network_security_group "r" {{
  for_each       = local.cells
  name           = "r-${{each.key}}"
  resource_group = resource_group.r[each.key]
  tags           = {{ of = resource_group.r[each.key].name }}
}}

route_table "r" {{
  for_each       = local.cells
  name           = "r-${{each.key}}"
  resource_group = resource_group.r[each.key]
  tags           = {{ beside = network_security_group.r[each.key].name }}
}}

virtual_network "r" {{
  for_each       = local.cells
  name           = "r-${{each.key}}"
  resource_group = resource_group.r[each.key]
  address_space  = [cidrsubnet("10.128.0.0/9", 15, each.value)]
  tags           = {{ beside = route_table.r[each.key].name }}
}}

subnet "r-a" {{
  for_each         = local.cells
  name             = "r-${{each.key}}-a"
  virtual_network  = virtual_network.r[each.key]
  address_prefixes = [cidrsubnet("10.128.0.0/9", 17, each.value * 4)]
  depends_on       = [route_table.r[each.key]]
}}

subnet "r-b" {{
  for_each         = local.cells
  name             = "r-${{each.key}}-b"
  virtual_network  = virtual_network.r[each.key]
  address_prefixes = [cidrsubnet("10.128.0.0/9", 17, each.value * 4 + 1)]
  depends_on       = [route_table.r[each.key]]
}}

subnet "r-c" {{
  for_each         = local.cells
  name             = "r-${{each.key}}-c"
  virtual_network  = virtual_network.r[each.key]
  address_prefixes = [cidrsubnet("10.128.0.0/9", 17, each.value * 4 + 2)]
  depends_on       = [route_table.r[each.key]]
}}

public_ip "r-a" {{
  for_each          = local.cells
  name              = "r-${{each.key}}-a"
  resource_group    = resource_group.r[each.key]
  allocation_method = "Static"
  tags              = {{ beside = virtual_network.r[each.key].name }}
}}

public_ip "r-b" {{
  for_each          = local.cells
  name              = "r-${{each.key}}-b"
  resource_group    = resource_group.r[each.key]
  allocation_method = "Static"
  tags              = {{ beside = virtual_network.r[each.key].name }}
}}

subnet_network_security_group_association "r" {{
  for_each               = local.cells
  subnet                 = subnet.r-a[each.key]
  network_security_group = network_security_group.r[each.key]
}}
"#
    )
}
