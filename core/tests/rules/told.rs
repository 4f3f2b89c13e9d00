//! What the two sides of something are told of it: links, proposals, moves, uploads, resellers, alert rules; and
//! what one is told of oneself: profile, permissions, what one has asked.

use tenantry::base::ids::ProposalId;
use tenantry::engine::Error;
use tenantry::model::{Actor, Audience, EndCause, HandshakeState, ResellerStatus, Stage, TermRequest};
use tenantry::policy::{MoveRule, Policy};
use tenantry::refusal::Code::{self, *};

use super::stock::*;
use super::*;

const PROPOSED: ProposalId = ProposalId::from_uuid(Uuid::from_u128(0xd0));

fn told<Q: Ask>(given: &Given, query: Q) -> Q::Answer {
    given.engine.ask(query).unwrap()
}

fn code<Q: Ask>(given: &Given, query: Q) -> Code
where
    Q::Answer: std::fmt::Debug,
{
    match given.engine.ask(query) {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("was to be refused: {other:?}"),
    }
}

/// What became of `RESELLER`'s uploads, as `to number|devices|left`.
fn uploads(given: &Given) -> Vec<String> {
    let rows = told(given, Uploads::new(ROB.into(), RESELLER)).rows;
    let to = |row: &UploadRow| {
        row.to.as_ref().map_or("-".to_owned(), |to| format!("{} {}", to.company, to.number))
    };
    rows.iter().map(|row| format!("{}|{}|{}", to(row), row.devices, row.left)).collect()
}

#[test]
fn v8_a_resellers_uploads_tell_to_whom_they_went_and_what_is_left() {
    let given = trade(MoveRule::AtOnce)
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2", "SN-3"]))
        .later(1)
        .and(ROB, upload(2, JOINTLY, &["SN-4"]));
    assert_eq!(
        uploads(&given),
        ["Msp MSP|3|3", "Jointly MSP|1|1"],
        "a managed customer has its MSP's number"
    );
    let row = &told(&given, Uploads::new(ROB.into(), RESELLER)).rows[1];
    assert_eq!((row.upload, row.uploaded), (upload_id(2), dawn().plus_days(1)));
    // Whatever is moved on is left all the same, and nothing tells where.
    let given = given.and(ADA, hand(JOINTLY, &["SN-2", "SN-3"]));
    assert_eq!(uploads(&given), ["Msp MSP|3|3", "Jointly MSP|1|1"]);
    let given = given.and(JULIA, DeleteDevices::new(JOINTLY, set(&["SN-2"])));
    assert_eq!(uploads(&given), ["Msp MSP|3|2", "Jointly MSP|1|1"]);
    let given = given.and(ROB, WithdrawUpload::new(upload_id(2)));
    assert_eq!(uploads(&given), ["Msp MSP|3|2", "Jointly MSP|1|0"], "what was withdrawn is gone");
    let given = parted(given, JOINTLY_LINK);
    assert_eq!(uploads(&given), ["Msp MSP|3|2", "Jointly JOINTLY|1|0"]);
    // Each sees its own; the newest first where that is asked for.
    assert_eq!(told(&given, Uploads::new(RON.into(), RETAIL)).rows, []);
    assert_eq!(code(&given, Uploads::new(RON.into(), RESELLER)), UnknownTenant);
    let mut newest = Uploads::new(STAFF, RESELLER);
    newest.paging = Paging { limit: 1, descending: true, ..Paging::default() };
    assert_eq!(told(&given, newest).rows[0].upload, upload_id(2));
    given.verified();
}

#[test]
fn v8_an_upload_does_not_name_whom_the_resellers_list_does_not_show_any_more() {
    let given = trade(MoveRule::AtOnce)
        .and(ROB, upload(1, ALONE, &["SN-1"]))
        .and(ROB, upload(2, EMPTY, &["SN-2"]))
        .and(ROB, WithdrawUpload::new(upload_id(1)))
        .and(ROB, RemoveResellerCustomer::new(RESELLER, ALONE));
    assert_eq!(uploads(&given), ["-|1|0", "Empty EMPTY|1|1"], "it was taken off the list");
    let given = given.and(STAFF, delete(&[EMPTY]));
    assert_eq!(uploads(&given), ["-|1|0", "-|1|0"], "a deleted tenant is not listed");
    given.verified();
}

