//! The `isoproof` program.

fn main() {}
