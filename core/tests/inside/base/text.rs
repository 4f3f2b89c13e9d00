use tenantry::base::text::*;
use tenantry::testkit::inside::{self, GLANCES};

/// `text -> canonical form`, or `text -> !words of the refusal`.
macro_rules! table {
    ($test:ident, $name:ident: $($text:expr => $wanted:expr,)*) => {
        #[test]
        fn $test() {
            $({
                let (text, wanted): (String, &str) = ($text.into(), $wanted);
                match (wanted.strip_prefix('!'), $name::parse(&text)) {
                    (None, Ok(parsed)) => {
                        assert_eq!(parsed.as_str(), wanted, "{text:?}");
                        let json = serde_json::to_string(&parsed).unwrap();
                        assert_eq!(serde_json::from_str::<$name>(&json).unwrap(), parsed, "{text:?}");
                    }
                    (Some(words), Err(error)) => {
                        let message = error.to_string();
                        assert!(message.contains(words), "{text:?}: {message}");
                        let json = serde_json::to_string(&text).unwrap();
                        let refused = serde_json::from_str::<$name>(&json).unwrap_err();
                        assert!(refused.to_string().contains(&message), "{text:?}: {refused}");
                    }
                    (_, parsed) => panic!("{text:?} -> {parsed:?}, wanted {wanted:?}"),
                }
            })*
        }
    };
}

table! { numbers, Number:
    "acme-01" => "ACME-01",
    "  7 " => "7",
    "A--B" => "A--B",
    "A".repeat(32) => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "A".repeat(33) => "!is 33 characters long; use at most 32",
    "" => "!number is empty",
    " " => "!is empty",
    "-A" => "!not allowed",
    "A-" => "!not allowed",
    "-" => "!not allowed",
    "A B" => "!not allowed",
    "A\0" => "!not allowed",
    "A\nB" => "!not allowed",
    "A\u{85}B" => "!not allowed",
    "А1" => "!not allowed", // Cyrillic
    "١٢" => "!not allowed",
    "A\u{200B}1" => "!not allowed",
}

table! { emails, Email:
    " Ada.Lovelace+msp@Example.COM " => "ada.lovelace+msp@example.com",
    "o'brien@a-b.example" => "o'brien@a-b.example",
    "ada@123.example" => "ada@123.example",
    "ada@xn--mnchen-3ya.de" => "ada@xn--mnchen-3ya.de",
    "ZOE\u{308}@example.com" => "zo\u{eb}@example.com",
    format!("{}@{}.com", "a".repeat(64), "b".repeat(63)) => "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.com",
    format!("{}@example.com", "a".repeat(65)) => "!is not a single address",
    format!("a@{}com", "b.".repeat(200)) => "!use at most 254",
    format!("a@{}.com", "b".repeat(64)) => "!is not a single address",
    "" => "!is empty",
    "ada" => "!has no @",
    "@example.com" => "!is not a single address",
    "ada@" => "!is not a single address",
    "ada@localhost" => "!is not a single address",
    "ada@[127.0.0.1]" => "!is not a single address",
    "ada@exa_mple.com" => "!is not a single address",
    "ada@exa!mple.com" => "!is not a single address",
    "ada@-a.com" => "!is not a single address",
    "ada@a..com" => "!is not a single address",
    "ada@a.com." => "!is not a single address",
    ".ada@example.com" => "!is not a single address",
    "a..da@example.com" => "!is not a single address",
    "ada@bob@example.com" => "!is not a single address",
    "ada@a.com,bob@b.com" => "!is not a single address",
    "Ada <ada@example.com>" => "!is not a single address",
    "<ada@example.com>" => "!is not a single address",
    "ada lovelace@example.com" => "!is not a single address",
    "\"ada l\"@example.com" => "!quoted",
    "ada@exаmple.com" => "!xn--", // Cyrillic
    "ada@münchen.de" => "!xn--",
    "ada@example.com\r\nBcc: x@example.com" => "!U+000D",
    "ada\0@example.com" => "!U+0000",
    "ada\u{85}@example.com" => "!U+0085",
    "ada\u{2028}@example.com" => "!U+2028",
    "ada\u{200B}@example.com" => "!U+200B",
    "ada\u{202E}@example.com" => "!U+202E",
    "ada\u{3164}@example.com" => "!U+3164",
    "ada\u{A0}@example.com" => "!U+00A0",
    "quac\u{212A}@example.com" => "!U+212A, which may be read as `k`; type it with plain letters",
    "ada@quac\u{212A}.example" => "!U+212A",
    "\u{17F}ven@example.com" => "!U+017F",
    "\u{130}da@example.com" => "!U+0130",
    "ma\u{DF}@example.com" => "!U+00DF, which may be read as `ss`",
    "\u{FF41}da@example.com" => "!U+FF41",
    "\u{FB01}n@example.com" => "!U+FB01",
    "\u{2460}a@example.com" => "!U+2460",
}

