//! The whole way from a message to its meaning, and how the clauses of one message are weighed.

use super::arguments::{Arguments, arguments};
use super::clause::{Clause, Manner, Order, Talk, clause};
use super::heard::{Awaits, Heard, Known, LONGEST, Understood};
use super::lexicon::{self, READING};
use super::lookalike::unmask;
use super::tokens::{Token, tokens};
use super::{mood, target};
use crate::command::Refusal;
use orchestra_events::command::Command;

/// What a message means. Total: any text is understood as something, in bounded time.
pub fn understand(heard: &Heard, known: &Known) -> Understood {
    if heard.text.chars().count() > LONGEST {
        return Understood::Chatter;
    }
    let unmasked = unmask(&heard.text);
    let understood = plain(&unmasked.text, heard, known);
    match understood {
        Understood::Command(command) if unmasked.disguised => target::unclear(
            command.name(),
            format!(
                "There is a look-alike or invisible character in that. Please type `{}` again by hand.",
                command.name()
            ),
        ),
        other => other,
    }
}

fn plain(text: &str, heard: &Heard, known: &Known) -> Understood {
    let text = text.trim().trim_start_matches(['/', '!']);
    let read = tokens(text, &known.bot);
    let addressed = heard.mention || read.bot_named;
    if !addressed && heard.thread.is_none() {
        return Understood::Chatter;
    }
    let words: Vec<&str> = read.tokens.iter().map(Token::low).collect();
    if read.laughed || mood::is_sarcasm(&words.join(" ")) {
        return Understood::Chatter;
    }
    let pieces = pieces(&read.tokens);
    let clauses: Vec<Clause> = pieces.iter().map(|piece| clause(&piece.tokens, piece.mark, known)).collect();
    let heard = Heard { mention: addressed, ..heard.clone() };
    weigh(&clauses, &pieces, &heard, known, read.quoted)
}

/// A run of words without a break, and what ended it.
struct Piece {
    tokens: Vec<Token>,
    mark: Option<char>,
    /// It gives the reason of the piece before.
    reason: bool,
}

/// Splits at breaks, before reasons, and at a join when an order follows.
fn pieces(tokens: &[Token]) -> Vec<Piece> {
    let mut pieces = vec![Piece { tokens: Vec::new(), mark: None, reason: false }];
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map_or("", Token::low);
        let (mark, reason, kept) = match token {
            Token::Break(mark) => (Some(*mark), false, false),
            Token::Word { low, .. } if at > 0 && mood::REASON.contains(&low.as_str()) => {
                (Some(','), true, true)
            }
            Token::Word { low, .. }
                if mood::JOINS.contains(&low.as_str()) && joins_orders(next, &tokens[at + 1..]) =>
            {
                (Some(';'), false, false)
            }
            Token::Word { .. } | Token::Quoted(_) | Token::Person => (None, false, true),
        };
        if let Some(mark) = mark {
            if let Some(piece) = pieces.last_mut() {
                piece.mark = Some(mark);
            }
            pieces.push(Piece { tokens: Vec::new(), mark: None, reason });
        }
        if kept && let Some(piece) = pieces.last_mut() {
            piece.tokens.push(token.clone());
        }
    }
    pieces.retain(|piece| !piece.tokens.is_empty());
    pieces
}

fn joins_orders(next: &str, rest: &[Token]) -> bool {
    let skipped = rest.iter().position(|token| !mood::COURTESY.contains(&token.low())).unwrap_or(0);
    lexicon::begins_order(next) || rest.get(skipped).is_some_and(|token| lexicon::begins_order(token.low()))
}

