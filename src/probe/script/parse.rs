//! Reading the output of the script. Any bytes can come; only whole frames count.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use super::{Answer, Answers, Question, Unanswered, status};
use crate::model::Status;

/// Reads what the script of `questions` with this nonce printed.
///
/// What is no whole frame is kept as stray bytes. An answer that came twice and not the same is
/// no answer.
pub fn parse(output: &[u8], nonce: &str, questions: &[Question]) -> Answers {
    let marker = format!("@{nonce} ");
    let mut slots: Vec<Slot> = questions.iter().map(|_| Slot::default()).collect();
    let mut all = Answers::default();
    for line in output.split(|byte| *byte == b'\n') {
        // A terminal turns each line feed into two bytes; frames have no carriage return.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(at) = find_last(line, marker.as_bytes()) else {
            keep_stray(&mut all.stray, line);
            continue;
        };
        keep_stray(&mut all.stray, &line[..at]);
        let body = line[at + marker.len()..].strip_suffix(b" .");
        let frame = body.and_then(Frame::read);
        if frame.is_none() {
            keep_stray(&mut all.stray, &line[at..]);
        }
        match frame {
            Some(Frame::Start { uid, coding }) => {
                all.started = true;
                (all.uid, all.coding) = (uid, Some(coding));
            }
            Some(Frame::End) => all.finished = true,
            Some(Frame::Mark(number, mark)) => on(&mut slots, number, |slot| slot.mark(mark)),
            Some(Frame::Answers(answers)) => {
                for (number, answer) in answers {
                    on(&mut slots, number, |slot| slot.answer(answer));
                }
            }
            None => {
                for number in damaged_numbers(&line[at + marker.len()..]) {
                    on(&mut slots, number, |slot| slot.damaged = true);
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
struct Slot {
    answer: Option<Streams>,
    timeout: bool,
    lost: bool,
    cut: bool,
    damaged: bool,
}

/// The two streams of one command as they came.
#[derive(PartialEq)]
struct Streams {
    limit: usize,
    end: Option<End>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

#[derive(PartialEq)]
struct End {
    exit: i32,
    duration_ms: Option<f64>,
}

enum Mark {
    Timeout,
    Lost,
    Cut,
}

enum Frame {
    Start { uid: Option<u32>, coding: String },
    End,
    Mark(usize, Mark),
    Answers(Vec<(usize, Streams)>),
}

impl Slot {
    fn mark(&mut self, mark: Mark) {
        match mark {
            Mark::Timeout => self.timeout = true,
            Mark::Lost => self.lost = true,
            Mark::Cut => self.cut = true,
        }
    }

    fn answer(&mut self, streams: Streams) {
        self.damaged |= self.answer.as_ref().is_some_and(|first| *first != streams);
        self.answer = Some(streams);
    }

    fn into_answer(self, id: &str) -> Result<Answer, Unanswered> {
        if self.damaged {
            return Err(Unanswered::Damaged);
        }
        let ended = self.timeout || self.lost;
        let Some(mut streams) = self.answer.or_else(|| ended.then(Streams::none)) else {
            return Err(if self.cut { Unanswered::Cut } else { Unanswered::NotReached });
        };
        let truncated = streams.cut();
        let exit = streams.end.as_ref().map(|end| end.exit);
        let status = if self.timeout {
            Status::Timeout
        } else if truncated {
            Status::Truncated
        } else {
            status(exit, &streams.stdout, &streams.stderr)
        };
        Ok(Answer {
            id: id.to_owned(),
            status,
            exit,
            stdout: streams.stdout,
            stderr: streams.stderr,
            duration_ms: streams.end.and_then(|end| end.duration_ms),
        })
    }
}

impl Streams {
    fn none() -> Self {
        Self { limit: 0, end: None, stdout: Vec::new(), stderr: Vec::new() }
    }

    /// Cuts both streams at the limit; the script sends more than that of a longer one.
    fn cut(&mut self) -> bool {
        let truncated = self.stdout.len().max(self.stderr.len()) > self.limit;
        self.stdout.truncate(self.limit);
        self.stderr.truncate(self.limit);
        truncated
    }

    /// From `<limit> <coding> <stdout>|<stderr>`; how the command ended stands in angle brackets
    /// wherever the streams were when it did.
    fn read(text: &[u8]) -> Option<Self> {
        let (limit, rest) = split_once(text, b' ')?;
        let (coding, payload) = split_once(rest, b' ')?;
        let (streams, end) = match split_once(payload, b'<') {
            None => (payload.to_vec(), None),
            Some((before, rest)) => {
                let (end, after) = split_once(rest, b'>')?;
                ([before, after].concat(), Some(End::read(std::str::from_utf8(end).ok()?)?))
            }
        };
        let (stdout, stderr) = split_once(&streams, b'|')?;
        Some(Self {
            limit: number(limit)?,
            end,
            stdout: decode(coding, stdout)?,
            stderr: decode(coding, stderr)?,
        })
    }
}

impl End {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let exit = parts.next()?.parse().ok()?;
        let mut seconds = || parts.next()?.parse::<f64>().ok();
        let duration_ms = match (seconds(), seconds()) {
            // A clock that was set back tells nothing.
            (Some(begun), Some(ended)) if begun.is_finite() && ended >= begun => {
                Some(((ended - begun) * 1e6).round() / 1e3)
            }
            _ => None,
        };
        Some(Self { exit, duration_ms: duration_ms.filter(|ms| ms.is_finite()) })
    }
}

impl Frame {
    fn read(body: &[u8]) -> Option<Self> {
        let (first, rest) = split_once(body, b' ')?;
        match (first, rest) {
            (b"start", rest) => {
                let text = std::str::from_utf8(rest).ok()?;
                let mut words = text.split(' ');
                let uid = words.next()?.parse().ok();
                Some(Self::Start { uid, coding: words.next()?.to_owned() })
            }
            (b"end", _) => Some(Self::End),
            (b"answers", rest) => Some(Self::Answers(answers(rest)?)),
            (first, b"timeout") => Some(Self::Mark(number(first)?, Mark::Timeout)),
            (first, b"lost") => Some(Self::Mark(number(first)?, Mark::Lost)),
            (first, b"cut") => Some(Self::Mark(number(first)?, Mark::Cut)),
            (first, rest) => Some(Self::Answers(vec![(number(first)?, Streams::read(rest)?)])),
        }
    }
}

/// From `<coding> <number>/<limit>/<size>/<size>/<exit>/<begun>/<ended> … |<bytes>`.
fn answers(text: &[u8]) -> Option<Vec<(usize, Streams)>> {
    let (about, bytes) = split_once(text, b'|')?;
    let mut words = std::str::from_utf8(about).ok()?.split_ascii_whitespace();
    let mut rest = &*decode(words.next()?.as_bytes(), bytes)?;
    let mut all = Vec::new();
    for word in words {
        let [number, limit, out, err, exit, begun, ended] =
            word.split('/').collect::<Vec<_>>().try_into().ok()?;
        let mut next = |size: &str| {
            let (stream, others) = rest.split_at_checked(size.parse().ok()?)?;
            rest = others;
            Some(stream.to_vec())
        };
        let (stdout, stderr) = (next(out)?, next(err)?);
        let end = Some(End::read(&format!("{exit},{begun},{ended}"))?);
        all.push((
            number.parse().ok()?,
            Streams { limit: limit.parse().ok()?, end, stdout, stderr },
        ));
    }
    // More bytes than the sizes say: which of them belong to whom is unknown.
    rest.is_empty().then_some(all)
}

/// Calls `with` for the question of this number, from 1.
fn on(slots: &mut [Slot], number: usize, with: impl FnOnce(&mut Slot)) {
    if let Some(slot) = number.checked_sub(1).and_then(|index| slots.get_mut(index)) {
        with(slot);
    }
}

/// The numbers of the questions in a frame of which only a part, or more than it, came.
fn damaged_numbers(body: &[u8]) -> Vec<usize> {
    let Some((first, rest)) = split_once(body, b' ') else { return Vec::new() };
    if first != b"answers" {
        return number(first).into_iter().collect();
    }
    let about = split_once(rest, b'|').map_or(rest, |(about, _)| about);
    let of = |word: &[u8]| number(split_once(word, b'/')?.0);
    about.split(|byte| *byte == b' ').filter_map(of).collect()
}

fn number(text: &[u8]) -> Option<usize> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}

/// The bytes of one stream, by the tool that the script found.
fn decode(coding: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    match coding {
        b"od" | b"xxd" | b"hexdump" => HEXLOWER_PERMISSIVE.decode(text).ok(),
        b"base64" => BASE64.decode(text).ok(),
        b"shell" => unescape(text),
        _ => None,
    }
}

/// Undoes `escape` of the script.
fn unescape(text: &[u8]) -> Option<Vec<u8>> {
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

fn find_last(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).rposition(|window| window == what)
}

fn keep_stray(stray: &mut Vec<u8>, line: &[u8]) {
    if !line.is_empty() {
        stray.extend_from_slice(line);
        stray.push(b'\n');
    }
}
