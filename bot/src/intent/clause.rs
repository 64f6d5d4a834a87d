//! One clause: order, question, talk, doubt, courtesy or a mere list of names.

use super::arguments::{Arguments, arguments};
use super::heard::Known;
use super::lexicon::{self, ELSEWHERE};
use super::mood;
use super::phrase::{
    EVERY, FREEZE_NOUNS, best_phrase, is_ban, is_reported, needs_names, needs_share, phrase_or_slip, refined,
    starts_with,
};
use super::tokens::Token;

/// What a clause is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Clause {
    /// Thanks, greetings, nothing.
    Courtesy,
    /// Something that is asked for.
    Order(Order),
    /// A yes: `go ahead`, `ship it`, `lgtm`.
    Assent {
        /// Whether it says ship it, which outside an approval asks for a deployment.
        ship: bool,
    },
    /// A no or a maybe: `no way`, `not yet`.
    Doubt,
    /// Names without a verb.
    Names(Arguments),
    /// People talk.
    Talk {
        /// How.
        how: Talk,
        /// Whether a word in it names something that could be asked for.
        about: bool,
        /// How many words it has.
        words: usize,
    },
}

/// How people talk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Talk {
    /// Something is forbidden or taken back.
    Negated,
    /// A plan, wish, condition or guess.
    Supposed,
    /// Someone tells what was or is done.
    Reported,
    /// It is said to another person.
    ToPerson,
    /// Anything else.
    Other,
}

/// Something that is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// The name of the command.
    pub act: &'static str,
    /// Another command that the same words may mean.
    pub or: Option<&'static str>,
    /// What it names.
    pub arguments: Arguments,
    /// Whether it is written as a command is typed, beginning with the command's own name.
    pub typed: bool,
    /// How it is put.
    pub manner: Manner,
    /// For help: what about; for deny: why.
    pub text: Option<String>,
}

/// How an order is put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Imperative.
    Plain,
    /// `could you ..`, `I want ..`.
    Polite,
    /// A question that a reading command answers.
    Question,
    /// An imperative with a question mark, or `can we ..`: perhaps only a thought.
    Tentative,
}

/// Words before an order that carry nothing.
#[rustfmt::skip]
const LEAD: &[&str] = &[
    "please", "pls", "plz", "hey", "hi", "hello", "ok", "okay", "k", "now", "just", "so", "well", "yes",
    "yep", "yeah", "alright", "right", "bot", "orchestra", "sorry", "thanks", "bitte", "por", "favor",
    "then", "and", "also", "quickly", "urgent", "immediately", "guys", "folks", "team", "kindly", "great",
    "cool", "perfect", "fine", "sure", "oh", "hmm", "asap", "emergency", "jetzt", "ahora", "finally",
    "actually", "next", "do:", "to",
];

/// Clauses that say yes by themselves.
#[rustfmt::skip]
const ASSENTS: &[&str] = &[
    "yes", "yep", "yeah", "yup", "sure", "ok", "okay", "go ahead", "do it", "go for it", "+1", "looks good",
    "looks good to me", "lgtm", "ship it", "send it", "approved", "sounds good", "all good", "yes please",
    "go", "sí", "si", "ja", "oui", "fine by me", "ok by me", "good to go", "let it go", "release it",
    "let's go", "lets go", "make it so", "yes go ahead", "ok go ahead", "you may proceed", "thumbs up",
    "dale", "ship", "okay by me", "i approve", "i approve this", "i approve it",
];

/// Words that a question begins with.
const ASKING: &[&str] = &[
    "how", "what", "which", "where", "is", "are", "was", "has", "have", "did", "does", "do", "any", "who",
    "why", "wie", "cómo", "como", "qué", "was", "comment", "anything", "hows", "whats", "wheres", "ist",
    "läuft", "está", "got", "show", "can",
];

