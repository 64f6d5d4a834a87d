//! Reads the text of `cargo test`: one block per test binary, doc tests included.
//!
//! A block is `running N tests`, exactly N outcome lines, and a `test result:` line whose numbers agree with both.
//! Whatever a test prints in between is not counted: a lone fake result line closes no block,
//! and a fake outcome line makes the block inconsistent, which is refused.
//! The form is that of libtest's `pretty` formatter (rust-lang/rust, `library/test/src/formatters/pretty.rs`).

use super::text::plain;
use super::totals::{ReportError, Tally, Totals, not_found, unclear};
use std::collections::HashMap;

/// Reads the standard output of `cargo test`.
///
/// # Errors
///
/// [`ReportError::NotFound`] without any block, [`ReportError::Unclear`] when a block contradicts itself,
/// is cut off, or when result lines stand outside of blocks.
pub fn parse(stdout: &str) -> Result<Totals, ReportError> {
    let stdout = plain(stdout);
    let mut tally = Tally::default();
    let mut blocks = 0_usize;
    let mut open: Option<Block> = None;
    for line in stdout.lines() {
        match &mut open {
            Some(block) => {
                if block.take(line)? {
                    blocks += 1;
                    if let Some(done) = open.take() {
                        done.count_into(&mut tally);
                    }
                }
            }
            None => match announced(line) {
                Some(tests) => open = Some(Block::new(tests)),
                None if ResultLine::read(line).is_some() => {
                    return Err(unclear(
                        "a `test result:` line stands outside of any `running N tests` block",
                    ));
                }
                None if outcome_line(line).is_some() => {
                    return Err(unclear("an outcome line stands outside of any `running N tests` block"));
                }
                None => {}
            },
        }
    }
    if let Some(block) = open {
        return Err(unclear(format!(
            "a block of {} tests has {} outcomes and no result line that agrees with them",
            block.announced,
            block.outcomes.len()
        )));
    }
    if blocks == 0 {
        return Err(not_found("the output has no `running N tests` block"));
    }
    Ok(tally.finish())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Ignored,
}

struct Block {
    announced: u64,
    outcomes: Vec<(String, Outcome)>,
    /// A test whose name was printed before its outcome, as libtest does with one thread.
    pending: Option<String>,
    /// First lines of the captured output, by test name.
    messages: HashMap<String, String>,
    section: Section,
    /// Whether the lists after the outcomes have begun, which hold what tests printed.
    lists_begun: bool,
}

/// Where in the captured output of failed tests the reader stands.
enum Section {
    None,
    /// The next line with text is the message.
    Wanted(String),
}

impl Block {
    fn new(announced: u64) -> Self {
        Self {
            announced,
            outcomes: Vec::new(),
            pending: None,
            messages: HashMap::new(),
            section: Section::None,
            lists_begun: false,
        }
    }

    /// Takes one line; true when it closed the block.
    fn take(&mut self, line: &str) -> Result<bool, ReportError> {
        if self.outcomes.len() as u64 == self.announced {
            // All outcomes are in: only the result line that agrees with every count ends the block.
            // Captured output of failed tests may hold other reports, which are not ours.
            if ResultLine::read(line).is_some_and(|result| self.agrees(&result)) {
                return Ok(true);
            }
            self.lists_begun |= matches!(line, "failures:" | "successes:");
            if !self.lists_begun && outcome_line(line).is_some() {
                return Err(unclear(format!(
                    "more outcomes than the {} tests that were announced",
                    self.announced
                )));
            }
            self.message_line(line);
            return Ok(false);
        }
        match outcome_line(line) {
            Some((name, Some(outcome))) => self.outcome(name.to_owned(), outcome),
            Some((name, None)) => self.pending = Some(name.to_owned()),
            None => {
                if let Some(outcome) = outcome_word(line.trim())
                    && let Some(name) = self.pending.take()
                {
                    self.outcome(name, outcome);
                }
            }
        }
        Ok(false)
    }

