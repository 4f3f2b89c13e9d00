//! Order: where several refusals apply, the one with the least number is the answer.

use tenantry::base::text::Service;
use tenantry::model::{Actor, TenantKind, TermRequest};
use tenantry::refusal::Code;
use tenantry::refusal::Code::*;

use super::*;

#[test]
fn numbers_and_names_are_unique_and_ascend() {
    assert!(Code::ALL.is_sorted());
    for (place, code) in Code::ALL.iter().enumerate() {
        assert!(
            Code::ALL
                .iter()
                .skip(place + 1)
                .all(|other| other.number() > code.number() && other.name() != code.name())
        );
        assert_eq!(Code::named(code.name()), Some(*code));
    }
}

/// A command with everything wrong is mended one refusal at a time, and each is answered in its turn.
#[test]
fn a_new_customer_with_everything_wrong_is_mended_in_the_order_of_the_table() {
    let world = || {
        given()
            .and(ADA, prefix(JOINTLY, "acme"))
            .and(STAFF, user(EVE, ALONE, "eve", "admin"))
            .and(STAFF, user(OLGA, ALONE, "olga", "admin"))
            .and(CARL, BlockUser::new(EVE))
    };
    let mut command = AddCustomer {
        tenant: Some(JOINTLY),
        link: Some(NEW_LINK),
        number: Some(text("JOINTLY")),
        prefix: Some(text("acme")),
        owner: None,
        term: Some(TermRequest::days(0)),
        authorize: vec![Authorization { user: CORA, role: text("astronaut"), below: None }],
        ..AddCustomer::new(ALONE, TenantKind::Reseller, text("New"), text("someday"), set(&[]))
    };
    type Mend = fn(&mut AddCustomer);
    let steps: [(Code, Mend); 11] = [
        (UnknownRole, |it| it.authorize.clear()),
        (UnknownManagementType, |it| it.management = text("jointly")),
        (NoServices, |it| it.services = set::<Service>(&["laundry"])),
        (UnknownService, |it| it.services = set(&["manage"])),
        (TermTooLong, |it| it.term = None),
        (OwnerRequired, |it| it.owner = Some(invitee(EVE, OLGA_INVITATION, "ada"))),
        (IdTaken, |it| {
            it.tenant = Some(NEW);
            it.owner = Some(Invitee::new(mail("ada")));
        }),
        (NumberTaken, |it| it.number = None),
        (PrefixTaken, |it| it.prefix = None),
        (CannotManage, |it| it.manager = MSP),
        (CannotBeManaged, |it| it.kind = TenantKind::Customer),
    ];
    for (code, mend) in steps {
        let actor: Actor = if command.manager == ALONE { CARL.into() } else { STAFF };
        world().when(actor, command.clone()).then(refused(code));
        mend(&mut command);
    }
    // Whether an address is in use is told to nobody who asks for it (U-1).
    world().when(STAFF, command).then(done());
}

