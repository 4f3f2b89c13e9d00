use crate::layout::*;
use crate::refusal::Code;

#[test]
fn a_tenants_word_says_what_was_put_into_it() {
    let flags = [
        TenantWord::LIVING,
        TenantWord::ENABLED,
        TenantWord::OVERFLOWED,
        TenantWord::GUESTS,
        TenantWord::CHAINED,
    ];
    for managers in [
        Managers::None,
        Managers::One { manager: u32::MAX, shape: MAX_SHAPES - 1 },
        Managers::Several { block: u32::MAX },
    ] {
        for chosen in 0..1 << flags.len() {
            let is_set = |place: usize| chosen >> place & 1 != 0;
            let all = flags.iter().enumerate();
            let word = all.fold(TenantWord::default(), |word, (place, flag)| word.with(*flag, is_set(place)));
            let word = word.managed_by(Managers::Several { block: 5 }).managed_by(managers);
            assert_eq!(TenantWord::unpack(word.pack()), word);
            assert_eq!(word.managers(), managers);
            assert_eq!(word.is_managed(), managers != Managers::None);
            for (place, flag) in flags.iter().enumerate() {
                assert_eq!(word.has(*flag), is_set(place));
                assert!(!word.with(*flag, false).has(*flag));
            }
            assert_eq!(word.is_open(), is_set(0) && is_set(1));
        }
    }
}

#[test]
fn a_users_word_says_what_was_put_into_it() {
    let roles =
        [None, Some(Assigned { role: (1 << 26) - 1, below: true }), Some(Assigned { role: 0, below: false })];
    for (assigned, before) in roles.into_iter().zip(roles.into_iter().cycle().skip(1)) {
        for acts in [false, true] {
            let word = UserWord::default().at_home_on(7).holding(before);
            let word = word.with(UserWord::KNOWN, true).with(UserWord::ACTS, acts);
            let word = word.with(UserWord::ACTIVE, true).at_home_on(u32::MAX).holding(assigned);
            assert_eq!(UserWord::unpack(word.pack()), word);
            assert_eq!((word.home(), word.assigned(), word.can_act()), (u32::MAX, assigned, acts));
            assert_eq!(word.acts(), reason::UNKNOWN_USER | bit_if(acts, reason::USER_NOT_ACTIVE));
            assert_eq!(word.holds(), bit_if(assigned.is_some(), reason::NO_ASSIGNMENT));
            let reaches = assigned.is_some_and(|assigned| assigned.below);
            assert_eq!(word.reaches(), bit_if(reaches, reason::NO_ASSIGNMENT));
            assert!(word.has(UserWord::ACTIVE) && !word.with(UserWord::ACTIVE, false).has(UserWord::ACTIVE));
        }
    }
}

#[test]
fn what_is_packed_is_unpacked() {
    let lists = TenantLists { managed: 7, assignments: u32::MAX };
    assert_eq!(TenantLists::unpack(lists.pack()), lists);
    let lists = UserLists { away: u32::MAX, next: 5 };
    assert_eq!(UserLists::unpack(lists.pack()), lists);
    let assigned = Assigned { role: u32::MAX >> 1, below: true };
    assert_eq!(Assigned::unpack(assigned.pack()), assigned);
    let seat = Seat::new(MAX_SEATED_USER, ROLE_ELSEWHERE);
    assert_eq!((seat.user(), seat.code()), (MAX_SEATED_USER, ROLE_ELSEWHERE));
    let entry = ManagedEntry::new(MAX_SHAPES - 1).with(ManagedEntry::ONLY, true);
    let entry = ManagedEntry::unpack(entry.pack());
    assert!(entry.is_simple() && !entry.with(ManagedEntry::MANAGES, true).is_simple());
    assert_eq!((entry.shape(), entry.has(ManagedEntry::OPEN)), (MAX_SHAPES - 1, false));
    for (holds, ends) in [(true, None), (false, Some(0)), (true, Some(-5)), (false, Some(i64::MAX))] {
        let link = LinkWords { manager: 9, shape: 3, holds, ends };
        let (word, ends) = link.pack();
        assert_eq!(LinkWords::unpack(word, ends), Some(link));
    }
    assert_eq!(LinkWords::unpack(0, 0), None);
}

#[test]
fn a_permission_that_the_policy_does_not_have_is_in_no_mask() {
    let last = PermissionBits::at(127).with(PermissionBits::RESERVED, true);
    assert!(last.is_known() && last.is_in(1 << 63) && !last.is_in(!(1 << 63)));
    assert_eq!((last.half(), last.operates()), (1, 0));
    assert_eq!(last.reserved(), reason::RESERVED_FOR_CUSTOMER);
    let unknown = PermissionBits::default().with(PermissionBits::OPERATES, true);
    assert!(!unknown.is_known() && !unknown.is_in(u64::MAX));
    assert_eq!(unknown.operates(), reason::TENANT_DISABLED);
}

#[test]
fn the_first_reason_that_applies_is_the_one_with_the_least_bit() {
    assert_eq!(first_reason(0), None);
    assert_eq!(first_reason(reason::NOT_GRANTED | reason::NOT_LINKED), Some(Code::NotLinked));
    assert_eq!(first_reason(reason::ROLE_LACKS_PERMISSION), Some(Code::RoleLacksPermission));
}
