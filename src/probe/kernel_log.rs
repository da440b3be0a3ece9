//! Lines of a kernel's log, as `dmesg` prints them and as people keep them.

/// The message of a line: what follows `[ seconds.micros]` or the time of `dmesg -T`, without the
/// priority (`<6>`, `kern  :info  :`) before it and the caller (`[    T0]`, `[C1]`) that some kernels print after it.
pub(crate) fn kernel_log_message(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = match line.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((priority, rest)) if is_number(priority) => rest,
        _ => without_facility(line),
    };
    let (time, message) = line.strip_prefix('[')?.split_once(']')?;
    is_time(time.trim()).then(|| without_caller(message.trim_start()).trim_end())
}

/// A line without the facility and the level that `dmesg -x` prints first.
fn without_facility(line: &str) -> &str {
    let mut parts = line.splitn(3, ':');
    match [parts.next(), parts.next(), parts.next()] {
        [Some(facility), Some(level), Some(rest)]
            if [facility, level].iter().all(|word| is_lower_word(word.trim_end())) =>
        {
            rest.trim_start()
        }
        _ => line,
    }
}

fn is_lower_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// A message without the id of its caller.
fn without_caller(text: &str) -> &str {
    if let Some((id, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']'))
        && id.trim().strip_prefix(['T', 'C']).is_some_and(is_number)
    {
        return rest.trim_start();
    }
    text
}

/// `12.345678`, or `Thu Nov 27 21:57:34 2025` as `dmesg -T` prints it.
fn is_time(text: &str) -> bool {
    match text.split_once(['.', ',']) {
        Some((seconds, micros)) => is_number(seconds) && is_number(micros) && micros.len() >= 3,
        None => {
            let year = text.rsplit(' ').next().unwrap_or_default();
            text.matches(':').count() == 2 && year.len() == 4 && is_number(year)
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_seconds_and_micros_or_a_date() {
        for (line, message) in [
            ("[    0.000000] Linux version 6.1", Some("Linux version 6.1")),
            ("<6>[   12.345678] x", Some("x")),
            ("kern  :notice: [    0.000000] x", Some("x")),
            ("daemon:info  : [   12.345678] x", Some("x")),
            ("Kata VM: x: [    0.000000] x", None),
            ("[    0.000000][    T0] x", Some("x")),
            ("[    0.100000] [C1] x", Some("x")),
            ("[Mon Jan  5 12:00:00 2026] x", Some("x")),
            ("[0000] x", None),
            ("[ warning ] x", None),
            ("x", None),
        ] {
            assert_eq!(kernel_log_message(line), message, "{line}");
        }
    }
}