    fn outcome(&mut self, name: String, outcome: Outcome) {
        self.pending = None;
        self.outcomes.push((name, outcome));
    }

    fn number(&self, wanted: Outcome) -> u64 {
        self.outcomes.iter().filter(|(_, outcome)| *outcome == wanted).count() as u64
    }

    fn agrees(&self, result: &ResultLine) -> bool {
        let failed = self.number(Outcome::Failed);
        result.ok == (failed == 0)
            && result.failed == failed
            && result.ignored == self.number(Outcome::Ignored)
            && result.passed.checked_add(result.measured) == Some(self.number(Outcome::Passed))
    }

    /// Picks the message of a failed test out of the `---- name stdout ----` sections.
    fn message_line(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            self.section = Section::Wanted(name.to_owned());
            return;
        }
        let Section::Wanted(name) = &self.section else { return };
        // The line of a panic says where; the next one says what.
        let place = line.starts_with("thread '") && line.contains(" panicked at ");
        if !line.trim().is_empty() && !place {
            let name = name.clone();
            self.messages.entry(name).or_insert_with(|| line.to_owned());
            self.section = Section::None;
        }
    }

    fn count_into(self, tally: &mut Tally) {
        for (name, outcome) in &self.outcomes {
            match outcome {
                Outcome::Passed => tally.pass(1),
                Outcome::Ignored => tally.skip(1),
                Outcome::Failed => {
                    let plain_name = name.split(" - should panic").next().unwrap_or(name);
                    let message = self.messages.get(name).or_else(|| self.messages.get(plain_name));
                    tally.fail(name, message.map_or("", String::as_str));
                }
            }
        }
    }
}

/// `running 3 tests`, `running 1 test`.
fn announced(line: &str) -> Option<u64> {
    let (number, word) = line.strip_prefix("running ")?.split_once(' ')?;
    let number: u64 = number.parse().ok()?;
    (word == if number == 1 { "test" } else { "tests" }).then_some(number)
}

/// `test a::b ... ok`: the name, and the outcome if the line holds one.
fn outcome_line(line: &str) -> Option<(&str, Option<Outcome>)> {
    let (name, word) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some((name, outcome_word(word.trim_end())))
}

/// `ok`, `ok <0.01s>`, `FAILED`, `ignored, reason`, `bench:   12 ns/iter (+/- 3)`.
fn outcome_word(word: &str) -> Option<Outcome> {
    let timed = |rest: &str| rest.is_empty() || (rest.starts_with(" <") && rest.ends_with("s>"));
    if let Some(rest) = word.strip_prefix("ok") {
        return timed(rest).then_some(Outcome::Passed);
    }
    if let Some(rest) = word.strip_prefix("FAILED") {
        return (timed(rest) || rest.starts_with(" (time limit exceeded)")).then_some(Outcome::Failed);
    }
    if let Some(rest) = word.strip_prefix("ignored") {
        return (rest.is_empty() || rest.starts_with(", ")).then_some(Outcome::Ignored);
    }
    (word.starts_with("bench:") && word.contains("ns/iter")).then_some(Outcome::Passed)
}

struct ResultLine {
    ok: bool,
    passed: u64,
    failed: u64,
    ignored: u64,
    measured: u64,
}

impl ResultLine {
    /// `test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
    fn read(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("test result: ")?;
        let (ok, rest) = match rest.strip_prefix("ok. ") {
            Some(rest) => (true, rest),
            None => (false, rest.strip_prefix("FAILED. ")?),
        };
        let mut parts = rest.split("; ");
        let mut next =
            |word: &str| -> Option<u64> { parts.next()?.strip_suffix(word)?.strip_suffix(' ')?.parse().ok() };
        let result = Self {
            ok,
            passed: next("passed")?,
            failed: next("failed")?,
            ignored: next("ignored")?,
            measured: next("measured")?,
        };
        next("filtered out")?;
        Some(result)
    }
}

#[cfg(test)]
#[path = "cargo_text_tests.rs"]
mod tests;