fn weigh(clauses: &[Clause], pieces: &[Piece], heard: &Heard, known: &Known, quoted: bool) -> Understood {
    let awaits = heard.thread.as_ref().and_then(|thread| thread.awaits);
    let mut orders: Vec<Order> = Vec::new();
    let mut names: Option<Arguments> = None;
    let mut assent = None;
    let mut doubt = false;
    let mut talked = 0;
    let mut mentioned = Arguments::default();
    for (index, (clause, piece)) in clauses.iter().zip(pieces).enumerate() {
        if let Some(Order { act: "deny", text, .. }) = orders.last_mut()
            && !matches!(clause, Clause::Order(_) | Clause::Courtesy)
        {
            add_reason(text, piece);
            continue;
        }
        if piece.reason || matches!(clause, Clause::Talk { .. }) {
            mentioned.take(arguments(&piece.tokens, known));
        }
        if piece.reason {
            continue;
        }
        match clause {
            Clause::Courtesy => {}
            Clause::Order(order) => orders.push(order.clone()),
            Clause::Assent { ship } => assent = Some(*ship),
            Clause::Doubt => doubt = true,
            Clause::Names(found) => names.get_or_insert_default().take(found.clone()),
            Clause::Talk { how: Talk::ToPerson, .. } => return Understood::Chatter,
            Clause::Talk { how: Talk::Negated, about, words } => {
                if *about || *words <= 2 || orders.is_empty() {
                    return refusal_or_talk(&orders, awaits, heard);
                }
                talked += 1;
            }
            Clause::Talk { how: Talk::Supposed | Talk::Reported, about: true, .. } => {
                return Understood::Chatter;
            }
            Clause::Talk { how: Talk::Supposed, .. } if is_condition(piece) => return Understood::Chatter,
            Clause::Talk { how: Talk::Other, about, words } => {
                let called = index == 0 && *words == 1 && !about && piece.mark == Some(',');
                let names_act = *about && !orders.is_empty() && *words > 1;
                if called && clauses.len() > 1 || names_act && !heard.mention {
                    return Understood::Chatter;
                }
                talked += 1;
            }
            Clause::Talk { how: Talk::Supposed | Talk::Reported, about: false, .. } => talked += 1,
        }
    }
    if doubt {
        return refusal_or_talk(&orders, awaits, heard);
    }
    if orders.is_empty() {
        return without_order(assent, names, clauses, pieces, heard);
    }
    if quoted && (talked > 0 || !heard.mention) && orders.iter().any(|order| !READING.contains(&order.act)) {
        return Understood::Chatter;
    }
    let names = names.or_else(|| target_elsewhere(&orders, mentioned, heard));
    settle(orders, names, heard, known)
}

fn is_condition(piece: &Piece) -> bool {
    piece.tokens.first().is_some_and(|token| mood::CONDITION.contains(&token.low()))
}

/// `checkout is broken, roll it back`: the target stands in another clause. In a thread about another
/// service both are kept, so that it is asked back.
fn target_elsewhere(orders: &[Order], mentioned: Arguments, heard: &Heard) -> Option<Arguments> {
    let needed = orders.iter().all(|order| {
        let named = &order.arguments;
        named.services.is_empty()
            && named.environments.is_empty()
            && named.ids.is_empty()
            && !matches!(order.act, "help" | "status" | "approve" | "deny")
    });
    if !needed || mentioned.services.is_empty() {
        return None;
    }
    let mut services = mentioned.services;
    if let Some(own) =
        heard.thread.as_ref().and_then(|thread| thread.service.clone()).filter(|own| !services.contains(own))
    {
        services.push(own);
    }
    Some(Arguments { services, ..Default::default() })
}

fn add_reason(text: &mut Option<String>, piece: &Piece) {
    let words: Vec<&str> = piece
        .tokens
        .iter()
        .enumerate()
        .filter_map(|(at, token)| match token {
            Token::Word { low, .. } if at == 0 && mood::REASON.contains(&low.as_str()) => None,
            Token::Word { raw, .. } => Some(raw.as_str()),
            Token::Quoted(text) => Some(text.as_str()),
            Token::Person | Token::Break(_) => None,
        })
        .collect();
    let words = words.join(" ");
    *text = Some(match text.take() {
        Some(before) => format!("{before}, {words}"),
        None => words,
    });
}

/// A no or a doubt: about what the bot waits for, said to the bot, it is asked back.
fn refusal_or_talk(orders: &[Order], awaits: Option<Awaits>, heard: &Heard) -> Understood {
    if !heard.mention {
        return Understood::Chatter;
    }
    let mut candidates: Vec<String> = orders.iter().map(|order| order.act.to_owned()).collect();
    match awaits {
        Some(Awaits::Approval) => candidates.extend(["approve".to_owned(), "deny".to_owned()]),
        Some(Awaits::Promotion) => candidates.extend(["abort".to_owned(), "promote".to_owned()]),
        None => {}
    }
    if candidates.is_empty() {
        return Understood::Chatter;
    }
    several(candidates)
}

fn several(mut candidates: Vec<String>) -> Understood {
    candidates.sort();
    candidates.dedup();
    let question = match candidates.as_slice() {
        [one] => format!("Do you want me to {one}? Please say it once more, as one order."),
        all => format!("One thing at a time, please: {}?", all.join(", or ")),
    };
    Understood::Unclear { candidates, question }
}

