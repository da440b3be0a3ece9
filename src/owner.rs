//! The mark of a process on what it makes, so that what a killed one left can be told from what
//! a living one still needs.

/// The mark of this process: its id and when it started, because ids are used again.
pub fn mark() -> String {
    let pid = std::process::id();
    format!("{pid}.{}", start_time(pid).unwrap_or_default())
}

/// Whether the process with this mark still runs. A text that is no mark is nobody's.
pub fn is_alive(mark: &str) -> bool {
    mark.split_once('.').is_some_and(|(pid, started)| {
        pid.parse().ok().and_then(start_time).is_some_and(|time| time.to_string() == started)
    })
}

/// When a process started, in clock ticks since boot: field 22 of its `stat` (proc(5)).
fn start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in parentheses that may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_owns_what_it_marks_and_a_stranger_does_not() {
        assert!(is_alive(&mark()));
        assert!(!is_alive("1.1") && !is_alive("") && !is_alive("999999999.5"));
    }
}