table! { prefixes, Prefix:
    " Acme " => "acme",
    "acme-2" => "acme-2",
    "42" => "42",
    "a" => "a",
    "a-" => "!is not a DNS label",
    "-a" => "!is not a DNS label",
    "a.b" => "!is not a DNS label",
    "a_b" => "!is not a DNS label",
    "a b" => "!is not a DNS label",
    "a\0" => "!is not a DNS label",
    "a\nb" => "!is not a DNS label",
    "xn--80ak6aa92e" => "!reserved",
    "XN--a" => "!reserved",
    "ab--cd" => "!reserved",
    "abc--d" => "abc--d",
    "a--b" => "a--b",
    "" => "!is empty",
    "a".repeat(63) => "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "a".repeat(64) => "!use at most 63",
    "аcme" => "!U+0430, which is not ASCII and may look like another letter",
    "acme\u{200D}" => "!U+200D",
    "a\u{2028}b" => "!U+2028",
    "ＡＢ" => "!U+FF21",
}

table! { countries, Country:
    "DE" => "DE",
    " de " => "DE",
    "deu" => "DE",
    "Gbr" => "GB",
    "SX" => "SX",
    "UK" => "!is not in ISO 3166-1",
    "XK" => "!is not in ISO 3166-1",
    "XKX" => "!is not in ISO 3166-1",
    "XX" => "!is not in ISO 3166-1",
    "AN" => "!is not in ISO 3166-1",
    "EU" => "!is not in ISO 3166-1",
    "276" => "!is not in ISO 3166-1",
    "Germany" => "!is not in ISO 3166-1",
    "" => "!is not in ISO 3166-1",
    "D" => "!is not in ISO 3166-1",
    "é" => "!is not in ISO 3166-1",
    "D\0" => "!is not in ISO 3166-1",
    "D\u{85}" => "!is not in ISO 3166-1",
}

table! { company_names, CompanyName:
    " Acme  Corp. " => "Acme Corp.",
    "Cafe\u{301}" => "Caf\u{e9}",
    "A\u{A0}B\u{3000} C" => "A B C",
    "株式会社テスト" => "株式会社テスト",
    "می\u{200C}خواهم" => "می\u{200C}خواهم",
    "ක්\u{200D}ෂ" => "ක්\u{200D}ෂ",
    "100% <b>&'\"" => "100% <b>&'\"",
    "🚀" => "🚀",
    "..." => "...",
    "é".repeat(200) => "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
    "é".repeat(201) => "!is 201 characters long; use at most 200",
    "" => "!company name is empty",
    " \u{3000} " => "!is empty",
    "\u{301}" => "!nothing to see",
    "A\0B" => "!U+0000",
    "A\tB" => "!U+0009",
    "A\nB" => "!U+000A",
    "A\u{7F}B" => "!U+007F",
    "A\u{85}B" => "!U+0085",
    "A\u{2028}B" => "!U+2028",
    "A\u{2029}B" => "!U+2029",
    "A\u{AD}B" => "!U+00AD",
    "A\u{200B}B" => "!U+200B",
    "\u{200B}" => "!U+200B",
    "Ad\u{200C}min" => "!U+200C",
    "\u{200D}می" => "!U+200D",
    "می\u{200C} خ" => "!U+200C",
    "می\u{200C}\u{200C}خ" => "!U+200C",
    "A\u{202E}B" => "!U+202E",
    "A\u{2066}B" => "!U+2066",
    "A\u{200F}B" => "!U+200F",
    "\u{FEFF}A" => "!U+FEFF",
    "A\u{E000}" => "!U+E000",
    "A\u{E0041}" => "!U+E0041",
    "A\u{FFFF}" => "!U+FFFF",
    "A\u{FE0F}" => "!U+FE0F",
    "A\u{E0100}" => "!U+E0100",
    "\u{3164}" => "!U+3164",
    "\u{2800}" => "!U+2800",
    "\u{115F}\u{1160}" => "!U+115F",
}

