//! Who manages whom through links in force (P-3): chains, what is above and below. Knows nothing of
//! permissions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::world::World;
use crate::base::ids::{LinkId, TenantId};
use crate::model::{Link, Listing};
use crate::policy::MAX_CHAIN;
use crate::view::{Index, Key, ViewError, listing_strand, prefixes};

/// The links from a tenant up to one above it, the tenant's own link first.
pub(super) type Chain = Vec<Arc<Link>>;

/// Every chain of links in force from `tenant` up to `home`: shorter ones first, then older ones
/// (P-3).
pub(super) fn chains(
    world: &World<'_>,
    tenant: TenantId,
    home: TenantId,
    without: &BTreeSet<LinkId>,
) -> Result<Vec<Chain>, ViewError> {
    // Nearly every tenant has one manager: straight up, until there are several.
    let (mut at, mut chain) = (tenant, Chain::new());
    let forked = loop {
        if at == home {
            return Ok(if chain.is_empty() { Vec::new() } else { vec![chain] });
        }
        let above = links_above(world, at, without)?;
        match above.as_slice() {
            [only] if chain.len() < MAX_CHAIN as usize => at = only.manager,
            [_, _, ..] if chain.len() < MAX_CHAIN as usize => break above,
            _ => return Ok(Vec::new()),
        }
        chain.extend(above);
    };
    // From there on, each tenant's links are read once, however many ways lead to it.
    let fork = at;
    let mut open: Vec<TenantId> = forked.iter().map(|link| link.manager).collect();
    let mut links: BTreeMap<TenantId, Vec<Arc<Link>>> = BTreeMap::from([(fork, forked)]);
    while let Some(at) = open.pop() {
        if at == home || links.contains_key(&at) {
            continue;
        }
        let above = links_above(world, at, without)?;
        open.extend(above.iter().map(|link| link.manager));
        links.insert(at, above);
    }
    // Only ways that lead home are gone.
    let mut leading = BTreeSet::from([home]);
    loop {
        let before = leading.len();
        for (at, above) in &links {
            if above.iter().any(|link| leading.contains(&link.manager)) {
                leading.insert(*at);
            }
        }
        if leading.len() == before {
            break;
        }
    }
    let mut found: Vec<Chain> = Vec::new();
    let mut open = vec![(fork, chain)];
    while let Some((at, chain)) = open.pop() {
        if chain.len() >= MAX_CHAIN as usize {
            continue;
        }
        for link in links.get(&at).into_iter().flatten().filter(|link| leading.contains(&link.manager)) {
            let mut longer = chain.clone();
            longer.push(Arc::clone(link));
            if link.manager == home { found.push(longer) } else { open.push((link.manager, longer)) }
        }
    }
    found.sort_by_cached_key(|chain| {
        (chain.len(), chain.iter().map(|link| (link.since, link.id)).collect::<Vec<_>>())
    });
    Ok(found)
}

/// The links in force by which a tenant is managed, `without` these.
fn links_above(
    world: &World<'_>,
    tenant: TenantId,
    without: &BTreeSet<LinkId>,
) -> Result<Vec<Arc<Link>>, ViewError> {
    let mut above = world.links_above(tenant)?;
    above.retain(|link| !without.contains(&link.id));
    Ok(above)
}

/// Whether `home` manages `tenant` through links in force, `without` these (P-3).
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn manages(
    world: &World<'_>,
    home: TenantId,
    tenant: TenantId,
    without: &BTreeSet<LinkId>,
) -> Result<bool, ViewError> {
    Ok(above(world, tenant, without)?.contains(&home))
}

/// Every tenant above this one through links in force, `without` these.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn above(
    world: &World<'_>,
    tenant: TenantId,
    without: &BTreeSet<LinkId>,
) -> Result<BTreeSet<TenantId>, ViewError> {
    closure(tenant, |at| Ok(links_above(world, at, without)?.iter().map(|link| link.manager).collect()))
}

