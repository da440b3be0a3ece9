//! isoproof captures evidence of how a container runtime isolates, judges it, and renders it
//! into a site and, for an edition of a pack, a document.
//!
//! Data flows one way, from captures to facts to verdicts to pages; `ARCHITECTURE.md` in the
//! repository tells the floors.
//!
//! The modules that are public are for tests, fuzzing and programs that read runs:
//!
//! ```
//! use isoproof::project::Project;
//! use isoproof::report::{Assessment, ProjectData};
//! use isoproof::store::RunStore;
//!
//! # fn main() -> isoproof::error::Result<()> {
//! let project = Project::open_folder(env!("CARGO_MANIFEST_DIR").as_ref())?;
//! let runs = RunStore::open_project(&project)?;
//! let loaded = runs.load_run("four-runtimes", &project.root)?;
//! let assessment = Assessment::new(loaded, &ProjectData::load_project(&project)?)?;
//! assert!(assessment.run.find_target("runc").is_some());
//! # Ok(())
//! # }
//! ```

#![warn(unreachable_pub)]
// `cli::console` prints, and makes hostile text visible.
#![deny(clippy::print_stdout, clippy::print_stderr)]

/// Gives an enum, whose words strum derives, the one that stands for a value in files and reports.
macro_rules! impl_into_str {
    ($name:ident) => {
        impl $name {
            /// The word for it in files and reports.
            pub fn into_str(self) -> &'static str {
                self.into()
            }
        }
    };
}

pub(crate) mod assets;
pub(crate) mod atomic;
pub mod cli;
pub(crate) mod clock;
pub(crate) mod cluster;
pub(crate) mod collect;
pub mod diff;
pub(crate) mod doctor;
pub mod engine;
pub mod error;
pub(crate) mod export;
pub(crate) mod git;
pub mod import;
pub(crate) mod init;
pub(crate) mod judge;
pub(crate) mod knowledge;
pub mod lab12;
pub mod mdbook;
pub mod model;
pub(crate) mod owner;
pub(crate) mod parse_error;
pub(crate) mod phrases;
pub mod privacy;
pub mod probe;
pub(crate) mod proc;
pub mod process;
pub mod project;
pub(crate) mod publish;
pub mod report;
pub(crate) mod serve;
pub mod site;
pub(crate) mod sources;
pub(crate) mod stats;
pub mod store;
pub mod text;
pub(crate) mod version;

/// What is added to the core; the core knows it by its traits alone.
pub(crate) static PACKS: &[&dyn report::pack::Pack] = &[&lab12::Lab12];

/// The pack that has an edition of this name.
/// Errors: none has; the error names the editions that there are.
pub(crate) fn find_pack(edition: &str) -> Result<&'static dyn report::pack::Pack, String> {
    let packs = PACKS.iter().copied();
    let known: Vec<&str> = packs.clone().flat_map(|pack| pack.edition_names()).collect();
    packs
        .into_iter()
        .find(|pack| pack.edition_names().contains(&edition))
        .ok_or_else(|| format!("unknown edition `{edition}`: known are {}", known.join(" and ")))
}
