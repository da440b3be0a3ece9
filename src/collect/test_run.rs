//! The test run that an edition asks for: `uname -a` in a container of its own.

use super::command_capture::from_command;
use super::session::CollectSession;
use super::work_part::WorkPart;
use crate::engine::{ContainerMode, EngineKind, clean};
use crate::model::{Capture, CaptureStatus, Target, fact_ids};
use crate::process::run_command;

/// The test run: `uname -a` in a container of its own. None where no edition asks for one: the boot
/// of the probes answers the same.
pub(super) fn test_run(session: &CollectSession, spec: &Target) -> Option<Capture> {
    let options = session.options;
    let is_wanted = options.edition.is_some() && !options.is_quick;
    if !is_wanted || session.engine == EngineKind::Builtin || session.is_cancelled() {
        return None;
    }
    session.begin_step(WorkPart::Probes, &spec.name, "test run");
    let name = session.container_name(&spec.name, "test");
    let argv = session.container_argv(spec, &name, &["uname", "-a"], ContainerMode::Attached, &[]);
    let finished = run_command(&argv, session.options.timeout, session.cancel).ok()?;
    if !finished.is_success() && !session.is_cancelled() {
        clean::remove_named(session.engine, &name);
    }
    Some(from_command(&spec.name, &fact_ids::KERNEL_UNAME, &finished))
}

/// The test run that is kept: one that failed next to another container, or that had to wait for
/// it, is made now, alone. Says what happened.
pub(super) fn finish_test_run(
    session: &CollectSession,
    spec: &Target,
    first_try: Option<Capture>,
) -> Option<Capture> {
    if let Some(first) = first_try {
        if first.status == CaptureStatus::Ok || session.is_cancelled() {
            return Some(first);
        }
        let what = "failed beside another container, and is made once more";
        report_failed_test_run(session, spec, &first, what);
    }
    let alone = test_run(session, spec);
    if let Some(capture) = &alone
        && capture.status != CaptureStatus::Ok
        && !session.is_cancelled()
    {
        report_failed_test_run(session, spec, capture, "failed");
    }
    alone
}

fn report_failed_test_run(session: &CollectSession, spec: &Target, failed: &Capture, what: &str) {
    let words = failed.stderr.as_ref().map(|stream| stream.text_lines().join(" "));
    let words = words.map(|words| crate::text::join_words(&words)).filter(|it| !it.is_empty());
    let words = words.unwrap_or_else(|| failed.status.meaning().into());
    session.progress.on_trouble(&spec.name, &format!("the test run {what}: {words}"));
}

/// The captures of a target with its test run, whose answer takes the place of that of the boot. One
/// that failed has none, and stays next to it as the record of what happened.
pub(super) fn answer_by_test_run(
    mut captures: Vec<Capture>,
    test_run: Option<Capture>,
) -> Vec<Capture> {
    let Some(mut test_run) = test_run else { return captures };
    if test_run.status == CaptureStatus::Ok {
        captures.retain(|capture| capture.id != test_run.id);
    } else if captures.iter().any(|capture| capture.id == test_run.id) {
        test_run.id = format!("{}.test_run", test_run.id);
    }
    captures.push(test_run);
    captures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CaptureOrigin;

    #[test]
    fn the_boot_of_the_probes_answers_where_the_test_run_did_not() {
        let capture = |status, text: &str| {
            let origin = CaptureOrigin::Command { argv: Vec::new() };
            Capture {
                status,
                ..Capture::of_target("kata", &fact_ids::KERNEL_UNAME, origin, text.as_bytes())
            }
        };
        let boot = || vec![capture(CaptureStatus::Ok, "Linux of the boot\n")];
        let told = |test_run| -> Vec<(String, String)> {
            let told = answer_by_test_run(boot(), test_run).into_iter();
            told.map(|it| (it.id, it.stdout.text_lines().join(""))).collect()
        };
        let own = |text: &str| ("kata/kernel.uname".to_string(), text.to_string());
        let ok = capture(CaptureStatus::Ok, "Linux of the test run\n");
        assert_eq!(told(Some(ok)), [own("Linux of the test run")]);
        assert_eq!(told(None), [own("Linux of the boot")]);
        let failed = ("kata/kernel.uname.test_run".to_string(), String::new());
        for status in [CaptureStatus::Error, CaptureStatus::Timeout] {
            let expected = [own("Linux of the boot"), failed.clone()];
            assert_eq!(told(Some(capture(status, ""))), expected);
        }
    }
}
