//! Alerts, service mail and what goes into a mail.

use tenantry::base::ids::RoleId;
use tenantry::base::text::{
    CompanyName, DeviceId, Email, IntegrationName, PersonName, Reference, ReturnPlace, RoleName, Street,
};
use tenantry::model::{AlertRule, Audience};
use tenantry::query::Recipients;
use tenantry::refusal::Code::*;

use super::stock::{linked, parted};
use super::*;

fn rule(tenant: TenantId, audience: Audience, additional: &[UserId]) -> SetAlertRule {
    SetAlertRule {
        additional: additional.iter().copied().collect(),
        ..SetAlertRule::new(tenant, text("battery"), audience)
    }
}

fn service_mail(given: &Given, tenant: TenantId) -> Vec<UserId> {
    given
        .engine
        .read()
        .unwrap()
        .now()
        .unwrap()
        .ask(ServiceMail::new(tenant))
        .unwrap()
        .users
        .into_iter()
        .collect()
}

fn alerted(given: &Given, tenant: TenantId) -> Vec<UserId> {
    let read = given.engine.read().unwrap();
    let to = read.now().unwrap().ask(AlertRecipients::new(tenant, text("battery"))).unwrap();
    to.users.into_iter().collect()
}

#[test]
fn a1_service_mail_goes_to_the_manager_instead_of_to_both_or_to_the_customer() {
    for (what, given, tenant, expected) in [
        ("fully managed", given(), FULLY, vec![ADA, ADAM]),
        ("jointly managed", given(), JOINTLY, vec![ADA, ADAM, JULIA, JACK]),
        ("not managed", given(), ALONE, vec![CARL, CORA]),
        ("not managed, nobody there", given(), EMPTY, vec![]),
        ("delinked", delinked(given()), JOINTLY, vec![JULIA, JACK]),
        (
            "delink only requested",
            given().and(ADA, RequestDelink::new(JOINTLY_LINK)),
            JOINTLY,
            vec![ADA, ADAM, JULIA, JACK],
        ),
        (
            "converted",
            given().and(ADA, ConvertLink::new(FULLY_LINK, text("jointly"))),
            FULLY,
            vec![ADA, ADAM, FRED],
        ),
        ("an admin is blocked", given().and(ADA, BlockUser::new(ADAM)), FULLY, vec![ADA]),
        ("an admin is no longer one", given().and(ADA, assign(ADAM, MSP, "read_only")), FULLY, vec![ADA]),
        (
            "accepted as fully",
            linked(given(), 0x5c0, SECOND, "ALONE", "fully", &["manage"]),
            ALONE,
            vec![NINA],
        ),
    ] {
        assert_eq!(service_mail(&given, tenant), expected, "{what}");
    }
}

fn recipients(given: &Given, tenant: TenantId) -> (Vec<UserId>, bool) {
    let to = given.engine.read().unwrap().now().unwrap().ask(ServiceMail::new(tenant)).unwrap();
    (to.users.into_iter().collect(), to.operator)
}

#[test]
fn a1_whoever_is_kept_off_a_tenant_gets_nothing_about_it() {
    let given = given().and(STAFF, assign(ADAM, JOINTLY, "no_access"));
    assert_eq!(service_mail(&given, JOINTLY), [ADA, JULIA, JACK]);
    assert_eq!(service_mail(&given, FULLY), [ADA, ADAM]);
    let given = given.and(STAFF, rule(JOINTLY, Audience::AllAdmins, &[ADAM, RITA]));
    assert_eq!(alerted(&given, JOINTLY), [ADA, RITA, JULIA, JACK]);
    let after = given.engine.notices("mail", 1_000).unwrap().through;
    given.engine.acknowledge("mail", after).unwrap();
    let given = given.and(JULIA, RequestDelink::new(JOINTLY_LINK));
    let mail = given.engine.notices("mail", 1_000).unwrap();
    let to: Vec<_> = mail.notices.iter().map(|notice| notice.to.users.clone()).collect();
    assert_eq!(to, [[ADA].into()]);
}

#[test]
fn a1_where_nobody_is_left_the_next_manager_up_is_told_and_at_last_the_operator() {
    let given = given().and(STAFF, assign(ADAM, FULLY, "no_access"));
    let given = given.and(STAFF, assign(ADA, FULLY, "read_only"));
    assert_eq!(recipients(&given, FULLY), (vec![GINA], false), "a super admin, GUS is none");
    let given = given.and(STAFF, assign(GINA, FULLY, "no_access"));
    assert_eq!(recipients(&given, FULLY), (vec![], true));
    assert_eq!(recipients(&given, JOINTLY), (vec![ADA, ADAM, JULIA, JACK], false));
    assert_eq!(recipients(&given, EMPTY), (vec![], true));
    // Each manager's ladder is its own, and people of a disabled home count as nobody.
    let closed = super::given().and(STAFF, DisableTenants::new(vec![MSP]));
    assert_eq!(recipients(&closed, JOINTLY), (vec![GINA, JULIA, JACK], false));
}

