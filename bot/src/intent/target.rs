//! From an act and its arguments to a command, with what the thread supplies.

use super::arguments::Arguments;
use super::clause::Order;
use super::heard::{Heard, Known, ThreadAbout, Understood};
use super::lexicon;
use crate::command::Refusal;
use crate::message::words::list;
use orchestra_events::command::Command;

/// A question back that offers one command.
pub fn unclear(act: &str, question: impl Into<String>) -> Understood {
    Understood::Unclear { candidates: vec![act.to_owned()], question: question.into() }
}

/// The command that an order means, or the question that it leaves open.
pub fn command(order: &Order, heard: &Heard, known: &Known) -> Understood {
    let act = order.act;
    if lexicon::ELSEWHERE.contains(&act) {
        let what = format!("`{act}` is not among the things I can do");
        return Understood::Refusal(Refusal::new(what, "type `help` to see what I can do"));
    }
    if let Some(open) = open_question(order, known) {
        return open;
    }
    let here = heard.thread.clone().unwrap_or_default();
    let named = &order.arguments;
    match act {
        "help" => Understood::Command(Command::Help { topic: order.text.clone() }),
        "status" => status(named, &here),
        "approve" => approval(order, &here, |id| Command::Approve { id }),
        "deny" => {
            let reason = order.text.as_ref().map(|text| text.chars().take(500).collect());
            approval(order, &here, |id| Command::Deny { id, reason })
        }
        "freeze" | "unfreeze" => freeze(order, &here),
        _ => one_service(order, &here, known),
    }
}

/// What must be asked back whatever the command is.
fn open_question(order: &Order, known: &Known) -> Option<Understood> {
    let (act, named) = (order.act, &order.arguments);
    let ask = |question: String| Some(unclear(act, question));
    if !named.ambiguous.is_empty() {
        return ask(format!("Which one do you mean: {}?", list(&named.ambiguous)));
    }
    if named.services.len() > 1 {
        return ask(format!("One at a time, please: {}?", list(&named.services)));
    }
    if named.environments.len() > 1 {
        return ask(format!("Which environment: {}?", list(&named.environments)));
    }
    let reading = lexicon::READING.contains(&act);
    if act != "help" && !named.leftover.is_empty() && !(reading && has_target(named)) {
        let word = crate::command::spec::shown(&named.leftover[0]);
        let services = if known.services.is_empty() { "none yet".to_owned() } else { list(&known.services) };
        return ask(format!(
            "I don't know `{word}`. The services I know: {services}. What exactly should I {act}?"
        ));
    }
    if act == "deploy" && named.strategies.len() > 1 {
        return ask(format!("Which strategy: {}?", list(&named.strategies)));
    }
    if !matches!(act, "freeze" | "status" | "logs" | "help") && named.until.is_some() {
        return ask(format!("I cannot {act} for a time or later. Now, or not?"));
    }
    None
}

fn has_target(named: &Arguments) -> bool {
    !named.services.is_empty() || !named.ids.is_empty()
}

fn status(named: &Arguments, here: &ThreadAbout) -> Understood {
    if named.ids.len() > 1 || (named.ids.len() == 1 && named.id("RUN").is_none() && named.id("INC").is_none())
    {
        return unclear(
            "status",
            format!("I can say how one run, incident or service stands. Which: {}?", list(&named.ids)),
        );
    }
    let mut service = named.services.first().cloned();
    let mut run = named.id("RUN").cloned();
    let mut incident = named.id("INC").cloned();
    if run.is_some() || incident.is_some() {
        service = None;
    } else if service.is_none() {
        run = here.run.clone();
        incident = if run.is_none() { here.incident.clone() } else { None };
    }
    Understood::Command(Command::Status { service, run, incident })
}

fn approval(order: &Order, here: &ThreadAbout, build: impl FnOnce(Option<String>) -> Command) -> Understood {
    let named = &order.arguments;
    let id = named.id("APR").cloned().or_else(|| here.approval.clone().filter(|_| named.ids.is_empty()));
    match id {
        Some(id) if named.ids.len() <= 1 => Understood::Command(build(Some(id))),
        Some(_) | None => {
            unclear(order.act, format!("Which approval should I {}? Say its id, such as APR-31.", order.act))
        }
    }
}

