//! The small words that say who speaks to whom, and how seriously.

/// Words of a courtesy or a call for attention; they carry nothing.
#[rustfmt::skip]
pub const COURTESY: &[&str] = &[
    "please", "pls", "plz", "thanks", "thx", "ty", "thank", "you", "cheers", "hey", "hi", "hello", "ok",
    "okay", "k", "kk", "alright", "right", "great", "cool", "nice", "perfect", "yes", "yep", "yeah", "yup",
    "sure", "so", "well", "now", "just", "quickly", "quick", "asap", "immediately", "urgently", "urgent",
    "kindly", "then", "also", "sorry", "bot", "orchestra", "team", "all", "everyone", "folks", "guys",
    "bitte", "danke", "por", "favor", "gracias", "porfa", "merci", "svp", "jetzt", "sofort", "ahora", "ya",
    "mal", "one", "more", "time", "again", "go", "ahead", "and", "good", "morning", "evening", "done",
    "awesome", "fine", "looks", "lgtm", "damn", "shit", "argh", "ugh", "oh", "ah", "hmm", "hm", "um", "uh",
    "this", "is", "that", "it", "everything", "green", "much", "a", "lot", "in", "advance", "real", "let's",
    "lets", "mate", "dear", "buddy", "friend", "fast", "hurry",
];

/// Words inside an order that carry nothing.
#[rustfmt::skip]
pub const SMALL: &[&str] = &[
    "the", "a", "an", "this", "that", "these", "it", "its", "to", "for", "of", "on", "in", "into", "onto",
    "at", "with", "by", "from", "my", "our", "us", "me", "we", "you", "your", "please", "pls", "plz",
    "thanks", "thx", "ty", "thank", "now", "right", "asap", "immediately", "again", "just", "first", "real",
    "quick", "quickly", "ok", "okay", "so", "up", "out", "off", "over", "down", "back", "is", "are",
    "being", "currently", "current", "running", "live", "going", "progress", "via", "using", "as", "there",
    "here", "and", "also", "then", "too", "ahead", "away", "go", "completely", "fully", "entirely",
    "straight", "whole", "full", "new", "ongoing", "active", "latest", "newest", "bitte", "danke", "por",
    "favor", "gracias", "jetzt", "sofort", "ahora", "ya", "mal", "den", "die", "das", "dem", "der", "auf",
    "nach", "el", "la", "los", "las", "en", "a", "de", "del", "con", "le", "sur", "du", "today", "only",
    "one", "more", "time", "cheers", "folks", "everyone", "team", "urgently", "soon", "possible", "until",
    "be", "which", "i", "say", "said", "das", "s'il", "vous", "plaît", "mit", "im", "von", "für", "aus",
    "zu", "auf", "para", "se", "their", "called", "named", "some", "deployed", "released", "started",
];

/// Words that take back, forbid or refuse.
#[rustfmt::skip]
pub const NEGATION: &[&str] = &[
    "don't", "dont", "not", "never", "nobody", "no", "none", "cannot", "can't", "cant", "won't", "wont",
    "shouldn't", "shouldnt", "wouldn't", "wouldnt", "isn't", "isnt", "wasn't", "wasnt", "didn't", "didnt",
    "doesn't", "doesnt", "couldn't", "haven't", "hasn't", "aren't", "without", "instead", "nicht", "kein",
    "keine", "nein", "niemand", "nie", "nunca", "nadie", "pas", "jamais", "refrain", "avoid", "rather",
    "neither", "nor", "ain't", "noone", "mustn't", "nothing", "noch", "stop-the",
];

