//! Reading the output of the script. Any bytes can come; only whole frames count.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use super::{BatchAnswer, BatchAnswers, BatchQuestion, exit_status};
use crate::model::CaptureStatus;

/// Reads what the script of `questions` with this nonce printed.
///
/// What is no whole frame is kept as stray bytes. An answer that came twice and not the same is
/// no answer.
pub fn parse_script_output(
    output: &[u8],
    nonce: &str,
    questions: &[BatchQuestion],
) -> BatchAnswers {
    let marker = format!("@{nonce} ");
    let mut slots: Vec<AnswerSlot> = questions.iter().map(|_| AnswerSlot::default()).collect();
    let mut all = BatchAnswers::default();
    for line in output.split(|byte| *byte == b'\n') {
        // A terminal turns each line feed into two bytes; frames have no carriage return.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(at) = line.windows(marker.len()).rposition(|window| window == marker.as_bytes())
        else {
            keep_stray(&mut all.stray, line);
            continue;
        };
        keep_stray(&mut all.stray, &line[..at]);
        let body = line[at + marker.len()..].strip_suffix(b" .");
        let frame = body.and_then(OutputFrame::parse_frame);
        if frame.is_none() {
            keep_stray(&mut all.stray, &line[at..]);
        }
        match frame {
            Some(OutputFrame::Start { uid, coding }) => {
                all.started = true;
                (all.uid, all.coding) = (uid, Some(coding));
            }
            Some(OutputFrame::End) => all.finished = true,
            Some(OutputFrame::Mark(number, mark)) => {
                update_slot(&mut slots, number, |slot| slot.record_mark(mark))
            }
            Some(OutputFrame::Answers(answers)) => {
                for (number, answer) in answers {
                    update_slot(&mut slots, number, |slot| slot.record_answer(answer));
                }
            }
            None => {
                for number in damaged_numbers(&line[at + marker.len()..]) {
                    update_slot(&mut slots, number, |slot| slot.damaged = true);
                }
            }
        }
    }
    for (question, slot) in questions.iter().zip(slots) {
        match slot.into_answer(question.id) {
            Ok(answer) => all.answers.push(answer),
            Err(why) => all.unanswered.push((question.id.to_owned(), why)),
        }
    }
    all
}

/// What the output says about one question.
#[derive(Default)]
struct AnswerSlot {
    answer: Option<OutputStreams>,
    timeout: bool,
    lost: bool,
    cut: bool,
    damaged: bool,
}

#[derive(Default, PartialEq)]
struct OutputStreams {
    limit: usize,
    end: Option<CommandEnd>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

#[derive(PartialEq)]
struct CommandEnd {
    exit: i32,
    duration_ms: Option<f64>,
}

enum FrameMark {
    Timeout,
    Lost,
    Cut,
}

enum OutputFrame {
    Start { uid: Option<u32>, coding: String },
    End,
    Mark(usize, FrameMark),
    Answers(Vec<(usize, OutputStreams)>),
}

impl AnswerSlot {
    fn record_mark(&mut self, mark: FrameMark) {
        match mark {
            FrameMark::Timeout => self.timeout = true,
            FrameMark::Lost => self.lost = true,
            FrameMark::Cut => self.cut = true,
        }
    }

    fn record_answer(&mut self, streams: OutputStreams) {
        self.damaged |= self.answer.as_ref().is_some_and(|first| *first != streams);
        self.answer = Some(streams);
    }

    fn into_answer(self, id: &str) -> Result<BatchAnswer, CaptureStatus> {
        if self.damaged {
            return Err(CaptureStatus::Damaged);
        }
        let ended = self.timeout || self.lost;
        let Some(mut streams) = self.answer.or_else(|| ended.then(OutputStreams::default)) else {
            return Err(if self.cut { CaptureStatus::Unasked } else { CaptureStatus::Unreached });
        };
        let truncated = streams.truncate_to_limit();
        let exit = streams.end.as_ref().map(|end| end.exit);
        let status = if self.timeout {
            CaptureStatus::Timeout
        } else if truncated {
            CaptureStatus::Truncated
        } else {
            exit_status(exit, &streams.stdout, &streams.stderr)
        };
        Ok(BatchAnswer {
            id: id.to_owned(),
            status,
            exit,
            stdout: streams.stdout,
            stderr: streams.stderr,
            duration_ms: streams.end.and_then(|end| end.duration_ms),
        })
    }
}

impl OutputStreams {
    /// Cuts both streams at the limit; the script sends more than that of a longer one.
    fn truncate_to_limit(&mut self) -> bool {
        let truncated = self.stdout.len().max(self.stderr.len()) > self.limit;
        self.stdout.truncate(self.limit);
        self.stderr.truncate(self.limit);
        truncated
    }

