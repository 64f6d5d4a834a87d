//! The names, versions, ids and times in a clause.

use super::heard::Known;
use super::lexicon;
use super::mood;
use super::names::{self, Fit};
use super::tokens::Token;
use crate::command::words;

/// What a clause names, in the order in which it was said.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Arguments {
    /// Services, each once.
    pub services: Vec<String>,
    /// Environments, each once.
    pub environments: Vec<String>,
    /// Versions, each with the small word before it: `to`, `from`, or nothing.
    pub versions: Vec<(String, String)>,
    /// Ids in full spelling: `RUN-88`.
    pub ids: Vec<String>,
    /// Strategies, each once.
    pub strategies: Vec<String>,
    /// A length or time after `for`, `until` or their like.
    pub until: Option<String>,
    /// A share of the traffic was named.
    pub percent: bool,
    /// The version before was named, without its number.
    pub previous: bool,
    /// Names that fit several things.
    pub ambiguous: Vec<String>,
    /// Another person was named.
    pub person: bool,
    /// Words that fit nothing.
    pub leftover: Vec<String>,
}

impl Arguments {
    /// Whether nothing at all was named.
    pub fn is_empty(&self) -> bool {
        *self == Arguments::default()
    }

    /// The id with this prefix, such as `RUN`, when there is exactly one.
    pub fn id(&self, prefix: &str) -> Option<&String> {
        let mut all = self.ids.iter().filter(|id| id.split('-').next() == Some(prefix));
        all.next().filter(|_| all.next().is_none())
    }

    /// Takes over what another clause of the same message names.
    pub fn take(&mut self, other: Arguments) {
        other.services.into_iter().for_each(|value| push_once(&mut self.services, value));
        other.environments.into_iter().for_each(|value| push_once(&mut self.environments, value));
        other.ids.into_iter().for_each(|value| push_once(&mut self.ids, value));
        other.strategies.into_iter().for_each(|value| push_once(&mut self.strategies, value));
        self.versions.extend(other.versions);
        self.until = self.until.take().or(other.until);
        self.percent |= other.percent;
        self.previous |= other.previous;
        self.person |= other.person;
        self.ambiguous.extend(other.ambiguous);
        self.leftover.extend(other.leftover);
    }
}

fn push_once(list: &mut Vec<String>, value: String) {
    if !list.contains(&value) {
        list.push(value);
    }
}

/// Reads the words of a clause that are not its verb.
pub fn arguments(tokens: &[Token], known: &Known) -> Arguments {
    let mut found = Arguments::default();
    let mut at = 0;
    while at < tokens.len() {
        at += one(tokens, at, known, &mut found).max(1);
    }
    found
}

/// Reads what begins at `at` and says how many tokens it took.
fn one(tokens: &[Token], at: usize, known: &Known, found: &mut Arguments) -> usize {
    let (raw, low) = match &tokens[at] {
        Token::Word { raw, low } => (raw.as_str(), low.as_str()),
        Token::Person => {
            found.person = true;
            return 1;
        }
        Token::Quoted(text) => {
            found.leftover.push(text.clone());
            return 1;
        }
        Token::Break(_) => return 1,
    };
    let next = tokens.get(at + 1).map_or("", Token::low);
    let before = at.checked_sub(1).map_or("", |before| tokens[before].low());
    if let Some((id, taken)) = id_at(low, next) {
        push_once(&mut found.ids, id);
        return taken;
    }
    if let Some(taken) = time_at(tokens, at, low, next, found) {
        return taken;
    }
    if is_share(low)
        || (low.bytes().all(|b| b.is_ascii_digit()) && ["%", "percent", "prozent"].contains(&next))
    {
        found.percent = true;
        return 1 + usize::from(next == "percent" || next == "%" || next == "prozent");
    }
    if words::is_version(low)
        || known.versions.iter().any(|version| version == raw)
        || follows_version(before, low)
    {
        let mark = if ["to", "from", "auf", "a", "à", "zu"].contains(&before) {
            before
        } else {
            version_mark(tokens, at)
        };
        found.versions.push((raw.to_owned(), mark.to_owned()));
        return 1;
    }
    if let Some(strategy) = words::strategy(low) {
        push_once(&mut found.strategies, strategy.to_owned());
        return 1;
    }
    if low == "blue" && next == "green" {
        push_once(&mut found.strategies, "blue-green".to_owned());
        return 2;
    }
    if is_previous(low, next) {
        found.previous = true;
        return 1;
    }
    name_at(tokens, at, known, found)
}

fn follows_version(before: &str, low: &str) -> bool {
    before == "version" && low.bytes().next().is_some_and(|b| b.is_ascii_digit())
}

/// The direction that stands before `version 3.0.0`: one word further back.
fn version_mark(tokens: &[Token], at: usize) -> &str {
    let before = |steps: usize| at.checked_sub(steps).map_or("", |place| tokens[place].low());
    match (before(1), before(2)) {
        ("version" | "v", mark @ ("to" | "from")) => mark,
        _ => "",
    }
}

fn is_share(low: &str) -> bool {
    low.strip_suffix('%').is_some_and(|number| {
        !number.is_empty() && number.len() <= 6 && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    })
}

fn is_previous(low: &str, next: &str) -> bool {
    matches!(
        low,
        "previous"
            | "prior"
            | "earlier"
            | "old"
            | "older"
            | "vorherige"
            | "anterior"
            | "précédente"
            | "before"
    ) || (matches!(low, "last" | "known")
        && matches!(next, "version" | "release" | "good" | "known" | "one" | "stable" | "working"))
        || (matches!(low, "good" | "stable" | "working" | "known")
            && matches!(next, "" | "version" | "release" | "one" | "good"))
}

