use super::*;

const INTERVAL: Duration = Duration::from_secs(10);
const SHOP: DatabaseId = 5;
const BOOKS: DatabaseId = 6;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn roster(databases: &[DatabaseId]) -> Roster {
    let mut roster = Roster::default();
    roster.reconcile(&databases.iter().copied().collect(), at(0));
    roster
}

fn sampled(roster: &mut Roster, database: DatabaseId, now: u64, left: Agenda) {
    roster.visited(database, at(now), Some(at(now)), StepSet::all(), Ended::Returned { left });
}

fn after_sample() -> Agenda {
    Agenda::full().answered(Step::Sample, false)
}

#[test]
fn a_new_database_is_visited_at_once_and_then_once_per_interval() {
    let mut roster = roster(&[SHOP]);
    assert_eq!(roster.next(at(0), INTERVAL).map(|turn| turn.database), Some(SHOP));
    sampled(&mut roster, SHOP, 1, Agenda::EMPTY);
    assert_eq!(roster.next(at(10), INTERVAL), None);
    assert_eq!(roster.rest(at(4), INTERVAL), Some(at(7)));
    assert_eq!(roster.next(at(11), INTERVAL).map(|turn| turn.agenda), Some(Agenda::full()));
}

#[test]
fn a_shorter_interval_holds_for_a_rest_that_has_begun() {
    let mut roster = roster(&[SHOP]);
    sampled(&mut roster, SHOP, 0, Agenda::EMPTY);
    assert_eq!(roster.next(at(3), INTERVAL), None);
    assert!(roster.next(at(3), at(2)).is_some());
}

#[test]
fn the_longest_overdue_goes_first() {
    let mut roster = roster(&[SHOP, BOOKS]);
    sampled(&mut roster, BOOKS, 1, Agenda::EMPTY);
    sampled(&mut roster, SHOP, 2, Agenda::EMPTY);
    assert_eq!(roster.next(at(30), INTERVAL).map(|turn| turn.database), Some(BOOKS));
}

#[test]
fn a_due_sample_goes_before_the_leftovers_of_another_database() {
    let mut roster = roster(&[SHOP, BOOKS]);
    sampled(&mut roster, SHOP, 1, Agenda::EMPTY);
    sampled(&mut roster, BOOKS, 5, after_sample());
    assert_eq!(
        roster.next(at(6), INTERVAL),
        Some(Turn { database: BOOKS, agenda: after_sample() })
    );
    assert_eq!(roster.next(at(11), INTERVAL).map(|turn| turn.database), Some(SHOP));
}

#[test]
fn leftovers_are_finished_after_the_next_sample_when_no_time_was_left_before() {
    let mut roster = roster(&[SHOP]);
    let only_advise = [Step::Purge, Step::Aggregate, Step::Measure]
        .into_iter()
        .fold(after_sample(), Agenda::without);
    sampled(&mut roster, SHOP, 0, only_advise);
    let turn = roster.next(at(10), INTERVAL);
    assert_eq!(turn.map(|turn| turn.agenda), Some(only_advise.with_sample()));
}

#[test]
fn a_database_without_the_extension_rests_until_the_probe_or_its_announcement() {
    let mut roster = roster(&[SHOP]);
    roster.visited(SHOP, at(0), None, StepSet::EMPTY, Ended::Absent);
    assert_eq!(roster.served(), 0);
    assert_eq!(roster.next(at(599), INTERVAL), None);
    assert!(roster.next(at(600), INTERVAL).is_some());
    roster.announced(SHOP, at(30));
    assert!(roster.next(at(30), INTERVAL).is_some());
}

#[test]
fn a_death_before_the_sample_puts_the_database_off_twice_as_long_each_time() {
    let mut roster = roster(&[SHOP]);
    let died = Ended::Died { during: None, left: Agenda::full() };
    roster.visited(SHOP, at(0), None, StepSet::EMPTY, died);
    assert_eq!(roster.rest(at(0), INTERVAL), Some(at(10)));
    roster.visited(SHOP, at(10), None, StepSet::EMPTY, died);
    assert_eq!(roster.rest(at(10), INTERVAL), Some(at(20)));
    assert_eq!(roster.failures(SHOP, None), 2);
    sampled(&mut roster, SHOP, 30, Agenda::EMPTY);
    assert_eq!(roster.failures(SHOP, None), 0);
    assert_eq!(roster.rest(at(30), INTERVAL), Some(at(10)));
}

#[test]
fn a_dying_advise_step_is_put_off_alone_and_sampling_keeps_its_interval() {
    let mut roster = roster(&[SHOP]);
    let mut calls = 0;
    for cycle in 0..64 {
        let now = at(cycle * 10);
        while let Some(turn) = roster.next(now, INTERVAL) {
            let mut agenda = turn.agenda;
            let mut answered = StepSet::EMPTY;
            let mut sampled_at = None;
            let mut ended = None;
            while let Some(step) = agenda.next() {
                if step == Step::Advise {
                    calls += 1;
                    ended = Some(Ended::Died { during: Some(step), left: agenda });
                    break;
                }
                if step == Step::Sample {
                    sampled_at = Some(now);
                }
                answered = answered.with(step);
                agenda = agenda.answered(step, false);
            }
            let ended = ended.unwrap_or(Ended::Returned { left: agenda });
            roster.visited(SHOP, now, sampled_at, answered, ended);
            assert_eq!(roster.failures(SHOP, None), 0);
            assert_eq!(roster.rest(now, INTERVAL), Some(INTERVAL));
        }
    }
    // Called at 0, 10, 30, 70, 150, 310 and 630 s.
    assert_eq!(calls, 7);
    assert_eq!(roster.failures(SHOP, Some(Step::Advise)), 7);
}

#[test]
fn giving_way_is_no_failure_and_waits_one_interval() {
    let mut roster = roster(&[SHOP]);
    roster.visited(SHOP, at(3), None, StepSet::EMPTY, Ended::GaveWay);
    assert_eq!(roster.failures(SHOP, None), 0);
    assert_eq!(roster.rest(at(3), INTERVAL), Some(INTERVAL));
}

#[test]
fn no_end_of_a_due_visit_leaves_the_same_visit_due() {
    let ends = [
        Ended::Absent,
        Ended::GaveWay,
        Ended::Died { during: None, left: Agenda::full() },
        Ended::Died { during: Some(Step::Sample), left: Agenda::full() },
    ];
    for ended in ends {
        let mut roster = roster(&[SHOP]);
        roster.visited(SHOP, at(0), None, StepSet::EMPTY, ended);
        assert_eq!(roster.next(at(0), INTERVAL), None, "{ended:?}");
    }
}

#[test]
fn a_dropped_database_is_forgotten() {
    let mut roster = roster(&[SHOP]);
    roster.reconcile(&BTreeSet::new(), at(1));
    assert_eq!(roster.next(at(100), INTERVAL), None);
    roster.visited(SHOP, at(100), None, StepSet::EMPTY, Ended::Absent);
    assert_eq!(roster.rest(at(100), INTERVAL), None);
}