#[test]
fn a1_where_no_role_is_an_admins_whoever_may_edit_the_tenant_is_told() {
    let desk: RoleId = text("00000000-0000-0000-0000-0000000006b0");
    let may = set(&["tenant.edit", "tenant.view"]);
    let role = CreateRole { role: Some(desk), ..CreateRole::new(MSP, text("Desk"), may) };
    let given = given().and(ADA, role).and(ADA, assign(RITA, MSP, &desk.to_string()));
    assert_eq!(service_mail(&given, FULLY), [ADA, ADAM]);
    let given = given.and(STAFF, assign(ADAM, FULLY, "no_access"));
    let given = given.and(STAFF, assign(ADA, FULLY, "no_access"));
    assert_eq!(service_mail(&given, FULLY), [RITA]);
    // Whoever does not see the tenant is told nothing of it, whatever they may do.
    let blind = EditRole { permissions: Some(set(&["tenant.edit"])), ..EditRole::new(desk) };
    assert_eq!(service_mail(&given.and(ADA, blind), FULLY), [GINA]);
}

#[test]
fn a1_l9_the_end_of_a_link_to_a_tenant_that_has_nobody_is_told_to_the_operator() {
    let term = Some(tenantry::model::TermRequest::days(60));
    let given = given().and(ADA, AddCustomer { term, ..customer(MSP, "fully") });
    let told = |given: &Given, kind: &str| {
        let mail = given.engine.notices("mail", 1_000).unwrap();
        let of = |it: &&tenantry::notice::Notice| it.kind.name() == kind;
        mail.notices.iter().filter(of).map(|it| it.to.clone()).collect::<Vec<_>>()
    };
    let given = given.later(31).and(STAFF, rename(ALONE));
    let both = |users: [UserId; 2]| Recipients { users: users.into(), operator: true };
    assert_eq!(told(&given, "link_expiring"), [both([ADA, ADAM])]);
    let given = given.later(31).and(STAFF, rename(ALONE));
    assert_eq!(told(&given, "link_ended"), [both([ADA, ADAM])]);
}

#[test]
fn a1_an_expired_link_no_longer_brings_mail() {
    let term = Some(tenantry::model::TermRequest::days(30));
    let given = given()
        .and(ADA, AddCustomer { term, ..customer(MSP, "fully") })
        .and(STAFF, user(EVE, NEW, "eve", "admin"));
    assert_eq!(service_mail(&given, NEW), [ADA, ADAM]);
    assert_eq!(service_mail(&given.later(30), NEW), [EVE], "even before the sweep");
}

#[test]
fn a2_alerts_go_to_all_admins_or_to_the_group_managers_and_the_additional() {
    use Audience::{AllAdmins, GroupManagers};
    let with = |rule: SetAlertRule| given().and(STAFF, rule);
    let made = |role: &[&str]| {
        let desk = CreateRole {
            role: Some(text("00000000-0000-0000-0000-0000000006b0")),
            ..CreateRole::new(JOINTLY, text("Desk"), set(role))
        };
        given().and(JULIA, desk).and(JULIA, assign(JIM, JOINTLY, "00000000-0000-0000-0000-0000000006b0"))
    };
    for (what, given, tenant, expected) in [
        ("without a rule: all admins", given(), JOINTLY, vec![ADA, ADAM, JULIA, JACK]),
        ("all admins, fully managed", with(rule(FULLY, AllAdmins, &[])), FULLY, vec![ADA, ADAM]),
        ("all admins, not managed", with(rule(ALONE, AllAdmins, &[])), ALONE, vec![CARL, CORA]),
        (
            "all admins and one more",
            with(rule(JOINTLY, AllAdmins, &[JIM, RITA])),
            JOINTLY,
            vec![ADA, ADAM, RITA, JULIA, JACK, JIM],
        ),
        ("group managers: not the MSP", with(rule(JOINTLY, GroupManagers, &[])), JOINTLY, vec![JULIA, JACK]),
        (
            "group managers and the MSP's listed",
            with(rule(JOINTLY, GroupManagers, &[ADAM, GUS])),
            JOINTLY,
            vec![GUS, ADAM, JULIA, JACK],
        ),
        ("fully managed: only who is listed", with(rule(FULLY, GroupManagers, &[ADAM])), FULLY, vec![ADAM]),
        (
            "fully managed: a locked one who is listed",
            with(rule(FULLY, AllAdmins, &[FRED])),
            FULLY,
            vec![ADA, ADAM, FRED],
        ),
        (
            "a role with the permission makes a group manager",
            made(&["tenant.view", "devices.group_manager"]).and(STAFF, rule(JOINTLY, GroupManagers, &[])),
            JOINTLY,
            vec![JULIA, JACK, JIM],
        ),
        (
            "and without it does not",
            made(&["tenant.view"]).and(STAFF, rule(JOINTLY, GroupManagers, &[])),
            JOINTLY,
            vec![JULIA, JACK],
        ),
        (
            "who is blocked is not alerted",
            with(rule(ALONE, GroupManagers, &[CORA])).and(CARL, BlockUser::new(CORA)),
            ALONE,
            vec![CARL],
        ),
        (
            "who is removed is not alerted",
            with(rule(ALONE, GroupManagers, &[CORA])).and(CARL, RemoveUser::new(CORA)),
            ALONE,
            vec![CARL],
        ),
        (
            "the rule is for its category alone",
            given()
                .and(STAFF, SetAlertRule { category: text("network"), ..rule(JOINTLY, GroupManagers, &[]) }),
            JOINTLY,
            vec![ADA, ADAM, JULIA, JACK],
        ),
        (
            "set again, it replaces",
            with(rule(JOINTLY, GroupManagers, &[ADAM])).and(JACK, rule(JOINTLY, GroupManagers, &[])),
            JOINTLY,
            vec![JULIA, JACK],
        ),
    ] {
        assert_eq!(alerted(&given, tenant), expected, "{what}");
    }
}

