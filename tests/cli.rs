//! Transcripts of the command line: `tests/cmd/*.md`, each in a folder of its own.

#[test]
fn every_transcript_says_what_the_program_says() {
    trycmd::TestCases::new()
        .case("tests/cmd/*.md")
        .env("SOURCE_DATE_EPOCH", "1767225600")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "80");
}
