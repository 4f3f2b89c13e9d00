//! Notices (A-4): who must be told of what, at least once.

use std::collections::BTreeSet;

use tenantry::base::ids::IntegrationId;
use tenantry::model::TermRequest;
use tenantry::notice::{About, Notice, NoticeKind};
use tenantry::policy::Policy;

use super::*;

/// The notices since a consumer last acknowledged, as `kind to names`.
fn told(given: &Given, consumer: &str) -> Vec<String> {
    let names = [
        (GINA, "gina"),
        (GUS, "gus"),
        (ADA, "ada"),
        (ADAM, "adam"),
        (RITA, "rita"),
        (IVY, "ivy"),
        (NINA, "nina"),
        (JULIA, "julia"),
        (JACK, "jack"),
        (JIM, "jim"),
        (FRED, "fred"),
        (CARL, "carl"),
        (CORA, "cora"),
        (EVE, "eve"),
        (OLGA, "olga"),
    ];
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let show = |notice: &Notice| {
        assert!(now.host().about(notice).unwrap().tenant.is_some(), "every notice is about some tenant");
        let kind = serde_json::to_value(&notice.kind).unwrap()["kind"].as_str().unwrap().to_owned();
        let to: Vec<&str> =
            names.iter().filter(|(user, _)| notice.to.users.contains(user)).map(|(_, name)| *name).collect();
        assert_eq!(to.len(), notice.to.users.len());
        format!("{kind} to {}", to.join(" "))
    };
    given.engine.notices(consumer, 1_000).unwrap().notices.iter().map(show).collect()
}

/// Everything so far is delivered.
fn read_up(given: Given) -> Given {
    let mail = given.engine.notices("mail", 1_000).unwrap();
    given.engine.acknowledge("mail", mail.through).unwrap();
    given
}

type Act = fn(Given) -> Given;