fn id_at(low: &str, next: &str) -> Option<(String, usize)> {
    const WORDS: &[(&str, &str)] = &[
        ("incident", "INC"),
        ("approval", "APR"),
        ("execution", "EX"),
        ("inc", "INC"),
        ("apr", "APR"),
        ("ex", "EX"),
        ("run", "RUN"),
    ];
    for prefix in ["INC", "APR", "EX", "RUN"] {
        if let Some(id) = words::id(prefix, low) {
            return Some((id, 1));
        }
    }
    let (_, prefix) = WORDS.iter().find(|(word, _)| *word == low)?;
    let digits = next.trim_start_matches('#');
    words::id(prefix, &format!("{prefix}-{digits}")).map(|id| (id, 2))
}

/// A length or time, with the word that announces it: `for 2 hours`, `until monday 9am`.
fn time_at(tokens: &[Token], at: usize, low: &str, next: &str, found: &mut Arguments) -> Option<usize> {
    let word = |place: usize| tokens.get(place).map_or("", Token::low);
    if matches!(low, "until" | "till" | "til" | "'til" | "through" | "bis" | "hasta" | "jusqu'à")
        && !next.is_empty()
    {
        let rest: Vec<&str> = tokens[at + 1..]
            .iter()
            .filter_map(|token| match token {
                Token::Word { raw, low } if !is_closing(low) => Some(raw.as_str()),
                _ => None,
            })
            .collect();
        let typed = rest.join(" ");
        if !typed.is_empty() {
            found.until = Some(words::length(&typed.replace(' ', "")).unwrap_or(typed));
            return Some(tokens.len() - at);
        }
    }
    let announced = matches!(low, "for" | "während" | "durante" | "für" | "pour" | "next");
    let start = if announced { at + 1 } else { return None };
    let start = start + usize::from(matches!(word(start), "the" | "at" | "about" | "another"));
    let start = start + usize::from(matches!(word(start), "next" | "least"));
    let (length, taken) = length_at(word(start), word(start + 1), word(start + 2))?;
    found.until = Some(length);
    Some(start + taken - at)
}

fn length_at(first: &str, second: &str, third: &str) -> Option<(String, usize)> {
    if let Some(length) = words::length(first) {
        return Some((length, 1));
    }
    let number = match first {
        "a" | "an" | "one" | "eine" | "una" | "une" => "1",
        "two" | "zwei" | "dos" => "2",
        "three" | "drei" | "tres" => "3",
        "four" => "4",
        "five" => "5",
        "six" => "6",
        "eight" => "8",
        "ten" => "10",
        "twelve" => "12",
        "fifteen" => "15",
        "twenty" => "20",
        "thirty" => "30",
        "half" if matches!(second, "an" | "a") && third == "hour" => return Some(("30m".to_owned(), 3)),
        digits if !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits
        }
        _ => return None,
    };
    words::unit_of_time(second).map(|unit| (format!("{number}{unit}"), 2))
}

fn is_closing(low: &str) -> bool {
    matches!(
        low,
        "please" | "pls" | "plz" | "thanks" | "thx" | "ty" | "ok" | "okay" | "bitte" | "danke" | "gracias"
    )
}

/// An environment, a service of up to three words, a small word, or nothing that fits.
fn name_at(tokens: &[Token], at: usize, known: &Known, found: &mut Arguments) -> usize {
    let low = tokens[at].low();
    let next = tokens.get(at + 1).map_or("", Token::low);
    if known.services.iter().all(|name| !name.eq_ignore_ascii_case(low)) {
        let is_place =
            !(low == "live" && matches!(next, "now" | "version" | "one" | "traffic" | "rollout" | "canary"));
        if let (true, Fit::One(name)) = (is_place, names::environment(low, known)) {
            push_once(&mut found.environments, name);
            return 1;
        }
    }
    for length in (1..=3.min(tokens.len() - at)).rev() {
        let words: Vec<&str> = tokens[at..at + length].iter().map(Token::low).collect();
        if words.iter().any(|word| word.is_empty()) || (length > 1 && is_small(words[0])) {
            continue;
        }
        match names::service(&words, known) {
            Fit::One(name) if length == 1 || worth_joining(&words, known) => {
                push_once(&mut found.services, name);
                return length + usize::from(tokens.get(at + length).map_or("", Token::low) == "service");
            }
            Fit::Several(all) if length == 1 => {
                found.ambiguous.extend(all);
                return 1;
            }
            Fit::One(_) | Fit::Several(_) | Fit::None => {}
        }
    }
    let noun = lexicon::NOUNS.contains(&low) || lexicon::DEPLOYS.contains(&low);
    if !noun
        && !is_small(low)
        && let Token::Word { raw, .. } = &tokens[at]
    {
        found.leftover.push(raw.clone());
    }
    1
}

/// Several words are one name only when the first alone is not already a whole name.
fn worth_joining(words: &[&str], known: &Known) -> bool {
    !known.services.iter().any(|name| name.eq_ignore_ascii_case(words[0]))
        && words
            .iter()
            .all(|word| words::strategy(word).is_none() && words::usual_environment(word).is_none())
}

fn is_small(low: &str) -> bool {
    mood::SMALL.contains(&low)
}
