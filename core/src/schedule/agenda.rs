//! The steps a worker still has to call in one database, pass by pass.
//!
//! Every step is called once before any is repeated, so a step that always wants more delays nobody but itself.
//! Trap: an agenda outlives its worker. What is left when a worker hands its connection back goes on in the next one.

/// Passes over the steps that answered `more`, the first one included: 1 + 20 repeats. A step that still wants more then waits for the next cycle.
const MOST_PASSES: u8 = 21;

/// One step of `optimizer.run_maintenance`, in the order of a pass. Sampling is first in time: it never waits behind advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Sample,
    Purge,
    Events,
    Advise,
    Aggregate,
    Measure,
}

impl Step {
    /// All steps, in the order of a pass.
    pub const ALL: [Step; 6] =
        [Step::Sample, Step::Purge, Step::Events, Step::Advise, Step::Aggregate, Step::Measure];

    /// The name `run_maintenance(only_step)` knows it by.
    pub const fn name(self) -> &'static str {
        match self {
            Step::Sample => "sample",
            Step::Purge => "purge",
            Step::Events => "events",
            Step::Advise => "advise",
            Step::Aggregate => "aggregate",
            Step::Measure => "measure",
        }
    }

    /// The step of that name.
    pub fn from_name(name: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Its place in a pass, from 0: an index into arrays with one entry per step.
    pub const fn place(self) -> usize {
        self as usize
    }
}

/// A set of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepSet(u8);

impl StepSet {
    pub const EMPTY: StepSet = StepSet(0);

    /// Every step.
    pub fn all() -> StepSet {
        Step::ALL.iter().fold(StepSet::EMPTY, |set, step| set.with(*step))
    }

    #[must_use]
    pub const fn with(self, step: Step) -> StepSet {
        StepSet(self.0 | 1 << step.place())
    }

    #[must_use]
    pub const fn without(self, step: Step) -> StepSet {
        StepSet(self.0 & !(1 << step.place()))
    }

    pub const fn contains(self, step: Step) -> bool {
        self.0 & (1 << step.place()) != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The first of the set in the order of a pass.
    pub fn first(self) -> Option<Step> {
        Step::ALL.into_iter().find(|step| self.contains(*step))
    }
}

/// What is left to call: this pass, and the steps that asked for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agenda {
    pending: StepSet,
    again: StepSet,
    pass: u8,
}

impl Agenda {
    /// Nothing to do.
    pub const EMPTY: Agenda = Agenda { pending: StepSet::EMPTY, again: StepSet::EMPTY, pass: 0 };

    /// One call of every step.
    pub fn full() -> Agenda {
        Agenda { pending: StepSet::all(), ..Agenda::EMPTY }
    }

    pub const fn is_empty(self) -> bool {
        self.pending.is_empty() && self.again.is_empty()
    }

    /// The step to call now.
    pub fn next(self) -> Option<Step> {
        self.pending.first()
    }

    /// A sample is due: it comes before what is left.
    #[must_use]
    pub const fn with_sample(self) -> Agenda {
        Agenda { pending: self.pending.with(Step::Sample), ..self }
    }

    /// `step` is neither called nor repeated.
    #[must_use]
    pub fn without(self, step: Step) -> Agenda {
        Agenda {
            pending: self.pending.without(step),
            again: self.again.without(step),
            pass: self.pass,
        }
        .turned()
    }

    /// `step` was called; `wants_more` when it asked to be called again.
    #[must_use]
    pub fn answered(self, step: Step, wants_more: bool) -> Agenda {
        let again = if wants_more { self.again.with(step) } else { self.again };
        Agenda { pending: self.pending.without(step), again, pass: self.pass }.turned()
    }

    /// The next pass, once this one is through.
    fn turned(self) -> Agenda {
        if !self.pending.is_empty() {
            return self;
        }
        let pass = self.pass.saturating_add(1);
        if self.again.is_empty() || pass >= MOST_PASSES {
            return Agenda::EMPTY;
        }
        Agenda { pending: self.again, again: StepSet::EMPTY, pass }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(mut agenda: Agenda, wants_more: impl Fn(Step) -> bool) -> Vec<Step> {
        let mut called = Vec::new();
        while let Some(step) = agenda.next() {
            called.push(step);
            agenda = agenda.answered(step, wants_more(step));
        }
        called
    }

    #[test]
    fn names_and_steps_match() {
        for step in Step::ALL {
            assert_eq!(Step::from_name(step.name()), Some(step));
        }
        assert_eq!(Step::from_name("vacuum"), None);
    }

    #[test]
    fn sampling_is_first_and_every_step_is_called_once() {
        assert_eq!(calls(Agenda::full(), |_| false), Step::ALL);
    }

    #[test]
    fn a_step_that_wants_more_is_repeated_after_the_others_had_their_turn() {
        let called = calls(Agenda::full(), |step| step == Step::Purge);
        assert_eq!(called[..Step::ALL.len()], Step::ALL);
        assert!(called[Step::ALL.len()..].iter().all(|step| *step == Step::Purge));
    }

    #[test]
    fn repeats_are_bounded() {
        let called = calls(Agenda::full(), |step| step == Step::Advise);
        assert_eq!(called.len(), Step::ALL.len() + 20);
    }

    #[test]
    fn a_step_left_out_is_not_called_and_not_repeated() {
        let agenda = Agenda::full().answered(Step::Sample, false).without(Step::Advise);
        let rest = [Step::Purge, Step::Events, Step::Aggregate, Step::Measure];
        assert_eq!(calls(agenda, |_| false), rest);
        let asked_for_more = Agenda::full().answered(Step::Purge, true).without(Step::Purge);
        assert!(!calls(asked_for_more, |_| false).contains(&Step::Purge));
    }

    #[test]
    fn leaving_out_the_last_pending_step_turns_to_the_repeats() {
        let only_measure_left = Step::ALL
            .into_iter()
            .filter(|step| *step != Step::Measure)
            .fold(Agenda::full(), |agenda, step| agenda.answered(step, step == Step::Purge));
        assert_eq!(only_measure_left.without(Step::Measure).next(), Some(Step::Purge));
    }

    #[test]
    fn a_due_sample_goes_before_what_is_left() {
        let left = Agenda::full().answered(Step::Sample, false).answered(Step::Purge, false);
        assert_eq!(left.with_sample().next(), Some(Step::Sample));
    }
}
