//! The phrases for each command, in the languages people swear in.
//!
//! A phrase is a list of words; `*` stands for one to four words that name something. The longest phrase
//! that fits wins. Acts are the names of commands; those without a command here are in [`ELSEWHERE`].

/// Orders: what a clause that asks for something begins with.
#[rustfmt::skip]
pub const ORDERS: &[(&str, &[&str])] = &[
    ("deploy", &[
        "deploy", "ship", "release", "roll out", "rollout", "roll * out", "push out", "push * out", "push",
        "launch", "put * live", "put * into", "put * on", "bring * live", "bring * to", "get * onto",
        "get * into", "get * out", "go live with", "take * live", "redeploy", "re-deploy", "despliega",
        "desplegar", "lanza", "deploye", "ausrollen", "rolle", "ausliefern", "déploie", "déployer",
        "install", "start deploying", "send * to",
    ]),
    ("rollback", &[
        "rollback", "roll back", "roll * back", "roll-back", "revert", "undo", "back out", "back * out",
        "go back", "goes back", "bring back", "take back", "put back", "move back", "take * back",
        "put * back", "bring * back", "switch * back", "switch back", "move * back", "get * back to",
        "downgrade", "restore", "return", "back to", "zurückrollen", "rolle * zurück", "roll * zurück",
        "zurücksetzen", "setz * zurück", "revierte", "revertir", "vuelve", "deshaz", "deshacer", "reviens",
        "reverse",
    ]),
    ("promote", &[
        "promote", "advance", "go to the next step", "next step", "move on to the next step", "go full",
        "ramp up", "ramp * up", "ramp to", "full rollout", "finish the rollout", "complete the rollout",
        "all traffic to", "send all traffic to", "give it all the traffic", "bump", "crank * up",
        "increase", "go all in", "go to", "take * to", "move * to", "bring it up to", "set * to", "raise",
        "shift", "step up", "promueve", "promover", "hochstufen", "promouvoir", "promeus",
        "roll it out fully", "fully roll out",
    ]),
    ("abort", &[
        "abort", "cancel", "stop", "kill", "terminate", "call off", "call * off", "pull the plug", "scrap",
        "abbrechen", "brich * ab", "breche * ab", "stopp", "aborta", "abortar", "cancela", "cancelar",
        "detén", "annule", "arrête", "bail out",
    ]),
    ("pause", &[
        "pause", "hold", "put * on hold", "suspend", "stay at", "keep * at", "hold at", "stop here",
        "wait here", "pausiere", "pausieren", "anhalten", "halte * an", "pausa", "pausar",
        "freeze the canary", "stay here",
    ]),
    ("resume", &[
        "resume", "continue", "carry on", "go on", "unpause", "un-pause", "keep going", "pick * up again",
        "proceed", "weiter", "weitermachen", "mach weiter", "fortsetzen", "continúa", "continua", "reanuda",
        "reanudar", "reprends", "continuer", "carry * on", "unhold",
    ]),
    ("status", &[
        "status", "state", "health", "progress", "estado", "zustand", "état", "statut", "check on", "eta",
        "overview",
    ]),
    ("logs", &["logs", "log", "tail", "tail the logs", "protokoll"]),
    ("approve", &[
        "approve", "lgtm", "accept", "sign off", "sign * off", "greenlight", "green-light", "green light",
        "give the go", "give * the go", "give * a go", "okay", "aprueba", "aprobar", "apruebo", "genehmige",
        "genehmigen", "genehmigt", "freigeben", "gib * frei", "approuve", "approuver", "say yes to",
        "allow", "confirm", "thumbs up",
    ]),
    ("deny", &[
        "deny", "reject", "decline", "refuse", "veto", "turn down", "turn * down", "disapprove",
        "say no to", "nack", "rechaza", "rechazar", "deniega", "denegar", "ablehnen", "lehne * ab",
        "rejette", "rejeter", "knock back", "throw out",
    ]),
    ("freeze", &[
        "freeze", "lock down", "lock * down", "lock", "close", "congela", "congelar", "einfrieren",
        "friere * ein", "gèle", "code freeze", "deploy freeze", "change freeze", "put a freeze on",
        "put * under freeze",
    ]),
    ("unfreeze", &[
        "unfreeze", "un-freeze", "unlock", "thaw", "open up", "open * up", "open", "reopen", "descongela",
        "descongelar", "auftauen", "dégèle", "unblock", "defrost",
    ]),
    ("help", &["help", "ayuda", "hilfe", "aide", "commands", "usage", "?", "man"]),
    ("incident.declare", &[
        "declare", "open an incident", "open incident", "new incident", "start an incident", "page",
    ]),
    ("incident.ack", &["ack", "acknowledge"]),
    ("incident.resolve", &["resolve", "close it", "close this", "mark"]),
    ("incident.assign", &["assign", "make"]),
    ("incident.severity", &["severity", "bump severity", "raise severity", "sev"]),
    ("incident.note", &["note", "add a note", "add note"]),
    ("incident.timeline", &["timeline", "timline"]),
    ("incident.postmortem", &["postmortem", "post-mortem", "draft"]),
    ("runbook.list", &["runbooks", "list runbooks"]),
    ("runbook.show", &["show runbook"]),
    ("runbook.run", &[
        "run", "execute", "restart", "reboot", "bounce", "drain", "vacuum", "clean up", "failover",
        "fail over",
    ]),
    ("runbook.rerun", &["rerun", "re-run"]),
    ("oncall.who", &["oncall", "on-call"]),
    ("oncall.override", &["override", "swap"]),
    ("silence", &["silence", "mute", "snooze"]),
    ("slo", &["slo", "slos", "error budget"]),
    ("drift", &["drift"]),
    ("kpi", &["kpi", "kpis", "dora"]),
    ("scorecard", &["scorecard", "scorecards"]),
    ("audit", &["audit"]),
    ("policy.explain", &["policy", "policies", "explain"]),
];

