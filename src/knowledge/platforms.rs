//! Platforms by what they say of themselves: `data/knowledge/platforms.toml`.

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::error::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlatformMarks {
    id: String,
    name: String,
    #[serde(default)]
    releases: Vec<String>,
    #[serde(default)]
    dmi: Vec<String>,
    #[allow(dead_code, reason = "read by people")]
    source: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProcessorNames {
    name: String,
    pattern: String,
    #[allow(dead_code, reason = "read by people")]
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlatformTable {
    platform: Vec<PlatformMarks>,
    processor: Vec<ProcessorNames>,
    #[serde(default)]
    vendor: Vec<ProcessorNames>,
}

/// What tells a virtual machine, and who makes up the name of a processor.
#[derive(Debug, Clone)]
pub struct PlatformKnowledge {
    platforms: Vec<PlatformMarks>,
    processors: Vec<(Regex, String)>,
    vendors: Vec<(Regex, String)>,
}

impl PlatformKnowledge {
    pub(super) fn from_table(table: PlatformTable) -> Result<Self> {
        let processors = compile_names(table.processor)?;
        let vendors = compile_names(table.vendor)?;
        Ok(Self { platforms: table.platform, processors, vendors })
    }

    /// The id and name of the virtual platform that a kernel of this release runs on.
    pub fn by_release(&self, release: &str) -> Option<(&str, &str)> {
        self.find_by_marks(|platform| &platform.releases, release)
    }

    /// The id and name of the virtual platform that the firmware names.
    pub fn by_firmware(&self, words: &str) -> Option<(&str, &str)> {
        self.find_by_marks(|platform| &platform.dmi, words)
    }

    fn find_by_marks(
        &self,
        marks: fn(&PlatformMarks) -> &Vec<String>,
        text: &str,
    ) -> Option<(&str, &str)> {
        for platform in &self.platforms {
            if marks(platform).iter().any(|mark| text.contains(mark.as_str())) {
                return Some((&platform.id, &platform.name));
            }
        }
        None
    }

    /// Who makes a processor of this name, where the name tells.
    pub fn vendor_of(&self, model: &str) -> Option<&str> {
        let found = self.vendors.iter().find(|(pattern, _)| pattern.is_match(model.as_bytes()))?;
        Some(&found.1)
    }

    /// Who makes up this name of a processor, where the name is known to be made up.
    pub fn maker_of_processor(&self, model: &str) -> Option<&str> {
        let found =
            self.processors.iter().find(|(pattern, _)| pattern.is_match(model.as_bytes()))?;
        Some(&found.1)
    }
}

fn compile_names(names: Vec<ProcessorNames>) -> Result<Vec<(Regex, String)>> {
    let mut compiled = Vec::new();
    for entry in names {
        // Such names are ASCII: classes of all of Unicode would take long to build.
        let pattern =
            RegexBuilder::new(&entry.pattern).unicode(false).build().map_err(|error| {
                Error::unusable_input(format!("processor `{}`: in `pattern`: {error}", entry.name))
            })?;
        compiled.push((pattern, entry.name));
    }
    Ok(compiled)
}

#[cfg(test)]
mod tests {
    use crate::knowledge::KnowledgeBase;

    #[test]
    fn platforms_are_told_by_release_and_by_firmware() {
        let platforms = KnowledgeBase::load(None).unwrap().platforms;
        let id = |found: Option<(&str, &str)>| found.map(|(id, _)| id.to_string());
        let wsl = platforms.by_release("6.6.87.2-microsoft-standard-WSL2");
        assert_eq!(id(wsl).as_deref(), Some("wsl2"));
        assert_eq!(id(platforms.by_release("6.10.14-linuxkit")).as_deref(), Some("linuxkit"));
        assert_eq!(platforms.by_release("6.16.5-arch1-1"), None);
        assert_eq!(id(platforms.by_firmware("VirtualBox")).as_deref(), Some("virtualbox"));
        assert_eq!(platforms.by_firmware("ThinkPad X1"), None);
    }

    #[test]
    fn the_maker_of_a_processor_is_told_by_its_name() {
        let platforms = KnowledgeBase::load(None).unwrap().platforms;
        for (model, vendor) in [
            ("Intel(R) Xeon(R) Processor @ 1.60GHz", Some("Intel")),
            ("AMD EPYC", Some("AMD")),
            ("AMD Ryzen 7 5800H with Radeon Graphics", Some("AMD")),
            ("Neoverse-N1", Some("ARM")),
            ("QEMU Virtual CPU version 2.5+", None),
            ("Hygon C86 7185", None),
        ] {
            assert_eq!(platforms.vendor_of(model), vendor, "{model}");
        }
    }

    #[test]
    fn a_name_that_a_monitor_makes_up_is_known() {
        let platforms = KnowledgeBase::load(None).unwrap().platforms;
        let maker = |model| platforms.maker_of_processor(model);
        assert_eq!(
            maker("Intel(R) Xeon(R) Processor @ 1.60GHz"),
            Some("Dragonball and Firecracker")
        );
        assert_eq!(maker("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz"), None);
        assert_eq!(maker("AMD EPYC 7763 64-Core Processor"), None);
    }
}
