//! What a clause that asks for something begins with: a phrase, the same with a slip of the finger, or a
//! verb that only its object makes an act.

use super::lexicon::{self, ORDERS};
use super::mood;
use super::spelling::slips;
use super::tokens::Token;
use std::ops::Range;

/// A phrase that was found: its act, how many tokens it spans, the gap in it, and how it is written.
pub(super) type Phrase = (&'static str, usize, Range<usize>, &'static str);

/// The longest order phrase at the beginning: its act, how many tokens it spans, the gap in it.
pub(super) fn best_phrase(tokens: &[Token]) -> Option<Phrase> {
    let mut best: Option<Phrase> = None;
    let mut best_words = 0;
    for (act, phrases) in ORDERS {
        for phrase in *phrases {
            let words = phrase.split(' ').count();
            if words <= best_words {
                continue;
            }
            if let Some((span, gap)) = phrase_at(tokens, phrase) {
                best = Some((act, span, gap, phrase));
                best_words = words;
            }
        }
    }
    best
}

fn phrase_at(tokens: &[Token], phrase: &str) -> Option<(usize, Range<usize>)> {
    let Some((head, tail)) = phrase.split_once(" * ") else {
        let words: Vec<&str> = phrase.split(' ').collect();
        return starts_with(tokens, &words).then_some((words.len(), 0..0));
    };
    let head: Vec<&str> = head.split(' ').collect();
    let tail: Vec<&str> = tail.split(' ').collect();
    if !starts_with(tokens, &head) {
        return None;
    }
    (1..=4).find_map(|gap| {
        let start = head.len() + gap;
        let fits = start <= tokens.len() && starts_with(&tokens[start..], &tail);
        fits.then_some((start + tail.len(), head.len()..start))
    })
}

pub(super) fn phrase_or_slip(tokens: &[Token]) -> Option<Phrase> {
    let lows: Vec<&str> = tokens.iter().take(6).map(Token::low).collect();
    let first = *lows.first()?;
    if lexicon::LOOKING.contains(&first) && !matches!(first, "what" | "how" | "which") {
        let looked = lows.iter().skip(1).enumerate();
        let found = looked.filter_map(|(at, low)| {
            lexicon::READING_NOUNS.iter().find(|(noun, _)| noun == low).map(|(_, act)| (at, act))
        });
        if let Some((at, act)) = found.min_by_key(|(at, _)| *at) {
            return Some((act, at + 2, 1..at + 1, "show"));
        }
    }
    if lexicon::STARTING.contains(&first) || lexicon::PLACING.contains(&first) {
        let noun = lows
            .iter()
            .skip(1)
            .take(3)
            .position(|low| lexicon::ACT_NOUNS.iter().any(|(noun, _)| noun == low));
        if let Some(at) = noun {
            let act =
                lexicon::ACT_NOUNS.iter().find(|(word, _)| *word == lows[at + 1]).map(|(_, act)| *act)?;
            return Some((act, at + 2, 1..at + 1, "start"));
        }
    }
    if lexicon::ENDING.contains(&first)
        || lexicon::FORBIDDING.contains(&first)
        || lexicon::ALLOWING.contains(&first)
    {
        let (act, _) = refined("", first, &lows[1..]);
        if !act.is_empty() {
            return Some((act, 1, 0..0, "end"));
        }
    }
    if lows.starts_with(&["no"]) && is_ban(&lows) {
        return Some(("freeze", 1, 0..0, "no"));
    }
    if let Some(phrase) = best_phrase(tokens) {
        return Some(phrase);
    }
    if let Some((_, act)) = lexicon::REPORTED.iter().find(|(word, _)| *word == first) {
        let all_known = lows.len() <= 2 && (lows.len() == 1 || first != "rolled");
        return all_known.then_some((*act, 1, 0..0, "reported"));
    }
    slip(first).map(|act| (act, 1, 0..0, "slip"))
}

/// The order that a word is, but for a slip of the finger.
fn slip(word: &str) -> Option<&'static str> {
    let length = word.chars().count();
    if length < 4
        || lexicon::NOT_SLIPS.contains(&word)
        || mood::SMALL.contains(&word)
        || mood::COURTESY.contains(&word)
        || lexicon::NOUNS.contains(&word)
        || lexicon::DEPLOYS.contains(&word)
    {
        return None;
    }
    if lexicon::REPORTED.iter().chain(lexicon::READING_NOUNS).any(|(known, _)| *known == word) {
        return None;
    }
    let mut near: Vec<(usize, &'static str)> = crate::command::COMMANDS
        .iter()
        .flat_map(|command| {
            std::iter::once(command.name())
                .chain(command.aliases().iter().copied())
                .map(|name| (name, command.name()))
        })
        .filter(|(name, _)| name.len() >= 4)
        .filter_map(|(name, act)| {
            let distance = slips(word, name);
            let most = match name.len() {
                0..=4 => usize::from(is_exchange(word, name)),
                5..=6 => 1,
                _ => 2,
            };
            (distance > 0 && distance <= most && word.chars().next() == name.chars().next()
                || (distance == 1 && is_exchange(word, name)))
            .then_some((distance, act))
        })
        .collect();
    near.sort();
    near.first().map(|(_, act)| *act)
}

