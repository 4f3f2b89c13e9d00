//! The expected "no": one table of codes, each numbered, named, explained, with its remedy.
//!
//! The order of the table is the order of precedence: where several codes apply to a command, the
//! first is the answer. Numbers and names are never reused. Verdicts use the same names for their
//! reasons.
//!
//! ```
//! use tenantry::{Actor, Code, Engine, TenantKind, command::RegisterTenant};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::memory()?;
//! let named = |name: &str| -> Result<_, tenantry::base::text::TextError> {
//!     let number = Some("NW-1".parse()?);
//!     Ok(RegisterTenant { number, ..RegisterTenant::new(TenantKind::Msp, name.parse()?) })
//! };
//! engine.execute(Actor::OPERATOR, named("Northwind IT")?)?;
//!
//! let error = engine.execute(Actor::OPERATOR, named("Northwest IT")?).unwrap_err();
//! let refusal = error.refusal().ok_or("it is refused, and the store is well")?;
//! assert_eq!((refusal.code, refusal.code.number()), (Code::NumberTaken, 502));
//! assert_eq!(refusal.about, "NW-1");
//! assert_eq!(refusal.message(), "number `NW-1` belongs to a tenant, living or deleted");
//! assert_eq!(refusal.code.remedy(), "choose another number, or leave it out");
//! # Ok(())
//! # }
//! ```

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares the table.
macro_rules! codes {
    ($($(#[$doc:meta])* $number:literal $name:ident $text:literal $rule:literal $kind:ident: $message:literal; $remedy:literal)+) => {
        /// Why a command is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum Code {
            $(
                #[doc = concat!("`", $text, "` (", $rule, "): ", $message, "; ", $remedy, ".")]
                $name = $number
            ),+
        }

        impl Code {
            /// Every code, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable number.
            pub const fn number(self) -> u16 {
                self as u16
            }

            /// The stable name, the same in every language.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The rule it comes from.
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$name => $rule),+ }
            }

            /// What stands in the way; `{}` is the thing it is about.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message),+ }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy),+ }
            }

            /// What kind of refusal it is.
            pub const fn family(self) -> Family {
                match self { $(Self::$name => Family::$kind),+ }
            }
        }
    };
}

/// What kind of refusal a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Family {
    /// The request itself cannot be taken.
    Request,
    /// What it names does not exist for the actor.
    Unknown,
    /// The actor lacks the right; such refusals are journalled (Q-2).
    Rights,
    /// A value does not fit the policy or another value.
    Value,
    /// The state of things does not allow it now.
    State,
}

