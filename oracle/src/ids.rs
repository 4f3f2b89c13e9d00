//! Ids: one names one thing of one kind, for good (T-10). It never asks what the thing is.

use tenantry::refusal::Code;
use uuid::Uuid;

use crate::world::Oracle;

impl Oracle {
    /// The ids of everything there is or ever was.
    pub fn all_ids(&self) -> Vec<Uuid> {
        let mut ids: Vec<Uuid> = Vec::new();
        ids.extend(self.tenants.iter().map(|one| one.id.uuid()));
        ids.extend(self.links.iter().map(|one| one.id.uuid()));
        ids.extend(self.requests.iter().map(|one| one.id.uuid()));
        ids.extend(self.manager_invitations.iter().map(|one| one.id.uuid()));
        ids.extend(self.proposals.iter().map(|one| one.id.uuid()));
        ids.extend(self.invitations.iter().map(|one| one.id.uuid()));
        ids.extend(self.users.iter().map(|one| one.id.uuid()));
        ids.extend(self.used_role_ids.iter().map(|id| id.uuid()));
        ids.extend(self.uploads.iter().map(|one| one.id.uuid()));
        ids.extend(self.moves.iter().map(|one| one.id.uuid()));
        ids.extend(self.integrations.iter().map(|one| one.id.uuid()));
        ids.extend(self.licences.iter().map(|one| one.id.uuid()));
        ids.extend(self.sessions.iter().map(|one| one.id.uuid()));
        ids
    }

    /// What stands in the way of a command naming new things so.
    pub fn id_obstacles(&self, chosen: &[Uuid]) -> Vec<Code> {
        let taken = self.all_ids();
        let mut obstacles = Vec::new();
        for (place, id) in chosen.iter().enumerate() {
            if id.is_nil() {
                obstacles.push(Code::NilId);
            } else if taken.contains(id) || chosen.iter().take(place).any(|before| before == id) {
                obstacles.push(Code::IdTaken);
            }
        }
        obstacles
    }
}