/// What a clause means. `mark` is what ended it.
pub fn clause(tokens: &[Token], mark: Option<char>, known: &Known) -> Clause {
    let (tokens, manner) = without_lead(tokens);
    let lows: Vec<&str> = tokens.iter().map(Token::low).collect();
    let joined = lows.join(" ");
    if tokens.is_empty() {
        return Clause::Courtesy;
    }
    if is_to_person(tokens, known) {
        return talk(Talk::ToPerson, &lows);
    }
    if manner == Manner::Plain && mark != Some('?') && ASSENTS.contains(&joined.as_str()) {
        return Clause::Assent {
            ship: ["ship it", "send it", "ship", "release it"].contains(&joined.as_str()),
        };
    }
    if mood::is_doubt(&joined) {
        return Clause::Doubt;
    }
    if let Some(order) = help_question(&lows) {
        return Clause::Order(order);
    }
    if let Some(talk) = doubtful(tokens, &lows) {
        return talk;
    }
    if let Some(order) = order(tokens, mark, manner, known) {
        return Clause::Order(order);
    }
    if let Some(order) = question(tokens, &lows, mark, known) {
        return Clause::Order(order);
    }
    if lows.iter().all(|low| mood::COURTESY.contains(low)) {
        return Clause::Courtesy;
    }
    if lows.iter().any(|low| mood::SUBJECT.contains(low)) {
        return talk(Talk::Reported, &lows);
    }
    if lows.iter().any(|low| lexicon::REPORTED.iter().any(|(word, _)| word == low)) {
        return talk(Talk::Reported, &lows);
    }
    let named = arguments(tokens, known);
    if named.leftover.is_empty() && !named.is_empty() {
        return Clause::Names(named);
    }
    let quoted = tokens.iter().any(|token| matches!(token, Token::Quoted(_)));
    talk(if quoted { Talk::Reported } else { Talk::Other }, &lows)
}

fn talk(how: Talk, lows: &[&str]) -> Clause {
    let about = lows.iter().any(|low| lexicon::act_of_word(low).is_some() || low.is_empty());
    Clause::Talk { how, about, words: lows.len() }
}

/// Drops greetings and polite openings, and says how the rest is put.
fn without_lead(mut tokens: &[Token]) -> (&[Token], Manner) {
    const POLITE: &[(&[&str], Manner)] = &[
        (&["can", "you"], Manner::Polite),
        (&["could", "you"], Manner::Polite),
        (&["would", "you"], Manner::Polite),
        (&["will", "you"], Manner::Polite),
        (&["can", "u"], Manner::Polite),
        (&["i", "want", "you", "to"], Manner::Polite),
        (&["i", "need", "you", "to"], Manner::Polite),
        (&["i", "want", "to"], Manner::Polite),
        (&["i", "need", "to"], Manner::Polite),
        (&["i", "want", "that"], Manner::Polite),
        (&["i'd", "like", "to"], Manner::Polite),
        (&["i'd", "like", "you", "to"], Manner::Polite),
        (&["i", "would", "like", "to"], Manner::Polite),
        (&["i", "would", "like", "you", "to"], Manner::Polite),
        (&["we", "want", "to"], Manner::Polite),
        (&["we", "need", "to"], Manner::Tentative),
        (&["we", "have", "to"], Manner::Tentative),
        (&["you", "can"], Manner::Polite),
        (&["you", "may"], Manner::Polite),
        (&["lets"], Manner::Polite),
        (&["let", "us"], Manner::Polite),
        (&["time", "to"], Manner::Tentative),
        (&["can", "we"], Manner::Tentative),
        (&["could", "we"], Manner::Tentative),
        (&["can", "i"], Manner::Tentative),
        (&["may", "i"], Manner::Tentative),
        (&["kannst", "du"], Manner::Polite),
        (&["puedes"], Manner::Polite),
        (&["quiero"], Manner::Polite),
        (&["peux-tu"], Manner::Polite),
        (&["go", "ahead", "and"], Manner::Plain),
        (&["i", "want"], Manner::Polite),
    ];
    let mut manner = Manner::Plain;
    loop {
        let first = tokens.first().map_or("", Token::low);
        let opening = POLITE.iter().find(|(words, _)| starts_with(tokens, words));
        if let Some((words, put)) = opening {
            tokens = &tokens[words.len()..];
            manner = *put;
        } else if tokens.len() > 1 && LEAD.contains(&first) && !is_whole_phrase(tokens) {
            tokens = &tokens[1..];
        } else {
            return (tokens, manner);
        }
    }
}

fn is_whole_phrase(tokens: &[Token]) -> bool {
    starts_with(tokens, &["next", "step"])
}

/// Another person stands at the beginning or at the end.
fn is_to_person(tokens: &[Token], known: &Known) -> bool {
    let person = |token: Option<&Token>| match token {
        Some(Token::Person) => true,
        Some(Token::Word { low, .. }) => known.people.iter().any(|name| name.eq_ignore_ascii_case(low)),
        Some(Token::Quoted(_) | Token::Break(_)) | None => false,
    };
    person(tokens.first()) || (tokens.len() > 1 && person(tokens.last()))
}

