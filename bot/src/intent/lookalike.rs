//! Letters that only look like others, and characters that cannot be seen.
//!
//! The pairs are the common ones of Unicode Technical Standard 39, "confusables", for Latin letters and
//! digits; they serve to ask back, never to read a name out of a disguise.

/// A text in plain letters, and whether a word in it had been disguised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmasked {
    /// The text with look-alikes replaced and invisible characters gone.
    pub text: String,
    /// Whether anything was hidden inside a word, or a control for the direction of writing stood anywhere.
    pub disguised: bool,
}

/// Replaces look-alikes and removes what cannot be seen.
///
/// A joiner or selector between emoji is only an emoji; words wholly in another script are left alone
/// unless they read as Latin letter by letter.
pub fn unmask(text: &str) -> Unmasked {
    let mut plain = String::with_capacity(text.len());
    let mut disguised = false;
    let letters: Vec<char> = text.chars().collect();
    for (at, letter) in letters.iter().copied().enumerate() {
        if is_direction(letter) || is_tag(letter) {
            disguised = true;
        } else if is_invisible(letter) {
            let before = letters[..at].iter().rev().find(|c| !is_invisible(**c));
            let after = letters[at + 1..].iter().find(|c| !is_invisible(**c));
            disguised |=
                before.is_some_and(|c| c.is_alphanumeric()) && after.is_some_and(|c| c.is_alphanumeric());
        } else if letter == '\u{a0}' || letter == '\u{202f}' || letter == '\u{2009}' {
            plain.push(' ');
        } else {
            plain.push(letter);
        }
    }
    let text = plain
        .split_inclusive(char::is_whitespace)
        .map(|word| match folded(word) {
            Some(folded) => {
                disguised = true;
                folded
            }
            None => word.to_owned(),
        })
        .collect();
    Unmasked { text, disguised }
}

/// The word in plain letters, when a letter in it was a look-alike and the result is all Latin.
fn folded(word: &str) -> Option<String> {
    if !word.chars().any(char::is_alphanumeric) {
        return None;
    }
    let mut changed = false;
    let folded: String = word
        .chars()
        .map(|letter| match plain_letter(letter) {
            Some(plain) => {
                changed = true;
                plain
            }
            None => letter,
        })
        .collect();
    let latin =
        folded.chars().all(|c| !c.is_alphabetic() || c.is_ascii() || ('\u{c0}'..'\u{250}').contains(&c));
    (changed && latin).then_some(folded)
}

fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

fn is_tag(letter: char) -> bool {
    matches!(letter, '\u{e0000}'..='\u{e007f}')
}

fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0f}'
    ) || (letter.is_control() && !letter.is_whitespace())
}

fn plain_letter(letter: char) -> Option<char> {
    const PAIRS: &[(&str, &str)] = &[
        ("абвгдеѕіјһкӏмнопрсԁтухԛѡүъьЬ", "a6brдesijhklmhonpcdtyxqwyьbb"),
        ("АВЕЅІЈКМНОРСТУХԚԜҮ", "ABESIJKMHOPCTYXQWY"),
        ("αβγειικνορτυχωϲϳ", "aByeiiKvoptuxwcj"),
        ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
        ("ɑɡıօսոհցաքɩʏᴄᴏᴠᴡᴢ", "agiounhgapiycovwz"),
        ("‐‑‒–−﹣－", "-------"),
        ("․‥。｡", "...."),
    ];
    let code = u32::from(letter);
    let shifted = match code {
        0xff01..=0xff5e => char::from_u32(code - 0xfee0),
        0x1d7ce..=0x1d7ff => char::from_digit((code - 0x1d7ce) % 10, 10),
        0x1d400..=0x1d6a3 => {
            let place = (code - 0x1d400) % 52;
            char::from_u32(if place < 26 { 0x41 + place } else { 0x61 + place - 26 })
        }
        _ => None,
    };
    if shifted.is_some() {
        return shifted;
    }
    if letter.is_ascii() {
        return None;
    }
    PAIRS.iter().find_map(|(from, to)| {
        let at = from.chars().position(|candidate| candidate == letter)?;
        to.chars().nth(at).filter(char::is_ascii)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_are_seen_through_and_said() {
        let table = [
            ("ab\u{200b}ort", "abort", true),
            ("\u{430}bort", "abort", true),
            ("pаyments", "payments", true),
            ("web\u{2011}frontend", "web-frontend", true),
            ("ａｂｏｒｔ", "abort", true),
            ("abort \u{202e}x", "abort x", true),
            ("\u{feff}status", "status", false),
            ("ship it 👩\u{200d}💻", "ship it 👩💻", false),
            ("привет", "привет", false),
            ("größer – schön", "größer – schön", false),
            ("café naïve", "café naïve", false),
        ];
        for (text, plain, disguised) in table {
            assert_eq!(unmask(text), Unmasked { text: plain.to_owned(), disguised }, "{text}");
        }
    }
}