#[test]
fn v1_a_tenant_reads_which_resellers_added_it() {
    let given = trade(MoveRule::AtOnce).later(1).and(ROB, upload(1, ALONE, &["SN-1"]));
    let resellers = |given: &Given, who: Actor, tenant| -> Vec<(String, ResellerStatus)> {
        let rows = told(given, Resellers::new(who, tenant)).rows;
        rows.into_iter().map(|row| (row.reseller.number.to_string(), row.status)).collect()
    };
    let (first, second) = ("RESELLER".to_owned(), "RETAIL".to_owned());
    let both = [(first.clone(), ResellerStatus::Active), (second.clone(), ResellerStatus::Pending)];
    assert_eq!(resellers(&given, CARL.into(), ALONE), both);
    assert_eq!(resellers(&given, STAFF, ALONE), both);
    assert_eq!(told(&given, Resellers::new(CORA.into(), ALONE)).rows[0].since, dawn());
    let given = given.and(CARL, DropReseller::new(ALONE, RESELLER));
    assert_eq!(resellers(&given, CARL.into(), ALONE)[0], (first, ResellerStatus::Inactive));
    // Who may drop them for the tenant is told, and nobody else.
    assert_eq!(resellers(&given, ADA.into(), JOINTLY).len(), 2);
    assert_eq!(code(&given, Resellers::new(JIM.into(), JOINTLY)), RoleLacksPermission);
    assert_eq!(code(&given, Resellers::new(ROB.into(), ALONE)), UnknownTenant);
    let given = given.and(STAFF, delete(&[RETAIL]));
    assert_eq!(resellers(&given, CARL.into(), ALONE).len(), 1, "one that is deleted has gone");
    let given = given.and(ROB, RemoveResellerCustomer::new(RESELLER, JOINTLY));
    assert_eq!(resellers(&given, JULIA.into(), JOINTLY), []);
    given.verified();
}

fn moves(
    given: &Given,
    who: UserId,
    tenant: TenantId,
    sent: bool,
    state: Option<HandshakeState>,
) -> Vec<MoveRow> {
    let filter = MoveFilter { sent, state };
    told(given, Moves { filter, ..Moves::new(who.into(), tenant) }).rows
}

#[test]
fn v7_q4_both_sides_read_a_move_and_what_became_of_it() {
    let given = trade(MoveRule::Approval)
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2"]))
        .and(ADA, hand(JOINTLY, &["SN-1"]));
    let pending = Some(HandshakeState::Pending);
    let sent = moves(&given, RITA, MSP, true, pending);
    assert_eq!((sent[0].id, sent[0].number.as_str(), sent.len()), (MOVE, "JOINTLY", 1));
    assert_eq!(sent[0].devices, set(&["SN-1"]));
    let received = moves(&given, JIM, JOINTLY, false, None);
    assert_eq!(received[0].other.as_ref().map(|other| other.name.as_str()), Some("Msp"));
    assert_eq!((received[0].state, received[0].expires), (HandshakeState::Pending, dawn().plus_days(30)));
    assert!(
        moves(&given, JIM, JOINTLY, true, None).is_empty()
            && moves(&given, RITA, MSP, false, None).is_empty()
    );
    assert_eq!(code(&given, Moves::new(NINA.into(), MSP)), UnknownTenant);
    assert_eq!(code(&given, Moves::new(NOEL.into(), MSP)), RoleLacksPermission);
    // Whoever is kept off the customer is told of none.
    let given = given.and(ADA, assign(RITA, JOINTLY, "no_access"));
    assert_eq!(moves(&given, RITA, MSP, true, None), []);
    let given = given.and(JULIA, DeclineMove::new(MOVE));
    assert_eq!(moves(&given, ADA, MSP, true, None)[0].state, HandshakeState::Declined);
    assert_eq!(moves(&given, ADA, MSP, true, pending), []);
    // After the end each is told the number that they had to do with.
    let given = parted(given, JOINTLY_LINK);
    let (sent, received) = (moves(&given, ADA, MSP, true, None), moves(&given, JULIA, JOINTLY, false, None));
    assert_eq!((sent[0].number.as_str(), &sent[0].other), ("JOINTLY", &None));
    assert_eq!((received[0].number.as_str(), &received[0].other), ("MSP", &None));
    assert_eq!(moves(&given, RITA, MSP, true, None), [], "nor after it ended");
    given.verified();
}