/// Negations, plans and hearsay, looked for outside what follows `until`.
fn doubtful(tokens: &[Token], lows: &[&str]) -> Option<Clause> {
    let end = lows
        .iter()
        .position(|low| matches!(*low, "until" | "till" | "til" | "bis" | "hasta"))
        .unwrap_or(lows.len());
    let lows = &lows[..end];
    if best_phrase(tokens).is_some_and(|(act, ..)| act == "deny") {
        return None;
    }
    let has = |list: &[&str]| lows.iter().any(|low| list.contains(low));
    if has(mood::NEGATION) && !is_ban(lows) {
        return Some(talk(Talk::Negated, lows));
    }
    let planned = lows.iter().enumerate().any(|(at, low)| {
        let next = lows.get(at + 1).copied().unwrap_or("");
        mood::HYPOTHESIS.contains(low)
            && !(*low == "next" && (next == "step" || lows.get(at.wrapping_sub(1)) == Some(&"the")))
    });
    planned.then(|| talk(Talk::Supposed, lows))
}

/// `how do I roll back?`, `what can you do?`
fn help_question(lows: &[&str]) -> Option<Order> {
    let rest = match lows {
        [
            "how",
            "do" | "can" | "would" | "should" | "could" | "does",
            "i" | "we" | "you" | "one" | "someone",
            rest @ ..,
        ] => rest,
        ["how", "to", rest @ ..] | ["what", "does" | "do", rest @ ..] | ["how", "does", rest @ ..] => rest,
        ["what", "can", "i" | "you" | "we", ..] | ["what", "commands", ..] | ["which", "commands", ..] => &[],
        ["help", "with", rest @ ..] | ["help", "on", rest @ ..] | ["help", "about", rest @ ..] => rest,
        _ => return None,
    };
    let topic = named_act(rest);
    if topic.is_none() && !rest.is_empty() {
        return None;
    }
    let text = topic.map(|act| act.split_once('.').map_or(act, |(_, last)| last).to_owned());
    Some(Order {
        act: "help",
        or: None,
        arguments: Arguments::default(),
        typed: false,
        manner: Manner::Question,
        text,
    })
}

/// The first act that the words name, as phrase or word.
fn named_act(lows: &[&str]) -> Option<&'static str> {
    (0..lows.len()).find_map(|at| {
        let rest: Vec<Token> = lows[at..]
            .iter()
            .map(|low| Token::Word { raw: (*low).to_owned(), low: (*low).to_owned() })
            .collect();
        let known = |act: &str| !matches!(act, "status" | "help") || lows.len() == 1;
        best_phrase(&rest)
            .map(|(act, ..)| act)
            .or_else(|| lexicon::act_of_word(lows[at]))
            .filter(|act| known(act))
    })
}

/// An order, when the clause begins with one; names may stand before it.
fn order(tokens: &[Token], mark: Option<char>, manner: Manner, known: &Known) -> Option<Order> {
    let lows: Vec<&str> = tokens.iter().map(Token::low).collect();
    let (skipped, phrase) = (0..=3.min(tokens.len().saturating_sub(1))).find_map(|skip| {
        let before = arguments(&tokens[..skip], known);
        let names =
            skip == 0 || (before.leftover.is_empty() && !before.is_empty() && !ASKING.contains(&lows[0]));
        let phrase = if names { phrase_or_slip(&tokens[skip..]) } else { None };
        // `checkout deployed` is a report; only a bare `approved` can be an answer.
        phrase.filter(|(.., phrase)| skip == 0 || *phrase != "reported").map(|phrase| (skip, phrase))
    })?;
    let (act, span, gap, phrase) = phrase;
    let rest: Vec<Token> = tokens[..skipped]
        .iter()
        .chain(&tokens[skipped..][gap])
        .chain(&tokens[skipped + span..])
        .cloned()
        .collect();
    let verb = lows[skipped];
    let after = &lows[skipped + 1..];
    let (act, or) = refined(act, verb, after);
    let mut found = arguments(&rest, known);
    if matches!(act, "freeze" | "unfreeze") {
        let many = after.iter().any(|low| lexicon::DEPLOYS.contains(low));
        found.leftover.retain(|word| {
            let low = word.to_lowercase();
            !(FREEZE_NOUNS.contains(&low.as_str()) || many && EVERY.contains(&low.as_str()))
        });
    }
    let act = match (act, found.percent) {
        ("promote", false) if needs_share(phrase) => return None,
        ("deploy", true) if found.versions.is_empty() => "promote",
        (act, _) => act,
    };
    if (needs_names(phrase) && found.is_empty()) || (is_reported(verb) && found.is_empty()) {
        return None;
    }
    if skipped > 0 && lexicon::READING.contains(&act) && !found.leftover.is_empty() {
        return None;
    }
    let text = match act {
        "deny" => reason_in(&rest, known).inspect(|_| found.leftover.clear()),
        "help" => topic_in(after).inspect(|_| found = Arguments::default()),
        _ => None,
    };
    let reading = lexicon::READING.contains(&act);
    let manner = match (manner, mark) {
        (Manner::Plain, Some('?')) if reading => Manner::Question,
        (Manner::Plain, Some('?')) => Manner::Tentative,
        (Manner::Tentative, _) if reading => Manner::Question,
        (manner, _) => manner,
    };
    let typed = skipped == 0 && verb == act;
    Some(Order { act, or, arguments: found, typed, manner, text })
}

