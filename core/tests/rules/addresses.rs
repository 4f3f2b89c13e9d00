//! How somebody comes to another address (U-1).

use tenantry::base::text::Email;
use tenantry::event::Event;
use tenantry::model::{Actor, AddressChange, HandshakeState, Patch, Personal, Subject};
use tenantry::refusal::Code::*;

use super::*;

fn change(user: UserId, name: &str) -> EditUser {
    EditUser { email: Some(mail(name)), ..EditUser::new(user) }
}

fn confirm(user: UserId, name: &str) -> ConfirmAddress {
    ConfirmAddress::new(user, mail(name))
}

fn known(given: &Given, user: UserId) -> Personal {
    given.engine.read().unwrap().now().unwrap().host().personal(Subject::User(user)).unwrap().unwrap()
}

/// The address that somebody has, and the one that they are asked to confirm.
fn has(given: &Given, user: UserId, name: &str, new: Option<&str>) {
    let known = known(given, user);
    assert_eq!((known.email, known.new_email), (Some(mail(name)), new.map(mail)));
}

fn state(given: &Given, user: UserId) -> HandshakeState {
    given.get::<AddressChange>(user.uuid()).handshake.state
}

fn asked() -> Given {
    given().and(JIM, change(JIM, "james"))
}

/// Does something by which the change of an address ends, in its record.
#[track_caller]
fn ends(given: Given, who: impl Into<Actor>, what: impl Into<Command>, user: UserId) -> Given {
    let when = given.when(who, what);
    let ended = |event: &Event| *event == Event::AddressWithdrawn { user };
    assert!(when.events().iter().any(ended), "{:?}", when.events());
    let given = when.then(done());
    assert_eq!(state(&given, user), HandshakeState::Withdrawn);
    assert_eq!(known(&given, user).new_email, None);
    given.verified();
    given
}

#[test]
fn u1_another_address_is_asked_for_and_stands_once_it_is_confirmed() {
    for (who, user, name, expected) in [
        (Actor::User(JIM), JIM, "james", happened(&["address_requested"])),
        (JACK.into(), JIM, "james", happened(&["address_requested"])),
        (STAFF, JIM, "james", happened(&["user_edited"])),
        (JIM.into(), JACK, "james", refused(RoleLacksPermission)),
        (JIM.into(), JIM, "jim", refused(NothingToDo)),
        (JACK.into(), JIM, "jim", refused(NothingToDo)),
        (FRED.into(), FRED, "freddy", happened(&["address_requested"])),
        (NINA.into(), JIM, "james", refused(NoSuchUser)),
        (ADA.into(), JIM, "james", refused(NotGranted)),
        (ADA.into(), IVY, "ivory", refused(UserStateConflict)),
        (BOB.into(), BOB, "bobby", refused(UserNotActive)),
    ] {
        given().when(who, change(user, name)).then(expected);
    }
    let folded = EditUser { email: Some(text("JIM@Example.COM")), ..EditUser::new(JIM) };
    given().when(JIM, folded).then(refused(NothingToDo));
    // The old one stands until then: for mail, for looking people up, and for whoever else wants it.
    let given = asked();
    has(&given, JIM, "jim", Some("james"));
    let given = given.when(STAFF, user(EVE, ALONE, "jim", "admin")).then(refused(EmailTaken));
    let given = given.and(STAFF, user(EVE, ALONE, "eve", "admin"));
    let given = given.when(JIM, confirm(JIM, "james")).then(happened(&["address_confirmed"]));
    has(&given, JIM, "james", None);
    assert_eq!(state(&given, JIM), HandshakeState::Accepted);
    let given = given.when(STAFF, user(OLGA, ALONE, "jim", "admin")).then(done());
    let given = given.when(JIM, confirm(JIM, "james")).then(refused(AddressNotPending));
    given.verified();
    // A name changes at once.
    let both = EditUser { name: Patch::Set(text("James")), ..change(JIM, "james") };
    let given = super::given().when(JIM, both).then(happened(&["address_requested", "user_edited"]));
    assert_eq!(known(&given, JIM).name, Some(text("James")));
    has(&given, JIM, "jim", Some("james"));
}