#[test]
fn a4_each_event_is_told_to_those_it_concerns() {
    let asked: Act = |it| it.and(NINA, ask(SECOND, "ALONE", "jointly"));
    let delink: Act = |it| it.and(ADA, RequestDelink::new(JOINTLY_LINK));
    let leave: Act = |it| it.and(JULIA, RequestDelink::new(JOINTLY_LINK));
    let invited: Act = |it| it.and(JACK, invite(JOINTLY, "admin"));
    let signing: Act = |it| it.and(ADA, customer(MSP, "jointly"));
    let ending: Act = |it| {
        let term = |auto_extend| Some(TermRequest { auto_extend, ..TermRequest::days(60) });
        it.and(ADA, AddCustomer { term: term(false), ..customer(MSP, "jointly") })
            .and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")))
    };
    let moving: Act = |it| it.and(JIM, EditUser { email: Some(mail("james")), ..EditUser::new(JIM) });
    let nothing: Act = |it| it;
    let lapsing: Act = |it| {
        it.under(|policy| policy.delink_request_days = Some(5))
            .agreed(JOINTLY_LINK)
            .and(ADA, RequestDelink::new(JOINTLY_LINK))
    };
    let noticing: Act =
        |it| it.under(|policy| policy.management_types[1].notice_days = Some(5)).agreed(JOINTLY_LINK);
    let rows: [(Act, Act, &[&str]); 40] = [
        (nothing, asked, &["link_requested to carl"]),
        (asked, |it| it.and(NINA, ResendLinkRequest::new(ASKED)), &["link_request_reminder to carl"]),
        (asked, |it| it.and(CARL, AcceptLink::new(ASKED)), &["link_request_accepted to nina"]),
        (asked, |it| it.and(CARL, DeclineLink::new(ASKED)), &["link_request_declined to nina"]),
        (asked, |it| it.and(NINA, CancelLinkRequest::new(ASKED)), &["link_request_canceled to carl"]),
        (
            asked,
            |it| it.later(30).swept(),
            &["invitation_expired to ada adam", "link_request_expired to nina"],
        ),
        (nothing, delink, &["delink_requested to julia"]),
        (noticing, delink, &["delink_requested to julia", "link_expiring to ada adam julia"]),
        (
            |it| {
                it.under(|policy| policy.management_types[1].notice_days = Some(5))
                    .agreed(JOINTLY_LINK)
                    .and(ADA, RequestDelink::new(JOINTLY_LINK))
            },
            |it| it.later(4).swept().later(1).swept(),
            &["link_expiring to ada adam julia", "link_ended to ada adam julia"],
        ),
        (nothing, leave, &["delink_requested to ada adam"]),
        (delink, |it| it.and(ADAM, ResendDelink::new(JOINTLY_LINK)), &["delink_reminder to julia"]),
        (leave, |it| it.and(JULIA, ResendDelink::new(JOINTLY_LINK)), &["delink_reminder to ada adam"]),
        (delink, |it| it.and(JULIA, RejectDelink::new(JOINTLY_LINK)), &["delink_rejected to ada adam"]),
        (leave, |it| it.and(ADA, RejectDelink::new(JOINTLY_LINK)), &["delink_rejected to julia"]),
        (delink, |it| it.and(ADA, CancelDelink::new(JOINTLY_LINK)), &["delink_canceled to julia"]),
        (leave, |it| it.and(JULIA, CancelDelink::new(JOINTLY_LINK)), &["delink_canceled to ada adam"]),
        (delink, |it| it.and(JULIA, AcceptDelink::new(JOINTLY_LINK)), &["link_ended to ada adam julia"]),
        (delink, |it| it.and(JULIA, RequestDelink::new(JOINTLY_LINK)), &["link_ended to ada adam julia"]),
        (lapsing, |it| it.later(5).swept(), &["delink_expired to ada adam julia"]),
        (
            nothing,
            |it| it.and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"]))),
            &["grants_changed to ada adam"],
        ),
        (nothing, |it| it.and(ADA, delete(&[FULLY])), &["link_ended to ada adam"]),
        (
            nothing,
            |it| it.and(ADA, AddServices::new(FULLY_LINK, set(&["configure"]))),
            &["services_added to ada adam"],
        ),
        (
            nothing,
            |it| it.and(ADA, ConvertLink::new(FULLY_LINK, text("jointly"))),
            &["link_converted to ada adam fred"],
        ),
        (
            nothing,
            |it| it.and(staff_for("T-1"), RemoveService::new(JOINTLY_LINK, text("configure"))),
            &["service_removed to ada adam julia"],
        ),
        (nothing, invited, &["invitation to eve"]),
        (invited, |it| it.and(JACK, ResendInvitation::new(EVE_INVITATION)), &["invitation_reminder to eve"]),
        (
            invited,
            |it| it.and(EVE, AcceptInvitation::new(EVE_INVITATION, mail("eve"))),
            &["invitation_accepted to julia jack"],
        ),
        (
            invited,
            |it| it.and(EVE, DeclineInvitation::new(EVE_INVITATION, mail("eve"))),
            &["invitation_declined to julia jack"],
        ),
        (invited, |it| it.and(JACK, RevokeInvitation::new(EVE_INVITATION)), &[]),
        (nothing, moving, &["address_change to jim", "address_change_warning to jim"]),
        (moving, moving, &["address_change_reminder to jim"]),
        (moving, |it| it.and(JIM, ConfirmAddress::new(JIM, mail("james"))), &["address_changed to jim"]),
        (moving, |it| it.and(JIM, CancelAddress::new(JIM)), &[]),
        (nothing, signing, &["sign_up to olga"]),
        (
            signing,
            |it| it.and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga"))),
            &["invitation_accepted to ada adam"],
        ),
        (
            signing,
            |it| it.and(OLGA, DeclineInvitation::new(OLGA_INVITATION, mail("olga"))),
            &["invitation_declined to ada adam"],
        ),
        (
            signing,
            |it| it.later(7).swept(),
            &["invitation_expired to ada adam", "invitation_expired to ada adam"],
        ),
        (
            ending,
            |it| it.later(30).swept(),
            &["invitation_expired to ada adam", "link_expiring to ada adam olga"],
        ),
        (
            ending,
            |it| it.later(60).swept(),
            &["invitation_expired to ada adam", "link_ended to ada adam olga"],
        ),
        (
            nothing,
            |it| {
                it.and(ADA, rename(JOINTLY)).and(ADA, disable(FULLY)).and(ADA, assign(NOEL, JOINTLY, "admin"))
            },
            &[],
        ),
    ];
    for (place, (before, then, expected)) in rows.into_iter().enumerate() {
        let given = then(read_up(before(given())));
        assert_eq!(told(&given, "mail"), expected, "row {place}");
    }
    let extending = given().and(
        ADA,
        AddCustomer {
            term: Some(TermRequest { auto_extend: true, ..TermRequest::days(60) }),
            ..customer(MSP, "fully")
        },
    );
    let given = read_up(extending).later(60).swept();
    assert_eq!(told(&given, "mail"), ["invitation_expired to ada adam", "link_extended to ada adam"]);
}