/// Words that turn a request for something to look at into the act it is: `show me the logs`.
#[rustfmt::skip]
pub const LOOKING: &[&str] = &[
    "show", "get", "give", "check", "see", "display", "list", "tell", "view", "fetch", "print", "pull",
    "what", "how", "which", "zeig", "zeige", "muestra", "muéstrame", "montre",
];

/// Verbs that begin or perform what a noun names: `start a rollback`.
pub const STARTING: &[&str] = &[
    "start", "begin", "trigger", "kick", "do", "initiate", "perform", "force", "want", "need", "run",
    "execute", "haz", "mach", "fais",
];

/// Verbs that forbid; with `deploys` they mean a freeze.
pub const FORBIDDING: &[&str] = &[
    "stop", "block", "halt", "hold", "pause", "forbid", "prevent", "disable", "suspend", "lock", "freeze",
    "close", "ban",
];

/// Verbs that allow again; with `deploys` they mean the end of a freeze.
#[rustfmt::skip]
pub const ALLOWING: &[&str] = &[
    "allow", "resume", "enable", "reopen", "open", "unblock", "permit", "unlock", "unfreeze", "restart",
    "re-enable",
];

/// Verbs that end something; with `freeze` they mean its end.
pub const ENDING: &[&str] = &[
    "lift", "end", "remove", "stop", "drop", "release", "undo", "clear", "delete", "abort", "cancel",
    "revoke", "unset", "kill", "take",
];

/// Verbs that put something in place; with `freeze` they mean one.
pub const PLACING: &[&str] =
    &["start", "put", "place", "impose", "set", "declare", "begin", "enforce", "apply", "initiate"];

/// Many deployments, as something that is allowed or not.
#[rustfmt::skip]
pub const DEPLOYS: &[&str] = &[
    "deploys", "deployments", "releases", "rollouts", "deploying", "pushes", "shipping", "releasing",
    "changes", "despliegues",
];

/// Nouns of the act itself; beside another verb they carry nothing.
#[rustfmt::skip]
pub const NOUNS: &[&str] = &[
    "deploy", "deployment", "rollout", "release", "canary", "rollback", "promotion", "approval", "push",
    "run", "change", "service", "services", "services'", "version", "app", "environment", "env", "build",
    "traffic", "despliegue", "weight", "step", "pipeline", "update", "revision", "tag", "commit", "sha",
    "cluster", "thread", "strategy",
];

/// Nouns that name an act when a verb of [`STARTING`] stands before them.
#[rustfmt::skip]
pub const ACT_NOUNS: &[(&str, &str)] = &[
    ("deploy", "deploy"), ("deployment", "deploy"), ("rollout", "deploy"), ("release", "deploy"),
    ("rollback", "rollback"), ("revert", "rollback"), ("promotion", "promote"), ("freeze", "freeze"),
];

/// Nouns that name something to look at.
#[rustfmt::skip]
pub const READING_NOUNS: &[(&str, &str)] = &[
    ("status", "status"), ("state", "status"), ("health", "status"), ("progress", "status"),
    ("eta", "status"), ("logs", "logs"), ("log", "logs"), ("output", "logs"), ("stdout", "logs"),
    ("stderr", "logs"), ("help", "help"), ("commands", "help"), ("estado", "status"), ("budget", "slo"),
    ("slo", "slo"), ("drifted", "drift"), ("drift", "drift"), ("timeline", "incident.timeline"),
    ("timline", "incident.timeline"), ("scorecard", "scorecard"), ("kpi", "kpi"), ("kpis", "kpi"),
    ("audit", "audit"), ("runbooks", "runbook.list"), ("runbook", "runbook.show"),
    ("postmortem", "incident.postmortem"), ("post-mortem", "incident.postmortem"), ("pager", "oncall.who"),
    ("on-call", "oncall.who"), ("oncall", "oncall.who"), ("policy", "policy.explain"),
];

