use tenantry::testkit::inside::inert;

#[test]
fn what_could_begin_a_formula_is_led_by_an_apostrophe() {
    for cell in ["=1+1", "+1", "-1", "@a", "\ta", "\ra", "\u{ff1d}1"] {
        assert_eq!(inert(cell), format!("'{cell}"), "{cell:?}");
    }
    for cell in ["", "a=1", "1+1", "Bäckerei", "'=1", "a; b", "a,b|c"] {
        assert_eq!(inert(cell), cell, "{cell:?}");
    }
}

#[test]
fn nothing_runs_behind_what_other_readers_take_for_a_separator() {
    for (cell, safe) in [
        ("Foo;=1+1;bar", "Foo;'=1+1;bar"),
        ("Foo,=1+1", "Foo,'=1+1"),
        ("Foo|@a", "Foo|'@a"),
        ("Foo; =1", "Foo; '=1"),
        ("Foo;\"=1\"", "Foo;\"'=1\""),
        (" =1", " '=1"),
        ("a;b;-c;+d", "a;b;'-c;'+d"),
        ("=a;=b", "'=a;'=b"),
    ] {
        assert_eq!(inert(cell), safe);
    }
}
