//! Image copies that precede their users, and locks on a scope.

use drplan::run::StepOutcome;

use crate::lab::{Lab, changes, simulated};

const SITES: &str = r#"
stack "compute" {}
site "east" {
  provider = "azure"
  location = "canadacentral"
}
site "west" {
  provider = "azure"
  location = "canadaeast"
}
resource_group "east" {
  site = site.east
}
resource_group "west" {
  site = site.west
}
"#;

fn images(version: &str) -> String {
    format!(
        r#"{SITES}
shared_image_gallery "east" {{
  resource_group = resource_group.east
}}
shared_image_gallery "west" {{
  resource_group = resource_group.west
}}
shared_image "web" {{
  gallery = shared_image_gallery.east
  os_type = "Linux"
  identifier {{
    publisher = "contoso"
    offer     = "web"
    sku       = "web"
  }}
}}
shared_image_version "web" {{
  name          = "{version}"
  image         = shared_image.web
  managed_image = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/build/providers/Microsoft.Compute/images/web"
}}
image_copy "web" {{
  source  = shared_image_version.web
  gallery = shared_image_gallery.west
}}
"#
    )
}

/// Applies, expects an empty plan, and returns the lower-case ids of all existing objects.
async fn stands(lab: &Lab, text: &str) -> Vec<String> {
    let applied = lab.apply(text).await.expect("the state can be written");
    for fate in &applied.report.fates {
        assert!(!matches!(fate, StepOutcome::Failed(..) | StepOutcome::Unknown(..)), "a step ended as {fate:?}");
    }
    let (again, _) = lab.plan(text, false).await;
    assert_eq!(changes(&again), Vec::<String>::new());
    lab.standing().iter().map(|id| id.folded()).collect()
}

#[test]
fn new_image_version_replaces_the_old_at_both_sites() {
    simulated(async {
        let lab = Lab::new(5);
        stands(&lab, &images("4.2.0")).await;
        let standing = stands(&lab, &images("4.3.0")).await;
        let versions: Vec<&str> = standing
            .iter()
            .filter_map(|id| id.split_once("/galleries/"))
            .map(|(_, rest)| rest)
            .filter(|rest| rest.contains("/versions/"))
            .collect();
        assert_eq!(versions, ["east/images/web/versions/4.3.0", "west/images/web/versions/4.3.0"]);
    });
}

#[test]
fn lock_is_created_last_and_deleted_first() {
    let text = format!(
        r#"{SITES}
management_lock "east" {{
  scope      = resource_group.east
  lock_level = "ReadOnly"
}}
shared_image_gallery "east" {{
  resource_group = resource_group.east
}}
"#
    );
    simulated(async {
        let lab = Lab::new(5);
        assert_eq!(stands(&lab, &text).await.len(), 4);
        lab.destroy(&text).await.expect("the state can be written");
        assert!(lab.standing().is_empty(), "{:?}", lab.standing());
    });
}
