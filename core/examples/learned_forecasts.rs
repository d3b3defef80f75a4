//! What outcomes teach, for a benchmark that has outcomes but no server to learn them: the arithmetic is that of
//! `learning`, none of it is repeated elsewhere.
//!
//! Reads lines `group <tab> lesson <tab> adjusted_percent <tab> predicted_percent <tab> share`, lesson being improved,
//! not_improved, regressed or inconclusive; writes for each group, in the order in which it first appeared,
//! `group <tab> rho <tab> at_zero <tab> slope <tab> least <tab> most`, rho being 1 where nothing was learned.
//! All outcomes of a group count as measured at the same moment.

use std::io::{BufRead, Error, ErrorKind, Write};

use optimizer_core::learning::{ConfidenceLine, KindLearning, Lesson, Outcome};

fn main() -> Result<(), Error> {
    let mut groups: Vec<(String, Vec<Outcome>)> = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (group, outcome) = parsed(&line).ok_or_else(|| {
            Error::new(ErrorKind::InvalidData, format!("not an outcome: {line:?}"))
        })?;
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, outcomes)) => outcomes.extend(outcome),
            None => groups.push((group, outcome.into_iter().collect())),
        }
    }
    let mut out = std::io::stdout().lock();
    for (group, outcomes) in &groups {
        let kind = KindLearning::from_outcomes(outcomes);
        let line = ConfidenceLine::after(kind.weight, kind.success_weight);
        writeln!(
            out,
            "{group}\t{}\t{}\t{}\t{}\t{}",
            kind.realisation_rate.unwrap_or(1.0),
            line.at_zero,
            line.slope,
            line.least,
            line.most
        )?;
    }
    Ok(())
}

/// Group and outcome of a line; a group alone has no outcome. `None` for anything else.
fn parsed(line: &str) -> Option<(String, Option<Outcome>)> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [group, lesson, adjusted, predicted, share] = fields[..] else {
        return (fields.len() == 1).then(|| (line.to_string(), None));
    };
    let lesson = match lesson {
        "improved" => Lesson::Worked { improvement_percent: adjusted.parse().ok()? },
        "not_improved" => Lesson::Failed,
        "regressed" => Lesson::Harmed,
        "inconclusive" => Lesson::Inconclusive,
        _ => return None,
    };
    let outcome = Outcome {
        lesson,
        measured_at: 0,
        predicted_percent: predicted.parse().ok()?,
        share: share.parse().ok()?,
    };
    Some((group.to_string(), Some(outcome)))
}
