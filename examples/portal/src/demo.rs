//! A store worth walking through: two MSPs, one of which manages another; customers of every kind, some under names that
//! are no easy ones; a reseller; and something that awaits an answer wherever one enters.

use std::error::Error;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tenantry::base::ids::LinkId;
use tenantry::base::text::Coordinates;
use tenantry::command::{
    AcceptDelink, AcceptInvitation, AcceptLink, AddCustomer, AddResellerCustomer, Assign, BuyLicence,
    CreateIntegration, EditTenant, InviteUser, Invitee, MoveDevices, NewAssignment, RegisterTenant,
    RegisterUser, RequestDelink, RequestLink, SetAlertRule, SetManagerGrants, ShareIntegration,
    UploadDevices,
};
use tenantry::engine::Clock;
use tenantry::model::{Actor, Audience, Contact, Patch, TenantKind};
use tenantry::policy::Policy;
use tenantry::store::sqlite::{FileOptions, SqliteStore};
use tenantry::{Engine, Options, TenantId, Timestamp, UserId};

/// What goes wrong while the store is filled.
pub type Trouble = Box<dyn Error + Send + Sync>;

/// Name, country, its own super admin, if it is jointly managed, and where it is.
type Plain = (&'static str, &'static str, Option<&'static str>, (f64, f64));

/// Customers of which there is nothing to tell but that there are many.
const OTHERS: [Plain; 20] = [
    ("Arztpraxis am Markt", "DE", Some("Anna"), (50.94, 6.96)),
    ("Autohaus Brandt", "DE", None, (53.55, 9.99)),
    ("Blumen Öztürk", "DE", None, (48.14, 11.58)),
    ("Boulangerie Petit", "FR", None, (45.76, 4.84)),
    ("Carpintería Ríos", "ES", None, (40.42, -3.70)),
    ("Dahl & Berg", "NO", None, (59.91, 10.75)),
    ("Elektro Novák", "CZ", None, (50.08, 14.44)),
    ("Farmacia Centrale", "IT", None, (41.90, 12.50)),
    ("Galerie Wouters", "BE", None, (50.85, 4.35)),
    ("Holzbau Huber", "AT", None, (48.21, 16.37)),
    ("Imkerei Lind", "SE", None, (59.33, 18.07)),
    ("Jansen Logistiek", "NL", None, (51.92, 4.48)),
    ("Kaffeerösterei Sol", "DE", None, (51.34, 12.37)),
    ("Libreria Verne", "IT", None, (45.46, 9.19)),
    ("Mechanik Kowalski", "PL", None, (52.23, 21.01)),
    ("Notariat Weiß", "DE", Some("Nora"), (50.11, 8.68)),
    ("Olivenhof Papadakis", "GR", None, (37.98, 23.73)),
    ("Pottery of St Ives", "GB", None, (50.21, -5.48)),
    ("Quinta do Sol", "PT", None, (38.72, -9.14)),
    ("Reederei Thomsen", "DK", None, (55.68, 12.57)),
];

/// A clock that the story moves.
#[derive(Clone)]
struct StoryClock(Arc<AtomicI64>);

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}

/// The story while it is told.
struct Story {
    engine: Engine,
    clock: StoryClock,
}

impl Story {
    fn days_pass(&self, days: u32) {
        self.clock.0.store(self.clock.now().plus_days(days).micros(), Ordering::SeqCst);
    }

    fn does<C: tenantry::command::Act>(
        &self,
        actor: impl Into<Actor>,
        command: C,
    ) -> Result<C::Outcome, Trouble> {
        Ok(self.engine.execute(actor, command)?.outcome)
    }

    fn tenant(&self, kind: TenantKind, name: &str, number: &str, country: &str) -> Result<TenantId, Trouble> {
        let country = Some(country.parse()?);
        let register = RegisterTenant::new(kind, name.parse()?);
        self.does(Actor::OPERATOR, RegisterTenant { number: Some(number.parse()?), country, ..register })
    }

    fn user(&self, name: &str, home: TenantId, email: &str, role: &str) -> Result<UserId, Trouble> {
        let register = RegisterUser::new(home, email.parse()?, role.parse()?);
        self.does(Actor::OPERATOR, RegisterUser { name: Some(name.parse()?), ..register })
    }

    /// A new customer of an MSP, whose owner signs up where there is one.
    fn customer(
        &self,
        msp: (UserId, TenantId),
        new: &New<'_>,
    ) -> Result<(TenantId, LinkId, Option<UserId>), Trouble> {
        let owner = new.owner.map(|(name, email)| -> Result<_, Trouble> {
            Ok(Invitee { name: Some(name.parse()?), ..Invitee::new(email.parse()?) })
        });
        let (name, management) = (new.name.parse()?, new.management.parse()?);
        let add = AddCustomer {
            number: Some(new.number.parse()?),
            country: Some(new.country.parse()?),
            contact: Contact {
                coordinates: Some(Coordinates::parse(new.place.0, new.place.1)?),
                ..Contact::default()
            },
            owner: owner.transpose()?,
            ..AddCustomer::new(msp.1, new.kind, name, management, set(new.services)?)
        };
        let added = self.does(msp.0, add)?;
        let (Some(sign_up), Some((_, email))) = (added.sign_up, new.owner) else {
            return Ok((added.tenant, added.link, None));
        };
        self.does(sign_up.user, AcceptInvitation::new(sign_up.invitation, email.parse()?))?;
        Ok((added.tenant, added.link, Some(sign_up.user)))
    }

