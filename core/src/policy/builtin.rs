//! What the policies that come with the library are made of: their permissions, services and
//! categories, and the sets of permissions of their roles (P-14).

use std::collections::BTreeSet;

use super::names::services::{ASSET_INTELLIGENCE, CONFIGURE, ENROLLMENT, MANAGE};
use crate::base::text::{Permission, Prefix, Service};
use crate::model::permission::*;

pub(super) const SUPER_ONLY: [&str; 3] = [LINK_RESPOND, GRANTS_MANAGE, PERSONAL_ERASE];

/// The customer's own voice belongs here beside location data and group managers: a manager who
/// answered their own request, or switched on their own grant, would be both parties at once (L-2,
/// P-7, D).
pub(super) const RESERVED: [&str; 4] = [LOCATION_VIEW, DEVICES_GROUP_MANAGER, LINK_RESPOND, GRANTS_MANAGE];

pub(super) const GRANTABLE: [&str; 2] = [USERS_MANAGE, ROLES_MANAGE];

pub(super) const SERVICES: [Service; 4] = [ENROLLMENT, CONFIGURE, MANAGE, ASSET_INTELLIGENCE];

pub(super) const CATEGORIES: [&str; 5] = ["app", "battery", "device", "network", "security"];

/// What a platform, its mail and its name service use, or what programs look for by themselves.
pub(super) const RESERVED_PREFIXES: [&str; 24] = [
    "admin",
    "api",
    "app",
    "autoconfig",
    "autodiscover",
    "dns",
    "ftp",
    "help",
    "imap",
    "isatap",
    "localhost",
    "login",
    "mail",
    "mx",
    "ns",
    "pop",
    "postmaster",
    "smtp",
    "sso",
    "status",
    "support",
    "webmail",
    "wpad",
    "www",
];

pub(super) fn permissions(names: &[&'static str]) -> BTreeSet<Permission> {
    names.iter().map(|name| Permission::known(name)).collect()
}

pub(super) fn all_but(without: &[&str]) -> BTreeSet<Permission> {
    let all = PERMISSIONS.iter().map(|(name, _)| *name);
    permissions(&all.filter(|name| !without.contains(name)).collect::<Vec<_>>())
}

pub(super) fn views() -> BTreeSet<Permission> {
    let all = PERMISSIONS.iter().map(|(name, _)| *name);
    permissions(&all.filter(|name| name.ends_with(".view")).collect::<Vec<_>>())
}

pub(super) fn prefix(name: &str) -> Prefix {
    Prefix::parse(name).expect("a prefix written in this file")
}
