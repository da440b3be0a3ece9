//! How a Linux kernel names itself: the banner of its log and of `/proc/version`, and `uname -a`.

pub(crate) const BANNER_START: &str = "Linux version ";

/// The release that a banner states: `Linux version 6.12.47 (…`.
pub(crate) fn banner_release(banner: &str) -> Option<&str> {
    banner.strip_prefix(BANNER_START)?.split_whitespace().next()
}

/// The word of a line of `uname -a` before the number of the build, which is the release.
pub(crate) fn uname_release(line: &str) -> Option<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let build = words.iter().position(|word| word.starts_with('#'))?;
    words.get(build.checked_sub(1)?).copied()
}

/// The release in a kernel's line, or the text itself if it is one.
pub(crate) fn stated_release(text: &str) -> Option<&str> {
    match text.starts_with("Linux ") {
        true => banner_release(text).or_else(|| uname_release(text)),
        false => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_stands_in_every_line_of_a_kernel() {
        let uname = "Linux 521fcc5db8fe 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux";
        let banner = "Linux version 6.12.47 (@x) (gcc 11) #1 SMP Fri Nov 14 15:34:06 UTC 2025";
        for text in [uname, banner, "6.12.47"] {
            assert_eq!(stated_release(text), Some("6.12.47"));
        }
        assert_eq!(stated_release("Linux 521fcc5db8fe"), None);
    }
}
