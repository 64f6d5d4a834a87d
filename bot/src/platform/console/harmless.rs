//! Text from outside made harmless for a terminal.

/// The text without anything that a terminal obeys: escape sequences, control characters, and controls for
/// the direction of writing. Line feeds are kept, tabs become spaces, carriage returns become line feeds.
pub fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => clean.push('\n'),
            '\t' => clean.push_str("    "),
            '\r' => {
                if letters.peek() != Some(&'\n') {
                    clean.push('\n');
                }
            }
            '\u{1b}' => skip_escape(&mut letters),
            letter if letter.is_control() || is_hidden(letter) => {}
            letter => clean.push(letter),
        }
    }
    clean
}

/// The text on one line.
pub fn one_line(text: &str) -> String {
    harmless(text).replace('\n', " ")
}

/// Skips a control sequence such as a colour (ECMA-48, 5.4); strings such as window titles end at the
/// first control character, which is dropped by the caller like any other.
fn skip_escape(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    if letters.next_if(|c| *c == '[').is_none() {
        return;
    }
    while letters.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
    letters.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
}

fn is_hidden(letter: char) -> bool {
    matches!(
        letter,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2060}'
            | '\u{2066}'..='\u{2069}' | '\u{61c}' | '\u{feff}' | '\u{ad}' | '\u{e0000}'..='\u{e007f}'
            | '\u{fff9}'..='\u{fffb}'
    )
}

/// How many columns a text takes on a terminal: wide letters and emoji take two, marks none.
pub fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// How many columns a character takes; after Unicode Standard Annex 11, by its large blocks.
pub fn width(letter: char) -> usize {
    match u32::from(letter) {
        0x300..=0x36f | 0x200d | 0xfe00..=0xfe0f | 0x20d0..=0x20ff => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f680..=0x1f6ff | 0x1f900..=0x1f9ff => 2,
        0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text cut to so many columns, with `…` where it was cut.
pub fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for letter in text.chars() {
        if used + width(letter) + 1 > most {
            break;
        }
        used += width(letter);
        kept.push(letter);
    }
    if most > 0 {
        kept.push('…');
    }
    kept
}

/// The text in lines of at most so many columns, broken at spaces where there are any.
pub fn wrapped(text: &str, most: usize) -> Vec<String> {
    let most = most.max(8);
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let mut current = String::new();
        let mut used = 0;
        for word in line.split_inclusive(' ') {
            let wide = columns(word.trim_end());
            if used > 0 && used + wide > most {
                lines.push(current.trim_end().to_owned());
                current.clear();
                used = 0;
            }
            for letter in word.chars() {
                if letter == ' ' && used == most {
                    continue;
                }
                if used + width(letter) > most {
                    lines.push(std::mem::take(&mut current));
                    used = 0;
                }
                used += width(letter);
                current.push(letter);
            }
        }
        lines.push(current.trim_end().to_owned());
    }
    lines
}