#[test]
fn u1_the_whole_table_of_an_address_that_is_asked_for() {
    type Make<'a> = &'a dyn Fn() -> Given;
    let confirmed = || asked().and(JIM, confirm(JIM, "james"));
    let canceled = || asked().and(JIM, CancelAddress::new(JIM));
    let expired = || asked().later(7).swept();
    let withdrawn = || asked().and(JACK, RemoveUser::new(JIM));
    let over = refused(AddressNotPending);
    let rows: [(Make<'_>, HandshakeState, [Expected; 2]); 5] = [
        (
            &asked,
            HandshakeState::Pending,
            [happened(&["address_confirmed"]), happened(&["address_canceled"])],
        ),
        (&confirmed, HandshakeState::Accepted, [over; 2]),
        (&canceled, HandshakeState::Canceled, [over; 2]),
        (&expired, HandshakeState::Expired, [refused(AddressExpired); 2]),
        (&withdrawn, HandshakeState::Withdrawn, [over; 2]),
    ];
    for (make, handshake, [confirming, canceling]) in rows {
        let given = make();
        assert_eq!(state(&given, JIM), handshake);
        // What ended is known no more.
        assert_eq!(known(&given, JIM).new_email.is_some(), handshake == HandshakeState::Pending);
        given.verified();
        make().when(STAFF, confirm(JIM, "james")).then(confirming);
        make().when(STAFF, CancelAddress::new(JIM)).then(canceling);
    }
    // It lapses at its moment, whether or not the clock has swept.
    let lapsed = asked().later(7);
    lapsed.when(JIM, confirm(JIM, "other")).then(refused(AddressExpired)).verified();
    asked().later(6).when(JIM, confirm(JIM, "james")).then(done());
    given().when(JIM, confirm(JIM, "james")).then(over);
    given().when(JIM, CancelAddress::new(JIM)).then(over);
}

#[test]
fn u1_confirming_is_for_the_user_alone_and_wants_the_same_address() {
    for (who, name, expected) in [
        (Actor::User(JIM), "james", done()),
        (JIM.into(), "jimmy", refused(OtherAddress)),
        (JIM.into(), "jim", refused(OtherAddress)),
        (STAFF, "james", done()),
        (STAFF, "jimmy", refused(OtherAddress)),
        (Actor::Clock, "james", refused(WrongActor)),
        // Nobody else, be they who asked or manages users.
        (JACK.into(), "james", refused(NoSuchUser)),
        (JULIA.into(), "james", refused(NoSuchUser)),
        (ADA.into(), "james", refused(NoSuchUser)),
        (NINA.into(), "james", refused(NoSuchUser)),
        (NOBODY.into(), "james", refused(UnknownUser)),
    ] {
        given().and(JACK, change(JIM, "james")).when(who, confirm(JIM, name)).then(expected);
    }
    for (who, expected) in [
        (Actor::User(JIM), done()),
        (JACK.into(), done()),
        (STAFF, done()),
        (CARL.into(), refused(NoSuchUser)),
        (ADA.into(), refused(NotGranted)),
    ] {
        asked().when(who, CancelAddress::new(JIM)).then(expected);
    }
    // Whoever cannot act confirms nothing, and what was asked of them waits.
    let blocked = asked().and(JACK, BlockUser::new(JIM));
    assert_eq!(state(&blocked, JIM), HandshakeState::Pending);
    let blocked = blocked.when(JIM, confirm(JIM, "james")).then(refused(UserNotActive));
    blocked.and(JACK, UnblockUser::new(JIM)).when(JIM, confirm(JIM, "james")).then(done());
    let disabled = asked().and(STAFF, disable(JOINTLY));
    disabled.when(JIM, confirm(JIM, "james")).then(refused(UserNotActive));
}

/// Everything that whoever asks for an address is told: what comes of it, their lists, their audit.
fn told(given: &Given, who: UserId, tenant: TenantId) -> String {
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let json = |value: serde_json::Value| value.to_string();
    [
        json(serde_json::to_value(now.ask(Users::new(who.into(), tenant)).unwrap()).unwrap()),
        json(serde_json::to_value(now.ask(Invitations::new(who.into(), tenant)).unwrap()).unwrap()),
        json(serde_json::to_value(now.ask(Awaiting::new(who.into())).unwrap()).unwrap()),
        json(serde_json::to_value(now.ask(Audit::new(who.into(), tenant)).unwrap().rows).unwrap()),
    ]
    .concat()
}

#[test]
fn u1_t9_whether_an_address_is_in_use_is_told_to_nobody_who_asks_for_it() {
    // Two worlds: somebody of another tenant has the address, or another one of the same length.
    let world =
        |name: &str| given().and(STAFF, user(EVE, ALONE, name, "admin")).and(ADA, customer(MSP, "fully"));
    let owner = Some(invitee(OLGA, OLGA_INVITATION, "taken"));
    let commands: [(UserId, TenantId, Command); 6] = [
        (
            JACK,
            JOINTLY,
            InviteUser::new(JOINTLY, invitee(OLGA, OLGA_INVITATION, "taken"), text("admin")).into(),
        ),
        (
            ADA,
            MSP,
            AddCustomer { owner: owner.clone(), tenant: None, link: None, ..customer(MSP, "jointly") }.into(),
        ),
        (ADA, MSP, ConvertLink { owner, ..ConvertLink::new(NEW_LINK, text("jointly")) }.into()),
        (JIM, JOINTLY, change(JIM, "taken").into()),
        (JACK, JOINTLY, change(JIM, "taken").into()),
        // A colleague's address is no other, where one asks to have it.
        (JACK, JOINTLY, change(JIM, "julia").into()),
    ];
    for (who, tenant, command) in commands {
        let one = |name: &str| {
            let when = world(name).when(who, command.clone());
            // The hash is over commitments to what is known, whose salts nobody else guesses.
            let receipt = when.receipt();
            let receipt = (receipt.seq(), receipt.at, receipt.outcome.clone());
            let given = when.then(done());
            let reader = if who == JIM { JACK } else { who };
            let mail = given.engine.notices("mailer", usize::MAX).unwrap();
            let told =
                told(&given, if tenant == MSP { ADA } else { JULIA }, tenant) + &told_short(&given, reader);
            (receipt, told, format!("{:?}", mail.notices.last()))
        };
        let (there, nowhere) = (one("taken"), one("token"));
        assert_eq!(there, nowhere, "{command:?}");
    }
    // Reminding tells no more.
    for name in ["taken", "token"] {
        world(name)
            .and(JIM, change(JIM, "taken"))
            .when(JIM, change(JIM, "taken"))
            .then(happened(&["address_resent"]));
    }
}

fn told_short(given: &Given, who: UserId) -> String {
    let read = given.engine.read().unwrap();
    let awaiting = read.now().unwrap().ask(Awaiting::new(who.into())).unwrap();
    serde_json::to_string(&awaiting).unwrap()
}

#[test]
fn u1_an_address_is_taken_by_whoever_confirms_it_first_and_the_second_is_told() {
    let both = || asked().and(CARL, change(CARL, "james"));
    let first = both().when(JIM, confirm(JIM, "james")).then(done());
    first.when(CARL, confirm(CARL, "james")).then(refused(EmailTaken)).verified();
    let first = both().when(CARL, confirm(CARL, "james")).then(done());
    first.when(JIM, confirm(JIM, "james")).then(refused(EmailTaken));
    // A colleague has it: so they are told.
    let colleague = given().and(JIM, change(JIM, "jack"));
    colleague.when(JIM, confirm(JIM, "jack")).then(refused(AlreadyMember));
    // Between an invitation and a change of address it is the same.
    let invited = || {
        asked().and(CARL, InviteUser::new(ALONE, invitee(EVE, EVE_INVITATION, "james"), text("read_only")))
    };
    let accept = || AcceptInvitation::new(EVE_INVITATION, mail("james"));
    invited().and(JIM, confirm(JIM, "james")).when(EVE, accept()).then(refused(EmailTaken));
    invited().and(EVE, accept()).when(JIM, confirm(JIM, "james")).then(refused(EmailTaken));
    // Whoever invites somebody who is a user elsewhere is not told, but they are.
    let elsewhere =
        given().and(JACK, InviteUser::new(JOINTLY, invitee(EVE, EVE_INVITATION, "ada"), text("admin")));
    let accept = AcceptInvitation::new(EVE_INVITATION, mail("ada"));
    elsewhere.when(EVE, accept).then(refused(EmailTaken));
}

#[test]
fn u1_the_operator_gives_an_address_at_once_and_ends_what_was_asked() {
    let when = asked().when(STAFF, change(JIM, "jimmy"));
    let given = when.then(happened(&["address_canceled", "user_edited"]));
    has(&given, JIM, "jimmy", None);
    let given = given.when(JIM, confirm(JIM, "james")).then(refused(AddressNotPending));
    given.verified();
    for (name, code) in [("jack", AlreadyMember), ("ada", EmailTaken)] {
        super::given().when(STAFF, change(JIM, name)).then(refused(code));
    }
    // A name alone ends nothing.
    let name = EditUser { name: Patch::Set(text("James")), ..EditUser::new(JIM) };
    has(&asked().and(STAFF, name), JIM, "jim", Some("james"));
}

#[test]
fn u1_another_address_replaces_the_one_that_was_asked_for() {
    let given = asked().later(5).when(JACK, change(JIM, "jimmy")).then(happened(&["address_requested"]));
    has(&given, JIM, "jim", Some("jimmy"));
    let given = given.when(JIM, confirm(JIM, "james")).then(refused(OtherAddress));
    // It has its own time.
    let given = given.later(6).when(JIM, confirm(JIM, "jimmy")).then(done());
    given.verified();
    // What is asked for already is reminded of, and that prolongs nothing.
    let given = asked().later(5).when(JACK, change(JIM, "james")).then(happened(&["address_resent"]));
    let change = given.get::<AddressChange>(JIM.uuid());
    assert_eq!(change.handshake.sender, Some(Subject::User(JACK)));
    given.later(2).when(JIM, confirm(JIM, "james")).then(refused(AddressExpired));
}

#[test]
fn u1_l3_a_change_of_address_ends_with_its_senders_right_to_ask_for_it() {
    let by_admin = || given().and(ADAM, change(RITA, "rosa"));
    for what in [
        Command::from(BlockUser::new(ADAM)),
        RemoveUser::new(ADAM).into(),
        assign(ADAM, MSP, "read_only").into(),
        // What the user holds by then, the sender could not hand out.
        assign(RITA, JOINTLY, "super_admin").into(),
        assign(RITA, MSP, "super_admin").into(),
    ] {
        let ended = ends(by_admin(), ADA, what, RITA);
        let ended = ended.when(RITA, confirm(RITA, "rosa")).then(refused(AddressNotPending));
        ended.when(RITA, change(RITA, "rosa")).then(happened(&["address_requested"]));
    }
    ends(by_admin(), GINA, disable(MSP), RITA);
    // What one asks for oneself ends with oneself.
    ends(asked(), JACK, RemoveUser::new(JIM), JIM);
    for what in [Command::from(BlockUser::new(JIM)), assign(JIM, JOINTLY, "no_access").into()] {
        assert_eq!(state(&asked().and(JACK, what), JIM), HandshakeState::Pending);
    }
    // What a manager's people ask rests on the grant, and on the link.
    let granted =
        || given().and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage", "roles.manage"])));
    let by_manager =
        || granted().and(JULIA, assign(JIM, JOINTLY, "no_access")).and(ADA, change(JIM, "james"));
    ends(by_manager(), JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["roles.manage"])), JIM);
    ends(
        by_manager().and(ADA, RequestDelink::new(JOINTLY_LINK)),
        JULIA,
        AcceptDelink::new(JOINTLY_LINK),
        JIM,
    );
    // Whoever reminds becomes the sender.
    let taken_up = by_admin().and(ADA, change(RITA, "rosa")).and(ADA, BlockUser::new(ADAM));
    taken_up.when(RITA, confirm(RITA, "rosa")).then(done()).verified();
    // A right that time took is gone at its moment.
    let short = Some(tenantry::model::TermRequest::days(3));
    let managed = given()
        .and(ADA, AddCustomer { term: short, owner: None, ..customer(MSP, "fully") })
        .and(STAFF, user(EVE, NEW, "eve", "read_only"))
        .and(ADA, change(EVE, "eva"));
    let ended = managed.later(3).when(EVE, confirm(EVE, "eva")).then(refused(AddressNotPending));
    ended.verified();
}

