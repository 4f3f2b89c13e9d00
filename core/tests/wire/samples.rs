//! Samples of every command and every query, in the world that `testkit::given` builds. The fuzz targets begin from them, too.

/// The samples name things of the known world by `$NAME`.
pub(crate) const NAMES: [(&str, u128); 25] = [
    ("$GRAND_LINK", 0x201),
    ("$JOINTLY_LINK", 0x202),
    ("$FULLY_LINK", 0x203),
    ("$GRAND", 0x101),
    ("$MSP", 0x102),
    ("$SECOND", 0x103),
    ("$JOINTLY", 0x104),
    ("$FULLY", 0x105),
    ("$ALONE", 0x106),
    ("$EMPTY", 0x107),
    ("$RESELLER", 0x108),
    ("$GINA", 0x301),
    ("$ADAM", 0x304),
    ("$ADA", 0x303),
    ("$RITA", 0x305),
    ("$NOEL", 0x306),
    ("$BOB", 0x307),
    ("$NINA", 0x309),
    ("$JULIA", 0x30a),
    ("$JACK", 0x30b),
    ("$JIM", 0x30c),
    ("$FRED", 0x30d),
    ("$CARL", 0x30e),
    ("$CORA", 0x30f),
    ("$ROB", 0x310),
];

/// A sample with ids for names: `$NEW7` is an id of the sample's own, `"$STAFF"` the platform's staff.
pub(crate) fn named(sample: &str) -> String {
    let policy = || tenantry::wire::text(&tenantry::policy::Policy::default());
    let mut text = sample.replace(r#""$STAFF""#, r#"{"operator":{}}"#).replace("$POLICY", &policy());
    for number in 0..64_u128 {
        let id = uuid::Uuid::from_u128(0x1000 + number).to_string();
        text = text.replace(&format!("$NEW{number:02}"), &id);
    }
    for (name, number) in NAMES {
        text = text.replace(name, &uuid::Uuid::from_u128(number).to_string());
    }
    text
}

/// A command from somebody: a user by name, or `$STAFF`.
pub(crate) fn execute(actor: &str, command: &str) -> String {
    match actor {
        "$STAFF" => format!(r#"{{"execute":{{"actor":{{"operator":{{}}}},"command":{command}}}}}"#),
        "$TICKET" => {
            format!(r#"{{"execute":{{"actor":{{"operator":{{"ticket":"T-1"}}}},"command":{command}}}}}"#)
        }
        user => format!(r#"{{"execute":{{"actor":{{"user":"{user}"}},"command":{command}}}}}"#),
    }
}

/// Commands one after the other in one world, each from somebody; `later` lets days pass.
pub(crate) const COMMANDS: &[(&str, &str)] = &[
    // Tenants.
    (
        "$STAFF",
        r#"{"command":"register_tenant","kind":"msp","name":"Northwind IT","tenant":"$NEW01","number":"NW",
        "country":"DE","website":"https://northwind.example","prefix":"northwind",
        "contact":{"street":"Weg 1","phone":"+49 30 1234","coordinates":{"latitude":52.5,"longitude":13.4}}}"#,
    ),
    (
        "$ADA",
        r#"{"command":"add_customer","manager":"$MSP","kind":"customer","name":"Bakery Klein","management":"jointly",
        "services":["manage","configure"],"tenant":"$NEW02","link":"$NEW03","number":"BAKERY","term":{"days":365,"auto_extend":true},
        "owner":{"user":"$NEW04","invitation":"$NEW05","email":"olga@bakery.example","name":"Olga Klein"},
        "authorize":[{"user":"$RITA","role":"admin","below":false}]}"#,
    ),
    ("$TICKET", r#"{"command":"set_auto_extend","link":"$NEW03","days":30}"#),
    (
        "$ADA",
        r#"{"command":"renew_link","link":"$NEW03","term":{"expires_at":"2030-01-01T00:00:00Z","auto_extend":true},"proposal":"$NEW36"}"#,
    ),
    (
        "$ADA",
        r#"{"command":"edit_tenant","tenant":"$NEW02","name":"Bakery Gross","country":"AT","website":null,"phone":"030 1234"}"#,
    ),
    ("$TICKET", r#"{"command":"change_tenant_kind","tenant":"$EMPTY","kind":"msp"}"#),
    ("$ADA", r#"{"command":"disable_tenants","tenants":["$NEW02","$FULLY"]}"#),
    ("$ADA", r#"{"command":"enable_tenants","tenants":["$NEW02","$FULLY"]}"#),
    ("$STAFF", r#"{"command":"report_ready","tenant":"$FULLY"}"#),
    ("$STAFF", r#"{"command":"report_ready","tenant":"$NEW02"}"#),
    // Links.
    ("$CARL", r#"{"command":"invite_manager","tenant":"$ALONE","number":"second","invitation":"$NEW40"}"#),
    ("$CARL", r#"{"command":"resend_manager_invitation","invitation":"$NEW40"}"#),
    ("$NINA", r#"{"command":"decline_manager_invitation","invitation":"$NEW40"}"#),
    ("$CARL", r#"{"command":"invite_manager","tenant":"$ALONE","number":"MSP","invitation":"$NEW41"}"#),
    ("$CARL", r#"{"command":"cancel_manager_invitation","invitation":"$NEW41"}"#),
    ("$CARL", r#"{"command":"bar_manager","tenant":"$ALONE","number":"MSP","barred":true}"#),
    ("$TICKET", r#"{"command":"bar_manager","tenant":"$ALONE","number":"MSP","barred":false}"#),
    (
        "$NINA",
        r#"{"command":"request_link","manager":"$SECOND","number":"alone","management":"fully","services":["manage"],
        "request":"$NEW06","term":{"days":30}}"#,
    ),
    ("$NINA", r#"{"command":"resend_link_request","request":"$NEW06"}"#),
    ("$NINA", r#"{"command":"cancel_link_request","request":"$NEW06"}"#),
    (
        "$NINA",
        r#"{"command":"request_link","manager":"$SECOND","number":"ALONE","management":"jointly","services":["manage"],"request":"$NEW07"}"#,
    ),
    ("$CARL", r#"{"command":"decline_link","request":"$NEW07"}"#),
    (
        "$NINA",
        r#"{"command":"request_link","manager":"$SECOND","number":"ALONE","management":"fully","services":["manage"],"request":"$NEW08"}"#,
    ),
    ("$CARL", r#"{"command":"accept_link","request":"$NEW08"}"#),
    ("$NINA", r#"{"command":"convert_link","link":"$NEW08","management":"jointly"}"#),
    ("$NINA", r#"{"command":"add_services","link":"$NEW08","services":["configure"],"proposal":"$NEW33"}"#),
    ("$NINA", r#"{"command":"resend_proposal","proposal":"$NEW33"}"#),
    ("$NINA", r#"{"command":"cancel_proposal","proposal":"$NEW33"}"#),
    ("$NINA", r#"{"command":"add_services","link":"$NEW08","services":["configure"],"proposal":"$NEW34"}"#),
    ("$CARL", r#"{"command":"decline_proposal","proposal":"$NEW34"}"#),
    ("$NINA", r#"{"command":"add_services","link":"$NEW08","services":["configure"],"proposal":"$NEW35"}"#),
    ("$CARL", r#"{"command":"accept_proposal","proposal":"$NEW35"}"#),
    ("$TICKET", r#"{"command":"remove_service","link":"$NEW08","service":"configure"}"#),
    ("$CARL", r#"{"command":"set_manager_grants","link":"$NEW08","grants":["users.manage"]}"#),
    ("$NINA", r#"{"command":"request_delink","link":"$NEW08"}"#),
    ("$NINA", r#"{"command":"resend_delink","link":"$NEW08"}"#),
    ("$CARL", r#"{"command":"reject_delink","link":"$NEW08"}"#),
    ("$TICKET", r#"{"command":"request_delink","link":"$NEW08","party":"customer"}"#),
    ("$CARL", r#"{"command":"cancel_delink","link":"$NEW08"}"#),
    ("$CARL", r#"{"command":"request_delink","link":"$NEW08"}"#),
    ("$NINA", r#"{"command":"accept_delink","link":"$NEW08"}"#),
    // Users and roles.
    (
        "$ADA",
        r#"{"command":"invite_user","tenant":"$MSP","role":"read_only","below":true,
        "invitee":{"user":"$NEW10","invitation":"$NEW11","email":"eve@example.com","name":"Eve"}}"#,
    ),
    ("$ADA", r#"{"command":"resend_invitation","invitation":"$NEW11"}"#),
    ("$NEW10", r#"{"command":"accept_invitation","invitation":"$NEW11","email":"eve@example.com"}"#),
    (
        "$ADA",
        r#"{"command":"invite_user","tenant":"$MSP","role":"admin","invitee":{"invitation":"$NEW12","user":"$NEW13","email":"max@example.com"}}"#,
    ),
    ("$NEW13", r#"{"command":"decline_invitation","invitation":"$NEW12","email":"max@example.com"}"#),
    (
        "$ADA",
        r#"{"command":"invite_user","tenant":"$MSP","role":"admin","invitee":{"invitation":"$NEW14","email":"mia@example.com"}}"#,
    ),
    ("$ADA", r#"{"command":"revoke_invitation","invitation":"$NEW14"}"#),
    ("$ADA", r#"{"command":"revoke_invitation","invitation":"$NEW05"}"#),
    (
        "$ADA",
        r#"{"command":"invite_owner","link":"$NEW03","owner":{"email":"olga@bakery.example","user":"$NEW15","invitation":"$NEW16"}}"#,
    ),
    (
        "$STAFF",
        r#"{"command":"register_user","home":"$MSP","email":"kim@example.com","role":"admin","user":"$NEW17","name":"Kim","below":false}"#,
    ),
    ("$ADA", r#"{"command":"edit_user","user":"$NEW17","name":null,"email":"kim2@example.com"}"#),
    ("$ADA", r#"{"command":"cancel_address","user":"$NEW17"}"#),
    ("$NEW17", r#"{"command":"edit_user","user":"$NEW17","email":"kim3@example.com"}"#),
    ("$NEW17", r#"{"command":"confirm_address","user":"$NEW17","email":"kim3@example.com"}"#),
    ("$ADA", r#"{"command":"block_user","user":"$NEW17"}"#),
    ("$ADA", r#"{"command":"unblock_user","user":"$NEW17"}"#),
    (
        "$ADA",
        r#"{"command":"create_role","tenant":"$MSP","name":"Help desk","permissions":["devices.view","console.open"],"role":"$NEW18"}"#,
    ),
    ("$ADA", r#"{"command":"edit_role","role":"$NEW18","name":"Desk","permissions":["devices.view"]}"#),
    (
        "$ADA",
        r#"{"command":"assign","assignments":[{"user":"$NEW17","tenant":"$FULLY","role":"$NEW18","below":false},{"user":"$RITA","tenant":"$FULLY","role":"admin"}]}"#,
    ),
    ("$ADA", r#"{"command":"unassign","assignments":[{"user":"$NEW17","tenant":"$FULLY"}]}"#),
    ("$ADA", r#"{"command":"delete_role","role":"$NEW18"}"#),
    ("$ADA", r#"{"command":"remove_user","user":"$NEW17"}"#),
    ("$ADA", r#"{"command":"erase_personal","subject":{"user":"$NEW17"}}"#),
    // Resellers and devices.
    (
        "$ROB",
        r#"{"command":"add_reseller_customer","reseller":"$RESELLER","number":"JOINTLY","reference":"R-1"}"#,
    ),
    ("$ROB", r#"{"command":"add_reseller_customer","reseller":"$RESELLER","number":"MSP"}"#),
    (
        "$ROB",
        r#"{"command":"edit_reseller_customer","reseller":"$RESELLER","tenant":"$JOINTLY","reference":"R-2"}"#,
    ),
    ("$JULIA", r#"{"command":"drop_reseller","tenant":"$JOINTLY","reseller":"$RESELLER"}"#),
    ("$JULIA", r#"{"command":"admit_reseller","tenant":"$JOINTLY","reseller":"$RESELLER"}"#),
    (
        "$ROB",
        r#"{"command":"upload_devices","reseller":"$RESELLER","to":"$MSP","devices":["SN-1",["SN-2","352099001761481"],"SN-3","SN-4","490154203237518"],"upload":"$NEW20"}"#,
    ),
    ("$ADA", r#"{"command":"move_devices","manager":"$MSP","customer":"$FULLY","devices":["SN-1"]}"#),
    (
        "$ADA",
        r#"{"command":"move_devices","manager":"$MSP","customer":"$JOINTLY","devices":["SN-2"],"id":"$NEW21"}"#,
    ),
    ("$JULIA", r#"{"command":"approve_move","id":"$NEW21"}"#),
    (
        "$ADA",
        r#"{"command":"move_devices","manager":"$MSP","customer":"$JOINTLY","devices":["SN-3"],"id":"$NEW22"}"#,
    ),
    ("$JULIA", r#"{"command":"decline_move","id":"$NEW22"}"#),
    (
        "$ADA",
        r#"{"command":"move_devices","manager":"$MSP","customer":"$JOINTLY","devices":["SN-3"],"id":"$NEW23"}"#,
    ),
    ("$ADA", r#"{"command":"resend_move","id":"$NEW23"}"#),
    ("$ADA", r#"{"command":"cancel_move","id":"$NEW23"}"#),
    ("$ADA", r#"{"command":"delete_devices","tenant":"$MSP","devices":["SN-3"]}"#),
    ("$ROB", r#"{"command":"withdraw_upload","upload":"$NEW20","devices":["SN-4"]}"#),
    ("$ROB", r#"{"command":"remove_reseller_customer","reseller":"$RESELLER","tenant":"$JOINTLY"}"#),
    // Integrations, licences, alerts, consoles.
    (
        "$ADA",
        r#"{"command":"create_integration","owner":"$MSP","kind":"collector","name":"North","integration":"$NEW30"}"#,
    ),
    ("$ADA", r#"{"command":"share_integration","integration":"$NEW30","tenant":"$FULLY"}"#),
    ("$ADA", r#"{"command":"detach_integration","integration":"$NEW30","tenant":"$FULLY"}"#),
    ("$ADA", r#"{"command":"delete_integration","integration":"$NEW30"}"#),
    (
        "$ADA",
        r#"{"command":"buy_licence","buyer":"$MSP","tenant":"$FULLY","service":"manage","seats":5,"licence":"$NEW31","expires":"2030-01-01T00:00:00Z"}"#,
    ),
    ("$ADA", r#"{"command":"assign_seats","licence":"$NEW31","devices":["SN-1"]}"#),
    ("$ADA", r#"{"command":"release_seats","licence":"$NEW31","devices":["SN-1"]}"#),
    (
        "$JULIA",
        r#"{"command":"set_alert_rule","tenant":"$JOINTLY","category":"battery","audience":"group_managers","additional":["$JACK"]}"#,
    ),
    (
        "$ADA",
        r#"{"command":"open_console","tenant":"$FULLY","service":"manage","return_to":"/customers","session":"$NEW32"}"#,
    ),
    ("$ADA", r#"{"command":"close_console","session":"$NEW32"}"#),
    // What ends things.
    ("$ADA", r#"{"command":"delete_tenants","tenants":["$FULLY"],"confirm":"delete","cascade":true}"#),
    ("later", "1"),
    ("$STAFF", r#"{"command":"set_policy","policy":$POLICY}"#),
    ("$STAFF", r#"{"command":"propose_terms","link":"$GRAND_LINK","proposal":"$NEW50"}"#),
];

/// What the queries find.
pub(crate) const BEFORE_QUERIES: &[(&str, &str)] = &[
    (
        "$JULIA",
        r#"{"command":"edit_tenant","tenant":"$JOINTLY","coordinates":{"latitude":52.5,"longitude":13.4},"country":"DE"}"#,
    ),
    (
        "$ROB",
        r#"{"command":"add_reseller_customer","reseller":"$RESELLER","number":"JOINTLY","reference":"R-1"}"#,
    ),
    ("$ROB", r#"{"command":"upload_devices","reseller":"$RESELLER","to":"$JOINTLY","devices":["SN-1"]}"#),
    (
        "$JULIA",
        r#"{"command":"set_alert_rule","tenant":"$JOINTLY","category":"battery","audience":"group_managers","additional":["$JACK","$ADA"]}"#,
    ),
    ("$ADA", r#"{"command":"edit_user","user":"$RITA","email":"rita2@example.com"}"#),
    ("$ADA", r#"{"command":"create_integration","owner":"$MSP","kind":"collector","name":"North"}"#),
    ("$ADA", r#"{"command":"set_manager_grants","link":"$GRAND_LINK","grants":["users.manage"]}"#),
    ("$ADA", r#"{"command":"add_services","link":"$JOINTLY_LINK","services":["enrollment"]}"#),
    ("$ADA", r#"{"command":"request_delink","link":"$JOINTLY_LINK"}"#),
];

/// Queries in that world.
pub(crate) const QUERIES: &[&str] = &[
    r#"{"query":"check","user":"$ADA","permission":"devices.view","tenant":"$JOINTLY","service":"manage"}"#,
    r#"{"query":"check","user":"$JIM","permission":"devices.manage","tenant":"$JOINTLY","as_of":30}"#,
    r#"{"query":"check_many","questions":[{"user":"$ADA","permission":"devices.view","tenant":"$JOINTLY"},
        {"user":"$ADA","permission":"location.view","tenant":"$JOINTLY","service":"manage"}],"as_of":"2026-01-01T00:00:00Z"}"#,
    r#"{"query":"explain","user":"$ADA","permission":"location.view","tenant":"$JOINTLY"}"#,
    r#"{"query":"explain","user":"$ADA","permission":"devices.view","tenant":"$JOINTLY"}"#,
    r#"{"query":"tenants_where","user":"$ADA","permission":"devices.view","service":"manage"}"#,
    r#"{"query":"users_who_can","permission":"devices.view","tenant":"$JOINTLY"}"#,
    r#"{"query":"tenant_access","actor":{"user":"$ADA"},"tenant":"$JOINTLY","filter":{"permission":"devices.view",
        "service":"manage"},"paging":{"limit":10}}"#,
    r#"{"query":"tenant_access","actor":"$STAFF","tenant":"$JOINTLY","as_of":30}"#,
    r#"{"query":"organisation_access","actor":{"user":"$JULIA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"user_access","actor":{"user":"$ADA"},"user":"$ADAM","filter":{"service":"manage"}}"#,
    r#"{"query":"tenant_report","actor":{"user":"$JULIA"},"tenant":"$JOINTLY","since":3}"#,
    r#"{"query":"tenant_report","actor":{"operator":{}},"tenant":"$MSP","as_of":20}"#,
    r#"{"query":"tenant_access_changes","actor":{"user":"$ADA"},"tenant":"$MSP","since":30}"#,
    r#"{"query":"user_access_changes","actor":{"user":"$ADA"},"user":"$ADAM","since":"2026-01-01T00:00:00Z"}"#,
    r#"{"query":"preview","actor":{"user":"$ADA"},"command":{"command":"block_user","user":"$ADAM"},"paging":{"limit":5}}"#,
    r#"{"query":"preview","actor":"$STAFF","command":{"command":"register_tenant","kind":"customer","name":"Mill"}}"#,
    r#"{"query":"look_up","actor":{"user":"$ADA"},"number":"jointly"}"#,
    r#"{"query":"pins","actor":{"user":"$ADA"}}"#,
    r#"{"query":"customers","actor":{"user":"$ADA"},"manager":"$MSP"}"#,
    r#"{"query":"customers","actor":{"user":"$ADA"},"manager":"$MSP","filter":{"service":"manage","management":"jointly",
        "stage":"delink_requested_by_manager","min_devices":0,"max_devices":9,"text":"o","sort":"devices"},
        "paging":{"limit":1,"descending":true}}"#,
    r#"{"query":"customer","actor":{"user":"$ADA"},"manager":"$MSP","customer":"$JOINTLY"}"#,
    r#"{"query":"users","actor":{"user":"$ADA"},"tenant":"$MSP","filter":{"state":"active","text":"a","sort":"name"},"paging":{"limit":2}}"#,
    r#"{"query":"integrations","actor":{"user":"$ADA"},"tenant":"$MSP","paging":{}}"#,
    r#"{"query":"integrations","actor":{"user":"$ADA"},"tenant":"$MSP","filter":{"kind":"collector","owner":"$MSP","text":"nor","sort":"owner"}}"#,
    r#"{"query":"reseller_customers","actor":{"user":"$ROB"},"reseller":"$RESELLER","filter":{"unused":true,"sort":"last_uploaded"}}"#,
    r#"{"query":"reseller_csv","actor":{"user":"$ROB"},"reseller":"$RESELLER","filter":{"tenant":"$JOINTLY","status":"active"}}"#,
    r#"{"query":"settings","actor":{"user":"$JULIA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"places","actor":{"user":"$ADA"},"text":"o","paging":{"limit":2}}"#,
    r#"{"query":"awaiting","actor":{"user":"$JULIA"}}"#,
    r#"{"query":"managers","actor":{"user":"$JULIA"},"tenant":"$JOINTLY","as_of":30}"#,
    r#"{"query":"managers","actor":{"user":"$JULIA"},"tenant":"$JOINTLY","filter":{"service":"manage","sort":"since"}}"#,
    r#"{"query":"person","actor":{"user":"$JULIA"},"tenant":"$JOINTLY","email":"ada@msp.example"}"#,
    r#"{"query":"link_requests","actor":{"user":"$ADA"},"tenant":"$MSP","filter":{"sent":true,"state":"pending"}}"#,
    r#"{"query":"manager_invitations","actor":{"user":"$ADA"},"tenant":"$MSP"}"#,
    r#"{"query":"manager_invitations","actor":{"user":"$CARL"},"tenant":"$ALONE","filter":{"sent":true,"state":"declined"}}"#,
    r#"{"query":"barred_managers","actor":{"user":"$CARL"},"tenant":"$ALONE","filter":{"text":"sec","sort":"number"},"paging":{"limit":1}}"#,
    r#"{"query":"links","actor":{"user":"$JULIA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"links","actor":{"user":"$ADA"},"tenant":"$MSP","filter":{"manages":true,"ended":false},"paging":{"limit":1}}"#,
    r#"{"query":"proposals","actor":{"user":"$JULIA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"proposals","actor":{"user":"$ADA"},"tenant":"$MSP","filter":{"sent":true,"state":"pending"}}"#,
    r#"{"query":"moves","actor":{"user":"$JULIA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"moves","actor":{"user":"$ADA"},"tenant":"$MSP","filter":{"sent":true,"state":"pending"}}"#,
    r#"{"query":"uploads","actor":{"user":"$ROB"},"reseller":"$RESELLER","paging":{"descending":true}}"#,
    r#"{"query":"resellers","actor":{"user":"$JULIA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"alert_rules","actor":{"user":"$ADA"},"tenant":"$JOINTLY","paging":{"limit":2}}"#,
    r#"{"query":"alert_rules","actor":{"user":"$JULIA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"asked","actor":{"user":"$ADA"}}"#,
    r#"{"query":"my_profile","actor":{"user":"$RITA"}}"#,
    r#"{"query":"my_permissions","actor":{"user":"$ADA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"roles","actor":{"user":"$ADA"},"tenant":"$MSP","paging":{"limit":1,"descending":true}}"#,
    r#"{"query":"roles","actor":{"user":"$ADA"},"tenant":"$MSP","filter":{"text":"adm","permission":"devices.view"}}"#,
    r#"{"query":"assignments","actor":{"user":"$JULIA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"assignments","actor":{"user":"$JULIA"},"tenant":"$JOINTLY","filter":{"role":"super_admin","user":"$JULIA"}}"#,
    r#"{"query":"invitations","actor":{"user":"$ADA"},"tenant":"$MSP","filter":{"state":"pending"}}"#,
    r#"{"query":"link_terms","actor":{"user":"$JULIA"},"link":"$JOINTLY_LINK"}"#,
    r#"{"query":"devices","actor":{"user":"$JULIA"},"tenant":"$JOINTLY","paging":{"limit":1}}"#,
    r#"{"query":"devices","actor":{"user":"$JULIA"},"tenant":"$JOINTLY","filter":{"text":"SN","seated":false,"licence":"$NEW31"}}"#,
    r#"{"query":"device","actor":{"user":"$JULIA"},"device":"SN-1"}"#,
    r#"{"query":"device","actor":{"user":"$JULIA"},"device":"SN-2"}"#,
    r#"{"query":"licences","actor":{"user":"$JULIA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"licences","actor":{"user":"$JULIA"},"tenant":"$JOINTLY","filter":{"service":"manage","free":true,"sort":"expires"}}"#,
    r#"{"query":"sessions","actor":{"user":"$JULIA"},"tenant":"$JOINTLY"}"#,
    r#"{"query":"sessions","actor":{"user":"$JULIA"},"tenant":"$JOINTLY","filter":{"ended":true,"service":"manage","by":"$JULIA"}}"#,
    r#"{"query":"service_mail","tenant":"$JOINTLY"}"#,
    r#"{"query":"alert_recipients","tenant":"$JOINTLY","category":"battery"}"#,
    r#"{"query":"policy"}"#,
    r#"{"query":"policy","as_of":1}"#,
    r#"{"query":"host_entity","kind":"tenant","id":"$JOINTLY"}"#,
    r#"{"query":"host_entity","kind":"link","id":"$MSP"}"#,
    r#"{"query":"host_entity","kind":"policy","id":"00000000-0000-0000-0000-000000000000","as_of":1}"#,
    r#"{"query":"host_entities","kind":"link","manager":"$MSP","paging":{"limit":1}}"#,
    r#"{"query":"host_entities","kind":"link","manager":"$MSP","as_of":20,"paging":{"descending":true}}"#,
    r#"{"query":"host_entities","kind":"proposal","link":"$JOINTLY_LINK"}"#,
    r#"{"query":"host_entities","kind":"proposal","manager":"$MSP"}"#,
    r#"{"query":"host_entities","kind":"role","tenant":"$MSP"}"#,
    r#"{"query":"host_entities","kind":"tenant"}"#,
    r#"{"query":"host_entities","kind":"tenant","number":"jointly"}"#,
    r#"{"query":"host_entities","kind":"assignment","paging":{"limit":3}}"#,
    r#"{"query":"host_entities","kind":"assignment","user":"$ADA"}"#,
    r#"{"query":"host_entities","kind":"device"}"#,
    r#"{"query":"host_entities","kind":"invitation"}"#,
    r#"{"query":"host_entities","kind":"integration"}"#,
    r#"{"query":"host_personal","subject":{"tenant":"$JOINTLY"}}"#,
    r#"{"query":"host_personal","subject":{"user":"$ADA"}}"#,
    r#"{"query":"audit","actor":{"user":"$JULIA"},"tenant":"$JOINTLY","filter":{"command":"request_delink","from":"2026-01-01T00:00:00Z"}}"#,
    r#"{"query":"audit","actor":{"operator":{"ticket":"T-9"}},"tenant":"$MSP","paging":{"descending":true,"limit":3},"as_of":20}"#,
    r#"{"query":"notices","consumer":"mailer","limit":10}"#,
    r#"{"query":"notices","consumer":"other"}"#,
    r#"{"query":"host_access_changes","after":3,"paging":{"limit":100}}"#,
    r#"{"query":"host_records","paging":{"limit":1000}}"#,
    r#"{"query":"host_records","after":3,"paging":{"limit":2,"descending":true},"as_of":9}"#,
    r#"{"query":"parse","texts":[{"kind":"company_name","text":"  Wide   Open "},{"kind":"email","text":"ada"}]}"#,
    r#"{"query":"token"}"#,
    r#"{"query":"confirm","token":"$TOKEN"}"#,
    r#"{"query":"verify"}"#,
    r#"{"query":"verify","since":"$TOKEN"}"#,
    r#"{"query":"erasure_pending"}"#,
];