fn freeze(order: &Order, here: &ThreadAbout) -> Understood {
    let named = &order.arguments;
    let environment = named.environments.first().cloned();
    let mut service = named.services.first().cloned();
    if environment.is_some() && service.is_some() {
        return unclear(order.act, "The whole environment, or the one service?");
    }
    if environment.is_none() && service.is_none() {
        service = here.service.clone();
    }
    if environment.is_none() && service.is_none() || !named.ids.is_empty() || !named.versions.is_empty() {
        return unclear(
            order.act,
            format!("What should I {}: which environment or which service?", order.act),
        );
    }
    Understood::Command(match order.act {
        "freeze" => Command::Freeze { environment, service, until: named.until.clone() },
        _ => Command::Unfreeze { environment, service },
    })
}

fn one_service(order: &Order, here: &ThreadAbout, known: &Known) -> Understood {
    let (act, named) = (order.act, &order.arguments);
    let mut service = named.services.first().cloned();
    for id in &named.ids {
        let own = if here.run.as_ref() == Some(id) { here.service.clone() } else { None };
        let of_run =
            own.or_else(|| known.runs.iter().find(|(run, _)| run == id).map(|(_, service)| service.clone()));
        let of_incident = here
            .service
            .clone()
            .filter(|_| here.incident.as_ref() == Some(id) || here.approval.as_ref() == Some(id));
        match of_run.or(of_incident) {
            Some(of_id) if service.as_ref().is_none_or(|named| *named == of_id) => service = Some(of_id),
            Some(of_id) => {
                return unclear(act, format!("{id} is about {of_id}. Which service should I {act}?"));
            }
            None => {
                return unclear(
                    act,
                    format!("I don't know which service {id} is about. Which one should I {act}?"),
                );
            }
        }
    }
    let Some(service) = service.or_else(|| here.service.clone()) else {
        return unclear(act, format!("Which service should I {act}?"));
    };
    let environment = named.environments.first().cloned();
    match act {
        "deploy" => deploy(named, service, environment),
        "rollback" => rollback(order, service, environment),
        "logs" => match versions(named) {
            Ok(version) => Understood::Command(Command::Logs { service, version }),
            Err(versions) => unclear(act, format!("Which version: {versions}?")),
        },
        "promote" => Understood::Command(Command::Promote { service: Some(service) }),
        "abort" => Understood::Command(Command::Abort { service: Some(service) }),
        "pause" => Understood::Command(Command::Pause { service: Some(service) }),
        "resume" => Understood::Command(Command::Resume { service: Some(service) }),
        _ => Understood::Chatter,
    }
}

/// The one version that is not where something comes from, or all of them as words.
fn versions(named: &Arguments) -> Result<Option<String>, String> {
    let mut wanted: Vec<&str> = named
        .versions
        .iter()
        .filter(|(_, mark)| mark != "from")
        .map(|(version, _)| version.as_str())
        .collect();
    wanted.dedup();
    match wanted.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).to_owned())),
        several => Err(list(several)),
    }
}

fn deploy(named: &Arguments, service: String, environment: Option<String>) -> Understood {
    if named.previous && named.versions.is_empty() {
        return Understood::Unclear {
            candidates: vec!["deploy".to_owned(), "rollback".to_owned()],
            question: format!("Should I roll {service} back to the version before?"),
        };
    }
    match versions(named) {
        Ok(version) => {
            let strategy = named.strategies.first().cloned();
            Understood::Command(Command::Deploy { service, version, environment, strategy })
        }
        Err(versions) => unclear("deploy", format!("Which version of {service}: {versions}?")),
    }
}

fn rollback(order: &Order, service: String, environment: Option<String>) -> Understood {
    let named = &order.arguments;
    let directed =
        named.versions.iter().any(|(_, mark)| matches!(mark.as_str(), "to" | "auf" | "a" | "à" | "zu"));
    let from_only = !named.versions.is_empty() && named.versions.iter().all(|(_, mark)| mark == "from");
    match versions(named) {
        Ok(None) => Understood::Command(Command::Rollback { service: Some(service), to: None, environment }),
        Ok(to) if directed || order.typed || from_only => {
            Understood::Command(Command::Rollback { service: Some(service), to, environment })
        }
        Ok(Some(version)) => unclear("rollback", format!("Back to {service} {version}, or away from it?")),
        Err(versions) => unclear("rollback", format!("Back to which version of {service}: {versions}?")),
    }
}