#[test]
fn u1_l3_an_address_is_not_asked_for_more_often_than_the_policy_allows() {
    let few = || given().under(|policy| policy.asks_per_day = 3);
    let again = |given: Given| given.and(JIM, change(JIM, "james"));
    let often = || again(again(again(few())));
    let when = often().when(JIM, change(JIM, "james"));
    assert_eq!(when.refusal().about, dawn().plus_days(1).to_string());
    let given = when.then(refused(TooManyRequests));
    // Asking for another one, or anew, is no way around it; the operator is not bound.
    let given = given.when(JACK, change(JIM, "jimmy")).then(refused(TooManyRequests));
    let given = given.and(JIM, CancelAddress::new(JIM));
    let given = given.when(JIM, change(JIM, "james")).then(refused(TooManyRequests));
    let given = given.when(STAFF, change(JIM, "james")).then(done());
    given.later(1).when(JIM, change(JIM, "jimmy")).then(done()).verified();
    // Invitations to the same address count as well.
    let mut given = few();
    for _ in 0..3 {
        let invite = InviteUser::new(JOINTLY, Invitee::new(mail("james")), text("admin"));
        let when = given.when(JACK, invite);
        let sent = when.events().iter().find_map(|event| match event {
            Event::UserInvited { invitation, .. } => Some(*invitation),
            _ => None,
        });
        given = when.then(done()).and(JACK, RevokeInvitation::new(sent.unwrap()));
    }
    given.when(JIM, change(JIM, "james")).then(refused(TooManyRequests));
}