#[test]
fn v7_q4_a_move_that_time_ended_shows_so_before_it_is_recorded() {
    let term = Some(TermRequest::days(10));
    let given = trade(MoveRule::Approval)
        .and(ADA, AddCustomer { term, ..customer(MSP, "jointly") })
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2"]))
        .and(ADA, hand(NEW, &["SN-1"]))
        .and(ADA, MoveDevices::new(MSP, JOINTLY, set(&["SN-2"])));
    let states = |given: &Given| -> Vec<HandshakeState> {
        moves(given, ADA, MSP, true, None).iter().map(|row| row.state).collect()
    };
    assert_eq!(states(&given), [HandshakeState::Pending, HandshakeState::Pending]);
    let given = given.later(10);
    let ended = states(&given);
    assert!(
        ended.contains(&HandshakeState::Canceled) && ended.contains(&HandshakeState::Pending),
        "{ended:?}"
    );
    let given = given.later(20);
    assert!(states(&given).contains(&HandshakeState::Expired));
    let before = states(&given);
    let given = given.swept();
    assert_eq!(states(&given).len(), before.len());
    assert!(!states(&given).contains(&HandshakeState::Pending));
}

#[test]
fn q4_both_sides_read_what_is_proposed_on_a_link() {
    let add =
        AddServices { proposal: Some(PROPOSED), ..AddServices::new(JOINTLY_LINK, set(&["enrollment"])) };
    let given = given().and(ADA, add);
    let rows = |given: &Given, who: UserId, tenant, sent, state| {
        let filter = ProposalFilter { sent, state };
        told(given, Proposals { filter, ..Proposals::new(who.into(), tenant) }).rows
    };
    let sent = rows(&given, ADAM, MSP, true, None);
    assert_eq!((sent[0].proposal, sent[0].number.as_str()), (PROPOSED, "JOINTLY"));
    let received = rows(&given, JULIA, JOINTLY, false, Some(HandshakeState::Pending));
    assert_eq!(received[0].other.as_ref().map(|other| other.name.as_str()), Some("Msp"));
    assert_eq!((received[0].link, &received[0].content), (JOINTLY_LINK, &sent[0].content));
    assert_eq!(code(&given, Proposals::new(JACK.into(), JOINTLY)), RoleLacksPermission);
    let sent_by = |who: UserId| {
        let filter = ProposalFilter { sent: true, state: None };
        Proposals { filter, ..Proposals::new(who.into(), MSP) }
    };
    assert_eq!(code(&given, sent_by(RITA)), RoleLacksPermission);
    assert_eq!(code(&given, sent_by(JULIA)), UnknownTenant);
    let given = given.and(ADA, assign(ADAM, JOINTLY, "no_access"));
    assert_eq!(rows(&given, ADAM, MSP, true, None), [], "whoever is kept off is told of none");
    let given = given.and(JULIA, DeclineProposal::new(PROPOSED));
    assert_eq!(rows(&given, ADA, MSP, true, Some(HandshakeState::Declined)).len(), 1);
    assert_eq!(rows(&given, JULIA, JOINTLY, false, Some(HandshakeState::Pending)), []);
    let given = delinked(given);
    assert_eq!(rows(&given, JULIA, JOINTLY, false, None)[0].state, HandshakeState::Declined);
    assert_eq!(rows(&given, ADAM, MSP, true, None), [], "nor after it ended");
}

