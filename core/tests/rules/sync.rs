//! A list of customers from another system: planned, done, done again, and what does not fit.

use tenantry::engine::{CustomerSync, Synced};
use tenantry::model::{Actor, Bearer, Patch};
use tenantry::query::{SyncRow, SyncState, SyncState::*};
use tenantry::refusal::Code::*;

use super::*;

fn row(id: &str, name: &str) -> SyncRow {
    SyncRow::new(text(id), text(name), text("fully"), set(&["manage"]))
}

fn numbered(id: &str, name: &str, number: &str) -> SyncRow {
    SyncRow { number: Some(text(number)), ..row(id, name) }
}

fn list(rows: Vec<SyncRow>) -> CustomerSync {
    CustomerSync { manager: MSP, system: text("connectwise"), rows }
}

fn run(given: &Given, rows: &[SyncRow]) -> Synced {
    list(rows.to_vec()).run(&given.engine, ADA).unwrap()
}

fn states(synced: &Synced) -> Vec<SyncState> {
    synced.steps.iter().map(|step| step.state).collect()
}

fn seq(given: &Given) -> u64 {
    given.engine.token().unwrap().seq
}

#[test]
fn x11_a_list_adds_who_is_new_edits_what_is_another_and_changes_nothing_the_second_time() {
    let given = given();
    let rows = vec![
        row("1", "Bakery Klein"),
        SyncRow { country: Some(text("DE")), ..numbered("2", "Jointly", "JOINTLY") },
        numbered("3", "Fully renamed", "FULLY"),
    ];
    // The plan says all of it, and does nothing.
    let before = seq(&given);
    let plan = list(rows.clone()).plan(&given.engine, ADA).unwrap();
    assert_eq!(states(&plan), [New, Found, Found]);
    let commands: Vec<Vec<&str>> =
        plan.steps.iter().map(|step| step.commands.iter().map(Command::name).collect()).collect();
    let found = vec!["set_external_id", "edit_tenant"];
    assert_eq!(commands, [vec!["add_customer"], found.clone(), found]);
    assert!(plan.steps[2].renamed && !plan.steps[2].renumbered);
    assert_eq!(seq(&given), before);

    let done = run(&given, &rows);
    assert_eq!((states(&done), done.refused.len(), done.gone.len()), (vec![New, Found, Found], 0, 0));
    let before = seq(&given);
    let again = run(&given, &rows);
    assert_eq!((states(&again), again.refused.len()), (vec![Same, Same, Same], 0));
    assert_eq!(seq(&given), before, "doing it twice changes nothing");

    // Renamed and moved there; left out is left as it is; a number never changes.
    let rows = vec![
        SyncRow { website: Some(text("https://klein.example")), ..numbered("1", "Bakery Gross", "OTHER") },
        row("2", "Jointly"),
    ];
    let done = run(&given, &rows);
    assert_eq!(states(&done), [Changed, Same]);
    assert!(done.steps[0].renamed && done.steps[0].renumbered);
    // Who is not listed any more is told, and stays.
    let gone: Vec<&str> = done.gone.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(gone, ["3"]);
    assert_eq!(given.get::<tenantry::model::Tenant>(FULLY.uuid()).name.as_str(), "Fully renamed");
    given.verified();
}

#[test]
fn x11_a_list_says_what_does_not_fit_and_does_the_rest() {
    let given = given()
        .and(ADA, SetExternalId::new(MSP, text("connectwise"), text("7"), Bearer::User(FRED)))
        .and(ADA, SetExternalId::new(MSP, text("connectwise"), text("8"), Bearer::Tenant(JOINTLY)));
    let done = run(
        &given,
        &[
            row("1", "One"),
            row("1", "One again"),
            row("7", "Fred & Sons"),
            numbered("9", "Jointly", "JOINTLY"),
            row("8", "Jointly"),
            numbered("2", "Two", "ALONE"),
            SyncRow { management: text("nonsense"), ..row("3", "Three") },
            row("4", "Four"),
        ],
    );
    assert_eq!(states(&done), [New, Repeated, Misled, Merged, Same, New, New, New]);
    assert_eq!(done.steps[3].with, Some(text("8")));
    let refused: Vec<_> = done.refused.iter().map(|(id, refusal)| (id.as_str(), refusal.code)).collect();
    assert_eq!(refused, [("2", NumberTaken), ("3", UnknownManagementType)]);
    // Two ids of one customer, both of which are kept.
    let given =
        given.and(ADA, SetExternalId::new(MSP, text("connectwise"), text("88"), Bearer::Tenant(JOINTLY)));
    let done = run(&given, &[row("8", "Jointly"), row("88", "Jointly")]);
    assert_eq!(states(&done), [Same, Merged]);
    assert_eq!(done.steps[1].with, Some(text("8")));
    given.verified();
}