#[test]
fn of_two_that_apply_the_lesser_number_is_the_answer() {
    let wrong_word = |tenants: &[TenantId]| DeleteTenants::new(tenants.to_vec(), "no".to_owned());
    let depth = |most| given().under(|policy| policy.max_depth = most);
    let managers = |most| given().under(|policy| policy.max_managers = most);
    let asked = || given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let rows: Vec<(Given, Actor, Command, Code, Code)> = vec![
        (
            given(),
            NOBODY.into(),
            RegisterTenant::new(TenantKind::Msp, text("X")).into(),
            UnknownUser,
            WrongActor,
        ),
        (given(), BOB.into(), ReportReady::new(NOWHERE).into(), UserNotActive, UnknownTenant),
        (given(), ADA.into(), ChangeTenantKind::new(MSP, TenantKind::Msp).into(), WrongActor, TicketRequired),
        (
            given(),
            STAFF,
            ChangeTenantKind::new(NOWHERE, TenantKind::Msp).into(),
            TicketRequired,
            UnknownTenant,
        ),
        (
            given(),
            STAFF,
            RemoveService::new(FULLY_LINK, text("laundry")).into(),
            TicketRequired,
            ServiceNotOnLink,
        ),
        (given(), ADA.into(), wrong_word(&[NOWHERE]).into(), UnknownTenant, NotConfirmed),
        (given(), RITA.into(), wrong_word(&[FULLY]).into(), RoleLacksPermission, NotConfirmed),
        (given(), ADA.into(), wrong_word(&[FULLY, FULLY]).into(), DuplicateItem, NotConfirmed),
        (given(), ADA.into(), wrong_word(&[]).into(), EmptyBatch, NotConfirmed),
        (given(), GINA.into(), wrong_word(&[MSP]).into(), NotConfirmed, HasManagedTenants),
        (
            given().and(ADA, RequestDelink::new(GRAND_LINK)),
            GINA.into(),
            delete(&[MSP]).into(),
            HasManagedTenants,
            DelinkPending,
        ),
        (
            given().and(ADA, RequestDelink::new(JOINTLY_LINK)),
            ADA.into(),
            delete(&[JOINTLY]).into(),
            DelinkPending,
            DelinkFirst,
        ),
        (
            given().and(ADA, disable(JOINTLY)),
            ADA.into(),
            invite(JOINTLY, "admin").into(),
            TenantDisabled,
            NotGranted,
        ),
        (given(), ADAM.into(), assign(RITA, JOINTLY, "super_admin").into(), BeyondOwnRights, SuperAdminOnly),
        (given(), JACK.into(), UnblockUser::new(JULIA).into(), SuperAdminOnly, UserStateConflict),
        (given(), ROB.into(), ask(RESELLER, "RESELLER", "jointly").into(), SelfLink, CannotManage),
        (given(), CARL.into(), ask(ALONE, "RESELLER", "jointly").into(), CannotManage, CannotBeManaged),
        (depth(1), STAFF, ask(MSP, "GRAND", "jointly").into(), LinkCycle, TooDeep),
        (depth(1), STAFF, ask(SECOND, "MSP", "jointly").into(), TooDeep, TooManyManagers),
        (managers(1), STAFF, ask(SECOND, "FULLY", "fully").into(), TooManyManagers, ExclusiveLink),
        (managers(2), STAFF, ask(SECOND, "FULLY", "fully").into(), ExclusiveLink, ServicesOverlap),
        (given(), ADA.into(), ask(MSP, "JOINTLY", "fully").into(), AlreadyLinked, CannotBeAsked),
        (
            asked(),
            NINA.into(),
            RequestLink { services: set(&["laundry"]), ..ask(SECOND, "ALONE", "fully") }.into(),
            UnknownService,
            IdTaken,
        ),
        (asked(), NINA.into(), ask(SECOND, "ALONE", "jointly").into(), IdTaken, LinkAlreadyRequested),
        (
            given()
                .and(JULIA, RequestDelink::new(JOINTLY_LINK))
                .under(|policy| policy.customer_may_request_delink = false)
                .agreed(JOINTLY_LINK),
            JULIA.into(),
            RequestDelink::new(JOINTLY_LINK).into(),
            DelinkNotOffered,
            AlreadyRequested,
        ),
        (
            delinked(given()),
            ADA.into(),
            ConvertLink::new(JOINTLY_LINK, text("someday")).into(),
            UnknownManagementType,
            LinkEnded,
        ),
        (
            given().and(JACK, invite(JOINTLY, "admin")).and(STAFF, disable(JOINTLY)),
            EVE.into(),
            AcceptInvitation::new(EVE_INVITATION, mail("eva")).into(),
            TenantDisabled,
            OtherAddress,
        ),
        (
            given().and(JACK, invite(JOINTLY, "admin")).and(JACK, RevokeInvitation::new(EVE_INVITATION)),
            EVE.into(),
            AcceptInvitation::new(EVE_INVITATION, mail("jim")).into(),
            OtherAddress,
            AlreadyMember,
        ),
        (
            given()
                .and(JACK, invite(JOINTLY, "admin"))
                .later(7)
                .and(STAFF, user(OLGA, ALONE, "eve", "admin")),
            EVE.into(),
            AcceptInvitation::new(EVE_INVITATION, mail("eve")).into(),
            InvitationExpired,
            EmailTaken,
        ),
    ];
    for (given, actor, command, code, other) in rows {
        assert!(code < other, "{code} comes before {other}");
        given.when(actor, command).then(refused(code));
    }
}

#[test]
fn of_a_batch_the_item_with_the_least_number_is_the_answer_and_all_are_listed() {
    let given = given().and(NINA, customer(SECOND, "fully"));
    let when =
        given.when(STAFF, DeleteTenants::new(vec![JOINTLY, SECOND, NOWHERE, FULLY], "delete".to_owned()));
    let items: Vec<_> = when.refusal().items.iter().map(|item| (item.index, item.code)).collect();
    assert_eq!(items, [(0, DelinkFirst), (1, HasManagedTenants), (2, UnknownTenant)]);
    assert_eq!(when.refusal().about, NOWHERE.to_string());
    when.then(refused(UnknownTenant));
}
