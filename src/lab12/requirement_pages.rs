//! What the editions ask for, as pages of `isoproof explain`.

use std::path::Path;

use super::edition::{Edition, LabRequirement, load_edition};
use crate::error::Result;
use crate::report::about::{AboutPage, AboutPart};
use crate::report::pack::PackRequirements;

/// The pages of the requirements of all editions.
pub(super) fn list_requirements(data: Option<&Path>) -> Result<PackRequirements> {
    let mut pages = Vec::new();
    for edition in Edition::ALL {
        pages.extend(load_edition(*edition, data)?.requirement.iter().map(requirement_page));
    }
    Ok(PackRequirements { heading: "Requirements of the lab".into(), pages })
}

fn requirement_page(asked: &LabRequirement) -> AboutPage {
    let part = |heading: &str, text: &str, output: &str| AboutPart {
        heading: heading.into(),
        text: text.into(),
        output: output.into(),
        outcome: String::new(),
        probes: Vec::new(),
    };
    let needs = asked.needs.iter().map(|need| {
        let samples = match need.samples {
            0 => String::new(),
            wanted => format!(", {wanted} samples"),
        };
        let compared = if need.compared { ", compared with the baseline's" } else { "" };
        format!("{} on the {}{samples}{compared}\n", need.fact, need.target.into_str())
    });
    let files = asked.files.iter().map(|file| match &*file.command {
        "" => format!("{}\n", file.path),
        command => format!("{}: {command}\n", file.path),
    });
    AboutPage {
        id: asked.id.clone(),
        title: asked.title.clone(),
        kind: format!("a requirement of the lab, task {}", asked.task),
        parts: vec![
            part("Question", &asked.asks, ""),
            part("Command", "", &asked.command),
            part("Facts that show it", &needs.collect::<String>(), ""),
            part("For the author to add", &asked.author, ""),
            part("Files", "", &files.collect::<String>()),
        ],
    }
}
