use uuid::Uuid;

use crate::ids::IdTable;
use crate::seqlock::{HalfLine, RowTable};

#[test]
fn ids_keep_their_numbers_while_the_tables_grow() {
    let (ids, rows) = (IdTable::new(3, 7), RowTable::<HalfLine>::new(1, 2));
    let count = if cfg!(miri) { 200 } else { 5_000 };
    let uuid = |number: u128| Uuid::from_u128(number * number + 1);
    for number in 1..=count {
        assert_eq!(ids.number(&rows, uuid(number)), 0);
        assert_eq!(u128::from(ids.intern(&rows, uuid(number))), number);
    }
    for number in 1..=count {
        assert_eq!(u128::from(ids.number(&rows, uuid(number))), number);
        assert_eq!(u128::from(ids.intern(&rows, uuid(number))), number);
        assert_eq!(ids.id(&rows, number as u32), uuid(number));
    }
    assert_eq!(ids.id(&rows, 9_999), Uuid::nil());
    assert_eq!(ids.number(&rows, Uuid::nil()), 0);
    assert_eq!(ids.count() as u128, count);
}
