-- Events of this service carry personal data and verification tokens. Once published they have no use here, and the
-- sweep takes those members out; this index holds the rows that it still has to visit.
CREATE INDEX outbox_personal_data ON outbox (seq)
    WHERE topic = 'user.events' AND published_at IS NOT NULL AND data ?| ARRAY['email', 'name', 'verification_token'];
