use tenantry::base::ids::{LinkId, TenantId, UserId};

const TEXT: &str = "0198c0de-0000-7000-8000-0000000000ab";

#[test]
fn an_id_is_shown_and_read_as_the_same_text() {
    let id: TenantId = TEXT.parse().unwrap();
    assert_eq!(id.to_string(), TEXT);
    assert_eq!(format!("{id:?}"), format!("TenantId({TEXT})"));
    assert_eq!(TenantId::from_uuid(id.uuid()), id);
    assert_eq!(TEXT.to_uppercase().parse::<TenantId>().unwrap(), id);
}

#[test]
fn an_id_is_serialised_as_a_string() {
    let id: LinkId = TEXT.parse().unwrap();
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, format!("\"{TEXT}\""));
    assert_eq!(serde_json::from_str::<LinkId>(&json).unwrap(), id);
}

#[test]
fn what_is_not_a_uuid_is_no_id() {
    for text in ["", "lnk_7", "0198c0de-0000-7000-8000-0000000000a", "0198c0de-0000-7000-8000-0000000000ag"] {
        assert!(text.parse::<UserId>().is_err(), "{text:?}");
    }
}