#[test]
fn a2_the_rule_is_set_by_those_who_manage_alerts() {
    use Audience::AllAdmins;
    for (who, command, expected) in [
        (JACK, rule(JOINTLY, AllAdmins, &[JIM]), happened(&["alert_rule_set"])),
        (ADA, rule(JOINTLY, AllAdmins, &[ADAM, GINA, JULIA]), happened(&["alert_rule_set"])),
        (GUS, rule(FULLY, AllAdmins, &[]), happened(&["alert_rule_set"])),
        (ADA, rule(JOINTLY, AllAdmins, &[BOB]), happened(&["alert_rule_set"])),
        (ADA, rule(JOINTLY, AllAdmins, &[NINA]), refused(NoSuchUser)),
        (ADA, rule(JOINTLY, AllAdmins, &[FRED]), refused(NoSuchUser)),
        (ADA, rule(JOINTLY, AllAdmins, &[IVY]), refused(NoSuchUser)),
        (ADA, rule(JOINTLY, AllAdmins, &[NOBODY]), refused(NoSuchUser)),
        (ADA, rule(MSP, AllAdmins, &[JULIA]), refused(NoSuchUser)),
        (
            ADA,
            SetAlertRule { category: text("weather"), ..rule(JOINTLY, AllAdmins, &[]) },
            refused(UnknownCategory),
        ),
        (JIM, rule(JOINTLY, AllAdmins, &[]), refused(RoleLacksPermission)),
        (FRED, rule(FULLY, AllAdmins, &[]), refused(CustomerLocked)),
        (NINA, rule(JOINTLY, AllAdmins, &[]), refused(UnknownTenant)),
        (NOBODY, rule(JOINTLY, AllAdmins, &[]), refused(UnknownUser)),
    ] {
        given().when(who, command).then(expected);
    }
}

#[test]
fn a2_additional_recipients_go_with_the_link_they_came_through() {
    let with = given().and(ADA, rule(JOINTLY, Audience::GroupManagers, &[ADAM, GUS, JIM]));
    let given = parted(with, JOINTLY_LINK);
    assert_eq!(alerted(&given, JOINTLY), [JULIA, JACK, JIM]);
    let kept = given.get::<AlertRule>(AlertRule::key(JOINTLY, &text("battery")));
    assert_eq!((kept.additional.clone(), kept.audience), ([JIM].into(), Audience::GroupManagers));
}

#[test]
fn a3_nobody_of_a_managers_is_a_group_manager() {
    let given = given();
    for who in [ADA, ADAM, GINA, GUS] {
        for tenant in [JOINTLY, FULLY] {
            let given = tenantry::testkit::given::given();
            drop(given.then_denied(who, "devices.group_manager", tenant, ReservedForCustomer));
        }
    }
    let given =
        given.then_may(JULIA, "devices.group_manager", JOINTLY).then_may(ADA, "devices.group_manager", MSP);
    drop(given.then_denied(GINA, "devices.group_manager", MSP, ReservedForCustomer));
}

/// Whether a text takes what was typed.
type Parses = fn(&str) -> bool;

#[test]
fn a4_no_text_that_reaches_a_mail_carries_a_line_break_or_control_character() {
    let texts: [(&str, Parses); 8] = [
        ("address", |it| Email::parse(it).is_ok()),
        ("company", |it| CompanyName::parse(it).is_ok()),
        ("person", |it| PersonName::parse(it).is_ok()),
        ("role", |it| RoleName::parse(it).is_ok()),
        ("integration", |it| IntegrationName::parse(it).is_ok()),
        ("reference", |it| Reference::parse(it).is_ok()),
        ("device", |it| DeviceId::parse(it).is_ok()),
        ("return place", |it| ReturnPlace::parse(it).is_ok()),
    ];
    for character in [
        '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}', '\0', '\u{1b}', '\u{7f}', '\u{202e}',
        '\u{200b}',
    ] {
        for (what, parses) in texts {
            assert!(!parses(&format!("a@b.example{character}Bcc:x@y.example")), "{what} takes {character:?}");
        }
        let street =
            Street::parse(&format!("Main Street 1{character}Bcc: x")).map(|street| street.to_string());
        assert!(!street.unwrap_or_default().contains(character), "a street takes {character:?}");
    }
}
