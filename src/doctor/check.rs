//! What is asked of a machine, and what one check of it found.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::EngineKind;
use crate::engine::runtime_spec::RuntimeArgument;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(const_into_str, serialize_all = "lowercase")]
pub(crate) enum CheckStatus {
    /// As it should be.
    Ok,
    /// Something may not work.
    Warn,
    /// What was asked for cannot be done.
    Fail,
    /// There was nothing to check, or nobody asked for it.
    Skip,
    /// It could not be found out.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct MachineCheck {
    /// The id: that of the check, and after a dot what of several it is about.
    pub id: String,
    pub status: CheckStatus,
    /// A few words.
    pub title: String,
    pub observed: String,
    /// What would be as it should.
    pub expected: String,
    /// What lies behind it, where it is not as it should be.
    pub cause: Option<String>,
    pub fix: Option<String>,
    /// What was looked at, or run, and what it said.
    pub evidence: Vec<String>,
}

/// What the user wants to do with this machine.
#[derive(Debug, Clone)]
pub(crate) struct DoctorOptions {
    /// The engine; by default the first that answers.
    pub engine: Option<EngineKind>,
    /// The runtimes; by default all that the engine offers.
    pub runtimes: Vec<RuntimeArgument>,
    /// The image of the smoke run.
    pub image: String,
    /// The image of the web app.
    pub app: String,
    pub smoke: bool,
    /// How long one container may take.
    pub timeout: Duration,
}