    fn joins(
        &self,
        by: UserId,
        at: TenantId,
        name: &str,
        email: &str,
        role: &str,
    ) -> Result<UserId, Trouble> {
        let invitee = Invitee { name: Some(name.parse()?), ..Invitee::new(email.parse()?) };
        let invited = self.does(by, InviteUser::new(at, invitee, role.parse()?))?;
        self.does(invited.user, AcceptInvitation::new(invited.invitation, email.parse()?))?;
        Ok(invited.user)
    }
}

/// A customer to be added.
struct New<'n> {
    kind: TenantKind,
    name: &'n str,
    number: &'n str,
    country: &'n str,
    management: &'n str,
    services: &'n [&'n str],
    owner: Option<(&'n str, &'n str)>,
    place: (f64, f64),
}

fn set<T: FromStr<Err: Error + Send + Sync + 'static> + Ord>(
    texts: &[&str],
) -> Result<std::collections::BTreeSet<T>, Trouble> {
    texts.iter().map(|text| text.parse().map_err(|error: T::Err| error.into())).collect()
}

/// Fills a new store with what happened in the nine weeks before a moment.
///
/// # Errors
/// When the file cannot be made, or is there already.
pub fn furnish(path: impl AsRef<Path>, until: Timestamp) -> Result<(), Trouble> {
    if path.as_ref().exists() {
        return Err("there is something already; take another path".into());
    }
    let clock = StoryClock(Arc::new(AtomicI64::new(until.minus_days(62).micros())));
    // Where each service's console is, is a matter of policy; here a page of the portal stands in for all of them.
    let mut policy = Policy::default();
    let services = policy.services.iter();
    policy.consoles = services.map(|it| (it.clone(), format!("/console/{it}/{{number}}"))).collect();
    let store = SqliteStore::open(path, FileOptions::default())?;
    let engine = Engine::new(store, Options::default().clock(clock.clone()).policy(policy))?;
    let story = Story { engine, clock };
    let (northwind, ada) = northwind(&story)?;
    multi_client(&story, northwind, ada)?;
    others(&story)?;
    story.engine.sweep()?;
    Ok(())
}

/// An MSP and its customers.
fn northwind(story: &Story) -> Result<(TenantId, UserId), Trouble> {
    let northwind = story.tenant(TenantKind::Msp, "Northwind IT", "NW-100", "DE")?;
    let ada = story.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    story.user("Ben", northwind, "ben@northwind.example", "admin")?;
    story.user("Nils", northwind, "nils@northwind.example", "read_only")?;
    let new = |name, number, country, management, services, owner, place| New {
        kind: TenantKind::Customer,
        name,
        number,
        country,
        management,
        services,
        owner,
        place,
    };
    let us = (ada, northwind);
    let (klara, sam) = (Some(("Klara", "klara@klein.example")), Some(("Sam", "sam@sons.example")));
    let klein =
        new("Bäckerei Klein", "BK-200", "DE", "jointly", &["manage", "enrollment"], klara, (52.52, 13.40));
    let (bakery, bakery_link, klara) = story.customer(us, &klein)?;
    let klara = klara.ok_or("Klara signs up")?;
    story.joins(klara, bakery, "Karl", "karl@klein.example", "admin")?;
    let books = new("東京堂書店", "TD-300", "JP", "fully", &["manage", "configure"], None, (35.69, 139.76));
    let (books, _, _) = story.customer(us, &books)?;
    story.joins(ada, books, "Yuki", "yuki@tokyodo.example", "admin")?;
    let sons = new(
        "<script>alert(1)</script> & Sons",
        "SS-400",
        "US",
        "jointly",
        &["enrollment"],
        sam,
        (40.71, -74.01),
    );
    let (_, sons, sam) = story.customer(us, &sons)?;
    let bread = new("مخبز السلام", "MS-450", "AE", "fully", &["enrollment"], None, (25.20, 55.27));
    story.customer(us, &bread)?;
    for (place, (name, country, owner, at)) in OTHERS.iter().enumerate() {
        let (number, mail) = (format!("C-{}", 1001 + place), format!("owner{place}@customers.example"));
        let management = if owner.is_some() { "jointly" } else { "fully" };
        let owner = owner.map(|owner| (owner, mail.as_str()));
        let kind = TenantKind::Customer;
        let other = New {
            kind,
            name,
            number: &number,
            country,
            management,
            services: &["manage"],
            owner,
            place: *at,
        };
        story.customer(us, &other)?;
    }

    // What the bakery grants, and whom its alerts go to.
    story.days_pass(10);
    story.does(klara, SetManagerGrants::new(bakery_link, set(&["users.manage"])?))?;
    story.does(klara, SetAlertRule::new(bakery, "battery".parse()?, Audience::AllAdmins))?;
    let collector = CreateIntegration::new(northwind, "collector".parse()?, "Collector Berlin".parse()?);
    let collector = story.does(ada, collector)?;
    story.does(ada, ShareIntegration::new(collector, bakery))?;
    story.does(ada, CreateIntegration::new(northwind, "psa".parse()?, "Service desk bridge".parse()?))?;

    // A reseller's devices, of which some go on to a customer.
    story.days_pass(7);
    let depot = story.tenant(TenantKind::Reseller, "Device Depot", "DD-700", "DE")?;
    let rita = story.user("Rita", depot, "rita@depot.example", "super_admin")?;
    for (number, reference) in [("BK-200", Some("Account 4711")), ("NW-100", None)] {
        let add = AddResellerCustomer::new(depot, number.parse()?);
        let reference = reference.map(str::parse).transpose()?;
        story.does(rita, AddResellerCustomer { reference, ..add })?;
    }
    let devices = ["SN-OVEN-1", "SN-OVEN-2", "SN-TILL-1"].map(Into::into).to_vec();
    story.does(rita, UploadDevices::new(depot, bakery, devices))?;
    let devices = ["SN-READER-1", "SN-READER-2", "490154203237518"].map(Into::into).to_vec();
    story.does(rita, UploadDevices::new(depot, northwind, devices))?;
    story.does(ada, MoveDevices::new(northwind, books, set(&["SN-READER-1"])?))?;
    story.does(ada, BuyLicence::new(northwind, bakery, "manage".parse()?, 5))?;

    // What is open: one customer asks to part.
    story.days_pass(40);
    story.does(sam.ok_or("Sam signs up")?, RequestDelink::new(sons))?;
    Ok((northwind, ada))
}