#[test]
fn u1_t9_the_new_address_is_shown_to_the_user_and_to_whoever_manages_them_at_home() {
    let shown = |given: &Given, who: Actor| {
        let read = given.engine.read().unwrap();
        let rows = read.now().unwrap().ask(Users::new(who, JOINTLY)).unwrap().rows;
        rows.into_iter().find(|row| row.user == JIM).unwrap().new_email
    };
    let granted = || {
        asked()
            .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage", "roles.manage"])))
            .and(JULIA, assign(JIM, JOINTLY, "read_only"))
            .and(STAFF, user(EVE, JOINTLY, "eve", "read_only"))
    };
    for (who, sees) in [
        (Actor::User(JIM), true),
        (JACK.into(), true),
        (JULIA.into(), true),
        (STAFF, true),
        // They see users and manage none, or are of another organisation.
        (EVE.into(), false),
        (ADA.into(), false),
    ] {
        assert_eq!(shown(&granted(), who.clone()), sees.then(|| mail("james")), "{who:?}");
    }
    let later = granted().later(7);
    assert_eq!(shown(&later, JIM.into()), None, "what has lapsed is not shown");
    // It awaits the user's answer, and nobody else's.
    let awaiting = |given: &Given, who: UserId| {
        let read = given.engine.read().unwrap();
        read.now().unwrap().ask(Awaiting::new(who.into())).unwrap().rows
    };
    let rows = awaiting(&asked(), JIM);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].what, Awaited::Address { email: mail("james") });
    assert_eq!((rows[0].tenant, rows[0].by.tenant), (JOINTLY, JOINTLY));
    for nobody in [JACK, JULIA, ADA] {
        assert_eq!(awaiting(&asked(), nobody), []);
    }
    assert_eq!(awaiting(&asked().later(7), JIM), []);
}

