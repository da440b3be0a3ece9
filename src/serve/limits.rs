//! What clients may take from the server.

use std::time::Duration;

/// What clients may take from the server. `docs/guide/site/write.md` states the default.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServeLimits {
    /// Connections that are open at the same time.
    pub connections: usize,
    /// How long a connection keeps its place even if others wait for one.
    pub grace: Duration,
    /// Bytes of a request's first line and headers.
    pub head_bytes: usize,
    /// How long they may take to arrive.
    pub head_time: Duration,
    /// How long a client may accept nothing of its answer.
    pub stall_time: Duration,
    /// Pages that wait for a change at the same time.
    pub waiting_pages: usize,
    pub wait_time: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections: 64,
            grace: Duration::from_secs(1),
            head_bytes: 16 * 1024,
            head_time: Duration::from_secs(5),
            stall_time: Duration::from_secs(10),
            waiting_pages: 32,
            wait_time: Duration::from_secs(25),
        }
    }
}
