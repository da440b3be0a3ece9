//! The `isoproof` program.

fn main() -> std::process::ExitCode {
    isoproof::cli::run_program()
}