    /// From `<limit> <coding> <stdout>|<stderr>`; how the command ended stands in angle brackets
    /// wherever the streams were when it did.
    fn parse_streams(text: &[u8]) -> Option<Self> {
        let (limit, rest) = split_once(text, b' ')?;
        let (coding, payload) = split_once(rest, b' ')?;
        let (streams, end) = match split_once(payload, b'<') {
            None => (payload.to_vec(), None),
            Some((before, rest)) => {
                let (end, after) = split_once(rest, b'>')?;
                (
                    [before, after].concat(),
                    Some(CommandEnd::parse_end(std::str::from_utf8(end).ok()?)?),
                )
            }
        };
        let (stdout, stderr) = split_once(&streams, b'|')?;
        Some(Self {
            limit: parse_slot_number(limit)?,
            end,
            stdout: decode_stream(coding, stdout)?,
            stderr: decode_stream(coding, stderr)?,
        })
    }
}

impl CommandEnd {
    fn parse_end(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let exit = parts.next()?.parse().ok()?;
        let mut times = parts.map(|part| part.parse::<f64>().ok());
        let duration_ms = match (times.next().flatten(), times.next().flatten()) {
            // A clock that was set back tells nothing.
            (Some(begun), Some(ended)) if begun.is_finite() && ended >= begun => {
                Some(((ended - begun) * 1e6).round() / 1e3)
            }
            _ => None,
        };
        Some(Self { exit, duration_ms: duration_ms.filter(|ms| ms.is_finite()) })
    }
}

impl OutputFrame {
    fn parse_frame(body: &[u8]) -> Option<Self> {
        let (first, rest) = split_once(body, b' ')?;
        match (first, rest) {
            (b"start", rest) => {
                let text = std::str::from_utf8(rest).ok()?;
                let mut words = text.split(' ');
                let uid = words.next()?.parse().ok();
                Some(Self::Start { uid, coding: words.next()?.to_owned() })
            }
            (b"end", _) => Some(Self::End),
            (b"answers", rest) => Some(Self::Answers(parse_answers(rest)?)),
            (first, b"timeout") => Some(Self::Mark(parse_slot_number(first)?, FrameMark::Timeout)),
            (first, b"lost") => Some(Self::Mark(parse_slot_number(first)?, FrameMark::Lost)),
            (first, b"cut") => Some(Self::Mark(parse_slot_number(first)?, FrameMark::Cut)),
            (first, rest) => Some(Self::Answers(vec![(
                parse_slot_number(first)?,
                OutputStreams::parse_streams(rest)?,
            )])),
        }
    }
}

/// From `<coding> <number>/<limit>/<size>/<size>/<exit>/<begun>/<ended> … |<bytes>`.
fn parse_answers(text: &[u8]) -> Option<Vec<(usize, OutputStreams)>> {
    let (about, bytes) = split_once(text, b'|')?;
    let mut words = std::str::from_utf8(about).ok()?.split_ascii_whitespace();
    let mut rest = &*decode_stream(words.next()?.as_bytes(), bytes)?;
    let mut all = Vec::new();
    for word in words {
        let [number, limit, out, err, exit, begun, ended] =
            word.split('/').collect::<Vec<_>>().try_into().ok()?;
        let (stdout, after) = rest.split_at_checked(out.parse().ok()?)?;
        let (stderr, after) = after.split_at_checked(err.parse().ok()?)?;
        rest = after;
        let end = Some(CommandEnd::parse_end(&format!("{exit},{begun},{ended}"))?);
        let (stdout, stderr) = (stdout.to_vec(), stderr.to_vec());
        all.push((
            number.parse().ok()?,
            OutputStreams { limit: limit.parse().ok()?, end, stdout, stderr },
        ));
    }
    // More bytes than the sizes say: which of them belong to whom is unknown.
    rest.is_empty().then_some(all)
}

/// Calls `with` for the question of this number, from 1.
fn update_slot(slots: &mut [AnswerSlot], number: usize, with: impl FnOnce(&mut AnswerSlot)) {
    if let Some(slot) = number.checked_sub(1).and_then(|index| slots.get_mut(index)) {
        with(slot);
    }
}

/// The numbers of the questions in a frame of which only a part, or more than it, came.
fn damaged_numbers(body: &[u8]) -> Vec<usize> {
    let Some((first, rest)) = split_once(body, b' ') else { return Vec::new() };
    if first != b"answers" {
        return parse_slot_number(first).into_iter().collect();
    }
    let about = split_once(rest, b'|').map_or(rest, |(about, _)| about);
    let words = about.split(|byte| *byte == b' ');
    words.filter_map(|word| parse_slot_number(split_once(word, b'/')?.0)).collect()
}

fn parse_slot_number(text: &[u8]) -> Option<usize> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}

/// The bytes of one stream, by the tool that the script found.
fn decode_stream(coding: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    match coding {
        b"od" | b"xxd" | b"hexdump" => HEXLOWER_PERMISSIVE.decode(text).ok(),
        b"base64" => BASE64.decode(text).ok(),
        b"shell" => unescape_bytes(text),
        _ => None,
    }
}

/// Undoes `escape` of the script.
fn unescape_bytes(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b'%' => {
                let code = [*rest.next()?, *rest.next()?];
                bytes.extend(HEXLOWER_PERMISSIVE.decode(&code).ok()?);
            }
            _ => bytes.push(byte),
        }
    }
    Some(bytes)
}

fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let index = text.iter().position(|byte| *byte == at)?;
    Some((&text[..index], &text[index + 1..]))
}

fn keep_stray(stray: &mut Vec<u8>, line: &[u8]) {
    if !line.is_empty() {
        stray.extend_from_slice(line);
        stray.push(b'\n');
    }
}