#[test]
fn q4_parties_remember_their_links_and_who_was_kept_off_is_told_of_none() {
    let given = given().and(ADA, assign(ADAM, JOINTLY, "no_access"));
    let rows = |given: &Given, who: Actor, tenant, manages, ended| {
        let filter = LinkFilter { manages, ended };
        told(given, Links { filter, ..Links::new(who, tenant) }).rows
    };
    assert_eq!(rows(&given, ADA.into(), MSP, true, None).len(), 2);
    assert_eq!(rows(&given, ADAM.into(), MSP, true, None).len(), 1);
    let given = delinked(given).later(1);
    let given = linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["manage"]);
    let own = rows(&given, JULIA.into(), JOINTLY, false, None);
    let shown: Vec<_> = own.iter().map(|row| (row.number.as_str(), row.status.as_str(), row.cause)).collect();
    assert_eq!(shown, [("SECOND", "Active", None), ("MSP", "Delinked", Some(EndCause::Delinked))]);
    assert_eq!((own[1].stage, own[1].ended, &own[1].other), (Stage::Delinked, Some(dawn()), &None));
    assert_eq!(own[0].other.as_ref().map(|other| other.name.as_str()), Some("Second"));
    assert_eq!(rows(&given, JULIA.into(), JOINTLY, false, Some(true)), own[1..]);
    assert_eq!(rows(&given, JIM.into(), JOINTLY, false, Some(false)), own[..1]);
    assert_eq!(rows(&given, STAFF, JOINTLY, false, None).len(), 2);
    // A manager is told of its own, and not of who was there before it.
    assert_eq!(rows(&given, NINA.into(), JOINTLY, false, None), own[..1]);
    let left = rows(&given, ADA.into(), MSP, true, Some(true));
    assert_eq!((left[0].number.as_str(), &left[0].other, left.len()), ("JOINTLY", &None, 1));
    assert_eq!(rows(&given, ADAM.into(), MSP, true, Some(true)), []);
    assert_eq!(code(&given, Links::new(ADA.into(), JOINTLY)), UnknownTenant);
    let ending = Links { filter: LinkFilter { manages: true, ended: None }, ..Links::new(RITA.into(), MSP) };
    assert_eq!(code(&given, ending), RoleLacksPermission);
    // Page by page, in one order.
    let mut list =
        Links { paging: Paging { limit: 1, ..Paging::default() }, ..Links::new(JULIA.into(), JOINTLY) };
    let first = told(&given, list.clone());
    list.paging.cursor = first.next;
    assert_eq!([first.rows, told(&given, list).rows].concat(), own);
}

#[test]
fn a2_alert_rules_name_people_to_those_who_may_see_them_and_else_their_organisation() {
    let given = given().under(|policy| policy.max_managers = 2);
    let given = linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"]);
    let set = SetAlertRule {
        additional: [JACK, ADA, RITA, NINA].into(),
        ..SetAlertRule::new(JOINTLY, text("battery"), Audience::GroupManagers)
    };
    let given = given.and(JULIA, set);
    type Told = (Vec<UserId>, Vec<TenantId>);
    let battery = |given: &Given, who: Actor| -> Told {
        let rows = told(given, AlertRules::new(who, JOINTLY)).rows;
        assert_eq!(rows.len(), given.policy().issue_categories.len());
        let row = rows.into_iter().find(|row| row.category.as_str() == "battery").unwrap();
        assert_eq!(row.audience, Audience::GroupManagers);
        (row.additional.into_iter().map(|one| one.user).collect(), row.organisations.into_iter().collect())
    };
    assert_eq!(battery(&given, JULIA.into()), (vec![JACK], vec![MSP, SECOND]));
    assert_eq!(battery(&given, JIM.into()), (vec![JACK], vec![MSP, SECOND]));
    assert_eq!(battery(&given, ADA.into()), (vec![ADA, RITA, JACK], vec![]), "a manager beside is not there");
    assert_eq!(battery(&given, NINA.into()), (vec![NINA, JACK], vec![]));
    assert_eq!(battery(&given, STAFF), (vec![ADA, RITA, NINA, JACK], vec![]));
    assert_eq!(code(&given, AlertRules::new(CARL.into(), JOINTLY)), UnknownTenant);
    assert_eq!(code(&given, AlertRules::new(NOEL.into(), MSP)), RoleLacksPermission);
    // Without a rule everybody's admins get them.
    let rows = told(&given, AlertRules::new(CARL.into(), ALONE)).rows;
    assert!(rows.iter().all(|row| row.audience == Audience::AllAdmins && row.additional.is_empty()));
    // Who has left gets nothing, and is not named.
    let given = given.and(JULIA, RemoveUser::new(JACK));
    let given = parted(given, JOINTLY_LINK);
    assert_eq!(battery(&given, JULIA.into()), (vec![], vec![SECOND]));
}