/// Whether two neighbours are exchanged: no letter is lacking and none is new.
fn is_exchange(word: &str, name: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(word) == sorted(name) && slips(word, name) == 1
}

/// Words for how many deployments are meant, where all of them always are.
pub(super) const EVERY: &[&str] = &["all", "any", "further", "more", "every", "other"];

/// Nouns for a freeze.
pub(super) const FREEZE_NOUNS: &[&str] = &["freeze", "lock", "lockdown", "block", "ban", "moratorium"];

/// What the object makes of the verb: `stop deploys` is a freeze, `lift the freeze` its end.
pub(super) fn refined(act: &'static str, verb: &str, after: &[&str]) -> (&'static str, Option<&'static str>) {
    let near: Vec<&str> = after.iter().take(4).copied().collect();
    let has = |list: &[&str]| near.iter().any(|low| list.contains(low));
    let freeze = has(FREEZE_NOUNS);
    if freeze && lexicon::ENDING.contains(&verb) {
        return ("unfreeze", None);
    }
    if freeze && lexicon::PLACING.contains(&verb) {
        return ("freeze", None);
    }
    if has(lexicon::DEPLOYS) && lexicon::FORBIDDING.contains(&verb) {
        return ("freeze", None);
    }
    if has(lexicon::DEPLOYS) && lexicon::ALLOWING.contains(&verb) {
        return ("unfreeze", None);
    }
    if verb == "freeze" && has(&["rollout", "canary", "deployment"]) {
        return ("freeze", Some("pause"));
    }
    let execution = near.iter().any(|low| {
        crate::command::words::id("EX", low).is_some() || matches!(*low, "execution" | "ex" | "runbook")
    });
    if execution && matches!(act, "abort" | "pause" | "resume") {
        return ("runbook.cancel", None);
    }
    let approval =
        near.iter().any(|low| crate::command::words::id("APR", low).is_some() || *low == "approval");
    if approval && act == "abort" {
        return ("deny", Some("abort"));
    }
    let incident = near.iter().any(|low| crate::command::words::id("INC", low).is_some());
    if incident && matches!(act, "freeze" | "unfreeze" | "abort") {
        return ("incident.resolve", None);
    }
    if verb == "halt" && act.is_empty() {
        return ("pause", Some("abort"));
    }
    if matches!(verb, "abbrechen" | "annule" | "cancela") && after.is_empty() {
        return (if act.is_empty() { "abort" } else { act }, Some("abort"));
    }
    (act, None)
}

/// Phrases that mean promotion only with a share of the traffic.
pub(super) fn needs_share(phrase: &str) -> bool {
    [
        "go to",
        "take * to",
        "move * to",
        "set * to",
        "bump",
        "increase",
        "raise",
        "shift",
        "crank * up",
        "bring it up to",
        "ramp to",
    ]
    .contains(&phrase)
}

/// Words too ordinary to be an order without a name beside them.
pub(super) fn needs_names(phrase: &str) -> bool {
    [
        "put * into",
        "put * on",
        "get * onto",
        "get * into",
        "get * out",
        "send * to",
        "bring * to",
        "return",
        "restore",
        "open",
        "close",
        "lock",
        "allow",
        "confirm",
        "accept",
        "push",
        "install",
        "launch",
        "reverse",
        "open up",
        "release",
        "move * back",
        "lock down",
        "okay",
        "push * out",
        "log",
        "state",
        "health",
        "progress",
        "switch * back",
        "get * back to",
        "rolle",
        "lanza",
        "restart",
        "man",
        "usage",
    ]
    .contains(&phrase)
}

pub(super) fn is_reported(verb: &str) -> bool {
    lexicon::REPORTED.iter().any(|(word, _)| *word == verb)
        && !matches!(verb, "approved" | "denied" | "rejected" | "declined" | "approving" | "accepted")
}

pub(super) fn starts_with(tokens: &[Token], words: &[&str]) -> bool {
    tokens.len() >= words.len() && words.iter().zip(tokens).all(|(word, token)| token.low() == *word)
}

/// `no deploys to production`: forbids, and is no negation of an order.
pub(super) fn is_ban(lows: &[&str]) -> bool {
    lows.first() == Some(&"no") && lows.iter().skip(1).take(2).any(|low| lexicon::DEPLOYS.contains(low))
}