table! { person_names, PersonName:
    "Ada  King" => "Ada King",
    "Nguyễn Văn A" => "Nguyễn Văn A",
    "O’Brien-Smith" => "O’Brien-Smith",
    "Ada\r\nBcc: x" => "!person name has the character U+000D; remove it",
}

table! { role_names, RoleName:
    "Help desk" => "Help desk",
    "x".repeat(65) => "!role name is 65 characters long; use at most 64",
}

#[test]
fn names_that_a_reader_could_take_for_one_another_have_one_skeleton() {
    let skeleton = |name: &str| inside::skeleton(RoleName::parse(name).unwrap().as_str());
    let admin = inside::skeleton(BuiltinRole::parse("admin").unwrap().as_str());
    for name in ["admin", "Admin", "ADMIN", "Ａdmin", "Аdmin", "аdmin", "a dmin"] {
        assert_eq!(skeleton(name), admin, "{name}");
    }
    let super_admin = inside::skeleton(BuiltinRole::parse("super_admin").unwrap().as_str());
    for name in ["Super Admin", "super-admin", "Super  Аdmin", "superadmin"] {
        assert_eq!(skeleton(name), super_admin, "{name}");
    }
    assert_ne!(skeleton("Admins"), admin);
    assert_ne!(skeleton("Desk 1"), skeleton("Desk 2"));
}

table! { streets, Street:
    "1 Main St" => "1 Main St",
    "1 Main St,\r\n  12345 Town\n\nLand\n" => "1 Main St, 12345 Town, Land",
    "a\u{85}b\u{2028}c\u{2029}d\u{B}e\u{C}f\rg" => "a, b, c, d, e, f, g",
    "a\n,\nb" => "a, b",
    "a,  b" => "a, b",
    "" => "!is empty",
    "\n,\n" => "!is empty",
    "a\tb" => "!U+0009",
    "a\0" => "!U+0000",
    "a\u{202E}" => "!U+202E",
    "x".repeat(501) => "!use at most 500",
}

table! { phones, Phone:
    " +49 (0)30/1234-56.78 " => "+49 (0)30/1234-56.78",
    "112" => "112",
    "12" => "!has 2 digits; give 3 to 15",
    "1234567890123456" => "!has 16 digits",
    "()" => "!has 0 digits",
    "++49 30" => "!not allowed",
    "49+30123" => "!not allowed",
    "030 123 ext. 4" => "030 123 ext. 4",
    "+49 30 1234 x56" => "+49 30 1234 x56",
    "030 123, Ext 4" => "030 123, Ext 4",
    "030 123 #4" => "030 123 #4",
    "030 123 ext." => "!not allowed",
    "030 123 ext. 123456789" => "!not allowed",
    "ext. 4" => "!has 0 digits",
    "+49 30\u{202D} 1234" => "!U+202D; remove it",
    "٠٣٠١٢٣" => "!not allowed",
    "030\n123" => "!U+000A",
    "030\u{A0}123" => "!not allowed",
    "030\u{2028}123" => "!U+2028",
    "030\0" => "!U+0000",
    "1-".repeat(21) => "!use at most 40",
    "" => "!is empty",
}

