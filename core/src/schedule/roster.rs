//! The databases a launcher looks after, and which of them is next.
//!
//! One worker at a time serves all of them. A due sample always goes before the leftovers of another database, and a worker that hands its
//! connection back early leaves the rest of its agenda here.
//! Trap: a step that keeps dying must not take sampling with it. Only a death before or during the sample puts the database off; any other puts
//! off that step alone.

use super::{Agenda, Standing, Step, StepSet};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// pg_database.oid.
pub type DatabaseId = u32;

/// One visit to make: this database, these steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub database: DatabaseId,
    pub agenda: Agenda,
}

/// How a worker ended, as it told through shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The extension is not installed there.
    Absent,
    /// It came to its own end; `left` is what it did not get to.
    Returned { left: Agenda },
    /// It gave way: the extension is being altered or dropped, or the worker was switched off. Not a failure; the rest waits for the next cycle.
    GaveWay,
    /// It died: an ERROR, a cancelled transaction, a signal. `during` is None before the first step.
    Died { during: Option<Step>, left: Agenda },
}

#[derive(Clone, Copy)]
struct Post {
    standing: Standing,
    /// The rest counts from here: the end of the last sample, or of the visit that brought none.
    anchor: Duration,
    left: Agenda,
    steps: [StepHold; Step::ALL.len()],
}

#[derive(Clone, Copy)]
struct StepHold {
    standing: Standing,
    anchor: Duration,
}

impl Post {
    fn unprobed(now: Duration) -> Post {
        let hold = StepHold { standing: Standing::Serving, anchor: now };
        Post {
            standing: Standing::Unprobed,
            anchor: now,
            left: Agenda::EMPTY,
            steps: [hold; Step::ALL.len()],
        }
    }

    fn due(&self, sample_interval: Duration) -> Duration {
        self.anchor.saturating_add(self.standing.rest(sample_interval))
    }

    fn held(&self, step: Step, now: Duration, sample_interval: Duration) -> bool {
        let hold = &self.steps[step.place()];
        hold.standing.failures() > 0
            && now < hold.anchor.saturating_add(hold.standing.rest(sample_interval))
    }

    fn agenda(&self, now: Duration, sample_interval: Duration) -> Agenda {
        let whole = if self.left.is_empty() { Agenda::full() } else { self.left.with_sample() };
        Step::ALL
            .into_iter()
            .filter(|step| self.held(*step, now, sample_interval))
            .fold(whole, Agenda::without)
    }
}

/// Every database the launcher looks after.
#[derive(Default)]
pub struct Roster {
    posts: BTreeMap<DatabaseId, Post>,
}

impl Roster {
    /// Takes in databases that are new and forgets those that are gone.
    pub fn reconcile(&mut self, present: &BTreeSet<DatabaseId>, now: Duration) {
        self.posts.retain(|database, _| present.contains(database));
        for database in present {
            self.posts.entry(*database).or_insert_with(|| Post::unprobed(now));
        }
    }

    /// The extension was just created there: visit now, whatever was known before.
    pub fn announced(&mut self, database: DatabaseId, now: Duration) {
        if let Some(post) = self.posts.get_mut(&database) {
            *post = Post::unprobed(now);
        }
    }

    /// The visit to make now: the database longest overdue, else one with leftovers, else none.
    pub fn next(&self, now: Duration, sample_interval: Duration) -> Option<Turn> {
        let due = self
            .posts
            .iter()
            .map(|(database, post)| (post.due(sample_interval), *database, post))
            .filter(|(due, _, _)| *due <= now)
            .min_by_key(|(due, database, _)| (*due, *database))
            .map(|(_, database, post)| Turn {
                database,
                agenda: post.agenda(now, sample_interval),
            });
        due.or_else(|| {
            self.posts
                .iter()
                .filter(|(_, post)| post.standing == Standing::Serving && !post.left.is_empty())
                .min_by_key(|(database, post)| (post.anchor, **database))
                .map(|(database, post)| Turn { database: *database, agenda: post.left })
        })
    }

    /// Time until the next visit is due; None without databases.
    pub fn rest(&self, now: Duration, sample_interval: Duration) -> Option<Duration> {
        self.posts.values().map(|post| post.due(sample_interval).saturating_sub(now)).min()
    }

    /// Time until `database` is due.
    pub fn rest_of(
        &self,
        database: DatabaseId,
        now: Duration,
        sample_interval: Duration,
    ) -> Option<Duration> {
        let post = self.posts.get(&database)?;
        Some(post.due(sample_interval).saturating_sub(now))
    }

    /// Books the end of a visit. `sampled_at`: when its sample ended, None if it took none. `answered`: steps that returned.
    pub fn visited(
        &mut self,
        database: DatabaseId,
        now: Duration,
        sampled_at: Option<Duration>,
        answered: StepSet,
        ended: Ended,
    ) {
        let Some(post) = self.posts.get_mut(&database) else {
            return;
        };
        for step in Step::ALL {
            if answered.contains(step) {
                post.steps[step.place()].standing = Standing::Serving;
            }
        }
        if let Some(sampled_at) = sampled_at {
            post.anchor = sampled_at.min(now);
            post.standing = Standing::Serving;
        }
        match ended {
            Ended::Absent => {
                *post = Post::unprobed(now);
                post.standing = Standing::Absent;
            }
            Ended::Returned { left } => post.left = left,
            Ended::GaveWay => {
                post.left = Agenda::EMPTY;
                if sampled_at.is_none() {
                    post.standing = Standing::Serving;
                    post.anchor = now;
                }
            }
            Ended::Died { during: None | Some(Step::Sample), left } => {
                post.left = left.without(Step::Sample);
                post.standing = post.standing.failed_again();
                post.anchor = now;
            }
            Ended::Died { during: Some(step), left } => {
                post.left = left.without(step);
                let hold = &mut post.steps[step.place()];
                hold.standing = hold.standing.failed_again();
                hold.anchor = now;
            }
        }
    }

    /// Failures in a row of the database itself (`step` None) or of one step.
    pub fn failures(&self, database: DatabaseId, step: Option<Step>) -> u32 {
        self.posts.get(&database).map_or(0, |post| match step {
            None | Some(Step::Sample) => post.standing.failures(),
            Some(step) => post.steps[step.place()].standing.failures(),
        })
    }

    /// Databases that have the extension, as far as the last visits told.
    pub fn served(&self) -> usize {
        self.posts
            .values()
            .filter(|post| matches!(post.standing, Standing::Serving | Standing::Failing { .. }))
            .count()
    }
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