#[test]
fn a4_a_notice_comes_again_until_it_is_acknowledged() {
    let given = given().and(NINA, ask(SECOND, "ALONE", "jointly")).and(CARL, DeclineLink::new(ASKED));
    let all = given.engine.notices("mail", 1_000).unwrap();
    assert_eq!(given.engine.notices("mail", 1_000).unwrap(), all, "nothing is lost by reading");
    // One by one, each with its record and its place in it.
    let mut one_by_one = Vec::new();
    loop {
        let mail = given.engine.notices("slow", 1).unwrap();
        if mail.notices.is_empty() {
            break;
        }
        given.engine.acknowledge("slow", mail.through).unwrap();
        one_by_one.extend(mail.notices);
    }
    assert_eq!(one_by_one, all.notices);
    let places: BTreeSet<(u64, usize)> =
        all.notices.iter().map(|notice| (notice.seq, notice.index)).collect();
    assert_eq!(places.len(), all.notices.len());
    assert!(all.notices.iter().all(|notice| !notice.to.is_empty()));
    // A cursor never moves back, and each consumer has its own.
    given.engine.acknowledge("slow", 1).unwrap();
    assert_eq!(given.engine.notices("slow", 1_000).unwrap().notices, []);
    assert_eq!(given.engine.notices("other", 1_000).unwrap(), all);
    // Nobody acknowledges what has not been written.
    given.engine.acknowledge("other", u64::MAX).unwrap();
    let given = given.and(ADA, RequestDelink::new(JOINTLY_LINK));
    assert_eq!(told(&given, "other"), ["delink_requested to julia"]);
}

#[test]
fn a4_what_is_handed_on_one_by_one_comes_again_from_the_record_at_which_it_failed() {
    // Two collectors of a manager's are at a customer that is disabled: one record, two notices.
    let collector = |id: u128| CreateIntegration {
        integration: Some(IntegrationId::from_uuid(Uuid::from_u128(id))),
        ..CreateIntegration::new(MSP, text("collector"), text(&format!("C{id}")))
    };
    let share = |id: u128| ShareIntegration::new(IntegrationId::from_uuid(Uuid::from_u128(id)), JOINTLY);
    let given = given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let given = given.and(ADA, collector(0x901)).and(ADA, share(0x901));
    let given = given.and(ADA, collector(0x902)).and(ADA, share(0x902)).and(ADA, disable(JOINTLY));
    let all = given.engine.notices("mail", 1_000).unwrap().notices;
    let records: Vec<_> = all.iter().map(|notice| (notice.seq, notice.index)).collect();
    let many = all.iter().rposition(|it| all.iter().filter(|other| other.seq == it.seq).count() > 1).unwrap();
    let mut seen = Vec::new();
    let failed = given.engine.deliver("mail", |notice| {
        if (notice.seq, notice.index) == records[many] {
            return Err(tenantry::Error::from(tenantry::Refusal::new(tenantry::Code::ClockAhead, "")));
        }
        seen.push((notice.seq, notice.index));
        Ok(())
    });
    assert_eq!(failed.unwrap_err().code(), Some(tenantry::Code::ClockAhead));
    assert_eq!(seen, records[..many]);
    // All of the record at which it failed comes again, and nothing before it.
    let mut again = Vec::new();
    let count = given.engine.deliver("mail", |notice| {
        again.push((notice.seq, notice.index));
        Ok::<_, tenantry::Error>(())
    });
    let of_it = records.iter().position(|(seq, _)| *seq == records[many].0).unwrap();
    assert!(of_it < many);
    assert_eq!(again, records[of_it..]);
    assert_eq!(count.unwrap(), u64::try_from(again.len()).unwrap());
    assert_eq!(given.engine.notices("mail", 1).unwrap().through, given.engine.token().unwrap().seq);
}

