//! The ChatOps agent, the ninth: events become the live card, the thread's news, and what the channel is told.
//!
//! It lives where the posts are. It says what should stand in a thread; who sends it, and where, is
//! [`crate::outbound`]'s business.

use crate::command::Refusal;
use crate::message::Message;
use crate::message::answers;
use crate::telling::news::{self, News};
use crate::telling::{card, closing};
use orchestra_agents::agent;
use orchestra_agents::agent::Handles;
use orchestra_agents::context::Cx;
use orchestra_events::file::pipeline::Notice;
use orchestra_events::people::{
    ApprovalDecided, ApprovalRequested, CommandGiven, CommandRefused, IncidentOpened, PostmortemWritten,
};
use orchestra_events::pipeline::{
    AnalysisFinished, BuildReady, CodeAnalysis, CodePush, DeploymentTriggered, IaCReady, ObservabilityAlert,
    Outcome, PushRequested, RollbackEvent, RunEnded, TestResults,
};

/// The channel when the file names none.
pub const CHANNEL: &str = "#deliveries";

agent! {
    /// Tells: events become the live card, the thread's news, and what the channel is told.
    ChatOps = "chatops",
    keyed by Run,
    state (),
    subscribes {
        PushRequested, CodePush, BuildReady, CodeAnalysis, TestResults, IaCReady, DeploymentTriggered,
        AnalysisFinished, ObservabilityAlert, RollbackEvent, RunEnded, CommandGiven, CommandRefused,
        ApprovalRequested, ApprovalDecided, IncidentOpened, PostmortemWritten,
    },
    publishes {},
    uses {},
}

/// The name of a run's first post.
pub const CARD: &str = "card";

/// Redraws the card, and adds the news to the thread and, where the file asks for it, to the channel.
fn tell(news: Option<News>, cx: &mut Cx<'_, ChatOps>) {
    cx.forget();
    let config = cx.pipeline().repo_context.config.as_ref();
    let Some(run) = cx.run().filter(|_| config.is_none_or(|config| config.chatops.enabled)) else { return };
    post(cx, &run.to_string(), CARD, &card::card(run, cx.pipeline()));
    let Some(News { message, notice }) = news else { return };
    let name = format!("news/{}", cx.input());
    post(cx, &run.to_string(), &name, &message);
    let asked = config.map(|config| config.chatops.notify_on.as_slice()).unwrap_or_default();
    if let Some(notice) = notice.filter(|notice| asked.contains(notice)) {
        let channel = config.and_then(|config| config.chatops.channel.clone());
        let thread = format!("channel/{}", channel.as_deref().unwrap_or(CHANNEL));
        // The channel gets the headline; the thread has the rest.
        let headline = Message::new(message.tone, &message.headline);
        post(cx, &thread, &format!("{}/{}", notice.word(), cx.input()), &headline);
    }
}

fn post(cx: &mut Cx<'_, ChatOps>, thread: &str, name: &str, message: &Message) {
    cx.post(thread, name, serde_json::to_value(message).unwrap_or_default());
}

macro_rules! tells {
    ($($event:ident => |$it:ident, $cx:ident| $news:expr;)+) => {
        $(impl Handles<$event> for ChatOps {
            fn handle(_: &mut (), $it: &$event, cx: &mut Cx<'_, Self>) {
                let $cx = &*cx;
                let told = $news;
                tell(told, cx);
            }
        })+
    };
}

tells! {
    PushRequested => |_push, _cx| None;
    CodePush => |push, _cx| news::of_push(push);
    BuildReady => |built, _cx| news::of_build(built);
    CodeAnalysis => |analysis, _cx| news::of_analysis(analysis);
    TestResults => |results, _cx| news::of_tests(results);
    IaCReady => |_ready, _cx| None;
    DeploymentTriggered => |event, cx| news::of_deployment(event, cx.pipeline());
    AnalysisFinished => |finished, cx| news::of_verdict(finished, cx.pipeline());
    ObservabilityAlert => |alert, _cx| news::of_alert(alert);
    RollbackEvent => |event, cx| news::of_rollback(event, cx.pipeline());
    ApprovalRequested => |asked, _cx| news::of_approval_asked(asked);
    ApprovalDecided => |decided, cx| news::of_approval(decided, cx.pipeline());
    IncidentOpened => |opened, cx| {
        let run = cx.run().map(|run| run.to_string()).unwrap_or_default();
        news::of_incident(opened, &run)
    };
    PostmortemWritten => |written, cx| news::of_postmortem(written, cx.pipeline());
    CommandGiven => |given, cx| Some(News {
        message: Message::new(
            crate::message::Tone::Plain,
            format!("{}: {}", cx.actor().spoken(), given.command.name()),
        ),
        notice: None,
    });
    RunEnded => |ended, cx| {
        let notice = match ended.outcome {
            Outcome::Live => Notice::DeploymentSuccess,
            Outcome::Failed => Notice::DeploymentFailure,
            Outcome::Refused => Notice::PushRefused,
            Outcome::Superseded => Notice::RunSuperseded,
            Outcome::Aborted => Notice::RunAborted,
            // The rollback itself was told already.
            Outcome::RolledBack => Notice::DeploymentFailure,
        };
        cx.run().map(|run| News {
            message: closing::closing(run, ended, cx.pipeline(), cx.now()),
            notice: Some(notice),
        })
    };
}

impl Handles<CommandRefused> for ChatOps {
    /// A refusal goes where the command was said, also when that is no run's thread.
    fn handle(_: &mut (), refused: &CommandRefused, cx: &mut Cx<'_, Self>) {
        let refusal = Refusal::new(refused.reason.clone(), refused.instead.clone());
        let name = format!("news/{}", cx.input());
        post(cx, &refused.thread, &name, &answers::refused(&refusal));
        cx.forget();
    }
}

#[cfg(test)]
#[path = "chatops_tests.rs"]
mod tests;
