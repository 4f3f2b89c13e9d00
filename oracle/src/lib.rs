//! A second reading of tenantry's rules, written from the rules alone and as naively as can be, and the random
//! worlds in which it is compared with the engine. It never shares a decision with the engine, only the words.

pub mod access;
pub mod addresses;
pub mod alerts;
pub mod audit;
pub mod awaiting;
pub mod compare;
pub mod coverage;
pub mod devices;
pub mod execute;
pub mod generator;
pub mod giving;
pub mod handshakes;
pub mod ids;
pub mod integrations;
pub mod inviting;
pub mod licences;
pub mod links;
pub mod listing;
pub mod lists;
pub mod notices;
pub mod obstacles;
pub mod proposals;
pub mod resellers;
pub mod roles;
pub mod serve;
pub mod sessions;
pub mod state;
pub mod tenants;
pub mod term;
pub mod terms;
pub mod twin;
pub mod users;
pub mod world;
