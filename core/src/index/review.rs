//! Reviews on the words of the index: all that checks allow on a tenant, or somebody
//! anywhere. Candidates are found by assignments, and the check decides about each permit.

use std::collections::BTreeSet;

use super::check::{IndexQuestion, PermitBits, TwoRows, judge};
use super::handle::{At, PermissionHandle, Permit, ServiceHandle, TenantHandle, UserHandle};
use super::layout::{Assigned, Tables, UserWord};
use super::list;
use super::names::NameTable;
use super::reverse::{each_above, each_below};
use super::seqlock::{ReadSection, Reader};

/// All that checks allow on a tenant or somebody anywhere, by
/// [`AccessIndex::tenant_access`](super::AccessIndex::tenant_access) and
/// [`AccessIndex::user_access`](super::AccessIndex::user_access): rows of people or tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexReview<H> {
    seq: u64,
    permits: Vec<Permit>,
    rows: Vec<H>,
    // A bit for each permit, in so many words for each row.
    allowed: Vec<u64>,
}

impl<H: Copy> IndexReview<H> {
    /// The revision that was read.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Everything that is asked of each row: each permission of the policy, without a service and
    /// with each.
    pub fn permits(&self) -> &[Permit] {
        &self.permits
    }

    /// Those of whom, or on which, anything is allowed, each once, in the order of their handles;
    /// and what is allowed.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (H, impl Iterator<Item = Permit> + '_)> + '_ {
        self.rows.iter().zip(self.allowed.chunks(words(&self.permits))).map(|(of, allowed)| {
            let bits = allowed.iter().flat_map(|word| (0..u64::BITS).map(move |bit| word >> bit & 1));
            (*of, self.permits.iter().zip(bits).filter(|(_, bit)| *bit != 0).map(|(permit, _)| *permit))
        })
    }
}

/// How many words have a bit for each permit.
fn words(permits: &[Permit]) -> usize {
    permits.len().div_ceil(u64::BITS as usize).max(1)
}

/// What is reviewed.
pub(super) trait Reviewed {
    /// What its rows are of.
    type Row;

    /// The numbers of all that there may be a row of, some of them perhaps more than once.
    fn candidates(&self, tables: &Tables, reader: &impl Reader) -> Vec<u32>;

    /// Whom to ask about on which tenant for a candidate.
    fn pair(&self, candidate: u32) -> (u32, u32);

    /// The handle of a candidate.
    fn row(candidate: u32) -> Self::Row;
}

impl Reviewed for TenantHandle {
    type Row = UserHandle;

    fn candidates(&self, tables: &Tables, reader: &impl Reader) -> Vec<u32> {
        let mut users = Vec::new();
        each_above(tables, reader, self.number(), &mut BTreeSet::new(), 0, &mut |user| users.push(user));
        users
    }

    fn pair(&self, candidate: u32) -> (u32, u32) {
        (candidate, self.number())
    }

    fn row(candidate: u32) -> UserHandle {
        UserHandle::from_number(candidate)
    }
}

impl Reviewed for UserHandle {
    type Row = TenantHandle;

    fn candidates(&self, tables: &Tables, reader: &impl Reader) -> Vec<u32> {
        let user = tables.user(reader, self.number());
        let mut tenants = Vec::new();
        if !user.has(UserWord::ACTIVE) {
            return tenants;
        }
        let mut spreading = Vec::new();
        tenants.push(user.home());
        if user.reaches() != 0 {
            spreading.push(user.home());
        }
        list::each(reader, &tables.heap, tables.away(reader, self.number()), &mut |entry| {
            tenants.push(entry.number);
            if Assigned::unpack(entry.payload).below {
                spreading.push(entry.number);
            }
        });
        for from in spreading {
            each_below(tables, reader, from, user.home(), 0, &mut |tenant| tenants.push(tenant));
        }
        tenants
    }

    fn pair(&self, candidate: u32) -> (u32, u32) {
        (self.number(), candidate)
    }

