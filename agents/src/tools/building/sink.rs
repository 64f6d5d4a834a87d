//! Takes the output of a run: into the log up to a limit, its end for messages, its lines for progress.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;

use super::process::{Ended, Outcome};

/// How much of the end of the output is kept in memory.
const TAIL_BYTES: usize = 8 * 1024;
/// A longer line is cut for progress; the log has it whole.
const LINE_BYTES: usize = 400;

/// Where output goes.
pub(super) struct Sink {
    log: File,
    left: u64,
    tail: VecDeque<u8>,
    line: Vec<u8>,
    on_line: Option<mpsc::Sender<String>>,
}

impl Sink {
    pub(super) fn open(
        log: &Path,
        limit: u64,
        on_line: Option<mpsc::Sender<String>>,
    ) -> std::io::Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        Ok(Self { log, left: limit, tail: VecDeque::new(), line: Vec::new(), on_line })
    }

    /// Keeps a piece of output; false when the limit is reached, and the rest is thrown away.
    pub(super) fn take(&mut self, bytes: &[u8]) -> std::io::Result<bool> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX);
        let kept = &bytes[..bytes.len().min(room)];
        self.left -= kept.len() as u64;
        self.log.write_all(kept)?;
        self.tail.extend(&kept[kept.len().saturating_sub(TAIL_BYTES)..]);
        let excess = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..excess);
        if self.on_line.is_some() {
            kept.iter().for_each(|&byte| self.push(byte));
        }
        Ok(kept.len() == bytes.len())
    }

    fn push(&mut self, byte: u8) {
        match byte {
            b'\n' | b'\r' => self.say_line(),
            byte if self.line.len() < LINE_BYTES => self.line.push(byte),
            _ => {}
        }
    }

    fn say_line(&mut self) {
        let line = plain(&String::from_utf8_lossy(&self.line));
        self.line.clear();
        let worth_saying = !line.trim().is_empty();
        if let Some(on_line) = self.on_line.as_ref().filter(|_| worth_saying) {
            // Progress may miss lines when its reader is slow, so a full channel is no error.
            on_line.try_send(line).ok();
        }
    }

    pub(super) fn ended(mut self, outcome: Outcome, log: &Path, duration: Duration) -> Ended {
        self.say_line();
        let tail = String::from_utf8_lossy(self.tail.make_contiguous()).into_owned();
        Ended { outcome, output_tail: tail, log: log.to_path_buf(), duration }
    }
}

/// Takes terminal sequences and control characters out, for the text comes from strangers.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                if characters.next() == Some('[') {
                    characters.by_ref().find(|c| ('@'..='~').contains(c));
                }
            }
            '\t' => out.push(' '),
            character if character.is_control() => {}
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_sequences_and_control_characters_leave_plain_text() {
        let table = [
            ("\u{1b}[1;32m   Compiling\u{1b}[0m demo", "   Compiling demo"),
            ("a\tb\u{7}c", "a bc"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("häuser", "häuser"),
        ];
        for (raw, expected) in table {
            assert_eq!(plain(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn the_log_stops_at_the_limit_and_the_tail_is_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let (sender, mut lines) = mpsc::channel(8);
        let mut sink = Sink::open(&log, 20_000, Some(sender)).unwrap();
        assert!(sink.take(b"first\nsecond half").unwrap());
        assert!(sink.take(&[b'x'; 10_000]).unwrap());
        assert!(!sink.take(&[b'y'; 10_000]).unwrap());
        let ended = sink.ended(Outcome::OutputLimit, &log, Duration::ZERO);
        assert_eq!(std::fs::read(&log).unwrap().len(), 20_000);
        assert_eq!(ended.output_tail.len(), TAIL_BYTES);
        assert!(ended.output_tail.ends_with('y'));
        assert_eq!(lines.try_recv().unwrap(), "first");
        let cut = lines.try_recv().unwrap();
        assert!(cut.starts_with("second halfx") && cut.len() == LINE_BYTES, "{cut}");
    }
}
