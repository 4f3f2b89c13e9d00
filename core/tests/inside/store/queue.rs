use std::time::Duration;

use crate::queue::Queue;

#[test]
fn it_is_lent_in_the_order_of_asking() {
    let queue = Queue::new(Vec::new());
    let first = queue.take(Duration::ZERO).unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let queue = &queue;
            scope.spawn(move || queue.take(Duration::from_secs(60)).unwrap().push(number));
            while queue.lock().waiting.len() <= number {
                std::thread::yield_now();
            }
        }
        drop(first);
    });
    assert_eq!(*queue.take(Duration::ZERO).unwrap(), (0..8).collect::<Vec<_>>());
}

#[test]
fn who_loses_patience_leaves_the_queue() {
    let queue = Queue::new(());
    let first = queue.take(Duration::ZERO).unwrap();
    assert!(queue.take(Duration::from_millis(1)).is_none());
    drop(first);
    assert!(queue.take(Duration::ZERO).is_some());
}
