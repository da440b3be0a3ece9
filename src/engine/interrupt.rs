//! Ctrl-C and friends: the first asks everything to stop and clean up, the second ends at once.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::error::{Error, Result};
use crate::process::CancelFlag;

/// The flag that SIGINT, SIGTERM and SIGHUP set. A second one ends the process with 130.
pub(crate) fn listen_for_signals() -> Result<CancelFlag> {
    static CANCEL: OnceLock<CancelFlag> = OnceLock::new();
    if let Some(cancel) = CANCEL.get() {
        return Ok(cancel.clone());
    }
    let cancel: CancelFlag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // In this order the flag is still unset when the first signal is checked against it.
        signal_hook::flag::register_conditional_shutdown(signal, 130, cancel.clone())
            .and_then(|_| signal_hook::flag::register(signal, cancel.clone()))
            .map_err(|error| {
                Error::failed_environment(format!("cannot handle signals: {error}"))
            })?;
    }
    Ok(CANCEL.get_or_init(|| cancel).clone())
}
