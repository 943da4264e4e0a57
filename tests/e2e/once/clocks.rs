//! Machines whose clocks are wrong.

use crate::support::{Cloud, Gateway};

use super::{exactly_once, project};

const CREATE: &str = "CreateCloudNativeAPIGateway";
/// About as far as the cloud lets a clock be wrong.
const WRONG: i32 = 290;

/// Two clocks that the cloud accepts can be ten minutes apart: by those, any time to wait would be over.
#[test]
fn a_create_whose_answer_is_lost_is_waited_for_by_the_clouds_time_whatever_the_clocks_say() {
    for (first, second) in [(-WRONG, WRONG), (WRONG, -WRONG)] {
        // What is new shows up late, for the dice of this seed by more than a second.
        let cloud = Cloud::start(&["--lag", "3s", "--seed", "7"]);
        let mut project = project(
            &cloud,
            "provider: { region: ap-guangzhou }\ntimeouts: { consistency: 3s }\n",
        );
        project.gateways([Gateway::new("a")]);
        project.set("GWPLAN_CLOCK_AHEAD", &first.to_string());
        project.set("GWPLAN_CRASH_AT", "1 an answer is there");
        let run = project.run(&["apply", "--auto-approve"]);
        assert_eq!(run.code, None, "{}", run.stderr);
        assert_eq!(cloud.calls(CREATE), 1);
        project.unset("GWPLAN_CRASH_AT");
        project.set("GWPLAN_CLOCK_AHEAD", &second.to_string());
        let run = project.apply().well();
        assert!(
            run.stderr.contains("is what the create made"),
            "{}",
            run.stderr
        );
        assert_eq!(cloud.calls(CREATE), 1);
        exactly_once(&cloud, &project, &["a".to_owned()]);
    }
}