table! { websites, Website:
    " HTTPS://Example.COM/Path?q=1#Top " => "https://example.com/Path?q=1#Top",
    "http://example.com:8080" => "http://example.com:8080",
    "http://[2001:DB8::1]/" => "http://[2001:db8::1]/",
    "http://192.0.2.1/" => "http://192.0.2.1/",
    "https://intranet" => "https://intranet",
    "https://xn--mnchen-3ya.de/%C3%A9" => "https://xn--mnchen-3ya.de/%C3%A9",
    "https://example.com/a@b" => "https://example.com/a@b",
    "" => "!is empty",
    "example.com" => "!is not a web address",
    "//example.com" => "!is not a web address",
    "ftp://example.com" => "!begin it with one of them",
    "javascript:alert(1)" => "!begin it with one of them",
    "http:example.com" => "!is not a web address",
    "https://" => "!is not a web address",
    "https:///path" => "!is not a web address",
    "https://a..b" => "!is not a web address",
    "https://-a.com" => "!is not a web address",
    "https://a%2Fb.com" => "!is not a web address",
    "https://a.com:99999" => "!is not a web address",
    "https://a.com:" => "!is not a web address",
    "https://user:secret@example.com" => "!credentials",
    "https://user@example.com" => "!credentials",
    "https://@example.com" => "!credentials",
    "https://example.com\\@evil.example" => "!is not a web address",
    "https://example.com/a b" => "!is not a web address",
    "https://example.com/\"><script>" => "!is not a web address",
    "https://example.com/\r\nX: y" => "!is not a web address",
    "https://example.com/\0" => "!is not a web address",
    "https://exаmple.com" => "!outside ASCII",
    "https://example.com/\u{85}x" => "!outside ASCII",
    "https://example.com/\u{202E}x" => "!outside ASCII",
    format!("https://example.com/{}", "a".repeat(2029)) => "!use at most 2048",
}

table! { tickets, Ticket:
    " SUP-1234#5 " => "SUP-1234#5",
    "" => "!is empty",
    "a b" => "!not visible ASCII",
    "a\tb" => "!not visible ASCII",
    "a\0" => "!not visible ASCII",
    "a\u{2028}b" => "!not visible ASCII",
    "é" => "!not visible ASCII",
    "a".repeat(65) => "!use at most 64",
}

table! { permissions, Permission:
    "devices.group_manager" => "devices.group_manager",
    "a" => "a",
    "x1-_." => "x1-_.",
    "" => "!permission is empty",
    "Devices.view" => "!not allowed",
    " a" => "!not allowed",
    "a\n" => "!not allowed",
    "a\0" => "!not allowed",
    "1a" => "!not allowed",
    ".a" => "!not allowed",
    "dеvices" => "!not allowed", // Cyrillic
    "a".repeat(65) => "!use at most 64",
}

