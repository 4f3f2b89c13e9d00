//! tenantry measured beside what people would use instead, in one run.

pub mod alloc;
pub mod ask;
pub mod figure;
pub mod import;
pub mod machine;
pub mod measure;
pub mod peer;
pub mod probe;
pub mod report;
pub mod results;
pub mod rng;
pub mod stage;
pub mod world;
