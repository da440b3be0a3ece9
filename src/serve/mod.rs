//! Serving the site while it is being written: built, served on this machine alone, built again
//! when a source changes, and open pages reloaded.
//!
//! A build that fails changes nothing that is served; its error is shown in the terminal and on
//! every open page. The site is exchanged as a whole, so there is no moment without one.

mod answer;
mod connections;
mod request;
mod watch;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::project::Project;
use crate::site::{self, Built, Options};
use connections::{ServeLimits, accept_connections};
use watch::Watch;

/// What happened, for whoever started the server.
#[derive(Debug)]
pub enum Event<'a> {
    /// The site is served at this address.
    Serving(&'a str),
    /// The wanted port was in use.
    PortTaken(u16),
    /// The site was built, in this time.
    Built(&'a Built, Duration),
    /// A folder of sources cannot be watched, in words.
    NotWatched(&'a str),
    /// A build failed; what was served before still is.
    Failed(&'a Error),
}

/// What the threads of the server share.
#[derive(Debug)]
struct State {
    live: Mutex<Live>,
    changed: Condvar,
    /// Every page that waits for a change holds it.
    waiting: Arc<()>,
}

/// What is served, and how the last build ended.
#[derive(Debug, Clone)]
struct Live {
    /// The folder of the site.
    out: PathBuf,
    /// The number of the last build.
    build: u64,
    /// The number of the build that made what is served.
    site: u64,
    /// What went wrong in the last build.
    error: Option<String>,
}

impl State {
    /// Nothing was built yet in the folder of the site.
    fn new(out: PathBuf) -> Self {
        let live = Live { out, build: 0, site: 0, error: None };
        Self { live: Mutex::new(live), changed: Condvar::new(), waiting: Arc::default() }
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Live {
        self.live().clone()
    }

    /// Waits until a build other than `seen` has ended, for at most `time`.
    fn wait(&self, seen: u64, time: Duration) -> Live {
        let waited = self.changed.wait_timeout_while(self.live(), time, |live| live.build == seen);
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn record_build(&self, out: &Path) {
        let mut live = self.live();
        live.build += 1;
        *live = Live { out: out.to_path_buf(), build: live.build, site: live.build, error: None };
        self.changed.notify_all();
    }

    fn record_failure(&self, error: &Error) {
        let mut live = self.live();
        live.build += 1;
        let help = error.help.as_ref().map(|help| format!("\n\n{help}")).unwrap_or_default();
        live.error = Some(format!("{}{help}", error.message));
        self.changed.notify_all();
    }
}

/// Builds and serves the project in `root` until the process ends.
///
/// # Errors
///
/// The output is somebody else's, no port can be had, or the sources cannot be watched. A build
/// that fails is no error here: it is told as an event.
pub fn serve(root: &Path, port: u16, options: &Options, tell: &dyn Fn(Event)) -> Result<()> {
    let project = Project::at(root)?;
    let out = options.find_output(&project)?;
    let state = Arc::new(State::new(out.named().to_path_buf()));
    let watch = Watch::of(&project)?;
    watch_sources(&watch, &project, tell);
    build(root, options, &state, tell);
    let failed =
        |error: std::io::Error| Error::environment(format!("cannot listen on 127.0.0.1: {error}"));
    let listener = listen(port, tell).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let shared = state.clone();
    std::thread::spawn(move || accept_connections(&listener, &shared, ServeLimits::default()));
    tell(Event::Serving(&format!("http://{address}/")));
    loop {
        watch.wait()?;
        // Folders may have appeared, or `book.toml` may name others now: what changes in them
        // during the build is to be seen.
        if let Ok(project) = Project::at(root) {
            watch_sources(&watch, &project, tell);
        }
        build(root, options, &state, tell);
    }
}

fn watch_sources(watch: &Watch, project: &Project, tell: &dyn Fn(Event)) {
    for what in watch.also(project) {
        tell(Event::NotWatched(&what));
    }
}

fn build(root: &Path, options: &Options, state: &State, tell: &dyn Fn(Event)) {
    let start = std::time::Instant::now();
    match Project::at(root).and_then(|project| site::build(&project, options)) {
        Ok(built) => {
            state.record_build(&built.out);
            tell(Event::Built(&built, start.elapsed()));
        }
        Err(error) => {
            state.record_failure(&error);
            tell(Event::Failed(&error));
        }
    }
}

/// Listens on this port of this machine, or on another one where it is in use.
fn listen(port: u16, tell: &dyn Fn(Event)) -> std::io::Result<TcpListener> {
    let bind = |port| TcpListener::bind(("127.0.0.1", port));
    bind(port).or_else(|error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            tell(Event::PortTaken(port));
            return bind(0);
        }
        Err(error)
    })
}