table! { devices, DeviceId:
    "490154203237518" => "490154203237518",
    " 490154203237518\n" => "490154203237518",
    "490154203237519" => "!IMEI whose check digit is wrong",
    "490154203237581" => "!IMEI whose check digit is wrong", // two digits swapped
    "940154203237518" => "!IMEI whose check digit is wrong",
    "49015420323751" => "490154203237518", // without its check digit
    "4901542032375180" => "490154203237518", // an IMEISV
    "4901542032375199" => "490154203237518",
    "0490154203237518" => "!an IMEISV, or an IMEI behind a zero; give the IMEI",
    "00490154203237518" => "490154203237518",
    "000490154203237518" => "490154203237518",
    "00490154203237519" => "00490154203237519", // 17 digits: a serial number
    "49015420323751８" => "!not allowed", // full-width
    "490154 203237518" => "490154203237518",
    "49-015420-323751-8" => "490154203237518",
    " 49 015420 323751 8 " => "490154203237518",
    "49.015420/323751_8" => "490154203237518",
    "49-015420-323751-9" => "!IMEI whose check digit is wrong",
    "49 015420 323751 9" => "!IMEI whose check digit is wrong",
    "49-015420-323751" => "490154203237518",
    "49 015420 323751" => "490154203237518",
    "49-015420-323751-80" => "490154203237518",
    "49\t015420\t323751\t8" => "!not allowed",
    // What spreadsheets make of them.
    "490154203237518.0" => "490154203237518",
    "490154203237518,00" => "490154203237518",
    "490154203237519.0" => "!IMEI whose check digit is wrong",
    "4.90154203237518E14" => "490154203237518",
    "4.90154203237518e+14" => "490154203237518",
    "4,90154203237518E+14" => "490154203237518",
    "4.90154203237519E+14" => "!IMEI whose check digit is wrong",
    "4.90154E+14" => "!a spreadsheet has shortened; format the column as text",
    "4.9015420323752E+14" => "!a spreadsheet has shortened",
    "5E14" => "!a spreadsheet has shortened",
    "5E+3" => "!a spreadsheet has shortened",
    "4901542032375180.0" => "!a spreadsheet has shortened",
    "3.5209900176148E13" => "352099001761481",
    "35209900176148.0" => "352099001761481",
    "4.9015420323751E13" => "!a spreadsheet may have lost digits", // 049015420323751, perhaps
    "49015420323751.0" => "!a spreadsheet may have lost digits",
    "'490154203237518" => "490154203237518",
    "\u{2019}490154203237518" => "490154203237518",
    "5E12" => "5E12", // a serial number
    "12E4" => "12E4",
    // What people write in front.
    "IMEI: 490154203237518" => "490154203237518",
    "imei:SN-12" => "!is no IMEI",
    "MEID: a0000000002329" => "A0000000002329",
    "MEID: 490154203237518" => "!is no MEID",
    "S/N: Ab-12" => "Ab-12",
    "Serial: IMEI: 1" => "!has two labels",
    // Makers.
    "Acme  Inc.: Ab-1" => "acme inc.:Ab-1",
    "acme:490154203237519" => "acme:490154203237519",
    "acme:7" => "acme:7",
    "acme:" => "!too short",
    ":7777777" => "!names a maker",
    "ac=me:7" => "!names a maker",
    "acme:NULL" => "!stands for no device",
    format!("{}:{}", "a".repeat(40), "b".repeat(40)) =>
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    format!("a:{}", "b".repeat(80)) => "!is 82 characters long",
    // MEIDs.
    "a0-000000-002329" => "A0000000002329",
    "AF 012345 0ABCDE" => "AF0123450ABCDE",
    "AF0123450ABCDEC" => "AF0123450ABCDE", // with its check digit
    "AF0123450ABCDED" => "!MEID whose check digit is wrong",
    "293608736500703710" => "AF0123450ABCDE", // in decimal
    "2936087365007037100" => "AF0123450ABCDE",
    "2936087365007037101" => "2936087365007037101", // 19 digits: a serial number
    "123456789012345678" => "!has 18 digits, and is no decimal MEID",
    "99000049320450" => "990000493204509",
    "990000493204509" => "990000493204509",
    "990000493204501" => "!IMEI whose check digit is wrong",
    "256691412103277904" => "990000493204509",
    // What stands for no device.
    "000000000000000" => "!stands for no device",
    "00000000000000" => "!stands for no device",
    "AAAAAAAAAAAAAA" => "!stands for no device",
    "n.a." => "!stands for no device",
    "N/A" => "!stands for no device",
    "TRUE" => "!stands for no device",
    "test" => "!stands for no device",
    // The version of a handset's software behind its IMEI, and a sign in front of it.
    "490154203237518/01" => "!is an IMEI with the version of its software behind it",
    "490154203237518-01" => "!is an IMEI with the version of its software behind it",
    "-490154203237518" => "!begins with a sign",
    "111111111111119" => "!stands for no device",
    "FFFFFFFFFFFFFF" => "!stands for no device",
    "Unknown" => "!stands for no device",
    "None" => "!stands for no device",
    "NULL" => "!stands for no device",
    "Defaultstring" => "!stands for no device",
    "Default string" => "!stands for no device",
    "To be filled by O.E.M." => "!stands for no device",
    "n/a n/a" => "!not allowed",
    "IMEI;" => "!stands for no device",
    "0000" => "!stands for no device",
    "123456789" => "!stands for no device",
    // Serial numbers.
    "...." => "!too short for a serial number",
    "- -" => "!not allowed",
    "-_./" => "!not all of them signs",
    "...1" => "...1",
    "sn-1_2.3/4" => "sn-1_2.3/4",
    "A123" => "A123",
    "a123" => "a123",
    "A12" => "!too short for a serial number",
    "A".repeat(40) => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "A".repeat(41) => "!is 41 characters long; use at most 40",
    "" => "!device is empty",
    " \t" => "!is empty",
    "=1+1" => "!not allowed",
    "+491" => "!not allowed",
    "@SUM" => "!not allowed",
    "SN,1" => "!not allowed",
    "SN\"1\"" => "!not allowed",
    "SN 1" => "!not allowed",
    "SN\n1" => "!not allowed",
    "SN\u{85}1" => "!not allowed",
    "SN\u{2028}1" => "!not allowed",
    "SN\0" => "!not allowed",
    "ßßßß" => "!not allowed",
    "АВСD" => "!not allowed", // Cyrillic
}