/// What has happened, or is happening by other hands: reports, not orders.
#[rustfmt::skip]
pub const REPORTED: &[(&str, &str)] = &[
    ("deployed", "deploy"), ("deploying", "deploy"), ("shipped", "deploy"), ("shipping", "deploy"),
    ("released", "deploy"), ("releasing", "deploy"), ("rolled", "rollback"), ("rolling-back", "rollback"),
    ("reverted", "rollback"), ("reverting", "rollback"), ("promoted", "promote"), ("promoting", "promote"),
    ("aborted", "abort"), ("aborting", "abort"), ("cancelled", "abort"), ("canceled", "abort"),
    ("cancelling", "abort"), ("canceling", "abort"), ("stopped", "abort"), ("stopping", "abort"),
    ("killed", "abort"), ("killing", "abort"), ("paused", "pause"), ("pausing", "pause"),
    ("resumed", "resume"), ("resuming", "resume"), ("approved", "approve"), ("approving", "approve"),
    ("accepted", "approve"), ("denied", "deny"), ("denying", "deny"), ("rejected", "deny"),
    ("rejecting", "deny"), ("declined", "deny"), ("froze", "freeze"), ("frozen", "freeze"),
    ("freezing", "freeze"), ("unfroze", "unfreeze"), ("unfrozen", "unfreeze"), ("unfreezing", "unfreeze"),
    ("lifted", "unfreeze"), ("locked", "freeze"), ("unlocked", "unfreeze"), ("rollbacking", "rollback"),
    ("resolving", "incident.resolve"), ("resolved", "incident.resolve"), ("acked", "incident.ack"),
];

/// Acts that are known by name and that no command here performs.
#[rustfmt::skip]
pub const ELSEWHERE: &[&str] = &[
    "incident.declare", "incident.ack", "incident.resolve", "incident.assign", "incident.severity",
    "incident.note", "incident.timeline", "incident.postmortem", "runbook.list", "runbook.show",
    "runbook.run", "runbook.cancel", "runbook.rerun", "oncall.who", "oncall.override", "silence", "slo",
    "drift", "kpi", "scorecard", "audit", "policy.explain",
];

/// Acts that only read.
pub const READING: &[&str] = &["help", "status", "logs"];

/// Question words and pronouns of which `'s` means `is`.
pub const TAKES_IS: &[&str] =
    &["how", "what", "where", "who", "when", "why", "it", "that", "there", "he", "she", "here"];

/// Parts of the names of emoji that say that something is not meant seriously.
#[rustfmt::skip]
pub const LAUGHING_CODES: &[&str] = &[
    "joy", "rofl", "laughing", "upside_down", "rolling_eyes", "wink", "stuck_out_tongue", "sweat_smile",
    "clown", "smirk",
];

/// Emoji that say the same.
pub const LAUGHING_LETTERS: &str = "😂🤣🙃🙄😉😜😝😅🤡😏😆";

/// Short real words that are one slip away from an order and are none.
#[rustfmt::skip]
pub const NOT_SLIPS: &[&str] = &[
    "about", "cause", "because", "hell", "held", "heap", "helps", "lots", "legs", "dogs", "lock", "look",
    "statue", "remote", "improve", "breeze", "freezer", "presume", "assume", "employ", "please", "stage",
    "staging", "state", "states", "close", "clock", "stop", "step", "shop", "sheep", "help", "bump", "pump",
    "jump", "dump", "hold", "cold", "sold", "told", "gold", "fold", "bold", "here", "there", "where",
    "restart", "refuse", "reuse", "except", "open", "opens", "pushed", "relief", "resume", "really",
    "ready", "test", "tests", "note", "notes", "not", "page", "pages", "rerun", "return", "audio", "swamp",
    "silent", "silences", "make", "mark", "made", "take", "lake", "dark", "mask", "market", "adit", "deny",
    "dens", "denied", "deploys", "deployed", "releases", "increased", "shift", "shirt", "raised", "policy",
    "police", "polite", "drafts", "craft", "reset", "reason", "season", "report", "reports", "retry",
    "people", "nobody", "canary", "rolling", "production", "expect", "expert", "prose", "proceeds",
    "process", "would", "could", "should", "which", "while", "their", "these", "those", "sail", "tails",
    "fail", "mail", "rail", "bail", "launched", "lunch", "branch", "revertir", "veto", "vote", "keto",
    "skip", "slip", "snip", "chip", "whip", "shin",
];

/// Whether a word alone begins some order.
pub fn begins_order(word: &str) -> bool {
    ORDERS.iter().any(|(_, phrases)| phrases.iter().any(|phrase| phrase.split(' ').next() == Some(word)))
}

/// The act that a noun or verb names, for help topics.
pub fn act_of_word(word: &str) -> Option<&'static str> {
    let whole = |act: &&(&'static str, &[&str])| act.1.contains(&word);
    let noun = || ACT_NOUNS.iter().chain(READING_NOUNS).chain(REPORTED).find(|(noun, _)| *noun == word);
    let plural = || word.strip_suffix('s').filter(|_| word.len() > 4).and_then(act_of_word);
    ORDERS.iter().find(whole).map(|(act, _)| *act).or_else(|| noun().map(|(_, act)| *act)).or_else(plural)
}
