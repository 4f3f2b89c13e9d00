//! Bad input: what cannot be parsed never reaches a rule, and says what is wrong and what to do.

use tenantry::base::text::{CompanyName, Prefix};
use tenantry::event::Event;
use tenantry::journal::Record;
use tenantry::model::{Actor, RoleRef};
use tenantry::policy::Policy;
use tenantry::query::Question;
use tenantry::refusal::Code::*;

use super::*;

#[track_caller]
fn fails<T: serde::de::DeserializeOwned>(json: &str, words: &str) {
    match serde_json::from_str::<T>(json) {
        Ok(_) => panic!("{json} was taken"),
        Err(error) => assert!(error.to_string().contains(words), "{json}: {error}"),
    }
}

#[test]
fn json_that_is_no_command_is_refused_with_the_reason() {
    let id = JOINTLY;
    let long = "x".repeat(201);
    for (json, words) in [
        (r#"{"command":"edit_tenants"}"#.to_owned(), "unknown variant `edit_tenants`"),
        (r#"{"tenant":"x"}"#.to_owned(), "missing field `command`"),
        (r#"{"command":"edit_tenant"}"#.to_owned(), "missing field `tenant`"),
        (r#"{"command":"edit_tenant","tenant":"7"}"#.to_owned(), "UUID"),
        (format!(r#"{{"command":"edit_tenant","tenant":"{id}","number":"ACME"}}"#), "unknown field `number`"),
        (format!(r#"{{"command":"edit_tenant","tenant":"{id}","kind":"msp"}}"#), "unknown field `kind`"),
        (format!(r#"{{"command":"edit_tenant","tenant":"{id}","name":""}}"#), "company name is empty"),
        (
            format!(r#"{{"command":"edit_tenant","tenant":"{id}","name":"{long}"}}"#),
            "is 201 characters long; use at most 200",
        ),
        (
            format!(r#"{{"command":"edit_tenant","tenant":"{id}","name":"a\u200bb"}}"#),
            "has the character U+200B; remove it",
        ),
        (
            format!(r#"{{"command":"edit_tenant","tenant":"{id}","name":"a\nb"}}"#),
            "has the character U+000A; remove it",
        ),
        (
            format!(r#"{{"command":"edit_tenant","tenant":"{id}","prefix":"аcme"}}"#),
            "not ASCII and may look like another letter",
        ),
        (format!(r#"{{"command":"edit_tenant","tenant":"{id}","prefix":"-a"}}"#), "is not a DNS label"),
        (format!(r#"{{"command":"edit_tenant","tenant":"{id}","country":"XX"}}"#), "is not in ISO 3166-1"),
        (
            format!(
                r#"{{"command":"edit_tenant","tenant":"{id}","coordinates":{{"latitude":91.0,"longitude":0.0}}}}"#
            ),
            "latitude is not a number in range",
        ),
        (
            format!(r#"{{"command":"register_tenant","kind":"agency","name":"{id}"}}"#),
            "unknown variant `agency`",
        ),
        (
            format!(r#"{{"command":"request_delink","link":"{id}","party":"judge"}}"#),
            "unknown variant `judge`",
        ),
    ] {
        fails::<Command>(&json, words);
    }
    let request = r#"{"id":"00000000-0000-0000-0000-000000000001","actor":"clock","x":1}"#;
    fails::<Request>(request, "unknown field `x`");
    fails::<Actor>(r#"{"root":{}}"#, "unknown variant `root`");
    fails::<RoleRef>(r#""Super Admin""#, "role has a character that is not allowed there");
    fails::<Question>(r#"{"user":"x"}"#, "UUID");
    fails::<Policy>(r#"{"name":"p","rules":[]}"#, "unknown field `rules`");
}

#[test]
fn every_command_goes_through_json_and_back() {
    let requests: Vec<Command> = scenario().into_iter().map(|(_, command)| command).collect();
    let mut names: Vec<&str> = Vec::new();
    for command in requests.into_iter().chain(one_of_each()) {
        let json = serde_json::to_string(&command).unwrap();
        assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), command, "{json}");
        names.push(command.name());
    }
    for name in Command::NAMES {
        assert!(names.contains(name), "{name} has an example");
    }
}

/// An id that something made.
fn made<T: std::str::FromStr<Err = tenantry::base::ids::NotAnId>>() -> T {
    "00000000-0000-0000-0000-000000000c0d".parse().unwrap()
}

pub(super) fn one_of_each() -> Vec<Command> {
    let subject = tenantry::model::Subject::User(JIM);
    vec![
        SetPolicy::new(Box::new(Policy::delegated())).into(),
        rename(JOINTLY).into(),
        EditTenant { prefix: tenantry::model::Patch::Clear, ..EditTenant::new(JOINTLY) }.into(),
        ChangeTenantKind::new(JOINTLY, TenantKind::Msp).into(),
        disable(JOINTLY).into(),
        enable(JOINTLY).into(),
        ReportReady::new(JOINTLY).into(),
        DeleteTenants { cascade: true, ..delete(&[JOINTLY]) }.into(),
        InviteManager { invitation: Some(made()), ..InviteManager::new(ALONE, text("MSP")) }.into(),
        DeclineManagerInvitation::new(made()).into(),
        CancelManagerInvitation::new(made()).into(),
        ResendManagerInvitation::new(made()).into(),
        BarManager::new(ALONE, text("MSP"), true).into(),
        ask(MSP, "ALONE", "fully").into(),
        AcceptLink::new(ASKED).into(),
        ProposeTerms { proposal: Some(made()), ..ProposeTerms::new(JOINTLY_LINK) }.into(),
        DeclineLink::new(ASKED).into(),
        CancelLinkRequest::new(ASKED).into(),
        ResendLinkRequest::new(ASKED).into(),
        ConvertLink::new(FULLY_LINK, text("jointly")).into(),
        AddServices::new(FULLY_LINK, set(&["manage"])).into(),
        RenewLink::new(FULLY_LINK, tenantry::model::TermRequest::until(dawn())).into(),
        AcceptProposal::new(made()).into(),
        DeclineProposal::new(made()).into(),
        CancelProposal::new(made()).into(),
        ResendProposal::new(made()).into(),
        RemoveService::new(FULLY_LINK, text("manage")).into(),
        SetAutoExtend { days: Some(30), ..SetAutoExtend::new(FULLY_LINK) }.into(),
        SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])).into(),
        RequestDelink { party: Some(tenantry::model::Party::Manager), ..RequestDelink::new(JOINTLY_LINK) }
            .into(),
        AcceptDelink::new(JOINTLY_LINK).into(),
        RejectDelink::new(JOINTLY_LINK).into(),
        ResendDelink::new(JOINTLY_LINK).into(),
        CancelDelink::new(JOINTLY_LINK).into(),
        InviteOwner::new(JOINTLY_LINK, Invitee::new(mail("eve"))).into(),
        ResendInvitation::new(EVE_INVITATION).into(),
        RevokeInvitation::new(EVE_INVITATION).into(),
        DeclineInvitation::new(EVE_INVITATION, mail("eve")).into(),
        EditUser { email: Some(mail("eve")), ..EditUser::new(JIM) }.into(),
        ConfirmAddress::new(JIM, mail("eve")).into(),
        CancelAddress::new(JIM).into(),
        UnblockUser::new(JIM).into(),
        RemoveUser::new(JIM).into(),
        assign(JIM, JOINTLY, "admin").into(),
        Unassign::new(vec![UserOnTenant { user: JIM, tenant: JOINTLY }]).into(),
        Activate::new(JOINTLY, text("admin"), 60, text("TCK-7")).into(),
        Deactivate::new(JOINTLY, text("admin")).into(),
        AddResellerCustomer { reference: Some(text("R-7")), ..AddResellerCustomer::new(MSP, text("ALONE")) }
            .into(),
        EditResellerCustomer::new(MSP, JOINTLY).into(),
        DropReseller::new(JOINTLY, MSP).into(),
        AdmitReseller::new(JOINTLY, MSP).into(),
        RemoveResellerCustomer::new(MSP, JOINTLY).into(),
        WithdrawUpload { devices: Some(set(&["SN-0001"])), ..WithdrawUpload::new(made()) }.into(),
        UploadDevices::new(MSP, JOINTLY, vec!["SN-0001".into()]).into(),
        MoveDevices::new(MSP, JOINTLY, set(&["SN-0001"])).into(),
        ApproveMove::new(made()).into(),
        DeclineMove::new(made()).into(),
        ResendMove::new(made()).into(),
        CancelMove::new(made()).into(),
        DeleteDevices::new(MSP, set(&["SN-0001"])).into(),
        CreateIntegration::new(MSP, text("collector"), text("Collector")).into(),
        ShareIntegration::new(made(), JOINTLY).into(),
        DetachIntegration::new(made(), JOINTLY).into(),
        DeleteIntegration::new(made()).into(),
        BuyLicence::new(MSP, JOINTLY, text("manage"), 5).into(),
        AssignSeats::new(made(), set(&["SN-0001"])).into(),
        ReleaseSeats::new(made(), set(&["SN-0001"])).into(),
        SetAlertRule::new(JOINTLY, text("battery"), tenantry::model::Audience::GroupManagers).into(),
        OpenConsole::new(JOINTLY, text("manage"), text("/back")).into(),
        CloseConsole::new(made()).into(),
        CreateRole::new(JOINTLY, text("Desk"), set(&["devices.view"])).into(),
        EditRole {
            permissions: Some(set(&[])),
            ..EditRole::new(text("00000000-0000-0000-0000-0000000006a0"))
        }
        .into(),
        DeleteRole::new(text("00000000-0000-0000-0000-0000000006a0")).into(),
        ErasePersonal::new(subject).into(),
        SetExternalId::new(
            MSP,
            text("connectwise"),
            text("4711"),
            tenantry::model::Bearer::Device(text("SN-0001")),
        )
        .into(),
        RemoveExternalId::new(MSP, text("connectwise"), text("4711")).into(),
    ]
}

#[test]
fn names_that_look_the_same_and_are_not_do_not_pass() {
    for name in ["", "   ", "\u{200e}", "a\u{202e}b", "\u{3164}", "a\u{0}b", &"x".repeat(201)] {
        assert!(CompanyName::parse(name).is_err(), "{name:?}");
    }
    for prefix in ["", "ac me", "acmé", "аcme", "xn--acme", &"a".repeat(64), "acme.com", "acme-"] {
        assert!(Prefix::parse(prefix).is_err(), "{prefix:?}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_an_error_and_no_panic() {
    for text in
        ["", "{}", "null", r#"{"seq":1}"#, r#"{"seq":-1,"at":"x","actor":"clock","command":"x","events":[]}"#]
    {
        assert!(Record::decode(text).is_err(), "{text}");
    }
    fails::<Event>(r#"{"event":"tenant_exploded"}"#, "unknown variant `tenant_exploded`");
}

#[test]
fn unknown_ids_are_told_as_such_even_to_the_operator() {
    let nothing = UserOnTenant { user: NOBODY, tenant: JOINTLY };
    let rows: Vec<(Command, Expected)> = vec![
        (rename(NOWHERE).into(), refused(UnknownTenant)),
        (disable(NOWHERE).into(), refused(UnknownTenant)),
        (enable(NOWHERE).into(), refused(UnknownTenant)),
        (delete(&[NOWHERE]).into(), refused(UnknownTenant)),
        (customer(NOWHERE, "fully").into(), refused(UnknownTenant)),
        (ask(NOWHERE, "ALONE", "fully").into(), refused(UnknownTenant)),
        (ask(MSP, "NUMBERLESS", "fully").into(), refused(UnknownTenant)),
        (invite(NOWHERE, "admin").into(), refused(UnknownTenant)),
        (CreateRole::new(NOWHERE, text("Desk"), set(&[])).into(), refused(UnknownTenant)),
        (assign(JIM, NOWHERE, "admin").into(), refused(UnknownTenant)),
        (assign(NOBODY, JOINTLY, "admin").into(), refused(NoSuchUser)),
        (Unassign::new(vec![nothing]).into(), refused(NoSuchUser)),
        (BlockUser::new(NOBODY).into(), refused(NoSuchUser)),
        (EditUser::new(NOBODY).into(), refused(NoSuchUser)),
        (ConfirmAddress::new(NOBODY, mail("eve")).into(), refused(NoSuchUser)),
        (CancelAddress::new(NOBODY).into(), refused(NoSuchUser)),
        (AddServices::new(NO_LINK, set(&["manage"])).into(), refused(UnknownLink)),
        (ConvertLink::new(NO_LINK, text("jointly")).into(), refused(UnknownLink)),
        (RequestDelink::new(NO_LINK).into(), refused(UnknownLink)),
        (InviteOwner::new(NO_LINK, Invitee::new(mail("eve"))).into(), refused(UnknownLink)),
        (SetAutoExtend::new(NO_LINK).into(), refused(UnknownLink)),
        (SetManagerGrants::new(NO_LINK, set(&[])).into(), refused(UnknownLink)),
        (RenewLink::new(NO_LINK, tenantry::model::TermRequest::days(9)).into(), refused(UnknownLink)),
        (AcceptProposal::new(made()).into(), refused(UnknownProposal)),
        (CancelProposal::new(made()).into(), refused(UnknownProposal)),
        (InviteManager::new(NOWHERE, text("MSP")).into(), refused(UnknownTenant)),
        (BarManager::new(NOWHERE, text("MSP"), true).into(), refused(UnknownTenant)),
        (
            SetExternalId::new(MSP, text("connectwise"), text("1"), tenantry::model::Bearer::User(NOBODY))
                .into(),
            refused(NoSuchUser),
        ),
        (RemoveExternalId::new(MSP, text("connectwise"), text("1")).into(), refused(UnknownExternalId)),
        (DeclineManagerInvitation::new(made()).into(), refused(UnknownManagerInvitation)),
        (ResendManagerInvitation::new(made()).into(), refused(UnknownManagerInvitation)),
        (AcceptLink::new(ASKED).into(), refused(UnknownLinkRequest)),
        (ResendLinkRequest::new(ASKED).into(), refused(UnknownLinkRequest)),
        (ResendInvitation::new(EVE_INVITATION).into(), refused(UnknownInvitation)),
        (AcceptInvitation::new(EVE_INVITATION, mail("eve")).into(), refused(UnknownInvitation)),
        (EditRole::new(text("00000000-0000-0000-0000-0000000006a0")).into(), refused(UnknownRole)),
    ];
    for (command, expected) in rows {
        given().when(staff_for("T-1"), command).then(expected);
    }
}

#[test]
fn a_refusal_says_what_stands_in_the_way_and_what_to_do() {
    let when = given().when(ADA, RequestDelink::new(FULLY_LINK));
    let text = when.refusal().to_string();
    assert_eq!(
        text,
        format!(
            "link `{FULLY_LINK}` is fully managed and cannot be delinked; convert it to jointly managed first"
        )
    );
    let json = serde_json::to_string(when.refusal()).unwrap();
    assert_eq!(json, format!(r#"{{"code":"not_delinkable","about":"{FULLY_LINK}"}}"#));
}