#[test]
fn a4_a_notice_keeps_its_place_when_nobody_is_left_to_read_another() {
    // Two managers have a collector each at a customer that is disabled.
    let second = LinkRequestId::from_uuid(Uuid::from_u128(0x801));
    let ask = RequestLink {
        request: Some(second),
        ..RequestLink::new(SECOND, text("JOINTLY"), text("jointly"), set(&["enrollment"]))
    };
    let collector = |owner, id: u128| CreateIntegration {
        integration: Some(IntegrationId::from_uuid(Uuid::from_u128(id))),
        ..CreateIntegration::new(owner, text("collector"), text("C"))
    };
    let share = |id: u128| ShareIntegration::new(IntegrationId::from_uuid(Uuid::from_u128(id)), JOINTLY);
    let given = given_under(|policy| policy.max_managers = 2)
        .and(NINA, ask)
        .and(JULIA, AcceptLink::new(second))
        .and(NINA, collector(SECOND, 0x901))
        .and(NINA, share(0x901))
        .and(ADA, collector(MSP, 0x902))
        .and(ADA, share(0x902));
    let given = read_up(given).and(ADA, DisableTenants::new(vec![JOINTLY]));
    let places = |given: &Given| -> BTreeSet<(u64, usize)> {
        let mail = given.engine.notices("mail", 1_000).unwrap();
        let down = |kind: &NoticeKind| kind.name() == "collector_power_down";
        mail.notices.iter().filter(|it| down(&it.kind)).map(|it| (it.seq, it.index)).collect()
    };
    let before = places(&given);
    assert_eq!(before.len(), 2);
    let given = given
        .and(NINA, RequestDelink::new(stock::link_id(0x801)))
        .and(JULIA, AcceptDelink::new(stock::link_id(0x801)))
        .and(staff_for("T-1"), DeleteTenants::new(vec![SECOND], "delete".to_owned()));
    let after = places(&given);
    assert_eq!(after.len(), 1);
    assert!(after.iter().next_back() == before.iter().next_back(), "{before:?} {after:?}");
}

#[test]
fn a4_recipients_are_those_of_the_moment_it_happened_whom_it_still_is_for() {
    let given = read_up(given()).and(ADA, RequestDelink::new(JOINTLY_LINK));
    let given = given.and(JULIA, assign(JACK, JOINTLY, "super_admin"));
    assert_eq!(told(&given, "mail"), ["delink_requested to julia"]);
    // Where none of them is left, those who have taken their place.
    let given = given.and(JACK, RemoveUser::new(JULIA));
    assert_eq!(told(&given, "mail"), ["delink_requested to jack"]);
}

#[test]
fn t9_a_notice_that_is_read_late_is_not_for_whoever_was_kept_off_since() {
    let given = read_up(given()).and(JULIA, RequestDelink::new(JOINTLY_LINK));
    let given = given.and(STAFF, assign(ADA, JOINTLY, "no_access"));
    assert_eq!(told(&given, "mail"), ["delink_requested to adam"]);
    let given = given.and(STAFF, assign(ADAM, JOINTLY, "no_access"));
    assert_eq!(told(&given, "mail"), ["delink_requested to gina"]);
}

#[test]
fn a4_a_notice_that_is_read_late_is_for_those_who_can_answer_it_now() {
    let given = read_up(given()).and(ADA, RequestDelink::new(JOINTLY_LINK));
    let given = given.and(JULIA, assign(JACK, JOINTLY, "super_admin"));
    let given = given.and(JACK, assign(JULIA, JOINTLY, "read_only"));
    assert_eq!(told(&given, "mail"), ["delink_requested to jack"]);
}

