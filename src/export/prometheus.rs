//! A fleet in the text format of Prometheus, for the textfile collector of node_exporter or a push.

use std::fmt::Write as _;

use crate::judge::Conclusion;
use crate::judge::fleet::{ClassSummary, NodeSummary};
use crate::model::Fleet;

/// The gauges of a fleet: one for each node and class, and when the session began.
pub(crate) fn prometheus_text(fleet: &Fleet, nodes: &[NodeSummary]) -> String {
    let mut out = String::new();
    push_head(
        &mut out,
        "isoproof_own_kernel",
        "Whether pods of the class have a kernel of their own on the node: 1 shown, 0 they share \
         the node's, -1 neither was shown.",
    );
    for node in nodes {
        for class in &node.classes {
            let labels = cell_labels(fleet, node, class);
            let _ = writeln!(out, "isoproof_own_kernel{{{labels}}} {}", kernel_value(class));
        }
    }
    push_head(
        &mut out,
        "isoproof_broken_promise",
        "Whether the class is not what its name says on the node: 1 it is not, 0 nothing shows so.",
    );
    for node in nodes {
        for class in &node.classes {
            let labels = cell_labels(fleet, node, class);
            let is_broken = node.find_broken_promise(&class.class).is_some();
            let _ = writeln!(out, "isoproof_broken_promise{{{labels}}} {}", u8::from(is_broken));
        }
    }
    push_head(&mut out, "isoproof_fleet_begun_seconds", "When the session began.");
    let id = escape_label(&fleet.id);
    let seconds = fleet.created.timestamp();
    let _ = writeln!(out, "isoproof_fleet_begun_seconds{{fleet=\"{id}\"}} {seconds}");
    out
}

/// Whether a text is what [`prometheus_text`] wrote of some fleet.
pub(crate) fn is_own_prometheus(text: &str) -> bool {
    text.lines().all(|line| {
        let name = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
        name.unwrap_or(line).starts_with("isoproof_")
    })
}

fn push_head(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn cell_labels(fleet: &Fleet, node: &NodeSummary, class: &ClassSummary) -> String {
    let role = fleet.classes.iter().find(|it| it.name == class.class).map(|it| it.role.into_str());
    let labels = [
        ("node", node.node.as_str()),
        ("pool", node.pool.as_deref().unwrap_or_default()),
        ("class", &class.class),
        ("role", role.unwrap_or_default()),
    ];
    labels.map(|(name, value)| format!("{name}=\"{}\"", escape_label(value))).join(",")
}

/// A kernel of its own counts where it was shown with at least medium confidence.
fn kernel_value(class: &ClassSummary) -> i8 {
    let verdict = class.as_verdict();
    match class.conclusion {
        Conclusion::SharedKernel => 0,
        _ if verdict.shows_own_kernel() => 1,
        _ => -1,
    }
}

/// The value of a label, as the format wants it escaped.
fn escape_label(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::fleet::testing::kata_node;
    use crate::model::testing::kata_fleet;

    #[test]
    fn every_node_and_class_has_one_gauge_whatever_it_is_called() {
        let mut hostile = kata_node("a\"} 1\nx", Conclusion::SharedKernel, "6.1");
        hostile.pool = Some("C:\\pool".into());
        let nodes = [
            kata_node("n1", Conclusion::SeparateKernelVm, "6.1"),
            hostile,
            kata_node("n3", Conclusion::NotTested, "6.1"),
        ];
        let fleet = kata_fleet("aa11");
        let text = prometheus_text(&fleet, &nodes);
        let gauges: Vec<&str> =
            text.lines().filter(|line| line.starts_with("isoproof_own_kernel")).collect();
        let labels = "class=\"kata\",role=\"candidate\"";
        assert_eq!(
            gauges,
            [
                format!("isoproof_own_kernel{{node=\"n1\",pool=\"\",{labels}}} 1"),
                format!(
                    "isoproof_own_kernel{{node=\"a\\\"}} 1\\nx\",pool=\"C:\\\\pool\",{labels}}} 0"
                ),
                format!("isoproof_own_kernel{{node=\"n3\",pool=\"\",{labels}}} -1"),
            ]
        );
        // Every line is a comment or a sample with a name, labels and a number.
        let sample = regex::Regex::new(
            r#"^[a-z_]+\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\} -?\d+$"#,
        );
        let sample = sample.unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(sample.is_match(line), "{line}");
        }
        assert!(
            text.contains("isoproof_broken_promise{node=\"n1\",pool=\"\",") && text.ends_with('\n')
        );
    }
}