/// A multi-client: an MSP below another, with clients of its own.
fn multi_client(story: &Story, northwind: TenantId, ada: UserId) -> Result<(), Trouble> {
    let pia = Some(("Pia", "pia@piernine.example"));
    let pier = New {
        kind: TenantKind::Msp,
        name: "Pier Nine IT",
        number: "PN-900",
        country: "GB",
        management: "jointly",
        services: &["manage", "configure"],
        owner: pia,
        place: (51.51, -0.13),
    };
    let (pier, _, pia) = story.customer((ada, northwind), &pier)?;
    let pia = pia.ok_or("Pia signs up")?;
    for (name, number, place) in
        [("Harbour Café", "HC-910", (50.37, -4.14)), ("Fish Market", "FM-920", (57.15, -2.09))]
    {
        let client = New {
            kind: TenantKind::Customer,
            name,
            number,
            country: "GB",
            management: "fully",
            services: &["manage"],
            owner: None,
            place,
        };
        story.customer((pia, pier), &client)?;
    }
    Ok(())
}

/// Those who are not Northwind's: another MSP, one that it parted from, and two that are nobody's.
fn others(story: &Story) -> Result<(), Trouble> {
    let harbour = story.tenant(TenantKind::Msp, "Harbour Systems", "HS-500", "NL")?;
    let hana = story.user("Hana", harbour, "hana@harbour.example", "super_admin")?;
    let luc = Some(("Luc", "luc@moulin.example"));
    let mill = New {
        kind: TenantKind::Customer,
        name: "Moulin & Fils",
        number: "MF-600",
        country: "FR",
        management: "jointly",
        services: &["manage"],
        owner: luc,
        place: (49.44, 1.10),
    };
    let (mill, link, luc) = story.customer((hana, harbour), &mill)?;
    let luc = luc.ok_or("Luc signs up")?;
    let reader = NewAssignment { user: hana, tenant: mill, role: "read_only".parse()?, below: None };
    story.does(hana, Assign::new(vec![reader]))?;
    story.does(luc, RequestDelink::new(link))?;
    story.does(hana, AcceptDelink::new(link))?;

    let alone = story.tenant(TenantKind::Customer, "Café Lune", "CL-800", "FR")?;
    story.user("Léa", alone, "lea@lune.example", "super_admin")?;
    let at = Coordinates::parse(48.86, 2.35)?;
    story.does(Actor::OPERATOR, EditTenant { coordinates: Patch::Set(at), ..EditTenant::new(alone) })?;
    let books = story.tenant(TenantKind::Customer, "Librairie Verne", "LV-810", "FR")?;
    let jules = story.user("Jules", books, "jules@verne.example", "super_admin")?;
    story.user("Jeanne", books, "jeanne@verne.example", "admin")?;

    // Asked, and not answered yet; and a link that was accepted.
    let ask = RequestLink::new(harbour, "CL-800".parse()?, "fully".parse()?, set(&["manage"])?);
    story.does(hana, ask)?;
    let ask = RequestLink::new(harbour, "LV-810".parse()?, "jointly".parse()?, set(&["manage"])?);
    let asked = story.does(hana, ask)?;
    story.does(jules, AcceptLink::new(asked))?;
    Ok(())
}
