//! What is told while a session captures.

use super::estimate::SessionEstimate;

pub(crate) trait CollectProgress: Sync {
    /// A step begins. `done` is the share of the session before it, from 0 to 1, where it is known.
    fn on_step(&self, target: &str, what: &str, done: Option<f64>);
    /// How long the session takes is known now.
    fn on_estimate(&self, estimate: &SessionEstimate);
    /// Something went wrong, and collecting goes on.
    fn on_trouble(&self, target: &str, what: &str);
}
