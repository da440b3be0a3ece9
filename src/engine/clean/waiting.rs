//! How long others are waited for.

use std::time::{Duration, Instant};

/// How long one question to another program may take.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// The time between two looks at what others still do.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// Waits until something is over, or the limit is. What is awaited are processes that are no
/// children of ours, whose end the kernel would tell us, and they follow one another with gaps.
pub(super) fn wait_while(limit: Duration, mut is_on: impl FnMut() -> bool) {
    let begun = Instant::now();
    while is_on() && begun.elapsed() < limit {
        std::thread::sleep(LOOK);
    }
}