#[test]
fn u1_q2_the_audit_tells_that_an_address_was_asked_for_and_never_which() {
    let given = asked().and(JIM, confirm(JIM, "james"));
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let rows = now.ask(Audit::new(JULIA.into(), JOINTLY)).unwrap().rows;
    let commands: Vec<_> = rows.iter().rev().filter_map(|row| row.command.clone()).take(2).collect();
    assert_eq!(commands, ["confirm_address", "edit_user"]);
    let all: Vec<_> = given.engine.records_after(0, 10_000).unwrap();
    for text in [serde_json::to_string(&rows).unwrap(), format!("{all:?}")] {
        assert!(!text.contains("james@") && !text.contains("jim@"));
    }
    // Across the border whoever acted is not named.
    let rows = now.ask(Audit::new(ADA.into(), JOINTLY)).unwrap().rows;
    let ours = rows.iter().filter(|row| serde_json::to_string(row).unwrap().contains("\"address_"));
    let ours: Vec<_> = ours.collect();
    assert_eq!(ours.len(), 2);
    assert!(!format!("{ours:?}").contains(&JIM.to_string()));
}

#[test]
fn u1_a4_whether_an_address_still_waits_is_told_with_its_notice() {
    let settled = |given: &Given| -> Vec<(&'static str, bool)> {
        let notices = given.engine.notices("mailer", usize::MAX).unwrap().notices;
        let ours = notices.iter().filter(|notice| notice.kind.name().starts_with("address"));
        ours.map(|notice| (notice.kind.name(), notice.settled)).collect()
    };
    let warning = ("address_change_warning", false);
    let vain = ("address_change_warning", true);
    assert_eq!(settled(&asked()), [("address_change", false), warning]);
    assert_eq!(settled(&asked().later(7)), [("address_change", true), vain]);
    let canceled = asked().and(JIM, CancelAddress::new(JIM));
    assert_eq!(settled(&canceled), [("address_change", true), vain]);
    let confirmed = asked().and(JIM, confirm(JIM, "james"));
    assert_eq!(settled(&confirmed), [("address_change", true), warning, ("address_changed", false)]);
    // One that another took the place of is settled, too.
    let replaced = asked().later(1).and(JIM, change(JIM, "jimmy"));
    let both = [("address_change", true), vain, ("address_change", false), warning];
    assert_eq!(settled(&replaced), both);
}

