//! Every journey prints what is written down for it, letter by letter. `UPDATE_GOLDEN=1` writes it down anew.

use std::path::Path;
use std::process::Command;

fn golden(journey: &str) {
    let played = Command::new(env!("CARGO_BIN_EXE_tenantry-journeys"))
        .arg(journey)
        .output()
        .expect("the program was built with this test");
    let told = String::from_utf8(played.stdout).expect("pages are text");
    let error = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "{told}\n{error}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../expected").join(format!("{journey}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &told).expect("the expected output can be written");
        return;
    }
    let expected =
        std::fs::read_to_string(&path).expect("UPDATE_GOLDEN=1 makes a missing file").replace("\r\n", "\n");
    for (line, (told, expected)) in told.lines().zip(expected.lines()).enumerate() {
        assert_eq!(told, expected, "line {} of {}", line + 1, path.display());
    }
    assert_eq!(told, expected, "{}", path.display());
}

#[test]
fn an_existing_customer_is_linked_jointly_and_delinked() {
    golden("jointly");
}

#[test]
fn a_new_customer_is_fully_managed_and_converted() {
    golden("fully");
}

#[test]
fn a_customer_asks_to_leave_and_requests_cross() {
    golden("crossing");
}

#[test]
fn clients_below_a_multi_client_inherit_and_override() {
    golden("clients");
}

#[test]
fn two_processes_share_one_file() {
    golden("processes");
}

#[test]
fn a_desks_own_tickets_go_by_our_rights() {
    golden("tickets");
}

#[test]
fn another_systems_list_is_brought_about() {
    golden("sync");
}

#[test]
fn an_export_becomes_tenants_and_links() {
    golden("onboarding");
}

#[test]
fn a_reseller_sees_its_devices_through_moves_and_delinks() {
    golden("resellers");
}

#[test]
fn alerts_consoles_licences_and_what_a_delink_leaves() {
    golden("alerts");
}

#[test]
fn who_could_reach_a_customer_and_what_changed_since() {
    golden("review");
}

#[test]
fn what_a_command_leads_to_is_read_before_and_compared_after() {
    golden("preview");
}

#[test]
fn a_technician_has_more_for_two_hours() {
    golden("elevation");
}

#[test]
fn a_mailer_that_is_killed_loses_no_notice() {
    golden("mailer");
}

#[test]
fn a_file_that_is_there_already_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let play = || {
        let mut journeys = Command::new(env!("CARGO_BIN_EXE_tenantry-journeys"));
        journeys.arg("--dir").arg(directory.path()).arg("fully").output().unwrap()
    };
    assert!(play().status.success());
    let again = play();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("name an empty directory"));
}
