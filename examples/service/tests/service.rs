//! The service, asked as its callers do.

use std::error::Error;
use std::sync::{Arc, mpsc};
use std::thread;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tenantry::command::{InviteUser, Invitee, RegisterTenant, RegisterUser};
use tenantry::{Actor, Engine, TenantId, TenantKind, UserId, roles};
use tenantry_service::{chores, router};
use tower::ServiceExt;
use uuid::Uuid;

type Arrives = Result<(), Box<dyn Error>>;

struct Desk {
    engine: Arc<Engine>,
    service: Router,
    msp: TenantId,
    ada: UserId,
    eve: UserId,
}

impl Desk {
    /// An MSP with ada, and another with eve.
    fn open() -> Result<Self, Box<dyn Error>> {
        let engine = Arc::new(Engine::memory()?);
        let staffed = |name: &str, address: &str| -> Result<(TenantId, UserId), Box<dyn Error>> {
            let msp = RegisterTenant::new(TenantKind::Msp, name.parse()?);
            let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
            let admin = RegisterUser::new(msp, address.parse()?, roles::SUPER_ADMIN);
            Ok((msp, engine.execute(Actor::OPERATOR, admin)?.outcome))
        };
        let (msp, ada) = staffed("Northwind IT", "ada@northwind.example")?;
        let (_, eve) = staffed("Southwind IT", "eve@southwind.example")?;
        Ok(Self { service: router(Arc::clone(&engine))?, engine, msp, ada, eve })
    }

    async fn ask(
        &self,
        user: UserId,
        call: (&str, &str),
        key: Option<Uuid>,
        body: &str,
    ) -> Result<(StatusCode, Value), Box<dyn Error>> {
        let mut request = Request::builder().method(call.0).uri(call.1).header("x-user", user.to_string());
        if let Some(key) = key {
            request = request.header("idempotency-key", key.to_string());
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        self.send(request.body(Body::from(body.to_owned()))?).await
    }

    async fn send(&self, request: Request<Body>) -> Result<(StatusCode, Value), Box<dyn Error>> {
        let response = self.service.clone().oneshot(request).await?;
        let status = response.status();
        let kind = response.headers().get("content-type").map(|kind| kind.as_bytes().to_vec());
        if !status.is_success() {
            assert_eq!(kind.as_deref(), Some(&b"application/problem+json"[..]));
        }
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, serde_json::from_slice(&body)?))
    }

    fn bakery(&self) -> String {
        let new = json!({
            "manager": self.msp, "kind": "customer", "name": "Bakery Klein",
            "management": "fully", "services": ["manage"],
        });
        new.to_string()
    }
}

#[tokio::test]
async fn a_customer_is_added_once_and_its_devices_are_theirs_alone_to_see() -> Arrives {
    let desk = Desk::open()?;
    let (key, add) = (Some(desk.engine.new_id()), ("POST", "/customers"));
    let (status, added) = desk.ask(desk.ada, add, key, &desk.bakery()).await?;
    assert_eq!(status, StatusCode::CREATED, "{added}");
    let (status, again) = desk.ask(desk.ada, add, key, &desk.bakery()).await?;
    assert_eq!((status, &again), (StatusCode::CREATED, &added), "the first answer, and no second bakery");

    let bakery = added["outcome"]["tenant"].as_str().ok_or("a tenant was added")?;
    let devices = format!("/tenants/{bakery}/devices");
    let (status, list) = desk.ask(desk.ada, ("GET", &devices), None, "").await?;
    assert_eq!((status, &list["rows"]), (StatusCode::OK, &json!([])));

    let barred = desk.ask(desk.eve, ("GET", &devices), None, "").await?;
    let nowhere = format!("/tenants/{}/devices", desk.engine.new_id());
    let unknown = desk.ask(desk.eve, ("GET", &nowhere), None, "").await?;
    assert_eq!(barred.0, StatusCode::FORBIDDEN);
    assert_eq!(barred, unknown, "T-9: the bakery is as good as not there");
    Ok(())
}

#[tokio::test]
async fn what_is_refused_is_told_as_rfc_9457_has_it() -> Arrives {
    let desk = Desk::open()?;
    let (_, added) = desk.ask(desk.ada, ("POST", "/customers"), None, &desk.bakery()).await?;
    let link = added["outcome"]["link"].as_str().ok_or("a link was made")?;
    let delink = format!("/links/{link}/delink-request");
    let (status, told) = desk.ask(desk.ada, ("POST", &delink), None, "").await?;
    assert_eq!((status, &told["title"]), (StatusCode::CONFLICT, &json!("not_delinkable")));
    assert!(told["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()));

    let of_eve = desk.ask(desk.eve, ("POST", &delink), None, "").await?;
    let nowhere = format!("/links/{}/delink-request", desk.engine.new_id());
    let unknown = desk.ask(desk.eve, ("POST", &nowhere), None, "").await?;
    assert_eq!(of_eve.0, StatusCode::NOT_FOUND);
    assert_eq!((of_eve.0, &of_eve.1["title"]), (unknown.0, &unknown.1["title"]), "T-9");

    for body in ["{", "[]", r#"{"name": ""}"#, &desk.bakery().replace("customer", "cat")] {
        let (status, told) = desk.ask(desk.ada, ("POST", "/customers"), None, body).await?;
        assert_eq!((status, &told["title"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("malformed")));
    }
    let nobody = Request::post("/customers").header("x-user", "ada").body(Body::empty())?;
    assert_eq!(desk.send(nobody).await?.0, StatusCode::UNAUTHORIZED);
    let no_key = Request::post("/customers").header("x-user", desk.ada.to_string());
    let no_key = no_key.header("idempotency-key", "again").body(Body::from(desk.bakery()))?;
    assert_eq!(desk.send(no_key).await?.0, StatusCode::UNPROCESSABLE_ENTITY);
    Ok(())
}

#[test]
fn what_there_is_to_tell_is_handed_on() -> Arrives {
    let desk = Desk::open()?;
    let (send, sent) = mpsc::channel();
    let engine = Arc::clone(&desk.engine);
    thread::spawn(move || {
        chores(&engine, |notice| {
            drop(send.send(notice.to.users.clone()));
            Ok(())
        })
    });
    let invite = InviteUser::new(desk.msp, Invitee::new("bo@northwind.example".parse()?), roles::ADMIN);
    let invited = desk.engine.execute(desk.ada, invite)?.outcome;
    assert!(sent.recv()?.contains(&invited.user));
    Ok(())
}