table! { return_places, ReturnPlace:
    " /customers?page=2#top " => "/customers?page=2#top",
    "" => "!is empty",
    "/a b" => "!not visible ASCII",
    "/a\r\nLocation: x" => "!not visible ASCII",
    "/\u{2028}a" => "!not visible ASCII",
    "/".repeat(2_049) => "!use at most 2048",
}

#[test]
fn a_device_id_is_of_one_kind() {
    use DeviceIdKind::{Imei, Meid, Serial};
    for (text, kind) in [
        ("490154203237518", Imei),
        ("a0000000002329", Meid),
        ("FFFFFFFFFFFFFE", Meid),
        ("49015420323751", Imei),
        ("acme:490154203237518", Serial),
        ("acme:a0000000002329", Serial),
        ("G0000000002329", Serial), // no hexadecimal digit
        ("A000000000232", Serial),
        ("A000-000002329", Serial),
        ("1234", Serial),
    ] {
        assert_eq!(DeviceId::parse(text).unwrap().kind(), kind, "{text}");
    }
}

#[test]
fn exactly_one_check_digit_holds_and_no_single_wrong_digit_passes() {
    for body in ["49015420323751", "35209900176148", "00000000000001", "99999999999990"] {
        let valid: Vec<String> = (0..10)
            .map(|digit| format!("{body}{digit}"))
            .filter(|text| DeviceId::parse(text).is_ok())
            .collect();
        let [imei] = valid.as_slice() else { panic!("{body}: {valid:?}") };
        for place in 0..15 {
            for digit in b'0'..=b'9' {
                let mut typed = imei.clone().into_bytes();
                typed[place] = digit;
                let typed = String::from_utf8(typed).unwrap();
                assert_eq!(DeviceId::parse(&typed).is_ok(), typed == *imei, "{typed}");
            }
        }
    }
}

table! { services, Service:
    "asset-intelligence" => "asset-intelligence",
    "Asset" => "!service has a character",
}

table! { management_types, ManagementType:
    "jointly" => "jointly",
    "" => "!management type is empty",
}

#[test]
fn coordinates_are_two_numbers_in_range() {
    for (latitude, longitude, wanted) in [
        (52.52, 13.405, Some((52.52, 13.405))),
        (90.0, -180.0, Some((90.0, -180.0))),
        (-90.0, 180.0, Some((-90.0, 180.0))),
        (-0.0, 0.000_000_4, Some((0.0, 0.0))),
        (1.234_567_89, 0.0, Some((1.234_568, 0.0))),
        (90.000_001, 0.0, None),
        (0.0, -180.000_001, None),
        (f64::NAN, 0.0, None),
        (0.0, f64::INFINITY, None),
        (f64::NEG_INFINITY, 0.0, None),
    ] {
        let point = Coordinates::parse(latitude, longitude).ok();
        assert_eq!(point.map(|p| (p.latitude(), p.longitude())), wanted, "{latitude} {longitude}");
    }
}

