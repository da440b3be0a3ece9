//! Waiting for a thread, or until something is so.

use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

/// Waits for a thread. Its panic goes on here: what it had to hand over is lost, and a run
/// without it would say that it was never asked for.
pub(super) fn join_thread<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Waits until `done` or the limit, a tick at a time.
pub(super) fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    while !done() {
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "in a thread")]
    fn a_panic_of_a_thread_goes_on_where_it_is_joined() {
        std::thread::scope(|scope| join_thread(scope.spawn(|| panic!("in a thread"))));
    }
}
