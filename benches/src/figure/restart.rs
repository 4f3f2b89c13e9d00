//! F-23: how soon a service that was restarted checks on its index.

use std::time::Instant;

use crate::ask::Spread;
use crate::measure::quantile;
use crate::probe::{self, Probe};
use crate::results::{Of, Row};
use crate::stage::Stage;

/// F-23.
pub(super) fn first_check(stage: &Stage, rows: &mut Vec<Row>) {
    let customers = stage.customers;
    // A round takes long where there is much to read.
    let rounds = if customers > 100_000 { 1 } else { stage.rounds };
    let (question, path) = (stage.asks(Spread::Uniform)[0].question(stage.world()), stage.store());
    let place = stage.scratch();
    let saved = place.path().join("index");
    let engine = stage.engine();
    engine.access_index().expect("the store can be read");
    let before = Instant::now();
    engine.save_index(&saved).expect("the index can be saved");
    let saving = before.elapsed().as_secs_f64() * 1e3;
    let bytes = std::fs::metadata(&saved).expect("it is there").len() as f64;
    drop(engine);
    let restart = |saved: Option<_>| {
        let probe = Probe::Restart { path: path.clone(), saved, question: question.clone() };
        let mut spent: Vec<f64> = (0..rounds).map(|_| probe::told(probe::start(&probe))[0] * 1e3).collect();
        spent.sort_by(f64::total_cmp);
        quantile(&spent, 0.5)
    };
    let (with, without) = (restart(Some(saved)), restart(None));
    rows.push(Row::new("with a saved index", customers, with, "ms").target(Of::Ours, 1_000.0));
    rows.push(Row::new("without one", customers, without, "ms").target(Of::Ours, 10_000.0));
    rows.push(Row::new("saving it", customers, saving, "ms"));
    rows.push(Row::new("its size, for each customer", customers, bytes / customers as f64, "bytes"));
}