#[test]
fn coordinates_are_checked_when_they_are_read() {
    let point = Coordinates::parse(52.52, 13.405).unwrap();
    let json = serde_json::to_string(&point).unwrap();
    assert_eq!(json, r#"{"latitude":52.52,"longitude":13.405}"#);
    assert_eq!(serde_json::from_str::<Coordinates>(&json).unwrap(), point);
    let error = serde_json::from_str::<Coordinates>(r#"{"latitude":91,"longitude":0}"#).unwrap_err();
    assert!(error.to_string().starts_with("latitude is not a number in range; give degrees from -90 to 90"));
}

#[test]
fn every_country_of_the_standard_is_known_by_both_codes() {
    let letters = || 'A'..='Z';
    let codes: Vec<String> = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}"))).collect();
    let known = codes.iter().filter(|code| Country::parse(code).is_ok_and(|c| c.as_str() == *code));
    assert_eq!(known.count(), 249);
    let long = codes.iter().flat_map(|code| letters().map(move |c| format!("{code}{c}")));
    assert_eq!(long.filter(|code| Country::parse(code).is_ok()).count(), 249);
}

#[test]
fn no_character_breaks_a_line_or_a_canonical_form() {
    for c in '\0'..=char::MAX {
        let name = CompanyName::parse(&format!("a{c}b")).ok().map(|t| t.to_string());
        let street = Street::parse(&format!("a{c}b")).ok().map(|t| t.to_string());
        let email = Email::parse(&format!("a{c}b@example.com")).ok().map(|t| t.to_string());
        for text in [&name, &street, &email].into_iter().flatten() {
            assert!(
                !text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')),
                "{}",
                c.escape_unicode()
            );
        }
        assert!(name.is_none_or(|t| CompanyName::parse(&t).unwrap().as_str() == t), "{}", c.escape_unicode());
        assert!(street.is_none_or(|t| Street::parse(&t).unwrap().as_str() == t), "{}", c.escape_unicode());
        assert!(email.is_none_or(|t| Email::parse(&t).unwrap().as_str() == t), "{}", c.escape_unicode());
    }
}

#[test]
fn what_is_canonical_at_a_glance_is_what_a_look_finds() {
    // Mostly what the plain forms are made of, and what lies next to it.
    let pieces: Vec<char> =
        "aAzZ09-_. ~!@[`{/:\t\u{7f}\0éÄ\u{a0}\u{301}\u{200d}\u{2028}ß字".chars().collect();
    let mut seed = 1_u64;
    let mut below = |end: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % end
    };
    let mut glances = [0_u32; 6];
    for _ in 0..100_000 {
        let few = 1 + below(pieces.len());
        let length = match below(4) {
            0 => below(90),
            _ => below(8),
        };
        let text: String = (0..length).map(|_| *pieces.get(below(few)).unwrap()).collect();
        for ((kind, plain, canonical), glances) in GLANCES.iter().zip(&mut glances) {
            if let Some(plain) = plain(&text) {
                *glances += 1;
                assert_eq!(canonical(&text), Some(plain), "{kind} {text:?}");
            }
        }
    }
    assert!(glances.iter().all(|glances| *glances > 300), "{glances:?}");
    for code in 0..=0x17f_u32 {
        for text in
            [format!("{}", char::from_u32(code).unwrap()), format!("a{}b", char::from_u32(code).unwrap())]
        {
            for (kind, plain, canonical) in GLANCES {
                if let Some(plain) = plain(&text) {
                    assert_eq!(canonical(&text), Some(plain), "{kind} {text:?}");
                }
            }
        }
    }
}

#[test]
fn an_error_never_repeats_the_text() {
    let error = Email::parse("secret.person").unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
    assert_eq!(error.to_string(), "e-mail address has no @; write it like ada@example.com");
}
