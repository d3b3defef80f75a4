//! Restart, crash, failover, upgrade, reset: told apart by what moves together.
//!
//! Trap: one thing that happened moves several facts. A crash restarts the processes and empties the
//! statistics, a failover moves everything; each is one event, so the wider one is asked for first.

use crate::{MICROS_PER_SECOND, Micros};

/// Statistics that were emptied within this time of a start were emptied by it: loading and recovery
/// take seconds, a minute leaves room. No setting changes it.
const START_WINDOW: Micros = 60 * MICROS_PER_SECOND;

/// The server at one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerReading {
    pub looked_at: Micros,
    /// Start of the postmaster; a crash of a backend does not move it.
    pub started_at: Micros,
    /// When all cumulative statistics were emptied in one go, as only the recovery from a crash does.
    pub cumulative_reset_at: Option<Micros>,
    /// stats_reset of pg_stat_statements; `None` without it.
    pub statements_reset_at: Option<Micros>,
    pub system_identifier: Option<i64>,
    pub timeline: i32,
    /// server_version_num: 150004 is 15.4.
    pub version_num: i32,
    pub version: String,
}

/// One thing that happened to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEvent {
    pub event_type: &'static str,
    pub action: &'static str,
    pub occurred_at: Micros,
    /// Start of the interval where `occurred_at` is only its end.
    pub occurred_after: Option<Micros>,
    pub old_value: Option<String>,
    pub new_value: Option<String>,
    pub detail: Option<&'static str>,
}

impl ServerEvent {
    fn new(event_type: &'static str, action: &'static str, occurred_at: Micros) -> ServerEvent {
        ServerEvent {
            event_type,
            action,
            occurred_at,
            occurred_after: None,
            old_value: None,
            new_value: None,
            detail: None,
        }
    }
}

/// What happened between two looks.
#[must_use]
pub fn server_events(before: &ServerReading, now: &ServerReading) -> Vec<ServerEvent> {
    let has_moved = moved_to_another_server(before, now);
    let is_upgrade = before.version_num / 10_000 != now.version_num / 10_000;
    let mut events = Vec::new();
    if before.version_num != now.version_num || before.version != now.version {
        let mut event = ServerEvent::new("version", "changed", at_start(before, now));
        event.occurred_after = after_unless_started(before, now);
        event.old_value = Some(before.version.clone());
        event.new_value = Some(now.version.clone());
        events.push(event);
    }
    // pg_upgrade makes a new cluster out of the old one: the upgrade says so already.
    let failover = (has_moved && !is_upgrade).then_some("other_server");
    let failover =
        failover.or((before.timeline != now.timeline && !has_moved).then_some("promoted"));
    if let Some(action) = failover {
        let mut event = ServerEvent::new("failover", action, at_start(before, now));
        event.occurred_after = Some(before.looked_at);
        events.push(event);
        return events;
    }
    let start = start_of_processes(before, now);
    let reset = statements_reset(before, now, start.as_ref());
    events.extend(start);
    events.extend(reset);
    events
}

fn moved_to_another_server(before: &ServerReading, now: &ServerReading) -> bool {
    matches!((before.system_identifier, now.system_identifier), (Some(one), Some(other)) if one != other)
}

fn has_restarted(before: &ServerReading, now: &ServerReading) -> bool {
    before.started_at != now.started_at
}

fn at_start(before: &ServerReading, now: &ServerReading) -> Micros {
    if has_restarted(before, now) { now.started_at } else { now.looked_at }
}

fn after_unless_started(before: &ServerReading, now: &ServerReading) -> Option<Micros> {
    (!has_restarted(before, now)).then_some(before.looked_at)
}

/// A start of the postmaster, or of all processes under it after one of them crashed.
fn start_of_processes(before: &ServerReading, now: &ServerReading) -> Option<ServerEvent> {
    let emptied = now.cumulative_reset_at.filter(|at| before.cumulative_reset_at != Some(*at));
    match (has_restarted(before, now), emptied) {
        (true, None) => Some(ServerEvent::new("restart", "started", now.started_at)),
        (true, Some(_)) => {
            let mut event = ServerEvent::new("crash", "started", now.started_at);
            event.detail = Some("the server was started after a crash: its statistics were lost");
            Some(event)
        }
        (false, Some(at)) => {
            let mut event = ServerEvent::new("crash", "recovered", at);
            event.detail = Some("a process crashed and all were restarted: statistics were lost");
            Some(event)
        }
        (false, None) => None,
    }
}