    fn row(candidate: u32) -> TenantHandle {
        TenantHandle::from_number(candidate)
    }
}

/// Makes a review.
pub(super) struct Reviewing<'a, A, S: Reviewed> {
    pub(super) tables: &'a Tables,
    /// Those of permissions and of services.
    pub(super) names: (&'a NameTable, &'a NameTable),
    pub(super) subject: S,
    pub(super) at: &'a A,
}

impl<A: At, S: Reviewed> Reviewing<'_, A, S> {
    /// Everything that is asked of each candidate: permission by permission, without a service and
    /// with each.
    fn asked(&self, reader: &impl Reader) -> Vec<Vec<(Permit, PermitBits)>> {
        let (permissions, services) = self.names;
        let asked = |permission: u16, service: Option<u16>| {
            let permission = PermissionHandle::from_number(permission);
            let permit = Permit { permission, service: service.map(ServiceHandle::from_number) };
            (permit, PermitBits::of(self.tables, reader, IndexQuestion::about(permit)))
        };
        let offered = services.numbers().filter(|number| self.tables.has_service(reader, *number));
        let services: Vec<_> = [None].into_iter().chain(offered.map(Some)).collect();
        let permissions = permissions.numbers().filter(|number| self.tables.has_permission(reader, *number));
        let with_each = |permission| services.iter().map(|service| asked(permission, *service)).collect();
        permissions.map(with_each).collect()
    }

    /// Visits the places of what is allowed a user on a tenant.
    fn review(
        &self,
        reader: &impl Reader,
        asked: &[Vec<(Permit, PermitBits)>],
        (user, tenant): (u32, u32),
        mut allow: impl FnMut(usize),
    ) {
        let rows = TwoRows::of(self.tables, reader, (user, tenant));
        let is_allowed = |(permit, bits): &(Permit, PermitBits)| match rows
            .and_then(|rows| rows.applying(self.tables, reader, bits))
        {
            Some(reasons) => reasons == 0,
            None => {
                let asked = IndexQuestion { user, tenant, ..IndexQuestion::about(*permit) };
                judge(self.tables, reader, asked, self.at).is_none()
            }
        };
        // With one link at most between the two, whether it carries a service has nothing to do
        // with the permission: what is found of the first that is allowed goes for all.
        let is_plain = rows.is_some();
        let (mut carried, mut first) = (Vec::new(), 0);
        for with_each in asked {
            let has_any = !is_plain || with_each.first().is_some_and(is_allowed);
            if has_any && (!is_plain || carried.is_empty()) {
                carried.clear();
                carried
                    .extend((0..).zip(with_each).filter(|(_, one)| is_allowed(one)).map(|(place, _)| place));
            }
            if has_any {
                carried.iter().for_each(|place: &usize| allow(first + place));
            }
            first += with_each.len();
        }
    }
}

impl<A: At, S: Reviewed> ReadSection for Reviewing<'_, A, S> {
    type Output = IndexReview<S::Row>;

    fn run(&mut self, reader: &impl Reader) -> IndexReview<S::Row> {
        let asked = self.asked(reader);
        let permits = asked.iter().flatten().map(|(permit, _)| *permit).collect();
        let mut candidates = self.subject.candidates(self.tables, reader);
        candidates.sort_unstable();
        candidates.dedup();
        let mut review =
            IndexReview { seq: reader.revision(), permits, rows: Vec::new(), allowed: Vec::new() };
        let mut row = vec![0; words(&review.permits)];
        for candidate in candidates {
            if reader.is_stale() {
                break;
            }
            row.fill(0);
            self.review(reader, &asked, self.subject.pair(candidate), |place| {
                if let Some(word) = row.get_mut(place / u64::BITS as usize) {
                    *word |= 1 << (place as u32 % u64::BITS);
                }
            });
            if row.iter().any(|word| *word != 0) {
                review.rows.push(S::row(candidate));
                review.allowed.extend_from_slice(&row);
            }
        }
        review
    }
}
