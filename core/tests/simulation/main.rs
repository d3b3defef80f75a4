//! Whether the verdict can be relied on, by simulation: seeded, the same on every machine.

mod generator;
mod random;
mod scenarios;

#[test]
#[ignore]
fn table() {
    let n: u64 = std::env::var("RUNS").ok().and_then(|r| r.parse().ok()).unwrap_or(200);
    let rows: Vec<_> = scenarios::all()
        .into_iter()
        .map(|s| {
            let t0 = std::time::Instant::now();
            let t = scenarios::run(&s, 0..n);
            eprintln!(
                "{} {:?} {:.3} controlled {} {:?}",
                s.name,
                s.limit,
                t.rate(s.count),
                t.controlled,
                t0.elapsed()
            );
            (s, t)
        })
        .collect();
    println!("{}", scenarios::table(&rows));
}
