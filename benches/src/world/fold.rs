//! What a user may do on a tenant, folded into one mask: a third reading of the rules, beside the two of tenantry.

use super::mask::{Mask, TEMPLATES};
use super::{Managed, Role, World};

impl World {
    /// The bits of what a role holds.
    pub fn holds(&self, role: Role) -> u32 {
        match role {
            Role::SuperAdmin => self.bits.builtin[0],
            Role::Admin => self.bits.builtin[1],
            Role::ReadOnly => self.bits.builtin[2],
            Role::NoAccess => self.bits.builtin[3],
            Role::Custom(msp) => self.bits.templates[self.template(msp)],
        }
    }

    /// Which kind of custom role an MSP's own is.
    pub fn template(&self, msp: u32) -> usize {
        msp as usize % TEMPLATES
    }

    /// What may pass a customer's link: no reserved permission, and a grantable one if the link is full or it was granted.
    pub fn passes(&self, managed: &Managed) -> u32 {
        let grantable = self.bits.grantable;
        let granted = |place: usize| managed.fully || managed.grants >> place & 1 != 0;
        let missing =
            (0..2).filter(|place| !granted(*place)).fold(0, |missing, place| missing | grantable[place]);
        self.bits.all & !self.bits.reserved & !missing
    }

    /// The bits of the permissions that work on a tenant that is disabled.
    pub fn despite_disabled(&self) -> u32 {
        self.bits.despite_disabled
    }

    /// What a user may do on a tenant.
    pub fn fold(&self, user: u32, tenant: u32) -> Mask {
        let (person, place) = (&self.users[user as usize], &self.tenants[tenant as usize]);
        if !person.active || !self.tenants[person.home as usize].enabled {
            return Mask::default();
        }
        let open = if place.enabled { u32::MAX } else { self.bits.despite_disabled };
        if person.home == tenant {
            let locked = place.managed.is_some_and(|managed| managed.fully);
            return if locked { Mask::default() } else { Mask::new(self.holds(person.role) & open, u8::MAX) };
        }
        match &place.managed {
            Some(managed) if managed.manager == person.home => {
                let role = place.direct.filter(|(who, _)| *who == user).map_or(person.role, |(_, role)| role);
                Mask::new(self.holds(role) & self.passes(managed) & open, managed.services)
            }
            _ => Mask::default(),
        }
    }
}
