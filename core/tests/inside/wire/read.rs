use serde_json::Value;
use tenantry::testkit::inside::door::{MAX_BYTES, MAX_DEPTH, tree};

fn trouble(text: &str) -> Option<u16> {
    tree(text).err().map(|fault| fault.number)
}

#[test]
fn a_document_is_read_as_it_is() {
    let text = r#"{"a":[1,-2,2.5,true,null,"ä\n"],"b":{}}"#;
    assert_eq!(tree(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
}

#[test]
fn what_is_not_one_document_within_bounds_is_refused() {
    for (text, number) in [
        ("", 9001),
        ("{", 9001),
        ("{}{}", 9001),
        ("nul", 9001),
        ("\u{feff}{}", 9001),
        (r#"{"a":1e999}"#, 9001),
        (r#"{"a":"\ud800"}"#, 9001),
        (r#"{"a":1,"b":2,"a":3}"#, 9005),
        (r#"[{"a":{"b":1,"b":1}}]"#, 9005),
    ] {
        assert_eq!(trouble(text), Some(number), "{text}");
    }
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(trouble(&nested(MAX_DEPTH)), None);
    assert_eq!(trouble(&nested(MAX_DEPTH + 1)), Some(9004));
    assert_eq!(trouble(&"[".repeat(1_000_000)), Some(9004));
    assert_eq!(trouble(&" ".repeat(MAX_BYTES + 1)), Some(9003));
}