/// Every tenant below this one through links in force, `without` these.
pub(super) fn below(
    world: &World<'_>,
    tenant: TenantId,
    without: &BTreeSet<LinkId>,
) -> Result<BTreeSet<TenantId>, ViewError> {
    closure(tenant, |at| {
        let links = world.links_below(at)?;
        Ok(links.iter().filter(|link| !without.contains(&link.id)).map(|link| link.managed).collect())
    })
}

/// Every tenant below these, through links in force, that may manage others itself. Their customers
/// are leapt over, however many there are.
pub(crate) fn managers_below(
    world: &World<'_>,
    tenants: &BTreeSet<TenantId>,
) -> Result<BTreeSet<TenantId>, ViewError> {
    let mut found = BTreeSet::new();
    for tenant in tenants {
        found.append(&mut closure(*tenant, |manager| {
            let mut managers = Vec::new();
            for (strand, _) in strands_below(world, manager)?.iter().filter(|(_, manages)| *manages) {
                for tenant in managed_in(world, strand) {
                    managers.push(tenant?);
                }
            }
            Ok(managers)
        })?);
    }
    Ok(found)
}

/// How many links the longest chain has that goes down from a tenant. Of the customers of each
/// manager one stands for all.
///
/// # Errors
/// When the view cannot be read.
pub(super) fn depth_below(world: &World<'_>, tenant: TenantId) -> Result<u32, ViewError> {
    longest(world, tenant, |world, at| {
        let mut next = Vec::new();
        for (strand, manages) in strands_below(world, at)? {
            let wanted = if manages { usize::MAX } else { 1 };
            for tenant in managed_in(world, &strand).take(wanted) {
                next.push(tenant?);
            }
        }
        Ok(next)
    })
}

/// The stretches of a manager's list in which tenants stand that it may manage, and whether these
/// may manage others themselves.
fn strands_below(world: &World<'_>, manager: TenantId) -> Result<Vec<(Key, bool)>, ViewError> {
    let of = Key::new().id(manager.uuid());
    let found = prefixes::<Listing>(world.view, Index::ListingName, of, listing_strand)?;
    let in_force = found.into_iter().filter(|(_, one)| one.stage.is_in_force());
    Ok(in_force.map(|(strand, one)| (strand, one.manages)).collect())
}

/// The tenants in such a stretch that are managed now.
fn managed_in<'w>(
    world: &'w World<'_>,
    strand: &Key,
) -> impl Iterator<Item = Result<TenantId, ViewError>> + 'w {
    let listings = world.view.under::<Listing>(Index::ListingName, strand.clone());
    listings.filter_map(|listing| {
        let managed = listing.and_then(|listing| {
            let link = world.link(listing.link)?;
            Ok(link.is_some_and(|link| link.is_in_force(world.at)).then_some(listing.tenant))
        });
        managed.transpose()
    })
}

fn closure(
    start: TenantId,
    next: impl Fn(TenantId) -> Result<Vec<TenantId>, ViewError>,
) -> Result<BTreeSet<TenantId>, ViewError> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        for tenant in next(at)? {
            if seen.insert(tenant) {
                open.push(tenant);
            }
        }
    }
    Ok(seen)
}

/// How many links the longest chain has, going one way from a tenant.
pub(super) fn longest(
    world: &World<'_>,
    tenant: TenantId,
    next: impl Fn(&World<'_>, TenantId) -> Result<Vec<TenantId>, ViewError>,
) -> Result<u32, ViewError> {
    let mut level = BTreeSet::from([tenant]);
    let mut depth = 0;
    while depth <= MAX_CHAIN {
        let mut following = BTreeSet::new();
        for at in level {
            following.extend(next(world, at)?);
        }
        if following.is_empty() {
            break;
        }
        depth += 1;
        level = following;
    }
    Ok(depth)
}
