//! What the page of trends shows, made from all runs of a project and printed as JSON; without
//! the frame of the page around it. `benches/history.sh` measures it.

use std::path::Path;

use isoproof::diff::past::{self, Session};
use isoproof::error::Result;
use isoproof::project::Project;
use isoproof::report::Shelf;
use isoproof::report::trend::{self, Digest, TrendView};
use isoproof::store::{Store, outline};

fn main() -> Result<()> {
    // Cargo itself gives `--bench`.
    let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        eprintln!("usage: trends PROJECT; benches/history.sh makes one");
        return Ok(());
    };
    let project = Project::at(Path::new(&folder))?;
    let shelf = Shelf::load(Some(&project.data()))?;
    let wanted = |id: &str| trend::wants(id) || past::wants(&shelf.catalogue, id);
    let read = |path: &Path| -> Result<(Digest, Session)> {
        let run = outline::outline(path, &wanted)?;
        Ok((Digest::of(&run), Session::of(&run, &shelf.catalogue)))
    };
    let all = outline::each(&Store::of(&project)?.files()?, read);
    let all = all.into_iter().collect::<Result<Vec<_>>>()?;
    let (digests, sessions): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let view = TrendView::new(digests, 0, &shelf);
    println!("{}", serde_json::json!({ "sessions": sessions.len(), "trend": view }));
    Ok(())
}