#[test]
fn q5_a_user_reads_what_is_kept_about_them() {
    let given = given().and(JACK, EditUser { email: Some(mail("james")), ..EditUser::new(JIM) });
    let profile = told(&given, MyProfile::new(JIM.into()));
    assert_eq!((profile.user, profile.home.tenant, profile.home.number.as_str()), (JIM, JOINTLY, "JOINTLY"));
    assert_eq!((profile.email, profile.new_email), (Some(mail("jim")), Some(mail("james"))));
    assert_eq!((profile.kind, profile.role), (TenantKind::Customer, Some(text("read_only"))));
    let later = given.later(40);
    assert_eq!(told(&later, MyProfile::new(JIM.into())).new_email, None, "it has lapsed");
    // Whoever may do nothing at all may know who they are.
    for who in [NOEL, FRED] {
        assert_eq!(told(&later, MyProfile::new(who.into())).user, who);
    }
    assert_eq!(code(&later, MyProfile::new(BOB.into())), UserNotActive);
    assert_eq!(code(&later, MyProfile::new(STAFF)), WrongActor);
}

#[test]
fn p12_my_permissions_are_what_checks_allow() {
    let several = |policy: &mut Policy| policy.max_managers = 2;
    let worlds = [
        given(),
        delinked(given()).and(STAFF, disable(ALONE)),
        linked(given_under(several), 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"])
            .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])))
            .and(ADA, assign(RITA, JOINTLY, "admin"))
            .and(ADA, assign(ADAM, FULLY, "no_access")),
    ];
    let people = [GINA, GUS, ADA, ADAM, RITA, NOEL, JULIA, JACK, JIM, FRED, NINA, CARL, CORA, ROB];
    let tenants = [GRAND, MSP, JOINTLY, FULLY, SECOND, ALONE, EMPTY, RESELLER, NOWHERE];
    let mut held = 0;
    for given in &worlds {
        let policy = given.policy();
        for (who, tenant) in people.into_iter().flat_map(|who| tenants.map(|tenant| (who, tenant))) {
            let told = match given.engine.ask(MyPermissions::new(who.into(), tenant)) {
                Ok(told) => told,
                Err(Error::Refused(refusal)) => {
                    assert!(matches!(refusal.code, UnknownTenant | UserNotActive), "{refusal:?}");
                    Vec::new()
                }
                Err(other) => panic!("{other:?}"),
            };
            for permission in &policy.permissions {
                let row = told.iter().find(|row| row.permission == *permission);
                let allowed = |service| given.verdict(who, permission.as_str(), tenant, service).allowed;
                assert_eq!(
                    row.is_some_and(|row| !row.services_only),
                    allowed(None),
                    "{who} {permission} {tenant}"
                );
                for service in &policy.services {
                    let listed = row.is_some_and(|row| row.services.contains(service));
                    assert_eq!(
                        listed,
                        allowed(Some(service.as_str())),
                        "{who} {permission} {tenant} {service}"
                    );
                }
            }
            held += told.len();
        }
    }
    assert!(held > 500, "{held} were held");
    let [given, ..] = &worlds;
    assert_eq!(code(given, MyPermissions::new(JULIA.into(), MSP)), UnknownTenant);
    assert_eq!(code(given, MyPermissions::new(STAFF, MSP)), WrongActor);
    assert_eq!(
        told(given, MyPermissions::new(FRED.into(), FULLY)),
        [],
        "locked out, they see that it is theirs"
    );
}