#[test]
fn t9_the_end_of_a_link_is_not_told_to_whoever_was_kept_off_what_it_managed() {
    let given = given().and(STAFF, assign(ADA, JOINTLY, "no_access"));
    let given = read_up(given.and(JULIA, RequestDelink::new(JOINTLY_LINK)));
    assert_eq!(told(&given.and(ADAM, AcceptDelink::new(JOINTLY_LINK)), "mail"), ["link_ended to adam julia"]);
}

#[test]
fn a1_whoever_has_a_tenant_below_is_told_when_it_goes_with_a_manager_in_between() {
    let cascade = DeleteTenants { cascade: true, ..delete(&[NEW]) };
    let multi = AddCustomer { kind: TenantKind::Msp, ..customer(MSP, "fully") };
    let leaf: TenantId = text("00000000-0000-0000-0000-0000000001aa");
    let link: LinkId = text("00000000-0000-0000-0000-0000000002aa");
    let below = AddCustomer { tenant: Some(leaf), link: Some(link), ..customer(NEW, "fully") };
    let given = read_up(given().and(ADA, multi).and(ADA, below));
    let given = given.and(ADA, cascade);
    assert_eq!(told(&given, "mail"), ["link_ended to ada adam", "link_ended to ada"]);
}

#[test]
fn a4_a_notice_says_when_its_matter_is_settled() {
    let settled = |given: &Given| -> Vec<bool> {
        let mail = given.engine.notices("mail", 1_000).unwrap();
        let asks =
            |it: &&Notice| ["delink_requested", "link_requested", "invitation"].contains(&it.kind.name());
        mail.notices.iter().filter(asks).map(|notice| notice.settled).collect()
    };
    let given = read_up(given())
        .and(JULIA, RequestDelink::new(JOINTLY_LINK))
        .and(NINA, ask(SECOND, "ALONE", "jointly"))
        .and(JACK, invite(JOINTLY, "admin"));
    assert_eq!(settled(&given), [false, false, false]);
    let given = given
        .and(ADA, RejectDelink::new(JOINTLY_LINK))
        .and(CARL, DeclineLink::new(ASKED))
        .and(JACK, RevokeInvitation::new(EVE_INVITATION));
    assert_eq!(settled(&given), [true, true, true]);
}

#[test]
fn a4_a_notice_is_settled_by_what_it_asks_for_itself() {
    let settled = |given: &Given, kind: &str| -> Vec<bool> {
        let mail = given.engine.notices("mail", 1_000).unwrap();
        mail.notices.iter().filter(|it| it.kind.name() == kind).map(|notice| notice.settled).collect()
    };
    // A delink request that was answered, though another waits.
    let given = read_up(given())
        .and(JULIA, RequestDelink::new(JOINTLY_LINK))
        .and(ADA, RejectDelink::new(JOINTLY_LINK))
        .later(1)
        .and(JULIA, RequestDelink::new(JOINTLY_LINK));
    assert_eq!(settled(&given, "delink_requested"), [true, false]);
    // An end that was announced and has moved since.
    let term = Some(TermRequest::days(60));
    let given = super::given().and(ADA, AddCustomer { term, ..customer(MSP, "fully") }).later(31).swept();
    assert_eq!(settled(&given, "link_expiring"), [false]);
    let given = given.and(ADA, RenewLink::new(NEW_LINK, TermRequest::days(90)));
    assert_eq!(settled(&given, "link_expiring"), [true]);
}

#[test]
fn a1_the_end_of_a_link_is_told_on_the_next_rung_where_nobody_reads_it() {
    // Their roles reach nothing below, but for one on the customer itself, which goes with the link.
    let only_here = |user, role| NewAssignment { below: Some(false), ..place(user, MSP, role) };
    let roles = vec![only_here(ADA, "super_admin"), only_here(ADAM, "admin"), place(ADA, JOINTLY, "admin")];
    let given = given().and(STAFF, Assign::new(roles)).and(JULIA, RequestDelink::new(JOINTLY_LINK));
    let given = read_up(given).and(ADA, AcceptDelink::new(JOINTLY_LINK));
    assert_eq!(told(&given, "mail"), ["link_ended to gina julia"]);
}

