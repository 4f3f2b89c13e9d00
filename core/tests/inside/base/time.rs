use chrono::{DateTime, Utc};
use tenantry::base::time::{ParseError, Timestamp};
use tenantry::testkit::inside::time::{canonical, from_datetime, stepping_past};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[test]
fn a_time_is_read_with_any_offset_and_shown_in_utc() {
    for (text, shown) in [
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000000Z"),
        ("2026-01-31T09:30:00.1234567Z", "2026-01-31T09:30:00.123456Z"),
        ("2026-01-31T09:30:00+05:30", "2026-01-31T04:00:00.000000Z"),
        ("2026-01-31T23:30:00-01:00", "2026-02-01T00:30:00.000000Z"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(at(text).to_string(), shown, "{text}");
        assert_eq!(at(shown), at(text), "{text}");
    }
}

#[test]
fn the_form_that_is_shown_is_read_as_any_other() {
    let mut micros = Timestamp::MIN.micros();
    while micros < Timestamp::MAX.micros() {
        let time = Timestamp::from_micros(micros).unwrap();
        let text = time.to_string();
        assert_eq!(
            text,
            DateTime::from_timestamp_micros(micros)
                .unwrap()
                .to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
        );
        assert_eq!(canonical(&text), Some(time), "{text}");
        let parsed = DateTime::parse_from_rfc3339(&text).unwrap().timestamp_micros();
        assert_eq!(parsed, micros, "{text}");
        for place in [0, 5, 8, 11, 14, 17, 20, 26] {
            for other in ['9', '6', ':', ' ', '+', 'z'] {
                let mut other_text = text.clone();
                other_text.replace_range(place..=place, &other.to_string());
                if let Some(read) = canonical(&other_text) {
                    let parsed = DateTime::parse_from_rfc3339(&other_text).unwrap();
                    assert_eq!(parsed.timestamp_micros(), read.micros(), "{other_text}");
                }
            }
        }
        micros += 98_765_432_109_876;
    }
}

#[test]
fn what_is_not_a_time_is_refused() {
    for (text, error) in [
        ("", ParseError::Malformed),
        ("2026-01-31", ParseError::Malformed),
        ("2026-01-31T09:30:00", ParseError::Malformed),
        ("2026-02-30T09:30:00Z", ParseError::Malformed),
        ("2026-01-31T24:00:00Z", ParseError::Malformed),
        ("2026-01-31T09:30:00Z\0", ParseError::Malformed),
        ("+12026-01-31T09:30:00Z", ParseError::Malformed),
        ("9999-12-31T23:59:59-01:00", ParseError::OutOfRange),
        ("9999-12-31T23:59:60Z", ParseError::OutOfRange),
        ("0000-01-01T00:00:00+01:00", ParseError::OutOfRange),
    ] {
        assert_eq!(Timestamp::parse(text), Err(error), "{text}");
    }
}

#[test]
fn microseconds_go_there_and_back_within_the_limits() {
    for micros in [0, 1, -1, 1_769_851_800_123_456, Timestamp::MIN.micros(), Timestamp::MAX.micros()] {
        assert_eq!(Timestamp::from_micros(micros).unwrap().micros(), micros);
    }
    for micros in [i64::MIN, Timestamp::MIN.micros() - 1, Timestamp::MAX.micros() + 1, i64::MAX] {
        assert_eq!(Timestamp::from_micros(micros), None, "{micros}");
    }
}

#[test]
fn a_chrono_time_is_cut_and_held_within_the_limits() {
    let fine = DateTime::from_timestamp_nanos(-1);
    assert_eq!(from_datetime(fine).micros(), -1);
    assert_eq!(from_datetime(DateTime::<Utc>::MIN_UTC), Timestamp::MIN);
    assert_eq!(from_datetime(DateTime::<Utc>::MAX_UTC), Timestamp::MAX);
    let now = at("2026-01-31T09:30:00.123456Z");
    assert_eq!(from_datetime(DateTime::from_timestamp_micros(now.micros()).unwrap()), now);
}

#[test]
fn later_stops_at_the_limit() {
    let start = at("2026-01-31T09:30:00Z");
    assert_eq!(start.plus_days(30), at("2026-03-02T09:30:00Z"));
    assert_eq!(start.plus_seconds(90), at("2026-01-31T09:31:30Z"));
    assert_eq!(start.plus_days(0), start);
    assert_eq!(start.plus_days(u32::MAX), Timestamp::MAX);
    assert_eq!(Timestamp::MAX.plus_seconds(1), Timestamp::MAX);
}

#[test]
fn an_hour_has_a_beginning() {
    for (moment, hour) in [
        ("2026-01-31T09:59:59.999999Z", "2026-01-31T09:00:00Z"),
        ("2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"),
        ("1969-12-31T23:30:00Z", "1969-12-31T23:00:00Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
    ] {
        assert_eq!(at(moment).hour(), at(hour), "{moment}");
    }
}

#[test]
fn steps_lead_past_a_moment_however_far_it_is() {
    let start = at("2026-01-31T09:30:00Z");
    for (moment, days, expected) in [
        ("2026-01-31T09:29:59Z", 30, "2026-01-31T09:30:00Z"),
        ("2026-01-31T09:30:00Z", 30, "2026-03-02T09:30:00Z"),
        ("2026-03-02T09:29:59.999999Z", 30, "2026-03-02T09:30:00Z"),
        ("2026-03-02T09:30:00Z", 30, "2026-04-01T09:30:00Z"),
        ("9000-01-01T00:00:00Z", 1, "9000-01-01T09:30:00Z"),
        ("2030-01-01T00:00:00Z", 0, "2026-01-31T09:30:00Z"),
        ("2030-01-01T00:00:00Z", u32::MAX, "9999-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:59.999999Z", 1, "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(stepping_past(start, at(moment), days), at(expected), "{moment} by {days}");
    }
}

#[test]
fn the_order_of_texts_is_the_order_of_times() {
    let times =
        ["0000-01-01T00:00:00Z", "0999-06-01T00:00:00Z", "1969-12-31T23:59:59.9Z", "2026-01-31T09:30:00Z"];
    let times: Vec<Timestamp> = times.into_iter().map(at).collect();
    assert!(times.is_sorted());
    assert!(times.iter().map(Timestamp::to_string).is_sorted());
}

#[test]
fn a_time_is_serialised_as_its_text() {
    let time = at("2026-01-31T09:30:00Z");
    let json = serde_json::to_string(&time).unwrap();
    assert_eq!(json, "\"2026-01-31T09:30:00.000000Z\"");
    assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
    let error = serde_json::from_str::<Timestamp>("\"soon\"").unwrap_err();
    assert!(error.to_string().contains("RFC 3339"), "{error}");
}
