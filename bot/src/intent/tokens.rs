//! Words and breaks, without formatting, mentions, quotes and pasted output.

use super::lexicon;
use crate::command::words::is_version;

/// One piece of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Token {
    /// A word: as typed, and in lower case with plain apostrophes.
    Word {
        /// As it was typed, without formatting.
        raw: String,
        /// In lower case.
        low: String,
    },
    /// Something in quotation marks that is more than a name.
    Quoted(String),
    /// Another person, or a group of them, by mention.
    Person,
    /// A mark that ends a clause: one of `,` `;` `.` `:` `!` `?` and line feed; a dash is `;`.
    Break(char),
}

impl Token {
    /// The word in lower case; empty for what is not a word.
    pub fn low(&self) -> &str {
        match self {
            Token::Word { low, .. } => low,
            Token::Quoted(_) | Token::Person | Token::Break(_) => "",
        }
    }
}

/// A message in pieces, and what was set aside on the way.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tokens {
    /// The pieces.
    pub tokens: Vec<Token>,
    /// Whether someone laughed, winked or rolled their eyes.
    pub laughed: bool,
    /// Whether something quoted or pasted was left out.
    pub quoted: bool,
    /// Whether the bot itself was mentioned in the text.
    pub bot_named: bool,
}

/// Takes a message apart. `bot` are the bot's own ids and names.
pub fn tokens(text: &str, bot: &[String]) -> Tokens {
    let mut found = Tokens::default();
    let text = without_pasted(text, &mut found.quoted);
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('>') || line.starts_with("$ ") || line.starts_with("# ") {
            found.quoted = true;
            continue;
        }
        if !found.tokens.is_empty() {
            found.tokens.push(Token::Break('\n'));
        }
        read_line(line, bot, &mut found);
    }
    found
}

/// The text without code blocks and struck-out parts, entities decoded, quotation marks made plain.
fn without_pasted(text: &str, quoted: &mut bool) -> String {
    let text = text.replace(['’', '‘', '´'], "'").replace(['“', '”', '„', '«', '»'], "\"");
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let mut kept = String::with_capacity(text.len());
    for (index, part) in text.split("```").enumerate() {
        if index % 2 == 0 {
            kept.push_str(part);
        } else {
            *quoted = true;
        }
    }
    let mut unstruck = String::with_capacity(kept.len());
    for (index, part) in kept.split("~~").enumerate() {
        if index % 2 == 0 {
            unstruck.push_str(part);
        }
    }
    unstruck
}

fn read_line(line: &str, bot: &[String], found: &mut Tokens) {
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix('<')
            && let Some(end) = after.find('>')
        {
            mention(&after[..end], bot, found);
            rest = &after[end + 1..];
        } else if first == '"' || (first == '\'' && rest[1..].contains("' ")) {
            match rest[1..].find(first) {
                Some(end) => {
                    quotation(&rest[1..=end], found);
                    rest = &rest[end + 2..];
                }
                None => rest = &rest[1..],
            }
        } else if first == ':' && emoji_code(rest).is_some() {
            let name = emoji_code(rest).unwrap_or_default();
            emoji(name, found);
            rest = &rest[name.len() + 2..];
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else {
            let end = rest
                .char_indices()
                .find(|(at, c)| *at > 0 && (c.is_whitespace() || *c == '"' || *c == '<'))
                .map_or(rest.len(), |(at, _)| at);
            word(&rest[..end], bot, found);
            rest = &rest[end..];
        }
    }
}

/// The name in `:name:` at the beginning of the text.
fn emoji_code(text: &str) -> Option<&str> {
    let inner = text.strip_prefix(':')?;
    let end = inner.find(':')?;
    let name = &inner[..end];
    let fits = !name.is_empty() && name.len() < 40;
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-'));
    (fits && letters).then_some(name)
}