/// What somebody has asked, as `kind state`, the last first.
fn asked(given: &Given, who: UserId) -> Vec<String> {
    let rows = told(given, AskedByMe::new(who.into())).rows;
    let said = |row: AskedRow| match row.what {
        Requested::LinkRequest(row) => format!("link {}", row.state),
        Requested::ManagerInvitation(row) => format!("manager {}", row.state),
        Requested::Invitation(row) => format!("invitation {}", row.state),
        Requested::Proposal(row) => format!("proposal {}", row.state),
        Requested::Move(row) => format!("move {}", row.state),
        Requested::Delink(row) => format!("delink of {}", row.number),
        Requested::Address(row) => format!("address {}", row.state),
        other => panic!("{other:?}"),
    };
    rows.into_iter().map(said).collect()
}

#[test]
fn q5_what_one_has_asked_is_told_with_what_became_of_it_the_last_first() {
    let add =
        AddServices { proposal: Some(PROPOSED), ..AddServices::new(JOINTLY_LINK, set(&["enrollment"])) };
    let given = trade(MoveRule::Approval)
        .and(ROB, upload(1, MSP, &["SN-1"]))
        .later(1)
        .and(ADA, hand(JOINTLY, &["SN-1"]))
        .later(1)
        .and(ADA, ask(MSP, "ALONE", "jointly"))
        .later(1)
        .and(ADA, add)
        .later(1)
        .and(ADA, EditUser { email: Some(mail("rite")), ..EditUser::new(RITA) })
        .later(1)
        .and(ADA, RequestDelink::new(JOINTLY_LINK));
    let own = [
        "delink of JOINTLY",
        "address pending",
        "proposal pending",
        "link pending",
        "move pending",
        "invitation pending",
    ];
    assert_eq!(asked(&given, ADA), own);
    // What the organisation sends is its colleagues', too, as far as they may read it; the rest is hers.
    assert_eq!(asked(&given, ADAM), ["delink of JOINTLY", "proposal pending", "link pending"]);
    for nobody in [RITA, JULIA, GINA, NINA, CARL] {
        assert!(asked(&given, nobody).is_empty());
    }
    assert_eq!(code(&given, AskedByMe::new(STAFF)), WrongActor);
    // What became of it.
    let given = given
        .and(CARL, DeclineLink::new(ASKED))
        .and(JULIA, AcceptProposal::new(PROPOSED))
        .and(JULIA, DeclineMove::new(MOVE))
        .and(ADA, CancelAddress::new(RITA));
    let became = [
        "delink of JOINTLY",
        "address canceled",
        "proposal accepted",
        "link declined",
        "move declined",
        "invitation expired",
    ];
    assert_eq!(asked(&given.later(3), ADA), became);
}

