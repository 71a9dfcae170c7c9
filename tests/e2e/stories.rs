//! What must have happened, in full: who called whom, which statements were made, which events went where. How a story
//! is told is in `story.rs`.

/// Reserved, charged, committed; everybody who listens has heard of it.
pub(crate) const PAID: &str = "\
gateway SERVER POST /api/v1/orders: 201
  gateway CLIENT POST gateway->order: 201
    order SERVER POST /api/v1/orders: 201
      order SQL COMMIT, INSERT orders, INSERT outbox, INSERT sagas
      order CLIENT POST order->product: 200
        product SERVER POST /api/v1/products/batch: 200
          product SQL SELECT products
      order INTERNAL order saga
        order SQL COMMIT, INSERT outbox, SELECT orders, UPDATE idempotency, UPDATE orders, UPDATE sagas
        order INTERNAL saga reserve: done
          order CLIENT PUT order->inventory: 201
            inventory SERVER PUT /api/v1/inventory/reservations/{order_id}: 201
              inventory SQL COMMIT, INSERT outbox, SELECT made, UPDATE stock
              inventory PRODUCER send inventory.events InventoryReserved
        order INTERNAL saga charge: done
          order CLIENT POST order->payment: 201
            payment SERVER POST /api/v1/payments: 201
              payment SQL COMMIT, INSERT audit_log, INSERT idempotency, INSERT outbox, INSERT payment_attempts, \
INSERT payments, SELECT payment_attempts, SELECT payments, UPDATE idempotency, UPDATE payment_attempts, UPDATE payments
              payment CLIENT POST payment->stripe: 200
                psp SERVER POST /v1/payment_intents: 200
                  psp SQL COMMIT, INSERT answers, INSERT ledger_entries, INSERT payments, INSERT webhook_deliveries
              payment PRODUCER send payment.events PaymentCompleted
                notification CONSUMER process payment.events PaymentCompleted
                order CONSUMER process payment.events PaymentCompleted
                  order SQL INSERT inbox, UPDATE sagas
              payment PRODUCER send payment.events PaymentCreated
                notification CONSUMER process payment.events PaymentCreated
                order CONSUMER process payment.events PaymentCreated
        order INTERNAL saga commit: done
          order CLIENT POST order->inventory: 200
            inventory SERVER POST /api/v1/inventory/reservations/{order_id}/commit: 200
              inventory SQL COMMIT, INSERT outbox, SELECT reservations, UPDATE reservations, UPDATE stock
              inventory PRODUCER send inventory.events InventoryCommitted
        order PRODUCER send order.events OrderPaid
          inventory CONSUMER process order.events OrderPaid
          notification CONSUMER process order.events OrderPaid
      order PRODUCER send order.events OrderCreated
        inventory CONSUMER process order.events OrderCreated
        notification CONSUMER process order.events OrderCreated";

/// The bank says no: what was reserved is released, and the order is cancelled.
pub(crate) const DECLINED: &str = "\
gateway SERVER POST /api/v1/orders: 201
  gateway CLIENT POST gateway->order: 201
    order SERVER POST /api/v1/orders: 201
      order SQL COMMIT, INSERT orders, INSERT outbox, INSERT sagas
      order CLIENT POST order->product: 200
        product SERVER POST /api/v1/products/batch: 200
          product SQL SELECT products
      order INTERNAL order saga
        order SQL COMMIT, INSERT outbox, SELECT orders, UPDATE idempotency, UPDATE orders, UPDATE sagas
        order INTERNAL saga reserve: done
          order CLIENT PUT order->inventory: 201
            inventory SERVER PUT /api/v1/inventory/reservations/{order_id}: 201
              inventory SQL COMMIT, INSERT outbox, SELECT made, UPDATE stock
              inventory PRODUCER send inventory.events InventoryReserved
        order INTERNAL saga charge: payment_declined
          order CLIENT POST order->payment: 201
            payment SERVER POST /api/v1/payments: 201
              payment SQL COMMIT, INSERT audit_log, INSERT idempotency, INSERT outbox, INSERT payment_attempts, \