#[test]
fn x11_a_list_is_planned_by_whoever_adds_customers_and_sees_no_more_than_they() {
    let given =
        given().and(ADA, SetExternalId::new(MSP, text("connectwise"), text("8"), Bearer::Tenant(FULLY)));
    for (who, code) in [(RITA, RoleLacksPermission), (JULIA, UnknownTenant), (NINA, UnknownTenant)] {
        let refused = list(vec![row("1", "One")]).plan(&given.engine, who).unwrap_err();
        assert_eq!(refused.code(), Some(code), "{who}");
    }
    let many = (0..1_001).map(|nth| row(&nth.to_string(), "Many")).collect();
    let ask = PlanSync::new(ADA.into(), MSP, text("connectwise"), many);
    let read = given.engine.read().unwrap();
    assert_eq!(read.now().unwrap().ask(ask).unwrap_err().code(), Some(InvalidLimit));
    drop(read);
    // Of a customer that one is kept off one is told that the id is taken, by trying.
    let given = given.and(ADA, assign(ADAM, FULLY, "no_access"));
    let rows = vec![numbered("8", "Fully", "FULLY")];
    let plan = list(rows.clone()).plan(&given.engine, ADAM).unwrap();
    assert_eq!((states(&plan), plan.gone.len()), (vec![New], 0));
    let done = list(rows).run(&given.engine, ADAM).unwrap();
    assert_eq!(done.refused[0].1.code, NumberTaken);
}

#[test]
fn x11_a_list_that_was_stopped_half_way_goes_on_and_ids_of_parts_are_looked_at_together() {
    let rows: Vec<SyncRow> =
        (0..2_100).map(|nth| row(&nth.to_string(), &format!("Customer {nth}"))).collect();
    let given = given();
    // The first part was done when it was stopped.
    run(&given, &rows[..700]);
    let mut all = rows.clone();
    all.push(row("5", "Five again"));
    let done = run(&given, &all);
    let counts = [New, Same, Repeated].map(|state| done.count(state));
    assert_eq!((counts, done.refused.len()), ([1_400, 700, 1], 0));
    let before = seq(&given);
    assert_eq!(run(&given, &all).count(Same), 2_100);
    assert_eq!(seq(&given), before);
}

#[test]
fn x11_a_row_that_comes_again_tells_whose_it_is_in_lists_of_any_length() {
    let given =
        given().and(ADA, SetExternalId::new(MSP, text("connectwise"), text("8"), Bearer::Tenant(JOINTLY)));
    let whose = |rows: Vec<SyncRow>| {
        let plan = list(rows).plan(&given.engine, ADA).unwrap();
        let again = plan.steps.iter().rev().take(2).map(|it| (it.state, it.customer.clone()));
        again.map(|(state, customer)| (state, customer.map(|it| it.tenant))).collect::<Vec<_>>()
    };
    let wanted = vec![(Repeated, None), (Repeated, Some(JOINTLY))];
    let mut rows = vec![row("8", "Jointly"), row("9", "Nine"), row("8", "Jointly"), row("9", "Nine")];
    assert_eq!(whose(rows.clone()), wanted);
    rows.splice(2..2, (1_000..2_000).map(|nth| row(&nth.to_string(), &format!("Customer {nth}"))));
    assert_eq!(whose(rows), wanted);
}

#[test]
fn x11_a_customer_that_left_and_is_listed_again_is_told_of_as_new() {
    let given = given();
    run(&given, &[numbered("8", "Jointly", "JOINTLY")]);
    let given = delinked(given);
    let plan = list(vec![numbered("8", "Jointly", "JOINTLY")]).plan(&given.engine, ADA).unwrap();
    assert_eq!(states(&plan), [New]);
    let done = run(&given, &[numbered("8", "Jointly", "JOINTLY")]);
    assert_eq!(done.refused[0].1.code, NumberTaken, "it has to be asked for a link");
    let given = given.and(ADA, EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(MSP) });
    let actor: Actor = ADA.into();
    assert_eq!(list(vec![row("8", "Jointly")]).run(&given.engine, actor).unwrap().refused.len(), 0);
    given.verified();
}

#[test]
fn x11_an_id_of_one_customer_and_the_number_of_another_are_told_and_nothing_is_done() {
    let given = given();
    run(&given, &[numbered("8", "Jointly", "JOINTLY")]);
    let before = seq(&given);
    let done = run(&given, &[numbered("8", "Fully", "FULLY")]);
    assert_eq!((states(&done), done.steps[0].renumbered, done.refused.len()), (vec![Crossed], true, 0));
    assert_eq!(done.steps[0].customer.as_ref().map(|it| it.tenant), Some(JOINTLY));
    assert_eq!(seq(&given), before);
}