/// Words of plans, wishes, conditions and guesses.
#[rustfmt::skip]
pub const HYPOTHESIS: &[&str] = &[
    "if", "would", "should", "might", "may", "maybe", "perhaps", "could", "wish", "imagine", "suppose",
    "unless", "whether", "probably", "planning", "plan", "plans", "gonna", "will", "i'll", "we'll", "he'll",
    "she'll", "they'll", "shall", "ought", "when", "once", "after", "i'd", "we'd", "thinking", "think",
    "hope", "hopefully", "hoping", "considering", "wonder", "wondering", "guess", "supposed", "tomorrow",
    "later", "tonight", "eventually", "someday", "next", "würde", "könnte", "sollte", "sollten", "wenn",
    "falls", "vielleicht", "werde", "si", "quizás", "podría", "debería", "deberíamos", "peut-être",
    "devrait", "typed", "almost", "nearly", "pretend", "example", "e.g", "like", "usually", "normally",
    "always", "sometimes", "every", "used", "yesterday", "ago", "earlier", "monday", "tuesday", "wednesday",
    "thursday", "friday", "saturday", "sunday", "remember", "mañana", "morgen", "demain", "about",
];

/// Words that make a clause the condition of another.
pub const CONDITION: &[&str] = &[
    "if", "when", "whenever", "once", "after", "unless", "suppose", "imagine", "assuming", "wenn", "falls",
    "sobald", "si", "cuando", "quand", "maybe", "perhaps", "should",
];

/// Those who do something in a report.
#[rustfmt::skip]
pub const SUBJECT: &[&str] = &[
    "i", "we", "he", "she", "they", "someone", "somebody", "anybody", "anyone", "everybody", "i'm", "im",
    "we're", "he's", "she's", "they're", "i've", "we've", "who", "ich", "wir", "er", "sie", "yo",
    "nosotros", "je", "nous", "on", "it's", "says", "said", "told", "asked", "wants", "wanted", "tells",
    "typed", "wrote",
];

/// Words that end an order and begin its reason.
pub const REASON: &[&str] =
    &["because", "cause", "cuz", "since", "before", "weil", "porque", "due", "bc", "denn", "car", "but"];

/// Words that say that something is not meant, or not seriously.
pub const LAUGHTER: &[&str] =
    &["lol", "lmao", "rofl", "haha", "hahaha", "jk", "kidding", "joking", "/s", "heh", "hehe", "xd"];

/// Words between clauses, when what follows begins an order.
pub const JOINS: &[&str] =
    &["and", "then", "und", "dann", "y", "et", "puis", "&", "or", "oder", "afterwards", "plus"];

/// Clauses that refuse or doubt by themselves.
#[rustfmt::skip]
const DOUBTS: &[&str] = &[
    "no", "nope", "nah", "no way", "not yet", "not now", "not sure", "never", "wait", "hold on", "hang on",
    "hold off", "not so fast", "absolutely not", "hell no", "certainly not", "no thanks", "not a chance",
    "no chance", "nein", "i doubt it", "really", "are you sure", "don't", "dont", "better not",
    "not like this", "i don't think so", "no no", "nicht", "one sec", "one moment", "not ready",
    "not convinced", "not happy", "i'm not sure", "im not sure", "am not sure",
];

/// Sarcasm that is a fixed phrase.
#[rustfmt::skip]
const SARCASM: &[&str] = &[
    "yeah right", "as if", "what could go wrong", "what could possibly go wrong", "nice try", "great idea",
    "good luck", "in your dreams", "sure thing",
];

/// Whether the clause, in lower case, is a refusal or doubt by itself, or begins with one.
pub fn is_doubt(clause: &str) -> bool {
    DOUBTS.contains(&clause)
        || [
            "not sure",
            "i'm not sure",
            "not yet",
            "no way",
            "not happy",
            "not convinced",
            "i have doubts",
            "not comfortable",
            "i doubt",
        ]
        .iter()
        .any(|start| clause.starts_with(start))
}

/// Whether the message, in lower case words, says something that is not meant.
pub fn is_sarcasm(words: &str) -> bool {
    SARCASM.iter().any(|phrase| words.contains(phrase))
        || words.split(' ').any(|word| LAUGHTER.contains(&word))
}
