//! Evidence of the lab: whatever bytes lie in its files, reading does not fail, says the same
//! again, and every value names a line that exists.
//!
//! The first byte chooses the file; 0xFF begins another one, whose first byte chooses it.

#![no_main]

use isoproof::model::{Capture, Fact, Origin, Status, Stream};
use isoproof::probe::lab12::{SLOTS, assign, read};
use libfuzzer_sys::fuzz_target;

fn capture(number: usize, bytes: &[u8]) -> Option<Capture> {
    let (choice, content) = bytes.split_first()?;
    let slot = SLOTS[usize::from(*choice) % SLOTS.len()];
    // A second file of the same name lies in another folder.
    let path = if number == 0 { slot.path.to_string() } else { format!("{number}/{}", slot.path) };
    Some(Capture {
        id: path.clone(),
        target: None,
        origin: Origin::File { path, slot: None },
        status: Status::Ok,
        exit: None,
        started: None,
        duration_ms: None,
        stdout: Stream::new(content),
        stderr: None,
    })
}

fuzz_target!(|data: &[u8]| {
    let files = data.split(|&byte| byte == 0xff).enumerate();
    let mut captures: Vec<Capture> = files.filter_map(|(at, bytes)| capture(at, bytes)).collect();
    assign(&mut captures);
    let reading = read(&captures);
    assert_eq!(reading, read(&captures));
    for fact in reading.facts.values().flat_map(|by_target| by_target.values()) {
        let Some(source) = fact.source() else {
            assert!(!fact.is_present());
            continue;
        };
        let capture = captures.iter().find(|capture| capture.id == source.capture);
        let bytes = capture.expect("the capture that a fact names").stdout.bytes();
        let lines = isoproof::text::lines(&bytes.expect("its bytes")).len();
        if let (true, Some(line)) = (fact.is_present(), source.line) {
            assert!(line >= 1 && line as usize <= lines, "line {line} of {lines}");
        }
        if let Fact::Series(samples) = fact {
            assert!(!samples.values.is_empty() && samples.values.iter().all(|value| value.is_finite()));
        }
    }
});