#[test]
fn a1_whose_home_is_disabled_when_a_notice_is_read_counts_as_nobody() {
    let given = read_up(given().and(JULIA, RequestDelink::new(JOINTLY_LINK)));
    let given = given.and(ADA, AcceptDelink::new(JOINTLY_LINK)).and(GINA, disable(MSP));
    assert_eq!(told(&given, "mail"), ["link_ended to gina julia"]);
}

#[test]
fn a1_an_admin_role_that_sees_nothing_makes_nobody_an_admin_of_a_request() {
    let given = given_under(|policy| policy.admin_role = text("no_access"));
    let given = read_up(given).and(CARL, InviteManager::new(ALONE, text("MSP")));
    assert_eq!(told(&given, "mail"), ["manager_invited to ada"]);
}

#[test]
fn a4_a_cursor_outlives_the_process() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let given = given_on(SqliteStore::open(&path, FileOptions::default()).unwrap())
        .and(ADA, RequestDelink::new(JOINTLY_LINK));
    let through = given.engine.notices("mail", 1_000).unwrap().through;
    given.engine.acknowledge("mail", through - 1).unwrap();
    drop(given);
    let again = Given::bare(SqliteStore::open(&path, FileOptions::default()).unwrap(), Policy::default());
    assert_eq!(told(&again, "mail"), ["delink_requested to julia"]);
}

#[test]
fn a4_no_address_or_name_can_carry_a_line_break_into_a_mail() {
    for break_ in ["\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}", "\u{b}", "\u{c}", "\0"] {
        let with = format!("ada{break_}Bcc: eve@example.com");
        assert!(tenantry::base::text::Email::parse(&with).is_err());
        assert!(tenantry::base::text::PersonName::parse(&with).is_err());
        assert!(tenantry::base::text::CompanyName::parse(&with).is_err());
    }
}

#[test]
fn a4_a_notice_says_whom_it_is_about_whatever_its_kind() {
    let given = read_up(given())
        .and(NINA, ask(SECOND, "ALONE", "jointly"))
        .and(JACK, invite(JOINTLY, "admin"))
        .and(ADA, RequestDelink::new(JOINTLY_LINK));
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let notices = given.engine.notices("mail", 10).unwrap().notices;
    let about: Vec<About> = notices.iter().map(|notice| now.host().about(notice).unwrap()).collect();
    let of = |manager, tenant, link| About {
        manager: Some(manager),
        tenant: Some(tenant),
        link: Some(link),
        ..About::default()
    };
    let invited = About { tenant: Some(JOINTLY), user: Some(EVE), ..About::default() };
    assert_eq!(about, [of(SECOND, ALONE, ASKED_LINK), invited, of(MSP, JOINTLY, JOINTLY_LINK)]);
}

#[test]
fn a1_t9_who_managed_the_manager_once_gets_no_mail_of_what_it_managed() {
    let given = given()
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])))
        .and(ADA, RequestDelink::new(GRAND_LINK))
        .and(GINA, AcceptDelink::new(GRAND_LINK))
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .and(JULIA, AcceptDelink::new(JOINTLY_LINK));
    let about_it = |given: &Given| -> Vec<String> {
        let notices = given.engine.notices("mail", 1_000).unwrap().notices;
        let link = JOINTLY_LINK.to_string();
        notices
            .iter()
            .filter(|notice| notice.to.users.contains(&GINA))
            .map(|notice| serde_json::to_string(&notice.kind).unwrap())
            .filter(|kind| kind.contains(&link))
            .collect()
    };
    assert_eq!(about_it(&given), [""; 0]);
    let given = given.and(ADA, DisableTenants::new(vec![MSP]));
    assert_eq!(about_it(&given), [""; 0], "nor once nobody of the manager's own is left to read it");
}
