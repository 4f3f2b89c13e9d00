//! Ids: each names one thing of one kind, whoever chooses it (T-10).

use tenantry::base::ids::{IntegrationId, LicenceId, ProposalId, RoleId, SessionId, UploadId};
use tenantry::model::{Actor, Assignment, Attachment};
use tenantry::policy::MoveRule;
use tenantry::refusal::Code::*;
use tenantry::testkit::inside::{Holding, ResellerRow};

use super::stock::*;
use super::*;

const ROLE: u128 = 0xc01;
const TOOL: u128 = 0xc02;
const LICENCE: u128 = 0xc03;
const CONSOLE: u128 = 0xc04;
const PROPOSED: u128 = 0xc05;
const UPLOAD: u128 = 0x8001;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn create_role(at: Uuid) -> CreateRole {
    CreateRole { role: Some(RoleId::from_uuid(at)), ..CreateRole::new(MSP, text("Desk"), set(&[])) }
}

fn create_integration(at: Uuid) -> CreateIntegration {
    let new = CreateIntegration::new(MSP, text("collector"), text("Tool"));
    CreateIntegration { integration: Some(IntegrationId::from_uuid(at)), ..new }
}

fn buy(at: Uuid) -> BuyLicence {
    BuyLicence { licence: Some(LicenceId::from_uuid(at)), ..BuyLicence::new(MSP, MSP, text("manage"), 3) }
}

fn more(at: Uuid) -> AddServices {
    AddServices {
        proposal: Some(ProposalId::from_uuid(at)),
        ..AddServices::new(JOINTLY_LINK, set(&["enrollment"]))
    }
}

fn renew(at: Uuid) -> RenewLink {
    let new = RenewLink::new(JOINTLY_LINK, tenantry::model::TermRequest::days(90));
    RenewLink { proposal: Some(ProposalId::from_uuid(at)), ..new }
}

fn open(at: Uuid) -> OpenConsole {
    let new = OpenConsole::new(JOINTLY, text("manage"), text("/home"));
    OpenConsole { session: Some(SessionId::from_uuid(at)), ..new }
}

/// Every command that makes something under an id that the caller chooses, with this id in each place.
fn makers(at: Uuid) -> Vec<(Actor, Command)> {
    let tenant = Some(TenantId::from_uuid(at));
    let user = UserId::from_uuid(at);
    let invitation = InvitationId::from_uuid(at);
    let new = || AddCustomer { tenant: None, link: None, ..customer(MSP, "fully") };
    let with = |owner: Invitee| AddCustomer { owner: Some(owner), ..customer(MSP, "jointly") };
    let register = RegisterTenant::new(TenantKind::Customer, text("New"));
    let somebody = Invitee::new(mail("new"));
    let named = Invitee { user: Some(user), ..somebody.clone() };
    let sent = Invitee { invitation: Some(invitation), ..somebody };
    vec![
        (STAFF, RegisterTenant { tenant, ..register }.into()),
        (ADA.into(), AddCustomer { tenant, ..new() }.into()),
        (ADA.into(), AddCustomer { link: Some(LinkId::from_uuid(at)), ..new() }.into()),
        (ADA.into(), with(named.clone()).into()),
        (ADA.into(), with(sent.clone()).into()),
        (ADA.into(), InviteUser::new(MSP, named.clone(), text("admin")).into()),
        (ADA.into(), InviteUser::new(MSP, sent.clone(), text("admin")).into()),
        (
            STAFF,
            ConvertLink {
                owner: Some(named),
                ..ConvertLink::new(LinkId::from_uuid(id(0xd01)), text("jointly"))
            }
            .into(),
        ),
        (
            STAFF,
            RegisterUser { user: Some(user), ..RegisterUser::new(MSP, mail("new"), text("admin")) }.into(),
        ),
        (
            NINA.into(),
            RequestLink {
                request: Some(LinkRequestId::from_uuid(at)),
                ..RequestLink::new(SECOND, text("ALONE"), text("jointly"), set(&["manage"]))
            }
            .into(),
        ),
        (ADA.into(), more(at).into()),
        (ADA.into(), renew(at).into()),
        (ADA.into(), create_role(at).into()),
        (ADA.into(), create_integration(at).into()),
        (ADA.into(), buy(at).into()),
        (ADA.into(), open(at).into()),
        (
            ROB.into(),
            UploadDevices {
                upload: Some(UploadId::from_uuid(at)),
                ..UploadDevices::new(RESELLER, MSP, vec!["SN-new".into()])
            }
            .into(),
        ),
        (
            ADA.into(),
            MoveDevices {
                id: Some(tenantry::base::ids::MoveId::from_uuid(at)),
                ..MoveDevices::new(MSP, FULLY, set(&["SN-2"]))
            }
            .into(),
        ),
    ]
}