/// The words of a denial from the first that is no id and no small word.
fn reason_in(rest: &[Token], known: &Known) -> Option<String> {
    let start = (0..rest.len()).find(|at| {
        let low = rest[*at].low();
        let digits = low.bytes().all(|b| b.is_ascii_digit()) && !low.is_empty();
        let skip = digits
            || low == "apr"
            || low == "approval"
            || mood::SMALL.contains(&low)
            || lexicon::NOUNS.contains(&low);
        !skip && arguments(&rest[*at..=*at], known).ids.is_empty()
    })?;
    let words: Vec<&str> = rest[start..]
        .iter()
        .filter_map(|token| match token {
            Token::Word { raw, .. } => Some(raw.as_str()),
            Token::Quoted(text) => Some(text.as_str()),
            Token::Person | Token::Break(_) => None,
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn topic_in(after: &[&str]) -> Option<String> {
    let words: Vec<&str> = after.iter().filter(|low| !mood::SMALL.contains(low)).copied().take(3).collect();
    let act = words.iter().find_map(|word| lexicon::act_of_word(word));
    act.map(str::to_owned).or_else(|| (words.len() == 1).then(|| words[0].to_owned()))
}

/// A question that a command answers by reading.
fn question(tokens: &[Token], lows: &[&str], mark: Option<char>, known: &Known) -> Option<Order> {
    let first = *lows.first()?;
    let asks = ASKING.contains(&first) || (mark == Some('?') && !arguments(&tokens[..1], known).is_empty());
    if !asks || lows.iter().any(|low| matches!(*low, "yesterday" | "last" | "ago" | "earlier" | "again")) {
        return None;
    }
    let mut named = arguments(tokens, known);
    named.leftover.clear();
    let noun = lows.iter().find_map(|low| lexicon::READING_NOUNS.iter().find(|(noun, _)| noun == low));
    let target = !named.services.is_empty()
        || named.id("RUN").is_some()
        || named.id("INC").is_some()
        || !named.ambiguous.is_empty();
    let here = lows.iter().any(|low| {
        matches!(
            *low,
            "it" | "this"
                | "rollout"
                | "run"
                | "canary"
                | "we"
                | "deployment"
                | "things"
                | "everything"
                | "going"
        )
    });
    let act = match (first, noun) {
        ("who" | "why", _) => match noun {
            Some((_, act)) if ELSEWHERE.contains(act) => act,
            _ if lows.iter().any(|low| matches!(*low, "approval" | "approve" | "blocked" | "allowed")) => {
                "policy.explain"
            }
            _ => return None,
        },
        (_, Some((_, act))) => act,
        (
            "how" | "what" | "which" | "where" | "hows" | "whats" | "wheres" | "any" | "wie" | "cómo"
            | "como" | "qué" | "comment" | "anything",
            None,
        ) if target
            || (here && lows.len() <= 7)
            || lows.iter().any(|low| matches!(*low, "running" | "deployed" | "live")) =>
        {
            "status"
        }
        (_, None) if target => "status",
        ("is" | "are", None) if here && lows.len() <= 5 => "status",
        (_, None) => return None,
    };
    Some(Order { act, or: None, arguments: named, typed: false, manner: Manner::Question, text: None })
}