#[test]
fn q5_what_one_has_asked_comes_page_by_page_and_to_nobody_who_is_kept_off() {
    let given = given()
        .and(CARL, InviteManager::new(ALONE, text("SECOND")))
        .later(1)
        .and(CARL, invite(ALONE, "admin"))
        .later(1)
        .and(CARL, EditUser { email: Some(mail("carlo")), ..EditUser::new(CARL) });
    let all = told(&given, AskedByMe::new(CARL.into())).rows;
    assert_eq!(asked(&given, CARL), ["address pending", "invitation pending", "manager pending"]);
    assert!(matches!(&all[0].what, Requested::Address(row) if row.new_email == Some(mail("carlo"))));
    for descending in [false, true] {
        let paging = Paging { limit: 1, descending, ..Paging::default() };
        let mut list = AskedByMe { paging, ..AskedByMe::new(CARL.into()) };
        let mut rows = Vec::new();
        loop {
            let page = told(&given, list.clone());
            rows.extend(page.rows);
            match page.next {
                Some(next) => list.paging.cursor = Some(next),
                None => break,
            }
        }
        if descending {
            rows.reverse();
        }
        assert_eq!(rows, all);
    }
    // An organisation's delink requests of a customer that somebody is kept off are not theirs to know.
    let given = given.and(ADA, RequestDelink::new(JOINTLY_LINK)).and(ADA, assign(ADAM, JOINTLY, "no_access"));
    assert!(asked(&given, ADA).contains(&"delink of JOINTLY".to_owned()));
    assert!(asked(&given, ADAM).is_empty());
    let given =
        given.and(JULIA, RejectDelink::new(JOINTLY_LINK)).and(JULIA, RequestDelink::new(JOINTLY_LINK));
    assert_eq!(asked(&given, JULIA), ["delink of MSP"]);
    assert!(asked(&given, JACK).is_empty());
    // A super admin of a disabled home goes on parting, and reads that they asked.
    let given = given.and(ADA, disable(JOINTLY));
    assert_eq!(asked(&given, JULIA), ["delink of MSP"]);
}

#[test]
fn q6_rows_carry_the_words_that_people_see() {
    let given = given().and(ADA, RequestDelink::new(JOINTLY_LINK));
    let rows = told(&given, Customers::new(ADA.into(), MSP)).rows;
    let status: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.status.as_str())).collect();
    assert_eq!(status, [("Fully", "Active"), ("Jointly", "Delink request by MSP")]);
    let details = told(&given, Customer::new(ADA.into(), MSP, JOINTLY));
    assert_eq!(details.row.status, details.row.stage.status());
    let given = given.and(JULIA, AcceptDelink::new(JOINTLY_LINK));
    let filter = CustomerFilter { stage: Some(Stage::Delinked), ..CustomerFilter::default() };
    let rows = told(&given, Customers { filter, ..Customers::new(ADA.into(), MSP) }).rows;
    assert_eq!(rows[0].status, "Delinked");
    // A verdict says what to do about it, as a refusal does.
    let no = given.verdict(ADA, "devices.view", JOINTLY, None);
    assert_eq!(no.remedy, no.reason.map(|reason| reason.remedy()));
    let said = serde_json::to_value(&no).unwrap();
    assert_eq!(said["remedy"].as_str(), no.remedy);
    assert_eq!(given.verdict(ADA, "devices.view", MSP, None).remedy, None);
}

#[test]
fn q4_a_link_that_time_ended_says_when_that_was_whether_or_not_it_is_recorded() {
    let term = Some(TermRequest::days(6));
    let given = given().and(ADA, AddCustomer { term, ..customer(MSP, "fully") });
    let ended = |given: &Given| {
        let filter = LinkFilter { manages: true, ended: Some(true) };
        told(given, Links { filter, ..Links::new(ADA.into(), MSP) }).rows[0].ended
    };
    let given = given.later(30);
    assert_eq!(ended(&given), Some(dawn().plus_days(6)));
    assert_eq!(ended(&given.swept().later(1)), Some(dawn().plus_days(6)));
}

#[test]
fn u1_q5_ones_own_new_address_is_told_to_a_super_admin_whose_home_is_disabled() {
    let new_email = |given: &Given| {
        let rows = told(given, AskedByMe::new(JULIA.into())).rows;
        rows.into_iter().find_map(|row| match row.what {
            Requested::Address(row) => row.new_email,
            _ => None,
        })
    };
    let given = given().and(JULIA, EditUser { email: Some(mail("julie")), ..EditUser::new(JULIA) });
    assert_eq!(new_email(&given), Some(mail("julie")));
    assert_eq!(new_email(&given.and(STAFF, disable(JOINTLY))), Some(mail("julie")));
}
