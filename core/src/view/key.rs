//! Index keys: bytes whose order is the order of what they were made from, so that an adapter
//! compares bytes and knows nothing of the domain.

use uuid::Uuid;

use crate::base::text::{folded, hex};
use crate::base::time::Timestamp;

/// Declares the indexes with their stable numbers.
macro_rules! indexes {
    ($($(#[$doc:meta])* $number:literal $name:ident $text:literal)+) => {
        /// The ways to find entities other than by id.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Index { $($(#[$doc])* $name = $number),+ }

        impl Index {
            /// Every index.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable number that stores keep.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// The name that people see in a file.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

indexes! {
    /// Tenants by number.
    1 TenantNumber "tenant_number"
    /// Tenants by the prefix they hold.
    2 TenantPrefix "tenant_prefix"
    /// Links by the managed tenant: tenant, then 1 while the stage is in force and 0 after.
    3 LinkManaged "link_managed"
    /// Links by the manager: tenant, then 1 while the stage is in force and 0 after.
    4 LinkManager "link_manager"
    /// Link requests by the asked tenant: tenant, 1 while pending and 0 after, state, when asked.
    5 RequestManaged "request_managed"
    /// Link requests by the requester: tenant, then as by the asked one.
    6 RequestManager "request_manager"
    /// Users by home.
    7 UserHome "user_home"
    /// Invitations by tenant: tenant, then as link requests.
    8 InvitationTenant "invitation_tenant"
    /// Assignments by user.
    9 AssignmentUser "assignment_user"
    /// Assignments by tenant: tenant, role, user.
    10 AssignmentTenant "assignment_tenant"
    /// Assignments of a tenant's own roles, by role.
    11 AssignmentRole "assignment_role"
    /// Tenants' own roles: tenant, then name.
    12 RoleTenant "role_tenant"
    /// What the clock may have to do something about: each of its moments.
    13 Due "due"
    /// Pending invitations by user.
    14 InvitationUser "invitation_user"
    /// Resellers' rows by tenant.
    15 RowTenant "row_tenant"
    /// Resellers' listed rows: reseller, whether shown, status; then name and reference, first
    /// without regard to case.
    16 RowCompany "row_company"
    /// Holdings with devices: reseller, then whom they are shown as, then the upload.
    17 HoldingRow "holding_row"
    /// Holdings with devices by the link under which they were moved.
    18 HoldingLink "holding_link"
    /// Holdings with devices by holder.
    19 HoldingHolder "holding_holder"
    /// Devices: holder, then id.
    20 DeviceHolder "device_holder"
    /// Devices by the licence whose seat they have.
    21 DeviceSeat "device_seat"
    /// Pending moves by link.
    22 MoveLink "move_link"
    /// Integrations: owner, then name.
    23 IntegrationOwner "integration_owner"
    /// Attachments by tenant.
    24 AttachmentTenant "attachment_tenant"
    /// Attachments by integration.
    25 AttachmentIntegration "attachment_integration"
    /// Licences by the tenant they serve: tenant, service.
    26 LicenceTenant "licence_tenant"
    /// Alert rules by tenant.
    27 AlertTenant "alert_tenant"
    /// Open sessions by tenant: tenant, when opened.
    28 SessionTenant "session_tenant"
    /// Open sessions by user.
    29 SessionUser "session_user"
    /// Resellers' listed rows: reseller, whether shown, status; then number.
    30 RowNumber "row_number"
    /// Resellers' listed rows: reseller, whether shown, status; then country.
    31 RowCountry "row_country"
    /// Resellers' listed rows: reseller, whether shown, status; then the last upload.
    32 RowUploaded "row_uploaded"
    /// Resellers' listed rows: reseller, whether shown, status; then how many uploads.
    33 RowUploads "row_uploads"
    /// Resellers' listed rows: reseller, whether shown, status; then how many devices.
    34 RowDevices "row_devices"
    /// Managers' listings: manager, stage, management type; then name, first without regard to
    /// case.
    35 ListingName "listing_name"
    /// Managers' listings: manager, stage, management type; then number.
    36 ListingNumber "listing_number"
    /// Managers' listings: manager, stage, management type; then services.
    37 ListingServices "listing_services"
    /// Managers' listings: manager, stage, management type; then how many devices.
    38 ListingDevices "listing_devices"
    /// The same by the tenant, user or link it is about, of handshakes also by their sender: that,
    /// then 1 for links and 0 for handshakes, then the moment.
    39 DueAbout "due_about"
    /// Prefixes that were given back, by the moment from which they may be taken again.
    40 PrefixRests "prefix_rests"
    /// Holdings with devices by upload.
    41 HoldingUpload "holding_upload"
    /// Devices by what they count towards.
    42 DeviceHolding "device_holding"
    /// Proposals by link: link, then 1 while pending and 0 after.
    43 ProposalLink "proposal_link"
    /// Proposals by the manager: tenant, then as link requests.
    44 ProposalManager "proposal_manager"
    /// Devices by the keys of their other ids.
    45 DeviceOther "device_other"
    /// Managers' invitations by the tenant that invites: as link requests.
    46 ManagerInvitationTenant "manager_invitation_tenant"
    /// The same by the MSP that is invited.
    47 ManagerInvitationManager "manager_invitation_manager"
    /// Pending managers' invitations by both: tenant, then MSP.
    48 ManagerInvitationPair "manager_invitation_pair"
    /// Barred managers by tenant: tenant, then the moment from which they are.
    49 BarredManagerTenant "barred_manager_tenant"
    /// Changes of addresses by home: tenant, then 1 while pending and 0 after.
    50 AddressHome "address_home"
    /// Uploads, as they arrived, by reseller: reseller, then the moment.
    51 UploadReseller "upload_reseller"
    /// Moves by the MSP whose pool the devices are in: tenant, then as link requests.
    52 MoveManager "move_manager"
    /// Moves by the customer who is to hold them: as by the MSP.
    53 MoveCustomer "move_customer"
    /// Resellers' rows of tenants that they added: tenant, then the moment from which they are.
    54 RowAdded "row_added"
    /// Proposals by the managed tenant: tenant, then as link requests.
    55 ProposalManaged "proposal_managed"
    /// Handshakes by the user or tenant on whom they rest, and delink requests that await their
    /// answer by who asked: that, then when it was asked.
    56 HandshakeSender "handshake_sender"
    /// Managers' listings: manager, stage, management type; then each word of name and number.
    57 ListingWord "listing_word"
    /// Managers' listings: manager, stage, management type; then each service.
    58 ListingService "listing_service"
    /// Resellers' listed rows: reseller, whether shown, status; then each word of name, reference
    /// and number.
    59 RowWord "row_word"
    /// Pending sign-ups by tenant.
    60 InvitationSignUp "invitation_sign_up"
    /// What awaits the answer of an organisation: that, what it is, then 1 where it does not lapse,
    /// then when it does.
    61 Awaiting "awaiting"
    /// Closed sessions by tenant: tenant, when opened.
    62 SessionClosed "session_closed"
    /// Licences by the tenant they serve: tenant, 1 where they never run out, then when they do.
    63 LicenceExpires "licence_expires"
    /// Ids of other systems by who keeps them: that, the system, 1 where it leads to a person; then
    /// the id or, of a person, the person and which of theirs it is.
    64 KeptKeeper "kept_keeper"
    /// The same by what they lead to: that, who keeps them, the system; then as before.
    65 KeptOf "kept_of"
    /// The same by whose that is: the tenant, then who keeps them.
    66 KeptTenant "kept_tenant"
    /// Assignments over which something is laid for a while, by user.
    70 TemporaryUser "temporary_user"
    /// The same by tenant.
    71 TemporaryTenant "temporary_tenant"
    /// The same, of everybody, by the first of their ends.
    72 TemporaryEnds "temporary_ends"
    /// What the clock may have to do about what is laid over assignments: tenant, then the moment.
    73 TemporaryDue "temporary_due"
}

/// How many bytes the first part of a key makes room for: most keys have no more.
const ROOM: usize = 48;

/// An index key, built part by part.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    /// The key without parts: the prefix of all keys.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// A key as a store kept it.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A key as [`Self::hex`] wrote it; nothing, where that is not hexadecimal.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .chars()
            .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
            .collect::<Option<_>>()?;
        Some(Self(
            digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect(),
        ))
    }

    /// Its bytes in hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// Adds bytes. The first make room for the others, so that a key is seldom moved while it
    /// grows.
    fn add(mut self, bytes: &[u8]) -> Self {
        if self.0.is_empty() {
            self.0.reserve(ROOM.max(bytes.len()));
        }
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds an id.
    #[must_use]
    pub fn id(self, id: Uuid) -> Self {
        self.add(id.as_bytes())
    }

    /// Adds a yes or no; no comes first.
    #[must_use]
    pub fn flag(self, flag: bool) -> Self {
        self.add(&[u8::from(flag)])
    }

    /// Adds a text and closes it, so that no text is a prefix of another; parsed texts hold no NUL.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.add(text.as_bytes()).add(&[0])
    }

    /// Adds the beginning of a text, which is left open: whatever begins so has this prefix.
    #[must_use]
    pub fn beginning(self, text: &str) -> Self {
        self.add(text.as_bytes())
    }

    /// Adds a moment.
    #[must_use]
    pub fn time(self, at: Timestamp) -> Self {
        // Flipping the sign bit makes the order of the bytes the order of the numbers.
        let ordered = at.micros().cast_unsigned() ^ (1 << 63);
        self.add(&ordered.to_be_bytes())
    }

    /// Adds a count.
    #[must_use]
    pub fn count(self, count: u64) -> Self {
        self.add(&count.to_be_bytes())
    }

    /// The count that the key consists of, if it is one.
    pub fn as_count(&self) -> Option<u64> {
        self.0.as_slice().try_into().ok().map(u64::from_be_bytes)
    }

    /// The moment that the key ends with, if it does.
    pub(crate) fn last_time(&self) -> Option<Timestamp> {
        let (_, last) = self.0.split_last_chunk()?;
        Timestamp::from_micros((u64::from_be_bytes(*last) ^ (1 << 63)).cast_signed())
    }

    /// Adds all parts of another key.
    #[must_use]
    pub fn then(self, other: &Self) -> Self {
        self.add(&other.0)
    }

    /// What follows a prefix of the key; nothing, where it does not begin with that.
    pub fn following(mut self, prefix: &Self) -> Option<Self> {
        self.0.starts_with(&prefix.0).then(|| {
            self.0.drain(..prefix.0.len());
            self
        })
    }

    /// Adds a text by which people look things up: as they look for it, then exactly.
    #[must_use]
    pub fn folded(self, text: &str) -> Self {
        self.text(&folded(text)).text(text)
    }

    /// A key that is greater than any: none has more than three ids in a row, and no other part
    /// begins so.
    fn end() -> Self {
        Self(vec![u8::MAX; 64])
    }

    /// The least key that is greater than every key with this prefix.
    #[must_use]
    pub fn successor(&self) -> Self {
        let mut bytes = self.0.clone();
        while let Some(last) = bytes.pop() {
            if let Some(next) = last.checked_add(1) {
                bytes.push(next);
                return Self(bytes);
            }
        }
        Self::end()
    }
}

/// A stretch of an index, from a key up to a key, read forwards or backwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The index.
    pub index: Index,
    /// The first key.
    pub low: Key,
    /// The key to stop before.
    pub high: Key,
    /// Whether the last entry comes first.
    pub backwards: bool,
    /// Only entries that come after this one, the way it is read; all, if absent.
    pub after: Option<(Key, Uuid)>,
}

impl Span {
    /// All entries whose key begins with `prefix`.
    pub fn under(index: Index, prefix: Key) -> Self {
        Self { index, high: prefix.successor(), low: prefix, backwards: false, after: None }
    }

    /// All entries up to and including those whose key begins with `last`.
    pub fn up_to(index: Index, last: &Key) -> Self {
        Self { index, low: Key::new(), high: last.successor(), backwards: false, after: None }
    }

    /// Of these entries, those whose key begins with `low` or comes after.
    #[must_use]
    pub fn at_least(self, low: Key) -> Self {
        Self { low: low.max(self.low), ..self }
    }

    /// Of these entries, those whose key begins with `high` or comes before.
    #[must_use]
    pub fn at_most(self, high: &Key) -> Self {
        Self { high: high.successor().min(self.high), ..self }
    }

    /// The same entries, the last one first where `backwards`.
    #[must_use]
    pub fn turned(self, backwards: bool) -> Self {
        Self { backwards, ..self }
    }

    /// What remains of the span after this entry, which may lie outside of it.
    #[must_use]
    pub fn after(&self, key: Key, id: Uuid) -> Self {
        let before_all = if self.backwards { key >= self.high } else { key < self.low };
        Self { after: if before_all { None } else { Some((key, id)) }, ..self.clone() }
    }
}