codes! {
    1 RequestReused "request_reused" "X-7" Request:
        "request id `{}` was used before for another command"; "make a new id for a new command"
    2 StaleSeq "stale_seq" "X-7" Request:
        "the journal has moved on to seq {}"; "read again, then decide again"
    3 ClockBehind "clock_behind" "Q-3" Request:
        "this machine's clock is behind the journal, whose last record is of {}"; "set the clock right and try again"

    4 ClockAhead "clock_ahead" "Q-3" Request:
        "this machine's clock says {}, which is far ahead of the journal"; "set the clock right; where it is right, sweep once accepting the clock"

    101 UnknownUser "unknown_user" "P-1" Rights:
        "there is no user `{}`"; "check the user's id"
    102 UserNotActive "user_not_active" "P-1" Rights:
        "user `{}` is invited, blocked or removed, or their home tenant is disabled or deleted"; "ask an admin of the home tenant, or the operator where the home tenant itself is disabled or deleted"
    103 WrongActor "wrong_actor" "U-4" Rights:
        "this command is not for {}"; "send it as the actor its documentation names"
    104 TicketRequired "ticket_required" "L-6" Rights:
        "an override of {} needs a support ticket"; "cite the ticket in the operator's actor"

    201 UnknownTenant "unknown_tenant" "T-9" Unknown:
        "there is no tenant `{}`"; "check the id or number, and that you may see the tenant"
    202 UnknownLink "unknown_link" "T-9" Unknown:
        "there is no link `{}`"; "check the id, and that you are on one of its sides"
    203 UnknownLinkRequest "unknown_link_request" "L-3" Unknown:
        "there is no link request `{}`"; "check the id, and that you are on one of its sides"
    204 UnknownInvitation "unknown_invitation" "U-2" Unknown:
        "there is no invitation `{}`"; "check the id, and that it is yours to answer or take back"
    205 NoSuchUser "no_such_user" "U-4" Unknown:
        "there is no user `{}`"; "check the id, and that you may see the user's home tenant"
    206 UnknownRole "unknown_role" "P-9" Unknown:
        "there is no role `{}` here"; "use a built-in role, or one of the user's home tenant or of the tenant itself"

    207 UnknownMove "unknown_move" "V-7" Unknown:
        "there is no move `{}`"; "check the id, and that you are on one of its sides"
    208 UnknownIntegration "unknown_integration" "I-1" Unknown:
        "there is no integration `{}`"; "check the id, and that you may see its owner"
    209 UnknownLicence "unknown_licence" "C-1" Unknown:
        "there is no licence `{}`"; "check the id, and that you may see the tenant it serves"
    210 UnknownSession "unknown_session" "S-1" Unknown:
        "there is no console session `{}` of yours"; "open the console again"
    211 UnknownUpload "unknown_upload" "V-10" Unknown:
        "there is no upload `{}`"; "check the id, and that the upload is your own"
    212 UnknownDevice "unknown_device" "V-10" Unknown:
        "there is no device `{}` in the upload"; "name devices that are left of it"

    213 UnknownProposal "unknown_proposal" "L-3" Unknown:
        "there is no proposal `{}`"; "check the id, and that you are on one of its link's sides"

    214 UnknownManagerInvitation "unknown_manager_invitation" "L-10" Unknown:
        "there is no invitation `{}` of a manager"; "check the id, and that you are on one of its sides"

    215 UnknownExternalId "unknown_external_id" "X-11" Unknown:
        "there is no such id of the system `{}` here"; "check the system, the id and whose it is to keep, and that you may see what it leads to"

    301 TenantDisabled "tenant_disabled" "T-5" Rights:
        "tenant `{}` is disabled or on its way up"; "have it enabled by whoever disabled it, and wait until the host reports it ready where the policy says that it does"
    302 NotLinked "not_linked" "P-3" Rights:
        "the user's home neither is tenant `{}` nor manages it"; "link the tenant first"
    303 CustomerLocked "customer_locked" "P-4" Rights:
        "tenant `{}` is fully managed and its own users are locked out"; "ask the manager, or have the link converted to jointly managed"
    304 ServiceNotManaged "service_not_managed" "P-5" Rights:
        "the service is not on every link between the user's home and tenant `{}`"; "add the service to the links"
    305 ReservedForCustomer "reserved_for_customer" "P-6" Rights:
        "on tenant `{}` this can never be a manager's"; "ask the customer's own people to do it"
    306 NotGranted "not_granted" "P-7" Rights:
        "tenant `{}` has not granted this to its manager"; "ask the customer's super admin for the grant or, where it is newer than the link, to accept the terms of today"
    307 NoAssignment "no_assignment" "P-8" Rights:
        "no role of the user reaches tenant `{}`"; "have a role assigned there or above, covering the tenants below"
    308 RoleLacksPermission "role_lacks_permission" "P-8" Rights:
        "the user's role on tenant `{}` does not hold the permission"; "have a role assigned that holds it"
    309 BeyondOwnRights "beyond_own_rights" "U-4" Rights:
        "through `{}` somebody would hold permissions that you do not hold there yourself"; "give a smaller role, or give it without the tenants below (`below: false`), or ask somebody who holds them"
    310 SuperAdminOnly "super_admin_only" "U-4" Rights:
        "only a super admin makes or unmakes a super admin, which is what happens through `{}`"; "ask a super admin of the tenant"

    401 InvalidPolicy "invalid_policy" "P-13" Value:
        "the policy contradicts itself: {}"; "mend what is listed and send the whole policy again"
    402 PolicyInUse "policy_in_use" "P-13" Value:
        "the policy takes away what is in use: {}"; "keep it, or end its uses first"
    403 EmptyBatch "empty_batch" "T-6" Value:
        "the {} are empty"; "name at least one"
    404 DuplicateItem "duplicate_item" "T-6" Value:
        "`{}` is named more than once"; "name it once"
    405 UnknownManagementType "unknown_management_type" "P-13" Value:
        "the policy has no management type `{}`"; "use one that the policy defines"
    406 NoServices "no_services" "L-6" Value:
        "a link needs at least one service{}"; "name a service that the policy offers"
    407 UnknownService "unknown_service" "L-6" Value:
        "the policy offers no service `{}`"; "use one that the policy offers"
    408 UnknownPermission "unknown_permission" "P-13" Value:
        "the policy has no permission `{}`"; "use one that the policy defines"
    409 NotGrantable "not_grantable" "P-7" Value:
        "permission `{}` cannot be granted to a manager"; "grant only what the policy lists as grantable"
    410 SuperOnlyPermission "super_only_permission" "P-14" Value:
        "permission `{}` belongs to the super admin's role alone"; "leave it out of the role"
    411 TermRequired "term_required" "L-9" Value:
        "the policy wants every link to have an end{}"; "say after how many days it ends, or when"
    412 TermTooLong "term_too_long" "L-9" Value:
        "a term of {} days is outside what the policy allows"; "choose 1 day up to the policy's longest term"
    413 OwnerRequired "owner_required" "L-1" Value:
        "tenant `{}` needs a super admin of its own to be managed so"; "name whom to invite as owner"
    414 OwnerNotAllowed "owner_not_allowed" "L-1" Value:
        "tenant `{}` would lock out the owner it invites"; "leave the owner out"
    415 NotConfirmed "not_confirmed" "T-7" Value:
        "deleting wants the confirmation `delete`, not `{}`"; "type delete, in small letters and nothing else"
    416 NothingToDo "nothing_to_do" "T-2" Value:
        "the command changes nothing about `{}`"; "name at least one change"

    417 TooManyDevices "too_many_devices" "V-2" Value:
        "{} devices are more than one command takes"; "send at most 10000 at a time"
    418 InvalidDevice "invalid_device" "V-2" Value:
        "{} (no device id)"; "give an IMEI, a MEID or a serial number as the device shows it"
    419 UnknownCategory "unknown_category" "A-2" Value:
        "the policy has no issue category `{}`"; "use one that the policy defines"
    420 InvalidSeats "invalid_seats" "C-1" Value:
        "a licence cannot have {} seats"; "buy 1 to 1000000 seats"
    421 InvalidExpiry "invalid_expiry" "C-1" Value:
        "{} has passed already"; "give a moment that lies ahead, or none"

    422 ForeignCursor "foreign_cursor" "Q-1" Value:
        "the cursor{} is not of this list, filter and order"; "begin the list again without a cursor"
    423 InvalidLimit "invalid_limit" "Q-1" Value:
        "a page cannot have {} rows"; "ask for 1 to 1000 rows"
    424 NilId "nil_id" "T-10" Value:
        "the nil id names nothing{}"; "make a new id, or leave it out"
    425 MomentAhead "moment_ahead" "X-2" Value:
        "{} has not come yet and cannot be looked back on"; "ask about a moment that has passed, or leave it out to ask about now"
    426 TextTooLong "text_too_long" "Q-1" Value:
        "a text of {} bytes is more than a list is searched for"; "look for at most 200 characters"
    427 PrefixReserved "prefix_reserved" "T-3" Value:
        "domain prefix `{}` is kept for the platform"; "choose another prefix"

    428 TermUnclear "term_unclear" "L-9" Value:
        "a term is given either by days or by a moment{}"; "name one of `days` and `expires_at`"
    429 EndNotLater "end_not_later" "L-9" Value:
        "{} has passed already, or is no later than the end that the link has"; "name a later moment, or more days"
    430 MomentPassed "moment_passed" "X-1" Value:
        "what a command would lead to is told of the present, and it was asked of the past"; "leave the moment out"

    441 EndRequired "end_required" "X-4" Value:
        "a role on tenant `{}` needs an end: it has a beginning, or the policy says so"; "say when it ends"
    442 EndPassed "end_passed" "X-4" Value:
        "{} has passed already"; "name an end that lies ahead"
    443 EndsBeforeItBegins "ends_before_it_begins" "X-4" Value:
        "what begins at {} would have ended by then"; "name a beginning before the end, or none to begin now"
    444 EndTooFar "end_too_far" "X-4" Value:
        "{} lies further ahead than a role for a while may last by the policy, or by what is activated"; "name an earlier end, and give it again before that"
    445 ActivationLength "activation_length" "X-4" Value:
        "a role is not activated for {} minutes: the policy says how few and how many there may be"; "say so many minutes as the policy allows"

    501 IdTaken "id_taken" "T-10" State:
        "the id `{}` has been used before, be it for something else"; "make a new id, or leave it out"
    502 NumberTaken "number_taken" "T-7" State:
        "number `{}` belongs to a tenant, living or deleted"; "choose another number, or leave it out"
    503 PrefixTaken "prefix_taken" "T-3" State:
        "domain prefix `{}` belongs to another tenant"; "choose another prefix"
    504 PrefixResting "prefix_resting" "T-3" State:
        "domain prefix `{}` was given back and is not free again"; "choose another prefix, or wait until its quarantine ends"
    505 TenantEnabling "tenant_enabling" "T-5" State:
        "tenant `{}` is on its way up"; "wait until the host reports it ready"
    506 TenantNotEnabling "tenant_not_enabling" "T-5" State:
        "tenant `{}` is not on its way up"; "enable it first"
    507 HasManagedTenants "has_managed_tenants" "T-7" State:
        "tenant `{}` manages living tenants"; "delete or delink those first, or delete with cascade"
    508 DelinkPending "delink_pending" "T-7" State:
        "a delink request of tenant `{}` awaits its answer"; "have it answered or taken back first"
    509 DelinkFirst "delink_first" "T-7" State:
        "tenant `{}` is jointly managed and has an active admin of its own, or is managed by others as well"; "delink it instead"
    510 KindConflict "kind_conflict" "T-1" State:
        "tenant `{}` has links, or as a reseller a list or uploads, that its new kind does not allow"; "end those links and take off the list what is there without uploads; with uploads, register another tenant of that kind"
    511 HeldByOthers "held_by_others" "T-5" State:
        "tenant `{}` is kept disabled by somebody else"; "ask whoever disabled it to enable it"

    512 TooManyRequests "too_many_requests" "L-3" State:
        "they have been asked and reminded as often as the policy allows in a day; it works again from {}"; "wait until then, or for the answer"

    581 NotItsCustomer "not_its_customer" "X-11" State:
        "tenant `{}` is neither who would keep the id nor its customer"; "keep ids for your own organisation and for those that it manages by a link of its own; a customer that has moved to another manager has none here any longer"
    582 ExternalIdTaken "external_id_taken" "X-11" State:
        "the id already leads to {}"; "remove it there first, or check what the other system calls this one"
    583 TooManyExternalIds "too_many_external_ids" "X-11" State:
        "{} has as many ids as one organisation can keep for it"; "remove one that is no longer used"

    589 AddressNotPending "address_not_pending" "U-1" State:
        "user `{}` is not asked to confirm an address, or no longer"; "ask for the change anew"
    590 AddressExpired "address_expired" "U-1" State:
        "the change of the address of user `{}` was not confirmed in time"; "ask for the change anew"

    591 LinkRequestNotPending "link_request_not_pending" "L-3" State:
        "link request `{}` has been answered or taken back"; "make a new request"
    592 LinkRequestExpired "link_request_expired" "L-3" State:
        "link request `{}` has expired"; "make a new request"
    593 MoveNotPending "move_not_pending" "V-7" State:
        "move `{}` has been answered or taken back"; "move again"
    594 MoveLapsed "move_lapsed" "V-7" State:
        "move `{}` has expired"; "move again"

    595 ProposalNotPending "proposal_not_pending" "L-3" State:
        "proposal `{}` has been answered or taken back, or has ended with its link"; "propose it anew"
    596 ProposalExpired "proposal_expired" "L-3" State:
        "proposal `{}` has expired"; "propose it anew"

    597 ManagerInvitationNotPending "manager_invitation_not_pending" "L-10" State:
        "invitation `{}` of a manager has been answered or taken back"; "have the customer invite the MSP again"
    598 ManagerInvitationExpired "manager_invitation_expired" "L-10" State:
        "invitation `{}` of a manager has expired"; "have the customer invite the MSP again"

    600 NotInvited "not_invited" "L-10" State:
        "tenant `{}` has to invite a manager before it can be asked"; "have the tenant's super admin invite the manager by its number"
    601 SelfLink "self_link" "L-8" State:
        "tenant `{}` cannot manage itself"; "name another tenant"
    602 CannotManage "cannot_manage" "L-8" State:
        "tenant `{}` is no MSP and manages nobody"; "link it under an MSP"
    603 CannotBeManaged "cannot_be_managed" "L-8" State:
        "tenant `{}` is a reseller and is managed by nobody"; "have the reseller add its customers instead"
    604 AlreadyLinked "already_linked" "L-2" State:
        "tenant `{}` is already managed by this manager"; "work with the link there is"
    605 LinkCycle "link_cycle" "L-8" State:
        "tenant `{}` already manages the manager, directly or through others"; "choose another manager"
    606 TooDeep "too_deep" "L-8" State:
        "linking tenant `{}` would make a chain longer than the policy allows"; "link it higher up"
    607 TooManyManagers "too_many_managers" "L-7" State:
        "tenant `{}` has as many managers as the policy allows"; "have it delink one first"
    608 ExclusiveLink "exclusive_link" "L-7" State:
        "tenant `{}` has or would have a manager that tolerates no other"; "have the other link ended first, or choose another management type"
    609 ServicesOverlap "services_overlap" "L-7" State:
        "another manager of tenant `{}` already manages one of the services"; "leave that service out"
    610 NoCustomerOwner "no_customer_owner" "L-2" State:
        "tenant `{}` has no active super admin who could answer"; "have its super admin sign up first"
    611 LinkAlreadyRequested "link_already_requested" "L-2" State:
        "tenant `{}` has been asked before and has not answered"; "remind it, or take the request back"
    612 CannotBeAsked "cannot_be_asked" "T-8" State:
        "tenant `{}` cannot be asked for this"; "ask the tenant itself, or the operator, who is told why"
    614 LinkEnded "link_ended" "D-7" State:
        "link `{}` has ended"; "link the tenants again"
    615 NotConvertible "not_convertible" "L-5" State:
        "link `{}` cannot be converted to that management type"; "delink the customer, then link again with the type you want"
    616 ServiceRemoval "service_removal" "L-6" State:
        "a service cannot be removed from link `{}`"; "delink and link again without it, or open a support ticket"
    617 ServiceNotOnLink "service_not_on_link" "L-6" State:
        "service `{}` is not on the link"; "name a service that is"
    618 LastService "last_service" "L-6" State:
        "service `{}` is the only one on the link"; "delink instead, or add another service first"
    619 NoTerm "no_term" "L-9" State:
        "link `{}` has no end that could be extended"; "leave it as it is"
    620 OwnerPresent "owner_present" "L-1" State:
        "tenant `{}` has an active super admin of its own"; "ask them to invite others"
    621 OwnerInvited "owner_invited" "L-1" State:
        "tenant `{}` has been sent a sign-up already"; "resend or revoke that one"

    622 AlreadyProposed "already_proposed" "L-3" State:
        "the same has been proposed on link `{}` before and has not been answered"; "remind the other side, or take that proposal back"

    623 ManagerAlreadyInvited "manager_already_invited" "L-10" State:
        "MSP `{}` has been invited before and has not answered"; "remind it, or take the invitation back"
    624 ManagerBarred "manager_barred" "L-10" State:
        "MSP `{}` has been barred from asking"; "have the tenant that barred it let it ask again"
    625 TooManyBarred "too_many_barred" "L-10" State:
        "tenant `{}` has barred as many MSPs as it can"; "let others ask again first, or take only invited managers by the policy"

    701 NotDelinkable "not_delinkable" "D-1" State:
        "link `{}` is fully managed and cannot be delinked"; "convert it to jointly managed first"
    702 DelinkNotOffered "delink_not_offered" "D-4" State:
        "the policy lets only managers ask to delink `{}`"; "ask the manager to start it"
    703 AlreadyRequested "already_requested" "D" State:
        "a delink of link `{}` has been requested by you before"; "remind the other side, or take the request back"
    704 NoDelinkRequest "no_delink_request" "D" State:
        "nobody has asked to delink link `{}`"; "request the delink first"
    705 OwnRequest "own_request" "D" State:
        "the delink request of link `{}` is your own and the other side answers it"; "wait, remind them, or take it back"
    706 NotYourRequest "not_your_request" "D" State:
        "the delink request of link `{}` is the other side's"; "accept or reject it"
    707 NoticeRunning "notice_running" "D-8" State:
        "the delink request of link `{}` completes by itself once its notice period is over"; "agree to it earlier, or have the side that asked take it back"

    801 OtherAddress "other_address" "U-2" State:
        "`{}` was sent to another address"; "sign in with the address it was sent to"
    802 InvitationNotPending "invitation_not_pending" "U-2" State:
        "invitation `{}` has been answered or taken back"; "ask for a new one"
    803 AlreadyMember "already_member" "U-2" State:
        "the address already belongs to a user of tenant `{}`"; "assign that user a role instead"
    804 InvitationExpired "invitation_expired" "U-2" State:
        "invitation `{}` has expired"; "ask for a new one"
    805 AlreadyInvited "already_invited" "U-2" State:
        "the address has been invited to tenant `{}` and has not answered"; "resend or revoke that invitation"
    806 EmailTaken "email_taken" "U-1" State:
        "the address belongs to a user of another tenant{}"; "use another address, or have that user removed first"
    807 UserStateConflict "user_state_conflict" "U-3" State:
        "user `{}` is not in a state that allows this"; "look at the user's state"
    808 LastSuperAdmin "last_super_admin" "U-3" State:
        "tenant `{}` would be left without an active super admin"; "make somebody else super admin first"
    809 OutOfReach "out_of_reach" "U-4" State:
        "user's home does not manage tenant `{}`"; "assign users at home or on tenants their home manages"
    810 NotAssigned "not_assigned" "P-11" State:
        "the user has no role on tenant `{}`"; "nothing needs to be taken away there"
    811 RoleNameTaken "role_name_taken" "P-9" State:
        "the tenant has a role named `{}`"; "choose another name"
    812 RoleInUse "role_in_use" "P-9" State:
        "role `{}` is assigned or offered in an invitation"; "assign other roles first"
    813 UserNotRemoved "user_not_removed" "U-5" State:
        "user `{}` is not removed and still needs their address"; "remove the user first"

    821 TooManyTemporaries "too_many_temporaries" "X-4" State:
        "as many roles as there can be lie over each other for the user on tenant `{}`"; "take one of them away first, or wait until one ends"

    822 NotEligible "not_eligible" "X-4" State:
        "there is nothing on tenant `{}` that you may activate now with that role"; "look at what you are eligible for, and from when on"

    901 NotAReseller "not_a_reseller" "V-1" State:
        "tenant `{}` is no reseller"; "name a reseller"
    902 CannotReceive "cannot_receive" "V-1" State:
        "tenant `{}` takes no devices that way"; "upload to a customer or an MSP, and move to a customer"
    903 AlreadyAdded "already_added" "V-1" State:
        "the reseller has added tenant `{}` before"; "work with the row there is"
    904 NotAdded "not_added" "V-1" State:
        "the reseller has not added tenant `{}`"; "have the reseller add it by its number first"
    905 ResellerDropped "reseller_dropped" "V-1" State:
        "tenant `{}` has dropped the reseller"; "ask the tenant to take the reseller back"
    906 ResellerNotDropped "reseller_not_dropped" "V-1" State:
        "tenant `{}` has not dropped the reseller"; "nothing needs to be taken back"
    907 DuplicateDevice "duplicate_device" "V-2" State:
        "device `{}` is named more than once"; "name it once"
    908 DeviceHeld "device_held" "V-2" State:
        "device `{}` is held by a tenant already"; "leave it out, or have its holder delete it first"
    909 DeviceNotInPool "device_not_in_pool" "V-7" State:
        "device `{}` is not held by the tenant"; "leave it out"
    910 DeviceMoving "device_moving" "V-7" State:
        "device `{}` is in a move that awaits its answer"; "have the move answered or taken back first"
    911 DeviceSeated "device_seated" "V-9" State:
        "device `{}` has a licence seat"; "release the seat first"
    912 DeviceNotSeated "device_not_seated" "C-1" State:
        "device `{}` has no seat of this licence"; "leave it out"
    913 MoveRefused "move_refused" "V-7" State:
        "devices are not moved to tenant `{}` as it is managed"; "have the reseller upload to the customer directly"
    916 AlreadyAttached "already_attached" "I-1" State:
        "the integration is attached at tenant `{}` already"; "nothing needs to be shared there"
    917 NotAttached "not_attached" "I-1" State:
        "the integration is not attached at tenant `{}`"; "nothing needs to be detached there"
    918 TooFewSeats "too_few_seats" "C-1" State:
        "licence `{}` has too few free seats"; "release seats, or buy another licence"
    919 LicenceExpired "licence_expired" "C-1" State:
        "licence `{}` has run out"; "buy another one"
    920 SessionClosed "session_closed" "S-1" State:
        "console session `{}` is closed"; "open the console again"
    921 CannotBeWithdrawn "cannot_be_withdrawn" "V-10" State:
        "`{}` cannot be withdrawn any more"; "leave it out, or ask whoever it was uploaded to to delete it"
    922 HasUploads "has_uploads" "V-1" State:
        "uploads of the reseller are shown as tenant `{}`"; "withdraw them first, as long as that is possible"
    923 DeviceIdsConflict "device_ids_conflict" "V-2" State:
        "the ids `{}` are of two devices that the reseller has uploaded"; "check what the devices show, and leave out what is there already"
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Code {
    /// The code of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Whether the same command may pass later without anybody changing it.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::StaleSeq | Self::ClockBehind | Self::TenantEnabling | Self::TooManyRequests)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| serde::de::Error::custom(format!("no refusal is named `{name}`")))
    }
}

/// A command's refusal: the code and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refusal {
    /// Why.
    pub code: Code,
    /// What it is about: an id, a name or a value.
    pub about: String,
    /// For a batch: every item that stands in the way, the first by precedence being the answer as
    /// a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemRefusal>,
}

/// Why one item of a batch cannot be done (T-6, P-11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ItemRefusal {
    /// The item's place in the batch, from 0.
    pub index: usize,
    /// Why.
    pub code: Code,
    /// What it is about.
    pub about: String,
}

impl Refusal {
    /// A refusal about one thing.
    pub fn new(code: Code, about: impl fmt::Display) -> Self {
        Self { code, about: about.to_string(), items: Vec::new() }
    }

    /// A refusal of a whole batch, or `None` where no item stands in the way.
    pub fn batch(items: Vec<ItemRefusal>) -> Option<Self> {
        let first = items.iter().min_by_key(|item| item.code)?;
        Some(Self { code: first.code, about: first.about.clone(), items })
    }

    /// What stands in the way, in words.
    pub fn message(&self) -> String {
        self.code.message().replacen("{}", &self.about, 1)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message(), self.code.remedy())
    }
}

impl std::error::Error for Refusal {}
