//! What reading statements found, kept per query hash.

use pgrx::pg_sys::Oid;
use pgrx::spi::SpiClient;

use crate::catalog::relation_facts::Facts;
use crate::error::Result;
use crate::reader::Reading;
use crate::reader::pass::Outcome;

const KEEP: &str = include_str!("../../sql/queries/keep_readings.sql");
const KEEP_RELATIONS: &str = include_str!("../../sql/queries/keep_query_relations.sql");

/// Keeps the outcomes, each in place of what was known of its statement.
pub fn keep(client: &mut SpiClient, outcomes: &[Outcome], facts: &Facts) -> Result<()> {
    let hashes: Vec<i64> = outcomes.iter().map(|outcome| outcome.statement.query_hash).collect();
    client.update(
        "/* optimizer_workflow: relations as they were */ \
         DELETE FROM optimizer.query_relations WHERE query_hash = ANY ($1)",
        None,
        &[hashes.clone().into()],
    )?;
    keep_relations(client, outcomes, facts)?;
    let mut rows = Rows::default();
    for outcome in outcomes {
        rows.push(outcome, facts)?;
    }
    let relations_now = outcomes.first().map_or(0, |outcome| outcome.statement.relations_now);
    client.update(
        KEEP,
        None,
        &[
            hashes.into(),
            rows.state.into(),
            rows.reason.into(),
            rows.detail.into(),
            rows.kind.into(),
            rows.is_complete.into(),
            rows.is_catalog_only.into(),
            rows.user_oid.into(),
            rows.search_path.into(),
            rows.assumptions.into(),
            rows.shape.into(),
            relations_now.into(),
        ],
    )?;
    Ok(())
}

#[derive(Default)]
struct Rows {
    state: Vec<String>,
    reason: Vec<Option<String>>,
    detail: Vec<Option<String>>,
    kind: Vec<Option<String>>,
    is_complete: Vec<bool>,
    is_catalog_only: Vec<bool>,
    user_oid: Vec<Option<Oid>>,
    search_path: Vec<Option<String>>,
    assumptions: Vec<Option<String>>,
    shape: Vec<Option<String>>,
}

impl Rows {
    fn push(&mut self, outcome: &Outcome, facts: &Facts) -> Result<()> {
        self.user_oid.push(outcome.statement.user_oid);
        self.search_path.push(outcome.statement.search_path.clone());
        match &outcome.reading {
            Ok(reading) => {
                self.state.push("read".to_owned());
                self.reason.push(None);
                self.detail.push(None);
                self.kind.push(Some(reading.shape.kind.name().to_owned()));
                self.is_complete.push(reading.shape.complete);
                self.is_catalog_only.push(reading.is_catalog_only(facts));
                self.assumptions.push(said(reading));
                self.shape
                    .push(Some(serde_json::to_string(&reading.shape)?.replace("\\u0000", "")));
            }
            Err(reason) => {
                let is_utility = reason.why == optimizer_core::statement::reason::Unread::Utility;
                self.state.push(reason.why.state().to_owned());
                self.reason.push(Some(reason.why.name().to_owned()));
                self.detail.push(Some(reason.detail.clone()).filter(|text| !text.is_empty()));
                self.kind.push(is_utility.then(|| "utility".to_owned()));
                self.is_complete.push(false);
                self.is_catalog_only.push(false);
                self.assumptions.push(None);
                self.shape.push(None);
            }
        }
        Ok(())
    }
}

fn said(reading: &Reading) -> Option<String> {
    (!reading.assumptions.is_empty()).then(|| reading.assumptions.join("; "))
}

fn keep_relations(client: &mut SpiClient, outcomes: &[Outcome], facts: &Facts) -> Result<()> {
    let mut hashes = Vec::new();
    let (mut relations, mut names, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    let (mut reads, mut writes, mut by_key, mut topmost) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for outcome in outcomes {
        let Ok(reading) = &outcome.reading else { continue };
        for relation in reading.users_relations(facts) {
            hashes.push(outcome.statement.query_hash);
            relations.push(Oid::from(relation.relation));
            names.push(relation.name.clone());
            kinds.push(relation.relkind.to_string());
            reads.push(relation.is_read);
            writes.push(relation.is_written);
            by_key.push(relation.by_foreign_key);
            topmost.push(Oid::from(relation.topmost));
        }
    }
    client.update(
        KEEP_RELATIONS,
        None,
        &[
            hashes.into(),
            relations.into(),
            names.into(),
            kinds.into(),
            reads.into(),
            writes.into(),
            by_key.into(),
            topmost.into(),
        ],
    )?;
    Ok(())
}