/// A world with one of everything that has an id, most of it ended by now, and with a customer that can be converted.
fn full() -> Given {
    let lone = AddCustomer {
        tenant: Some(TenantId::from_uuid(id(0xd00))),
        link: Some(LinkId::from_uuid(id(0xd01))),
        ..customer(MSP, "fully")
    };
    trade(MoveRule::Approval)
        .and(ADA, lone)
        .and(ADA, more(id(PROPOSED)))
        .and(ADA, CancelProposal::new(ProposalId::from_uuid(id(PROPOSED))))
        .and(ADA, create_role(id(ROLE)))
        .and(ADA, DeleteRole::new(RoleId::from_uuid(id(ROLE))))
        .and(ADA, create_integration(id(TOOL)))
        .and(ADA, DeleteIntegration::new(IntegrationId::from_uuid(id(TOOL))))
        .and(ADA, buy(id(LICENCE)))
        .and(ADA, open(id(CONSOLE)))
        .and(ADA, CloseConsole::new(SessionId::from_uuid(id(CONSOLE))))
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2"]))
        .and(ADA, hand(JOINTLY, &["SN-1"]))
        .and(ADA, CancelMove::new(MOVE))
        .and(ADA, DeleteDevices::new(MSP, set(&["SN-1"])))
        .and(NINA, ask(SECOND, "ALONE", "jointly"))
        .and(NINA, CancelLinkRequest::new(ASKED))
        .and(ADA, invite(MSP, "admin"))
        .and(ADA, RevokeInvitation::new(EVE_INVITATION))
        .and(STAFF, delete(&[EMPTY]))
}

#[test]
fn t10_an_id_that_anything_has_is_taken_whatever_it_is_and_whether_or_not_it_lives() {
    let used = [
        ("tenant", JOINTLY.uuid()),
        ("deleted tenant", EMPTY.uuid()),
        ("link", FULLY_LINK.uuid()),
        ("request", ASKED.uuid()),
        ("user", JULIA.uuid()),
        ("removed user", EVE.uuid()),
        ("invitation", EVE_INVITATION.uuid()),
        ("deleted role", id(ROLE)),
        ("deleted integration", id(TOOL)),
        ("licence", id(LICENCE)),
        ("closed session", id(CONSOLE)),
        ("upload", id(UPLOAD)),
        ("canceled move", MOVE.uuid()),
        ("canceled proposal", id(PROPOSED)),
    ];
    let mut given = full();
    for (what, used) in used {
        for (actor, command) in makers(used) {
            let name = command.name();
            let when = given.when(actor, command);
            assert_eq!(
                when.answer.as_ref().unwrap_err().code(),
                Some(IdTaken),
                "{name} under the id of a {what}"
            );
            given = when.then(refused(IdTaken));
        }
    }
    given.verified();
}

#[test]
fn t10_the_nil_id_names_nothing() {
    let mut given = full();
    for (actor, command) in makers(Uuid::nil()) {
        let name = command.name();
        let when = given.when(actor, command);
        assert_eq!(when.answer.as_ref().unwrap_err().code(), Some(NilId), "{name}");
        given = when.then(refused(NilId));
    }
}

