//! What the page of trends shows, made from all runs of a project and printed as JSON; without
//! the frame of the page around it. `benches/history.sh` measures it.

use std::path::Path;

use isoproof::diff::history::PastSession;
use isoproof::error::Result;
use isoproof::project::Project;
use isoproof::report::ProjectData;
use isoproof::report::trend::{self, OmittedRuns, RunDigest, TrendView};
use isoproof::store::{RunStore, outline};

fn main() -> Result<()> {
    // Cargo itself gives `--bench`.
    let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        eprintln!("usage: trends PROJECT; benches/history.sh makes one");
        return Ok(());
    };
    let project = Project::open_folder(Path::new(&folder))?;
    let shelf = ProjectData::load_data(Some(&project.data_dir()))?;
    let needed = trend::needed_facts(&shelf.catalogue);
    let wanted = |id: &str| needed.contains(id);
    let read = |path: &Path| -> Result<(RunDigest, PastSession)> {
        let run = outline::read_outline(path, &wanted)?;
        Ok((
            RunDigest::of_run(&run),
            PastSession::of_run(&run, &shelf.catalogue, project.config.gate.margin),
        ))
    };
    let all = outline::map_parallel(&RunStore::open_project(&project)?.run_files()?, read);
    let all = all.into_iter().collect::<Result<Vec<_>>>()?;
    let (digests, sessions): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let view = TrendView::new(digests, OmittedRuns::default(), &shelf);
    println!("{}", serde_json::json!({ "sessions": sessions.len(), "trend": view }));
    Ok(())
}