fn emoji(name: &str, found: &mut Tokens) {
    if lexicon::LAUGHING_CODES.iter().any(|code| name.contains(code)) {
        found.laughed = true;
    } else if matches!(name, "+1" | "thumbsup") {
        push_word("+1", found);
    }
}

/// What stands in angle brackets: `@U123|alice`, `@!101`, `#C1|deploys`, `!here`, a link.
fn mention(inner: &str, bot: &[String], found: &mut Tokens) {
    if let Some(person) = inner.strip_prefix('@') {
        let (id, name) = person.split_once('|').unwrap_or((person, ""));
        let id = id.trim_start_matches(['!', '&']);
        if is_bot(id, bot) || is_bot(name, bot) {
            found.bot_named = true;
        } else {
            found.tokens.push(Token::Person);
        }
    } else if inner.starts_with('!') {
        found.tokens.push(Token::Person);
    } else {
        push_word("<link>", found);
    }
}

fn is_bot(name: &str, bot: &[String]) -> bool {
    !name.is_empty() && bot.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// A name in quotation marks is a name; more than that is somebody's words.
fn quotation(inner: &str, found: &mut Tokens) {
    let one = inner.split_whitespace().count() == 1;
    if one && !lexicon::begins_order(&inner.to_lowercase()) {
        push_word(inner.trim(), found);
    } else if !inner.trim().is_empty() {
        found.quoted = true;
        found.tokens.push(Token::Quoted(inner.trim().to_owned()));
    }
}

fn word(raw: &str, bot: &[String], found: &mut Tokens) {
    if matches!(raw, "-" | "--" | "–" | "—" | "->" | "=>") {
        found.tokens.push(Token::Break(';'));
        return;
    }
    if raw == "%" {
        push_word(raw, found);
        return;
    }
    for letter in raw.chars() {
        found.laughed |= lexicon::LAUGHING_LETTERS.contains(letter);
    }
    if raw.contains('👍') {
        push_word("+1", found);
    }
    let start = raw.trim_start_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '@' | '+' | '?')));
    let core = start.trim_end_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '%' | '+')));
    let core = if core.is_empty() && start.starts_with('?') { "" } else { core };
    let tail = &start[core.len().min(start.len())..];
    if let Some(person) = core.strip_prefix('@') {
        if is_bot(person, bot) {
            found.bot_named = true;
        } else {
            found.tokens.push(Token::Person);
        }
    } else if !core.is_empty() {
        split_word(core, found);
    }
    if let Some(mark) = tail.chars().find(|c| matches!(c, '?' | '!' | '.' | ',' | ';' | ':' | '…')) {
        let mark = if tail.contains('?') { '?' } else { mark };
        found.tokens.push(Token::Break(if mark == '…' { '.' } else { mark }));
    }
}

/// Splits `what's` into `what is` and `checkout@1.4.2` into two, drops the possessive, and keeps everything else whole.
fn split_word(core: &str, found: &mut Tokens) {
    let lower = core.to_lowercase();
    if let Some((head, "s")) = lower.rsplit_once('\'') {
        let raw_head = core.get(..core.len().saturating_sub(2)).unwrap_or(head);
        push_word(raw_head, found);
        if lexicon::TAKES_IS.contains(&head) {
            push_word("is", found);
        } else if head == "let" {
            found.tokens.pop();
            push_word("lets", found);
        }
    } else if let Some((name, version)) =
        core.split_once(['@', ':']).filter(|(_, version)| is_version(version))
    {
        push_word(name, found);
        push_word(version, found);
    } else if let Some((one, two)) = core.split_once(',').filter(|(one, two)| one.len() > 1 && two.len() > 1)
    {
        push_word(one, found);
        found.tokens.push(Token::Break(','));
        push_word(two, found);
    } else {
        push_word(core, found);
    }
}

fn push_word(raw: &str, found: &mut Tokens) {
    found.tokens.push(Token::Word { raw: raw.to_owned(), low: raw.to_lowercase() });
}
