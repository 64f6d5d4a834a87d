//! A message to lines of text. Pure: colour and width are given, and colour is never the only signal.

use super::harmless::{columns, cut, harmless, one_line, wrapped};
use crate::message::words::length;
use crate::message::{Button, Field, Message, Section, Step, StepState, Tone};

/// How a message is to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// Columns of the terminal; less than 20 counts as 20, more than 500 as 500.
    pub width: usize,
    /// Whether colours may be used.
    pub colour: bool,
}

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BLUE: &str = "36";
const DIM: &str = "2";
const BOLD: &str = "1";

/// The message in lines without line feeds, each at most as wide as the look says.
///
/// `thread` is set before every line, as `RUN-7 │ `.
pub fn render(message: &Message, thread: Option<&str>, look: Look) -> Vec<String> {
    let prefix = thread.map(|name| format!("{} │ ", cut(&one_line(name), 24))).unwrap_or_default();
    let width = look.width.clamp(20, 500).saturating_sub(columns(&prefix)).max(12);
    let mut lines = Vec::new();
    headline(message, width, look, &mut lines);
    for section in &message.sections {
        match section {
            Section::Text(text) => indented(&harmless(text), width, &mut lines),
            Section::Code(code) => code_lines(code, width, look, &mut lines),
            Section::Fields(fields) => field_lines(fields, width, look, &mut lines),
            Section::Table { columns, rows } => table_lines(columns, rows, width, look, &mut lines),
            Section::Steps(steps) => lines.extend(steps.iter().map(|step| step_line(step, width, look))),
        }
    }
    if !message.buttons.is_empty() {
        indented(&buttons(&message.buttons, width - 2), width, &mut lines);
    }
    if prefix.is_empty() {
        return lines;
    }
    let prefix = paint(DIM, &prefix, look);
    lines.into_iter().map(|line| format!("{prefix}{line}")).collect()
}

fn headline(message: &Message, width: usize, look: Look, lines: &mut Vec<String>) {
    let (mark, colour) = match message.tone {
        Tone::Plain => ("·", BOLD),
        Tone::Good => ("✓", GREEN),
        Tone::Bad => ("✗", RED),
        Tone::Waiting => ("?", YELLOW),
        Tone::Working => ("▸", BLUE),
    };
    for (index, line) in wrapped(&one_line(&message.headline), width - 2).into_iter().enumerate() {
        let mark = if index == 0 { paint(colour, mark, look) } else { " ".to_owned() };
        lines.push(format!("{mark} {}", paint(BOLD, &line, look)));
    }
    if let Some(person) = &message.only_for {
        lines.push(cut(&format!("  (only for {})", one_line(person)), width));
    }
}

fn indented(text: &str, width: usize, lines: &mut Vec<String>) {
    lines.extend(wrapped(text, width - 2).into_iter().map(|line| format!("  {line}").trim_end().to_owned()));
}

fn code_lines(code: &str, width: usize, look: Look, lines: &mut Vec<String>) {
    for line in harmless(code).split('\n') {
        for piece in wrapped(line, width - 4) {
            lines.push(format!("  {} {}", paint(DIM, "┆", look), piece).trim_end().to_owned());
        }
    }
}

fn field_lines(fields: &[Field], width: usize, look: Look, lines: &mut Vec<String>) {
    let names: Vec<String> = fields.iter().map(|field| cut(&one_line(&field.name), width / 2)).collect();
    let widest = names.iter().map(|name| columns(name)).max().unwrap_or(0);
    for (name, field) in names.iter().zip(fields) {
        let padded = format!("{name}{}", " ".repeat(widest - columns(name)));
        for (index, line) in
            wrapped(&one_line(&field.value), width.saturating_sub(widest + 4)).into_iter().enumerate()
        {
            let name = if index == 0 { paint(DIM, &padded, look) } else { " ".repeat(widest) };
            lines.push(cut_plain(&format!("  {name}  {line}"), width, look));
        }
    }
}

/// Cuts only where nothing is painted: escape sequences must not be cut.
fn cut_plain(line: &str, width: usize, look: Look) -> String {
    if look.colour { line.to_owned() } else { cut(line, width) }
}

fn table_lines(heads: &[String], rows: &[Vec<String>], width: usize, look: Look, lines: &mut Vec<String>) {
    let heads: Vec<String> = heads.iter().map(|head| one_line(head)).collect();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    let mut widths: Vec<usize> = (0..heads.len())
        .map(|at| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| columns(cell));
            cells.chain([columns(&heads[at])]).max().unwrap_or(0)
        })
        .collect();
    let room = width.saturating_sub(2 + 2 * heads.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > 3) else { break };
        *widest -= 1;
    }
    let line = |cells: &[String]| {
        let padded: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(at, width)| {
                let cell = cut(cells.get(at).map_or("", String::as_str), *width);
                format!("{cell}{}", " ".repeat(width.saturating_sub(columns(&cell))))
            })
            .collect();
        cut(format!("  {}", padded.join("  ")).trim_end(), width)
    };
    lines.push(paint(DIM, &line(&heads), look));
    lines.extend(rows.iter().map(|row| line(row)));
}

fn step_line(step: &Step, width: usize, look: Look) -> String {
    let (mark, word, colour) = match step.state {
        StepState::Waiting => ("·", "waiting", DIM),
        StepState::Working => ("▸", "working", BLUE),
        StepState::Passed => ("✓", "passed", GREEN),
        StepState::Failed => ("✗", "failed", RED),
        StepState::Skipped => ("-", "skipped", DIM),
        StepState::Refused => ("✗", "refused", RED),
    };
    let time = step.duration.map(|duration| format!(" {}", length(duration))).unwrap_or_default();
    let detail = if step.detail.is_empty() { String::new() } else { format!(": {}", one_line(&step.detail)) };
    let rest = cut(&format!("{} {word}{time}{detail}", one_line(&step.name)), width.saturating_sub(4));
    format!("  {} {rest}", paint(colour, mark, look))
}

/// On a terminal a button is the line that it types; a line is broken between buttons only.
fn buttons(buttons: &[Button], width: usize) -> String {
    let mut text = String::new();
    let mut used = 0;
    for button in buttons {
        let shown = format!("[{}: {}]", one_line(&button.label), one_line(&button.command));
        if used > 0 {
            let fits = used + 1 + columns(&shown) <= width;
            text.push(if fits { ' ' } else { '\n' });
            used = if fits { used + 1 } else { 0 };
        }
        used += columns(&shown);
        text.push_str(&shown);
    }
    text
}

fn paint(colour: &str, text: &str, look: Look) -> String {
    if look.colour { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// The lines of `new` that `old` does not have, with the headline always first: what a card that changed
/// adds to a text that cannot be redrawn.
pub fn changes(old: &[String], new: &[String]) -> Vec<String> {
    let fresh = |line: &&String| !old.contains(line);
    let mut lines: Vec<String> = new.iter().skip(1).filter(fresh).cloned().collect();
    if let Some(first) = new.first().filter(|first| !lines.is_empty() || !old.contains(first)) {
        lines.insert(0, first.clone());
    }
    lines
}
