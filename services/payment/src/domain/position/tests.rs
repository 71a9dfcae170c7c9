//! The state machine by table, and under random histories.

use proptest::prelude::*;

use super::*;

fn captured(amount: i64) -> Position {
    Position::opened(amount).capture().unwrap()
}

#[test]
fn a_captured_payment_can_be_refunded_in_parts_up_to_its_amount() {
    let half = captured(100)
        .hold_refund(40)
        .unwrap()
        .complete_refund(40)
        .unwrap();
    assert_eq!(
        (half.status, half.refundable()),
        (Status::PartiallyRefunded, 60)
    );
    assert_eq!(
        half.hold_refund(61),
        Err(RefundRefused::OutOfRange {
            asked: 61,
            refundable: 60
        })
    );
    let whole = half.hold_refund(60).unwrap().complete_refund(60).unwrap();
    assert_eq!(whole.status, Status::Refunded);
    assert!(whole.nothing_stays_captured());
}

#[test]
fn what_is_held_for_an_open_refund_cannot_be_refunded_again() {
    let held = captured(100).hold_refund(70).unwrap();
    assert!(held.is_unsettled());
    assert!(held.hold_refund(31).is_err());
    assert_eq!(held.abandon_refund(70).unwrap(), captured(100));
}

#[test]
fn nothing_that_was_not_captured_is_refunded() {
    for position in [
        Position::opened(5),
        Position::tombstone(),
        Position::opened(5).decline().unwrap(),
        Position::opened(5).void().unwrap(),
    ] {
        assert_eq!(position.hold_refund(1), Err(RefundRefused::NothingCaptured));
    }
}

#[test]
fn a_refund_of_nothing_or_less_is_refused() {
    for amount in [0, -1, i64::MIN, i64::MAX] {
        assert!(captured(10).hold_refund(amount).is_err(), "{amount}");
    }
}

#[test]
fn a_void_of_a_captured_payment_owes_what_is_left() {
    let position = captured(100).hold_refund(30).unwrap();
    assert_eq!(position.owed_by_void(), 0);
    assert_eq!(position.request_void().owed_by_void(), 70);
}

#[test]
fn only_a_pending_payment_can_be_captured_declined_or_voided() {
    let positions = [
        captured(1),
        Position::opened(1).decline().unwrap(),
        Position::opened(1).void().unwrap(),
    ];
    for position in positions {
        assert!(position.capture().is_err());
        assert!(position.decline().is_err());
        assert!(position.void().is_err());
    }
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Capture,
    Decline,
    Void,
    RequestVoid,
    Hold(i64),
    Complete(i64),
    Abandon(i64),
}

fn any_move() -> impl Strategy<Value = Move> {
    let amount = prop_oneof![Just(i64::MIN), Just(0), 1..200_i64, Just(i64::MAX)];
    prop_oneof![
        Just(Move::Capture),
        Just(Move::Decline),
        Just(Move::Void),
        Just(Move::RequestVoid),
        amount.clone().prop_map(Move::Hold),
        amount.clone().prop_map(Move::Complete),
        amount.prop_map(Move::Abandon),
    ]
}

/// A refused move changes nothing, as a rolled back transaction does.
fn apply(position: Position, step: Move) -> Position {
    match step {
        Move::Capture => position.capture().unwrap_or(position),
        Move::Decline => position.decline().unwrap_or(position),
        Move::Void => position.void().unwrap_or(position),
        Move::RequestVoid => position.request_void(),
        Move::Hold(amount) => position.hold_refund(amount).unwrap_or(position),
        Move::Complete(amount) => position.complete_refund(amount).unwrap_or(position),
        Move::Abandon(amount) => position.abandon_refund(amount).unwrap_or(position),
    }
}

fn rank(status: Status) -> u8 {
    match status {
        Status::Pending => 0,
        Status::Captured => 1,
        Status::PartiallyRefunded => 2,
        Status::Declined | Status::Voided | Status::Refunded => 3,
    }
}

proptest! {
    #[test]
    fn no_history_leaves_a_final_state_or_refunds_more_than_was_captured(
        amount in 1..300_i64,
        moves in prop::collection::vec(any_move(), 0..60),
    ) {
        let mut now = Position::opened(amount);
        for step in moves {
            let before = now;
            now = apply(before, step);
            prop_assert!(rank(now.status) >= rank(before.status), "{before:?} {step:?} {now:?}");
            if before.status.is_final() {
                prop_assert_eq!(now.status, before.status);
                prop_assert_eq!(now.captured, before.captured);
            }
            prop_assert!(0 <= now.refunded && now.refunded <= now.refund_held);
            prop_assert!(now.refund_held <= now.captured);
            prop_assert!(now.captured == 0 || now.captured == now.amount);
            prop_assert!(!before.void_requested || now.void_requested);
        }
    }

    #[test]
    fn the_status_follows_from_the_sums(
        amount in 1..300_i64,
        moves in prop::collection::vec(any_move(), 0..60),
    ) {
        let now = moves.into_iter().fold(Position::opened(amount), apply);
        let fits = match now.status {
            Status::Captured => now.captured > 0 && now.refunded == 0,
            Status::PartiallyRefunded => now.refunded > 0 && now.refunded < now.captured,
            Status::Refunded => now.captured > 0 && now.refunded == now.captured,
            Status::Pending | Status::Declined | Status::Voided => now.captured == 0,
        };
        prop_assert!(fits, "{now:?}");
    }
}