/// A yes, mere names, or talk.
fn without_order(
    assent: Option<bool>,
    names: Option<Arguments>,
    clauses: &[Clause],
    pieces: &[Piece],
    heard: &Heard,
) -> Understood {
    if !heard.mention {
        return Understood::Chatter;
    }
    let thread = heard.thread.clone().unwrap_or_default();
    let approval =
        names.as_ref().and_then(|names| names.id("APR").cloned()).or_else(|| thread.approval.clone());
    match (assent, names) {
        (Some(_), _) if approval.is_some() => Understood::Command(Command::Approve { id: approval }),
        (Some(ship), _) if thread.run.is_some() && (ship || thread.awaits == Some(Awaits::Promotion)) => {
            match thread.service {
                Some(service) => Understood::Command(Command::Promote { service: Some(service) }),
                None => target::unclear("promote", "Which service should I promote?"),
            }
        }
        (Some(true), _) => target::unclear("deploy", "Which service and version should I deploy?"),
        (Some(false), _) => Understood::Chatter,
        (None, Some(names)) => {
            let act = if !names.versions.is_empty() || !names.environments.is_empty() {
                "deploy"
            } else if names.id("APR").is_some() {
                "approve"
            } else {
                "status"
            };
            let talk = clauses.iter().any(|clause| matches!(clause, Clause::Talk { .. }));
            if talk {
                Understood::Chatter
            } else {
                target::unclear(act, format!("What should I do? For example `{act}`."))
            }
        }
        (None, None) => unknown_word(clauses, pieces, heard),
    }
}

/// One word that is no command, typed to the bot outside its threads: it says so instead of nothing.
fn unknown_word(clauses: &[Clause], pieces: &[Piece], heard: &Heard) -> Understood {
    if let ([Clause::Talk { how: Talk::Other, words: 1, .. }], [piece]) = (clauses, pieces)
        && heard.thread.is_none()
        && let Some(Token::Word { raw, .. }) = piece.tokens.last()
    {
        let what = format!("I don't know the command `{}`", crate::command::spec::shown(raw));
        return Understood::Refusal(Refusal::new(what, "type `help` to see what I can do"));
    }
    Understood::Chatter
}

/// One message, its orders: they must come to one, and plainly enough for where it was said.
fn settle(mut orders: Vec<Order>, names: Option<Arguments>, heard: &Heard, known: &Known) -> Understood {
    let first = orders.remove(0);
    let mut order = first;
    for other in orders {
        if other.act == order.act && (other.arguments.is_empty() || other.arguments == order.arguments) {
            continue;
        }
        let acts = [&order, &other].map(|order| order.act.to_owned());
        if !heard.mention
            && [&order, &other]
                .iter()
                .any(|order| order.manner != Manner::Plain || !order.arguments.leftover.is_empty())
        {
            return Understood::Chatter;
        }
        if other.act == order.act {
            order.arguments.take(other.arguments);
        } else {
            return several(acts.to_vec());
        }
    }
    if let Some(names) = names {
        order.arguments.take(names);
    }
    if order.arguments.person && !lexicon::ELSEWHERE.contains(&order.act) {
        return Understood::Chatter;
    }
    if let Some(or) = order.or.filter(|or| *or != order.act) {
        return if heard.mention {
            several(vec![order.act.to_owned(), or.to_owned()])
        } else {
            Understood::Chatter
        };
    }
    let reading = READING.contains(&order.act);
    if !heard.mention {
        let bare = reading && order.arguments.is_empty() && order.text.is_none();
        let plain = matches!(order.manner, Manner::Plain) || (bare && order.typed);
        if !plain || !order.arguments.leftover.is_empty() {
            return Understood::Chatter;
        }
    }
    if reading
        && order.arguments.leftover.len() > 1
        && order.arguments.services.is_empty()
        && order.arguments.ids.is_empty()
    {
        return Understood::Chatter;
    }
    match order.manner {
        Manner::Tentative => match target::command(&order, heard, known) {
            Understood::Command(command) => {
                target::unclear(command.name(), format!("Do you want me to {}? Then say so.", command.name()))
            }
            other => other,
        },
        Manner::Plain | Manner::Polite | Manner::Question => target::command(&order, heard, known),
    }
}
