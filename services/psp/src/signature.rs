//! Signatures of webhooks: HMAC-SHA256 with the shared secret, hex.
//!
//! Stripe's scheme is the real one: `Stripe-Signature: t=<unix seconds>,v1=<hex of HMAC over "t.payload">`.
//! PayPal's is simplified: the real one signs `id|time|webhook id|crc32` with a key whose certificate the receiver
//! fetches from `PAYPAL-CERT-URL`; here an HMAC over `id|time|payload` goes into `PAYPAL-TRANSMISSION-SIG`, with
//! `PAYPAL-AUTH-ALGO: HMAC-SHA256` to say so.

use aws_lc_rs::hmac;

/// The value of `Stripe-Signature`. `timestamp` is in seconds since 1970.
pub fn stripe_header(secret: &str, timestamp: i64, payload: &str) -> String {
    format!(
        "t={timestamp},v1={}",
        hex_hmac(secret, &[&timestamp.to_string(), ".", payload])
    )
}

/// The value of `PAYPAL-TRANSMISSION-SIG`.
pub fn paypal_header(secret: &str, transmission_id: &str, time: &str, payload: &str) -> String {
    hex_hmac(secret, &[transmission_id, "|", time, "|", payload])
}

fn hex_hmac(secret: &str, parts: &[&str]) -> String {
    let mut context =
        hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
    for part in parts {
        context.update(part.as_bytes());
    }
    hex::encode(context.sign())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hmac_is_that_of_rfc_4231() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(
            hex_hmac("Jefe", &["what do ya want ", "for nothing?"]),
            expected
        );
    }

    #[test]
    fn the_time_is_part_of_what_is_signed() {
        assert_ne!(
            stripe_header("s", 1, "{}")[5..],
            stripe_header("s", 2, "{}")[5..]
        );
        assert!(stripe_header("s", 1, "{}").starts_with("t=1,v1="));
    }
}
