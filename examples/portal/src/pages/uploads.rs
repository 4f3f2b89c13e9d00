//! A reseller's uploads: devices by one of their ids, a line for each; what is wrong with a line is said of that line.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::command::{TypedDevice, UploadDevices, WithdrawUpload};
use tenantry::query::{Paging, ResellerCustomers, ResellerFilter, UploadRow, Uploads};

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::look::{self, Asked, Leap};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/uploads", needs(portal, "devices.view", get(show)))
        .route("/at/{at}/uploads/new", needs(portal, "devices.manage", post(new)))
        .route("/at/{at}/uploads/withdraw", needs(portal, "devices.manage", post(withdraw)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Uploads", |reader| {
        let paging = list::paging(&reader.fields)?;
        let uploads = reader.ask(Uploads { paging, ..Uploads::new(reader.actor(), reader.at) })?;
        let filter = ResellerFilter { unused: true, ..ResellerFilter::default() };
        let paging = Paging { limit: 1_000, ..Paging::default() };
        let to = ResellerCustomers { filter, paging, ..ResellerCustomers::new(reader.actor(), reader.at) };
        let to = reader.ask(to)?.rows.into_iter();
        let to: Vec<_> = to.map(|row| (row.tenant.to_string(), format!("{} ({})", row.company, row.number))).collect();
        Ok(html! {
            h1 { "Uploads" }
            (to_upload(reader, form::choice("To", "to", "", &to)))
            (table(reader, "What you have uploaded, and how many devices of it you have not taken back", &uploads.rows))
            (list::pager(&reader.fields, uploads.next.as_deref()))
        })
    })
    .await
}

/// Devices to be uploaded, to whom a field says.
pub(super) fn to_upload(reader: &Reader<'_>, to: Markup) -> Markup {
    html! {
        @if reader.may("devices.manage") {
            section {
                h2 { "Upload devices" }
                (form::post(&reader.person.visit, &format!("/at/{}/uploads/new", reader.at), html! {
                    (to)
                    label {
                        span { "Devices, one a line; several ids of one device with commas between them" }
                        textarea name="devices" required {}
                    }
                    p.buttons { button.strong { "Upload" } }
                }))
            }
        }
    }
}

/// Uploads, each to be taken back as long as something of it is left.
pub(super) fn table(reader: &Reader<'_>, caption: &str, rows: &[UploadRow]) -> Markup {
    let (visit, base) = (&reader.person.visit, format!("/at/{}/uploads", reader.at));
    html! {
        table {
            caption { (caption) }
            thead { tr {
                th scope="col" { "Uploaded" } th scope="col" { "Shown as" } th scope="col" { "Devices" } th scope="col" { "Left" }
                @if reader.may("devices.manage") { th scope="col" { "Change" } }
            } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" data-label="Uploaded" { (words::moment(row.uploaded)) }
                        td data-label="Shown as" {
                            @match &row.to {
                                Some(to) => { (words::name(&to.company)) " " span.number { (to.number) } },
                                None => span.soft { "–" },
                            }
                        }
                        td.count data-label="Devices" { (row.devices) }
                        td.count data-label="Left" { (row.left) }
                        @if reader.may("devices.manage") {
                            td data-label="Change" {
                                @if row.left > 0 {
                                    (form::press(visit, &format!("{base}/withdraw"), &[("upload", row.upload.to_string())], "Take back"))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

async fn new(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let typed = fields.get("devices").unwrap_or_default();
    let lines = typed.lines().map(str::trim).filter(|line| !line.is_empty());
    let devices = lines.map(|line| {
        let ids = line.split(',').map(str::trim).filter(|id| !id.is_empty());
        TypedDevice::from(ids.map(str::to_owned).collect::<Vec<_>>())
    });
    let command = UploadDevices::new(at, fields.need("to")?, devices.collect());
    portal.done(&person, &fields, command, "The devices are uploaded.", &format!("/at/{at}/uploads")).await
}

async fn withdraw(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Response, Problem> {
    let command = WithdrawUpload::new(fields.need("upload")?);
    let asked = Asked {
        at,
        action: format!("/at/{at}/uploads/withdraw"),
        back: format!("/at/{at}/uploads"),
        title: "Take an upload back",
        note: "The devices are nobody’s again, and whoever has them is told.".into(),
        button: "Take back",
        typed: None,
    };
    let visit = person.visit.clone();
    let leap = look::before(&portal, person, fields, asked, command.clone(), command).await?;
    if let Leap::Look(page) = leap {
        return Ok(page.into_response());
    }
    portal.sessions().say(&visit, "The upload is taken back.");
    Ok(Redirect::to(&format!("/at/{at}/uploads")).into_response())
}
