//! The `isoproof` program.

/// Takes the place of musl's allocator, with which commands take a seventh to two fifths more processor
/// time.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    isoproof::cli::run_program()
}
