//! The image of a container, which is there before anything is measured.

use std::time::Duration;

use super::session::CollectSession;
use crate::engine::{self, EngineKind, facts};
use crate::error::{Error, Result};
use crate::process::run_command;

/// The image is there before anything is started: a pull is never part of a measurement.
pub(super) fn ensure_image(session: &CollectSession, image: &str) -> Result<()> {
    if facts::has_image(session.engine, image, session.cancel)? {
        return Ok(());
    }
    session.progress.on_step("image", "pulling", None);
    let name = session.engine.name().to_string();
    let argv = match session.engine {
        EngineKind::Ctr => vec![name, "images".into(), "pull".into(), engine::full_name(image)],
        _ => vec![name, "pull".into(), image.into()],
    };
    let pulled = run_command(&argv, Duration::from_secs(300), session.cancel)?;
    if pulled.is_success() {
        return Ok(());
    }
    Err(Error::failed_environment(format!(
        "the image {image} is not there and cannot be pulled: {}",
        pulled.error_summary()
    ))
    .with_help("load it first, or name one that is there with --image"))
}
