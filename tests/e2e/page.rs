//! The plan as a page for a browser; how it looks there is tested in `tests/conformance`.

use crate::support::{Cloud, Gateway, Project};

#[test]
fn a_page_is_the_same_each_time_and_refers_to_nothing() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    project.apply().well();
    project.gateways([
        Gateway::new("a").with("description: A </script> text"),
        Gateway::new("c").after(&["a"]),
    ]);
    let plan = ["plan", "--out", "x.plan", "--format", "html"];
    let page = project.run(&plan).well().stdout;
    assert_eq!(page, project.run(&plan).well().stdout);
    let shown = project.run(&["show", "x.plan", "--format", "html"]);
    assert_eq!(page, shown.well().stdout);
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("default-src 'none'"));
    for reference in ["://", "src=", "@import", "url(h"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(page.contains("A &lt;/script&gt; text"));
    assert!(page.contains("gwplan apply x.plan"));
    assert!(page.contains("id=\"change-gateway.b\""));
}

#[test]
fn the_state_is_no_page() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    let refused = project.run(&["show", "--format", "html"]).ended(1);
    assert!(refused.stderr.contains("PLANFILE"), "{}", refused.stderr);
}
