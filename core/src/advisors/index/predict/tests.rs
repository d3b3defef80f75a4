use super::*;

fn figures(cost: f64, workers: u32) -> Figures {
    Figures {
        cost,
        rows: 10.0,
        workers,
        is_generic: false,
        is_compiled: false,
        reads_most_by_index: false,
        filters_to_a_limit: false,
        nested_loops: 0,
        shape: String::new(),
    }
}

fn evidence<'a>(before: &'a Figures, after: &'a Figures) -> Evidence<'a> {
    Evidence {
        before,
        after,
        saving: 1.0 - after.cost / before.cost,
        saving_cached: None,
        hit_share: None,
        saving_on_flash: Some(1.0 - after.cost / before.cost),
        has_parameters: true,
        is_foreign_key: false,
        table_rows: 1e6,
        measured_rows_per_call: Some(12.0),
        mean_exec_time_ms: Some(50.0),
    }
}

fn named(evidence: &Evidence) -> Vec<Doubt> {
    predict(evidence).doubts
}

#[test]
fn a_scan_that_becomes_a_lookup_is_promised_nearly_whole() {
    let (before, after) = (figures(1000.0, 0), figures(10.0, 0));
    let found = predict(&evidence(&before, &after));
    assert_eq!(found.doubts, []);
    assert!((found.improvement_percent - 89.1).abs() < 1e-9);
    assert_eq!(found.confidence, CONFIDENCE_OF_LARGE);
}

#[test]
fn less_is_promised_of_a_smaller_saving_and_with_less_confidence() {
    let before = figures(1000.0, 0);
    let promise = |cost| predict(&evidence(&before, &figures(cost, 0)));
    let (small, half) = (promise(800.0), promise(500.0));
    assert!(small.improvement_percent < half.improvement_percent);
    assert!(small.confidence < half.confidence && half.confidence == CONFIDENCE);
}

#[test]
fn a_plan_that_loses_its_gather_is_doubted_and_one_that_keeps_it_is_not() {
    let (before, lost, kept) = (figures(1000.0, 2), figures(600.0, 0), figures(600.0, 2));
    assert_eq!(named(&evidence(&before, &lost)), [Doubt::LosesGather { workers: 2 }]);
    assert_eq!(named(&evidence(&before, &kept)), []);
    let (much, little) = (figures(100.0, 0), figures(100.1, 0));
    assert_eq!(named(&evidence(&before, &much)), []);
    assert_eq!(named(&evidence(&before, &little)).len(), 1);
}

#[test]
fn hardly_anything_is_promised_where_workers_are_given_up_for_a_chain_of_lookups() {
    let (before, lost) = (figures(1000.0, 2), figures(600.0, 0));
    let chain = |nested_loops| Figures { nested_loops, ..lost.clone() };
    let promise = |after: &Figures| predict(&evidence(&before, after)).improvement_percent;
    assert!((promise(&chain(1)) - promise(&lost)).abs() < 1e-9);
    assert!((promise(&chain(2)) - promise(&lost) / 10.0).abs() < 1e-9);
    let doubts = named(&evidence(&before, &chain(2)));
    assert_eq!(doubts, [Doubt::LookupsForWorkers { workers: 2 }]);
    // One of two workers is given up; none is.
    let fewer = Figures { workers: 1, ..chain(2) };
    assert_eq!(named(&evidence(&before, &fewer)), [Doubt::LookupsForWorkers { workers: 2 }]);
    assert_eq!(named(&evidence(&before, &Figures { workers: 2, ..fewer })), []);
}

#[test]
fn what_was_in_memory_is_promised_as_from_memory() {
    let (before, after) = (figures(1000.0, 0), figures(500.0, 0));
    let promise = |hit_share, saving_cached| {
        predict(&Evidence { hit_share, saving_cached, ..evidence(&before, &after) })
            .improvement_percent
    };
    assert!((promise(Some(1.0), Some(0.8)) - 72.0).abs() < 1e-9);
    assert!((promise(Some(0.5), Some(0.8)) - 58.5).abs() < 1e-9);
    assert!((promise(None, Some(0.8)) - 45.0).abs() < 1e-9);
    assert!((promise(Some(1.0), None) - 45.0).abs() < 1e-9);
}

