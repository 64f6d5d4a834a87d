//! The one thing that a misspelt, shortened or differently spaced name fits.

use super::heard::Known;
use super::spelling::{allowed, slips};
use crate::command::words::usual_environment;

/// What a name fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fit {
    /// Exactly one.
    One(String),
    /// Several, equally well.
    Several(Vec<String>),
    /// None.
    None,
}

/// Parts of names that are ordinary nouns: alone they name nothing.
const GENERIC: &[&str] =
    &["service", "svc", "api", "app", "server", "backend", "worker", "job", "end", "the"];

/// The service that one to three words name.
pub fn service(words: &[&str], known: &Known) -> Fit {
    let typed = plain(&words.join("-"));
    if typed.is_empty() || GENERIC.contains(&typed.as_str()) {
        return Fit::None;
    }
    let all = || known.services.iter();
    let exact = fits(all().filter(|name| plain(name) == typed));
    if exact != Fit::None {
        return exact;
    }
    if words.len() == 1 && !is_ordinary(&typed) {
        let parts = fits(all().filter(|name| is_part(&typed, name)));
        if parts != Fit::None {
            return parts;
        }
    }
    if words.iter().any(|word| is_ordinary(word)) {
        return Fit::None;
    }
    nearest(&typed, all().map(|name| (plain(name), name)))
}

/// The environment that a word names: by its full name, a usual short one, or nearly.
pub fn environment(word: &str, known: &Known) -> Fit {
    if let Some(name) = known.environments.iter().find(|name| name.eq_ignore_ascii_case(word)) {
        return Fit::One(name.clone());
    }
    if let Some(full) = usual_environment(word) {
        let own = known.environments.iter().find(|name| usual_environment(name) == Some(full));
        return Fit::One(own.cloned().unwrap_or_else(|| full.to_owned()));
    }
    if word.len() < 4 || is_ordinary(word) {
        return Fit::None;
    }
    let usual = ["production", "staging"].map(str::to_owned);
    let names =
        known.environments.iter().chain(usual.iter().filter(|name| !known.environments.contains(name)));
    nearest(word, names.map(|name| (name.to_lowercase(), name)))
}

/// Letters and digits only, `svc` written out.
fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    let parts = lower.split(|c: char| !c.is_alphanumeric()).map(|part| match part {
        "svc" | "srv" => "service",
        "fe" => "frontend",
        other => other,
    });
    parts.collect()
}

/// Whether the typed letters are one part of the name, or the beginning of the name or of a part.
fn is_part(typed: &str, name: &str) -> bool {
    let lower = name.to_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let part = parts.len() > 1 && parts.contains(&typed);
    let start = typed.len() >= 3
        && (plain(name).starts_with(typed) || parts.iter().any(|p| typed.len() >= 4 && p.starts_with(typed)));
    part || start
}

fn nearest<'a>(typed: &str, names: impl Iterator<Item = (String, &'a String)>) -> Fit {
    let length = typed.chars().count();
    let mut near: Vec<(usize, &String)> = names
        .map(|(spelling, name)| (slips(typed, &spelling), name))
        .filter(|(slips, name)| *slips <= allowed(length.min(name.chars().count())))
        .collect();
    near.sort();
    let Some((least, _)) = near.first().copied() else { return Fit::None };
    fits(near.into_iter().filter(|(slips, _)| *slips == least).map(|(_, name)| name))
}

fn fits<'a>(names: impl Iterator<Item = &'a String>) -> Fit {
    let mut names: Vec<String> = names.cloned().collect();
    names.dedup();
    match names.len() {
        0 => Fit::None,
        1 => Fit::One(names.remove(0)),
        _ => Fit::Several(names),
    }
}

/// Whether a word is too ordinary to be taken for a name that it only resembles.
fn is_ordinary(word: &str) -> bool {
    use super::{lexicon, mood};
    mood::SMALL.contains(&word)
        || mood::COURTESY.contains(&word)
        || mood::HYPOTHESIS.contains(&word)
        || mood::NEGATION.contains(&word)
        || mood::SUBJECT.contains(&word)
        || lexicon::NOUNS.contains(&word)
        || lexicon::DEPLOYS.contains(&word)
        || lexicon::NOT_SLIPS.contains(&word)
        || lexicon::READING_NOUNS.iter().any(|(noun, _)| *noun == word)
        || lexicon::begins_order(word)
}
