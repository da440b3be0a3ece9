//! Tells the program which commit it was built from, where that can be told.

use std::process::Command;

fn main() {
    // Without git, or outside of a repository, the commit is empty.
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let commit = git(&root, &["rev-parse", "HEAD"]).filter(|_| is_own(&root));
    let commit = commit.unwrap_or_default();
    println!("cargo:rustc-env=ISOPROOF_COMMIT={commit}");
    let long = match commit.get(..12) {
        Some(short) => format!("{} (commit {short})", env!("CARGO_PKG_VERSION")),
        None => env!("CARGO_PKG_VERSION").to_string(),
    };
    println!("cargo:rustc-env=ISOPROOF_VERSION={long}");
    println!("cargo:rerun-if-changed=build.rs");
    // The commit changes with HEAD and with the branch that it names.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&root, &["rev-parse", "--git-path", file]) {
            let path = std::path::Path::new(&root).join(path);
            if path.exists() {
                println!("cargo:rerun-if-changed={}", path.display());
            }
        }
    }
}

/// Whether the repository is the program's own and not one that it was unpacked into.
fn is_own(root: &str) -> bool {
    git(root, &["ls-files", "--error-unmatch", "build.rs"]).is_some()
}

fn git(root: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_string())
}