#[test]
fn a_saving_costed_with_the_setting_is_not_cut_for_it_again() {
    let (before, after) = (figures(1000.0, 0), figures(400.0, 0));
    let promise = |hit_share, saving_cached| {
        predict(&Evidence {
            hit_share: Some(hit_share),
            saving_cached,
            saving_on_flash: Some(0.2),
            ..evidence(&before, &after)
        })
        .improvement_percent
    };
    assert!((promise(0.0, Some(0.2)) - 100.0 * 0.6 * BELIEVED * 0.6).abs() < 1e-9);
    assert!((promise(1.0, Some(0.2)) - 100.0 * 0.2 * BELIEVED).abs() < 1e-9);
    // With another plan nothing is costed with it.
    assert!((promise(1.0, None) - 100.0 * 0.6 * BELIEVED * 0.6).abs() < 1e-9);
}

#[test]
fn rows_are_far_off_from_ten_times_on_either_way() {
    let (before, after) = (figures(1000.0, 0), figures(10.0, 0));
    let with = |measured| {
        named(&Evidence { measured_rows_per_call: Some(measured), ..evidence(&before, &after) })
    };
    // 10 rows are expected: 11 against measured + 1.
    assert_eq!(with(109.0), []);
    assert_eq!(with(109.1).len(), 1);
    assert_eq!(with(0.1), []);
    assert_eq!(with(0.099).len(), 1);
    let many = Figures { rows: 1000.0, ..before.clone() };
    let found = Evidence { measured_rows_per_call: Some(1.0), ..evidence(&many, &after) };
    assert_eq!(named(&found), [Doubt::RowsFarOff { estimated: 1000.0, measured: 1.0 }]);
}

#[test]
fn each_other_doubt_has_a_side_on_which_it_is_silent() {
    let (before, after) = (figures(1000.0, 0), figures(10.0, 0));
    let plain = evidence(&before, &after);
    assert_eq!(named(&Evidence { table_rows: TINY_ROWS, ..plain }), []);
    assert_eq!(named(&Evidence { table_rows: 9_999.0, ..plain }).len(), 1);
    let generic = Figures { is_generic: true, ..before.clone() };
    let unknown = Evidence { before: &generic, ..plain };
    assert_eq!(named(&unknown), [Doubt::GenericOnly]);
    assert_eq!(named(&Evidence { has_parameters: false, ..unknown }), []);
    assert_eq!(named(&Evidence { saving_on_flash: Some(0.4), ..plain }).len(), 1);
    assert_eq!(named(&Evidence { saving_on_flash: Some(0.5), ..plain }), []);
    let whole = Figures { reads_most_by_index: true, ..figures(101.0, 0) };
    let most = evidence(&before, &whole);
    assert_eq!(named(&most), [Doubt::MostByIndex]);
    let as_before = Figures { reads_most_by_index: true, ..before.clone() };
    assert_eq!(named(&Evidence { before: &as_before, ..most }), []);
    assert_eq!(named(&Evidence { saving: LARGE_SAVING, ..most }), []);
    let early = Figures { filters_to_a_limit: true, ..after.clone() };
    let limited = Evidence { after: &early, ..plain };
    assert_eq!(named(&limited), [Doubt::FiltersToALimit]);
    let early_before = Figures { filters_to_a_limit: true, ..before.clone() };
    assert_eq!(named(&Evidence { before: &early_before, ..limited }), []);
    let compiled = Figures { is_compiled: true, ..after.clone() };
    assert_eq!(named(&Evidence { after: &compiled, ..plain }), [Doubt::Compiled]);
}

#[test]
fn what_takes_no_time_cannot_be_made_faster() {
    let (before, after) = (figures(1000.0, 0), figures(10.0, 0));
    let with = |mean| {
        predict(&Evidence { mean_exec_time_ms: Some(mean), ..evidence(&before, &after) })
            .improvement_percent
    };
    assert_eq!(with(0.02), 0.0);
    assert!((with(0.04) - 50.0).abs() < 1e-9);
}
