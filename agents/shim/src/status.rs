//! From the views of all replicas to one state, and to the routes of the proxy. Pure.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::protocol::{VersionState, VersionStatus};
use crate::replica::View;

/// The state of a version: the worst of its replicas.
pub(crate) fn state_of(views: &[View]) -> VersionState {
    let any = |state| views.iter().any(|view| view.state == state);
    if views.is_empty() || views.iter().all(|view| view.state == VersionState::Stopped) {
        VersionState::Stopped
    } else if any(VersionState::CrashLoop) {
        VersionState::CrashLoop
    } else if any(VersionState::Failing) {
        VersionState::Failing
    } else if views.iter().all(|view| view.state == VersionState::Ready) {
        VersionState::Ready
    } else {
        VersionState::Starting
    }
}

/// What the views say together; traffic, processes and their use are filled in by who knows them.
pub(crate) fn summarize(views: &[View], wanted: u32, started_at_ms: i64) -> VersionStatus {
    let ready = views.iter().filter(|view| view.ready()).count();
    let all_ready = ready == views.len() && !views.is_empty();
    let newest = views.iter().filter_map(|view| view.ready_since_ms).max();
    VersionStatus {
        state: state_of(views),
        ready: u32::try_from(ready).unwrap_or(u32::MAX),
        replicas: wanted,
        restarts: views.iter().map(|view| view.restarts).fold(0, u32::saturating_add),
        last_exit: views.iter().find_map(|view| view.last_exit.clone()),
        reason: views.iter().find_map(|view| view.reason.clone()),
        started_at_ms,
        ready_since_ms: newest.filter(|_| all_ready),
        in_flight: 0,
        pids: Vec::new(),
        cpu_percent: None,
        memory_bytes: None,
    }
}

/// Which versions get traffic where.
///
/// Only ready replicas do. When no version with a weight has one, those that live and were ready once take it:
/// an answer that may be bad is better than none at all. A version with nothing to send to is left out, so that
/// its share goes to the others.
pub(crate) fn backends<'a>(
    versions: impl Iterator<Item = (&'a str, Vec<View>)>,
    weights: &BTreeMap<String, u32>,
) -> Vec<(String, u32, Vec<SocketAddr>)> {
    let versions: Vec<_> =
        versions.map(|(name, views)| (name, weights.get(name).copied().unwrap_or(0), views)).collect();
    let served = versions.iter().any(|(_, weight, views)| *weight > 0 && views.iter().any(View::ready));
    let choose = |weight: u32, view: &View| view.ready() || (!served && weight > 0);
    versions
        .into_iter()
        .map(|(name, weight, views)| {
            let chosen = views.iter().filter(|view| choose(weight, view)).filter_map(|view| view.backend);
            (name.to_owned(), weight, chosen.collect::<Vec<_>>())
        })
        .filter(|(_, _, backends)| !backends.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: VersionState, port: u16, healthy: bool) -> View {
        View {
            state,
            backend: (port > 0).then(|| SocketAddr::from(([127, 0, 0, 1], port))),
            healthy,
            pid: None,
            restarts: 1,
            last_exit: None,
            reason: None,
            ready_since_ms: healthy.then_some(i64::from(port)),
        }
    }

    #[test]
    fn the_worst_replica_decides() {
        use VersionState::{CrashLoop, Failing, Ready, Starting, Stopped};
        for (states, expected) in [
            (&[][..], Stopped),
            (&[Ready, Ready], Ready),
            (&[Ready, Starting], Starting),
            (&[Ready, Failing, Starting], Failing),
            (&[Ready, Failing, CrashLoop], CrashLoop),
            (&[Stopped, Stopped], Stopped),
            (&[Stopped, Ready], Starting),
        ] {
            let views: Vec<_> = states.iter().map(|state| view(*state, 1, true)).collect();
            assert_eq!(state_of(&views), expected, "{states:?}");
        }
    }

    #[test]
    fn ready_since_is_the_moment_the_last_replica_got_ready() {
        let both = [view(VersionState::Ready, 5, true), view(VersionState::Ready, 9, true)];
        let status = summarize(&both, 2, 1);
        assert_eq!((status.ready, status.ready_since_ms, status.restarts), (2, Some(9), 2));
        let one = [view(VersionState::Ready, 5, true), view(VersionState::Failing, 9, false)];
        assert_eq!(summarize(&one, 2, 1).ready_since_ms, None);
    }

    #[test]
    fn unhealthy_replicas_take_traffic_only_when_nobody_else_can() {
        let weights = BTreeMap::from([("v1".to_owned(), 90), ("v2".to_owned(), 10)]);
        let route = |v1: View, v2: View, warm: View| {
            let all = [("v1", vec![v1]), ("v2", vec![v2]), ("v0", vec![warm])];
            let routed = backends(all.into_iter(), &weights);
            routed.into_iter().map(|(name, weight, _)| (name, weight)).collect::<Vec<_>>()
        };
        let good = || view(VersionState::Ready, 1, true);
        let unwell = || view(VersionState::Failing, 2, false);
        let dead = || view(VersionState::CrashLoop, 0, false);
        let named = |list: &[(&str, u32)]| {
            list.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect::<Vec<_>>()
        };
        assert_eq!(route(good(), good(), dead()), named(&[("v1", 90), ("v2", 10)]));
        assert_eq!(route(good(), unwell(), dead()), named(&[("v1", 90)]));
        assert_eq!(route(unwell(), dead(), good()), named(&[("v1", 90), ("v0", 0)]));
        assert_eq!(route(dead(), dead(), unwell()), named(&[]));
    }
}