#[test]
fn t10_the_ids_of_one_command_differ() {
    let one = 0xe00;
    let given = given();
    let both = Invitee {
        user: Some(UserId::from_uuid(id(one))),
        invitation: Some(InvitationId::from_uuid(id(one))),
        ..Invitee::new(mail("new"))
    };
    let of_link = Invitee { invitation: None, ..both.clone() };
    let link = Some(LinkId::from_uuid(id(one)));
    given
        .when(ADA, InviteUser::new(MSP, both.clone(), text("admin")))
        .then(refused(IdTaken))
        .when(ADA, AddCustomer { owner: Some(both), ..customer(MSP, "jointly") })
        .then(refused(IdTaken))
        .when(ADA, AddCustomer { owner: Some(of_link), link, ..customer(MSP, "jointly") })
        .then(refused(IdTaken))
        .when(ADA, AddCustomer { tenant: Some(TenantId::from_uuid(id(one))), link, ..customer(MSP, "fully") })
        .then(refused(IdTaken));
}

#[test]
fn t10_only_the_link_that_a_request_becomes_shares_its_id() {
    let given = given().and(NINA, ask(SECOND, "ALONE", "jointly")).and(CARL, AcceptLink::new(ASKED));
    assert_eq!(given.get::<tenantry::model::Link>(ASKED_LINK.uuid()).managed, ALONE);
    given
        .when(ADA, AddCustomer { link: Some(ASKED_LINK), ..customer(MSP, "fully") })
        .then(refused(IdTaken))
        .verified();
}

#[test]
fn t10_no_chosen_id_leads_to_what_the_library_derives() {
    // Both resellers uploaded to the MSP. What is moved to the customer counts towards a new holding, whose key is made of the
    // first and the link; an upload under just that id is somebody's own all the same.
    let given = trade(MoveRule::AtOnce).and(ROB, upload(1, MSP, &["SN-1", "SN-2", "SN-3"]));
    let arrived = holding(&given, "SN-1");
    let one = Uuid::new_v5(&upload_id(1).uuid(), FULLY_LINK.uuid().as_bytes());
    let other = arrived.moved(FULLY_LINK).uuid();
    let own = |chosen: Uuid, device: &str| UploadDevices {
        upload: Some(UploadId::from_uuid(chosen)),
        ..UploadDevices::new(RETAIL, MSP, vec![device.into()])
    };
    let given = given
        .and(RON, own(one, "OWN-1"))
        .and(RON, own(other, "OWN-2"))
        .and(RON, own(arrived.id.uuid(), "OWN-3"))
        .and(ADA, hand(FULLY, &["SN-1", "SN-2", "SN-3"]))
        .and(ADA, DeleteDevices::new(FULLY, set(&["SN-1"])));
    for (who, reseller, devices) in [(ROB, RESELLER, 2), (RON, RETAIL, 3)] {
        let rows = list(&given, who, reseller, &Default::default());
        assert_eq!(rows.iter().map(|row| row.devices).sum::<u64>(), devices);
    }
    assert_eq!(holding(&given, "SN-2").reseller, RESELLER);
    // Things of other kinds under the keys of pairs are what they are, too.
    let keys = [
        Assignment::key(JULIA, JOINTLY).uuid(),
        ResellerRow::key(RESELLER, MSP),
        Attachment::key(IntegrationId::from_uuid(id(TOOL)), FULLY),
        Holding::uploaded(upload_id(9)).uuid(),
    ];
    let mut given = given;
    for (place, key) in keys.into_iter().enumerate() {
        let new = RegisterTenant::new(TenantKind::Customer, text("New"));
        let number = Some(text(&format!("KEY-{place}")));
        given = given.and(STAFF, RegisterTenant { tenant: Some(TenantId::from_uuid(key)), number, ..new });
    }
    given.then_may(JULIA, "users.manage", JOINTLY).verified();
}