/// A reset of pg_stat_statements that no start explains.
fn statements_reset(
    before: &ServerReading,
    now: &ServerReading,
    start: Option<&ServerEvent>,
) -> Option<ServerEvent> {
    let (was, at) = before.statements_reset_at.zip(now.statements_reset_at)?;
    let by_start = start.is_some_and(|event| (at - event.occurred_at).abs() <= START_WINDOW);
    if was == at || by_start {
        return None;
    }
    let mut event = ServerEvent::new("stats_reset", "reset", at);
    if at < was {
        event.occurred_at = now.looked_at;
        event.occurred_after = Some(before.looked_at);
        event.detail = Some("the counters of pg_stat_statements are older ones than before");
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = MICROS_PER_SECOND;

    fn reading(looked_at: Micros) -> ServerReading {
        ServerReading {
            looked_at: looked_at * SECOND,
            started_at: 100 * SECOND,
            cumulative_reset_at: Some(50 * SECOND),
            statements_reset_at: Some(60 * SECOND),
            system_identifier: Some(7),
            timeline: 1,
            version_num: 150_004,
            version: "15.4".to_owned(),
        }
    }

    fn said(before: &ServerReading, now: &ServerReading) -> Vec<String> {
        server_events(before, now)
            .iter()
            .map(|event| {
                let at = event.occurred_at / SECOND;
                format!("{} {} at {at}", event.event_type, event.action)
            })
            .collect()
    }

    #[test]
    fn a_server_that_runs_on_says_nothing() {
        assert!(server_events(&reading(1000), &reading(2000)).is_empty());
    }

    #[test]
    fn a_moved_start_with_its_statistics_is_a_restart() {
        let now = ServerReading { started_at: 1500 * SECOND, ..reading(2000) };
        assert_eq!(said(&reading(1000), &now), ["restart started at 1500"]);
    }

    #[test]
    fn a_restart_that_empties_pg_stat_statements_is_no_reset_beside() {
        let now = ServerReading {
            started_at: 1500 * SECOND,
            statements_reset_at: Some(1501 * SECOND),
            ..reading(2000)
        };
        assert_eq!(said(&reading(1000), &now), ["restart started at 1500"]);
        let later = ServerReading { statements_reset_at: Some(1561 * SECOND), ..now };
        assert_eq!(
            said(&reading(1000), &later),
            ["restart started at 1500", "stats_reset reset at 1561"]
        );
    }

    #[test]
    fn statistics_that_are_gone_while_the_start_stands_are_a_crash() {
        let now = ServerReading {
            cumulative_reset_at: Some(1500 * SECOND),
            statements_reset_at: Some(1500 * SECOND + 1),
            ..reading(2000)
        };
        assert_eq!(said(&reading(1000), &now), ["crash recovered at 1500"]);
    }

    #[test]
    fn a_start_after_a_crash_is_a_crash() {
        let now = ServerReading {
            started_at: 1500 * SECOND,
            cumulative_reset_at: Some(1502 * SECOND),
            statements_reset_at: Some(1500 * SECOND),
            ..reading(2000)
        };
        assert_eq!(said(&reading(1000), &now), ["crash started at 1500"]);
    }

    #[test]
    fn a_reset_of_one_kind_of_statistics_is_no_crash() {
        // The reader gives no time where they were not emptied all at once.
        let now = ServerReading { cumulative_reset_at: None, ..reading(2000) };
        assert!(server_events(&reading(1000), &now).is_empty());
    }

    #[test]
    fn a_reset_of_pg_stat_statements_alone_is_a_reset() {
        let now = ServerReading { statements_reset_at: Some(1200 * SECOND), ..reading(2000) };
        assert_eq!(said(&reading(1000), &now), ["stats_reset reset at 1200"]);
        let older = ServerReading { statements_reset_at: Some(10 * SECOND), ..reading(2000) };
        let events = server_events(&reading(1000), &older);
        assert_eq!(events[0].occurred_at, 2000 * SECOND);
        assert_eq!(events[0].occurred_after, Some(1000 * SECOND));
    }

    #[test]
    fn pg_stat_statements_that_comes_or_goes_is_no_reset() {
        let without = ServerReading { statements_reset_at: None, ..reading(1000) };
        assert!(server_events(&without, &reading(2000)).is_empty());
        let gone = ServerReading { statements_reset_at: None, ..reading(2000) };
        assert!(server_events(&reading(1000), &gone).is_empty());
    }

    #[test]
    fn a_promotion_is_one_event_whatever_else_moved() {
        let now = ServerReading {
            timeline: 2,
            started_at: 1500 * SECOND,
            cumulative_reset_at: Some(1500 * SECOND),
            statements_reset_at: Some(900 * SECOND),
            ..reading(2000)
        };
        assert_eq!(said(&reading(1000), &now), ["failover promoted at 1500"]);
    }

    #[test]
    fn another_cluster_is_another_server_unless_it_was_upgraded_into() {
        let other = ServerReading { system_identifier: Some(8), ..reading(2000) };
        assert_eq!(said(&reading(1000), &other), ["failover other_server at 2000"]);
        let upgraded = ServerReading {
            version_num: 160_001,
            version: "16.1".to_owned(),
            started_at: 1500 * SECOND,
            ..other
        };
        assert_eq!(
            said(&reading(1000), &upgraded),
            ["version changed at 1500", "restart started at 1500"]
        );
    }

    #[test]
    fn a_minor_version_is_told_beside_its_restart() {
        let now = ServerReading {
            version_num: 150_005,
            version: "15.5".to_owned(),
            started_at: 1500 * SECOND,
            ..reading(2000)
        };
        let events = server_events(&reading(1000), &now);
        assert_eq!(
            said(&reading(1000), &now),
            ["version changed at 1500", "restart started at 1500"]
        );
        assert_eq!(events[0].old_value.as_deref(), Some("15.4"));
        assert_eq!(events[0].new_value.as_deref(), Some("15.5"));
    }

    #[test]
    fn an_identifier_that_may_not_be_read_moves_nothing() {
        let now = ServerReading { system_identifier: None, ..reading(2000) };
        assert!(server_events(&reading(1000), &now).is_empty());
    }
}