#[test]
fn u1_a4_the_address_that_somebody_had_is_warned_however_fast_they_lose_it() {
    let addresses = |given: &Given| -> Vec<(&'static str, Option<Email>)> {
        let notices = given.engine.notices("mailer", usize::MAX).unwrap().notices;
        let ours = notices.iter().filter(|notice| notice.kind.name().starts_with("address_change"));
        ours.map(|notice| (notice.kind.name(), notice.address.clone())).collect()
    };
    let (change_to, warning) = ("address_change", "address_change_warning");
    let pending = [(change_to, Some(mail("james"))), (warning, Some(mail("jim")))];
    assert_eq!(addresses(&asked()), pending);
    // Twice in a moment, and nobody has read the mail meanwhile.
    let taken = asked().and(JIM, confirm(JIM, "james"));
    let told = [(change_to, None), (warning, Some(mail("jim"))), ("address_changed", None)];
    assert_eq!(addresses(&taken), told);
    let again = taken.later(1).and(JIM, change(JIM, "thief")).and(JIM, confirm(JIM, "thief"));
    let second = [(change_to, None), (warning, Some(mail("james"))), ("address_changed", None)];
    assert_eq!(addresses(&again), [told, second].concat());
    has(&again, JIM, "thief", None);
    // What nobody can be told by any more is forgotten with the next change, all of it with the person.
    let later = again.later(40).and(JIM, change(JIM, "jim")).and(JIM, confirm(JIM, "jim"));
    let warned: Vec<_> = addresses(&later).into_iter().filter(|(kind, _)| *kind == warning).collect();
    let last = (warning, Some(mail("thief")));
    assert_eq!(warned, [(warning, None), (warning, None), last], "nobody is warned of themselves");
    let former: Vec<_> = known(&later, JIM).former.into_iter().map(|had| had.email).collect();
    assert_eq!(former, [mail("thief")]);
    later.verified();
}

#[test]
fn u1_the_address_that_somebody_had_is_told_from_others_by_the_record_and_not_by_the_moment() {
    // Of a clock that stands, as where one that was ahead is waited for.
    let moved = |given: Given, to: &str| given.and(JIM, change(JIM, to)).and(JIM, confirm(JIM, to));
    let given = moved(moved(given(), "james"), "jimmy").and(JIM, change(JIM, "thief"));
    let warned = |given: &Given| -> Vec<(bool, Option<Email>)> {
        let notices = given.engine.notices("mailer", usize::MAX).unwrap().notices;
        let ours = notices.iter().filter(|notice| notice.kind.name() == "address_change_warning");
        ours.map(|notice| (notice.settled, notice.address.clone())).collect()
    };
    let each = ["jim", "james", "jimmy"].map(|had| (false, Some(mail(had))));
    assert_eq!(warned(&given), each);
    assert_eq!(warned(&given.and(JIM, confirm(JIM, "thief"))), each);
}

#[test]
fn u1_t9_nobody_of_another_organisation_finds_out_which_address_waits() {
    let given = || {
        let grants = SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage", "roles.manage"]));
        let given = given().and(JULIA, grants).and(JULIA, assign(JIM, JOINTLY, "no_access"));
        given.and(JULIA, change(JIM, "pending"))
    };
    for guess in ["pending", "another"] {
        given().when(ADA, change(JIM, guess)).then(happened(&["address_requested"]));
    }
    given().when(JULIA, change(JIM, "pending")).then(happened(&["address_resent"])).verified();
}

#[test]
fn u1_u5_no_file_holds_an_address_that_nobody_is_asked_to_confirm() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let options = FileOptions::default().synchronous(Synchronous::Normal);
    let given = given_on(SqliteStore::open(&path, options).unwrap());
    let holds = |name: &str| {
        let secret = format!("{name}@example.com");
        std::fs::read_dir(place.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
        })
    };
    let given = given.and(JIM, change(JIM, "traceable"));
    assert!(holds("traceable"));
    let given = given.and(JIM, CancelAddress::new(JIM));
    // What is in the log of the file goes when the next erasure empties it.
    let given = given.and(JIM, change(JIM, "findable")).and(JULIA, RemoveUser::new(JIM));
    let given = given.and(JULIA, ErasePersonal::new(Subject::User(JIM)));
    assert!(!holds("traceable") && !holds("findable") && !holds("jim"));
    given.verified();
}
