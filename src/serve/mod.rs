//! Serving the site while it is being written: built, served on this machine alone, built again
//! when a source changes, and open pages reloaded.
//!
//! A build that fails changes nothing that is served; its error is shown in the terminal and on
//! every open page. The site is exchanged as a whole, or the files of changed chapters one by one,
//! so there is no moment without one.

mod answer;
mod connections;
mod limits;
mod request;
mod state;
mod watch;

use state::{LiveSite, ServerState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::project::Project;
use crate::site::{BuildOptions, BuiltReport, SiteMemory, SourceChanges};
use connections::accept_connections;
use limits::ServeLimits;
use watch::SourceWatch;

/// What happened, for whoever started the server.
#[derive(Debug)]
pub(crate) enum ServeEvent<'a> {
    /// The site is served at this address.
    Serving(&'a str),
    /// The wanted port was in use.
    PortTaken(u16),
    /// The site was built, in this time.
    Built(&'a BuiltReport, Duration),
    /// A folder of sources cannot be watched, in words.
    NotWatched(&'a str),
    /// A build failed, and whether there is a site from before, which is still served.
    Failed(&'a Error, bool),
}

/// Builds and serves the project in `root` until the process ends.
/// Errors: the output is somebody else's, no port can be had, or the sources cannot be watched. A
/// build that fails is no error here: it is told as an event.
pub(crate) fn serve_project(
    root: &Path,
    port: u16,
    options: &BuildOptions,
    tell: &dyn Fn(ServeEvent),
) -> Result<()> {
    let project = Project::open_folder(root)?;
    let out = options.find_output(&project)?;
    let state = Arc::new(ServerState::new(out.named_path().to_path_buf()));
    let watch = SourceWatch::watch_project(&project)?;
    let mut are_all_watched = watch_sources(&watch, &project, tell);
    let mut memory = SiteMemory::default();
    let server = (root, options, &*state);
    rebuild_site(server, &mut memory, &SourceChanges::Unknown, &watch, tell);
    let (listener, address) = listen_on_port(port, tell).map_err(|error| {
        Error::failed_environment(format!("cannot listen on 127.0.0.1: {error}"))
    })?;
    let shared = state.clone();
    std::thread::spawn(move || accept_connections(&listener, &shared, ServeLimits::default()));
    tell(ServeEvent::Serving(&format!("http://{address}/")));
    loop {
        let mut changes = watch.wait_for_change()?;
        if !are_all_watched || !memory.takes_changes(&changes) {
            changes = SourceChanges::Unknown;
            // Folders may have appeared, or `book.toml` may name others now: what changes in them
            // during the build is to be seen.
            if let Ok(project) = Project::open_folder(root) {
                are_all_watched = watch_sources(&watch, &project, tell);
            }
        }
        rebuild_site(server, &mut memory, &changes, &watch, tell);
    }
}

/// Watches all sources, and says whether that could be done.
fn watch_sources(watch: &SourceWatch, project: &Project, tell: &dyn Fn(ServeEvent)) -> bool {
    let not_watched = watch.add_paths(project);
    for what in &not_watched {
        tell(ServeEvent::NotWatched(what));
    }
    not_watched.is_empty()
}

/// Builds the site and tells open pages, then does the rest unless sources changed meanwhile.
fn rebuild_site(
    server: (&Path, &BuildOptions, &ServerState),
    memory: &mut SiteMemory,
    changes: &SourceChanges,
    watch: &SourceWatch,
    tell: &dyn Fn(ServeEvent),
) {
    if let Err(error) = try_rebuild(server, memory, changes, watch, tell) {
        server.2.record_failure(&error);
        let is_served = server.2.current_site().out.join("index.html").is_file();
        tell(ServeEvent::Failed(&error, is_served));
    }
}

fn try_rebuild(
    (root, options, state): (&Path, &BuildOptions, &ServerState),
    memory: &mut SiteMemory,
    changes: &SourceChanges,
    watch: &SourceWatch,
    tell: &dyn Fn(ServeEvent),
) -> Result<()> {
    let start = std::time::Instant::now();
    let project = Project::open_folder(root)?;
    let published = memory.publish_changes(&project, options, changes)?;
    // Open pages need not wait until the old site is removed, or for what they do not show.
    state.record_build(&published.report.out, published.is_whole());
    watch.watch_site(&published.report.out);
    tell(ServeEvent::Built(&published.report, start.elapsed()));
    if memory.finish_report(published, &|| watch.has_changes())? {
        state.record_late_files();
    }
    Ok(())
}

fn listen_on_port(
    port: u16,
    tell: &dyn Fn(ServeEvent),
) -> std::io::Result<(TcpListener, SocketAddr)> {
    let mut listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    if listener.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse) {
        tell(ServeEvent::PortTaken(port));
        listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    }
    let listener = listener?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