INSERT payments, SELECT payment_attempts, SELECT payments, UPDATE idempotency, UPDATE payment_attempts, UPDATE payments
              payment CLIENT POST payment->stripe: 402 FAILED
                psp SERVER POST /v1/payment_intents: 402
                  psp SQL COMMIT, INSERT answers, INSERT payments, INSERT webhook_deliveries
              payment PRODUCER send payment.events PaymentCreated
                notification CONSUMER process payment.events PaymentCreated
                order CONSUMER process payment.events PaymentCreated
              payment PRODUCER send payment.events PaymentFailed
                notification CONSUMER process payment.events PaymentFailed
                order CONSUMER process payment.events PaymentFailed
                  order SQL INSERT inbox, UPDATE sagas
        order INTERNAL saga release: done
          order CLIENT POST order->inventory: 200
            inventory SERVER POST /api/v1/inventory/reservations/{order_id}/release: 200
              inventory SQL COMMIT, INSERT outbox, SELECT reservations, UPDATE reservations, UPDATE stock
              inventory PRODUCER send inventory.events InventoryReleased
        order PRODUCER send order.events OrderCancelled
          inventory CONSUMER process order.events OrderCancelled
            inventory SQL INSERT inbox, SELECT reservations
          notification CONSUMER process order.events OrderCancelled
      order PRODUCER send order.events OrderCreated
        inventory CONSUMER process order.events OrderCreated
        notification CONSUMER process order.events OrderCreated";

/// What is left of an order's trace when the order service died of it (`kill -9` after the charge was recorded): its own
/// spans went with it, for a span leaves only when it ends. What the others did is there.
pub(crate) const CUT_SHORT: &str = "\
gateway SERVER POST /api/v1/orders: 502 FAILED
  gateway CLIENT POST gateway->order: lost FAILED
product SERVER POST /api/v1/products/batch: 200
  product SQL SELECT products
inventory SERVER PUT /api/v1/inventory/reservations/{order_id}: 201
  inventory SQL COMMIT, INSERT outbox, SELECT made, UPDATE stock
  inventory PRODUCER send inventory.events InventoryReserved
payment SERVER POST /api/v1/payments: 201
  payment SQL COMMIT, INSERT audit_log, INSERT idempotency, INSERT outbox, INSERT payment_attempts, INSERT payments, \
SELECT payment_attempts, SELECT payments, UPDATE idempotency, UPDATE payment_attempts, UPDATE payments
  payment CLIENT POST payment->stripe: 200
    psp SERVER POST /v1/payment_intents: 200
      psp SQL COMMIT, INSERT answers, INSERT ledger_entries, INSERT payments, INSERT webhook_deliveries
  payment PRODUCER send payment.events PaymentCompleted
    notification CONSUMER process payment.events PaymentCompleted
  payment PRODUCER send payment.events PaymentCreated
    notification CONSUMER process payment.events PaymentCreated
inventory CONSUMER process order.events OrderCreated
notification CONSUMER process order.events OrderCreated";

/// How the recovery worker of the next process finishes it.
pub(crate) const RECOVERED: &str = "\
order INTERNAL saga recovery
  order SQL SELECT orders
  order INTERNAL order saga
    order SQL COMMIT, INSERT outbox, SELECT orders, UPDATE idempotency, UPDATE orders, UPDATE sagas
    order INTERNAL saga commit: done
      order CLIENT POST order->inventory: 200
        inventory SERVER POST /api/v1/inventory/reservations/{order_id}/commit: 200
          inventory SQL COMMIT, INSERT outbox, SELECT reservations, UPDATE reservations, UPDATE stock
          inventory PRODUCER send inventory.events InventoryCommitted
    order PRODUCER send order.events OrderPaid
      inventory CONSUMER process order.events OrderPaid
      notification CONSUMER process order.events OrderPaid";
