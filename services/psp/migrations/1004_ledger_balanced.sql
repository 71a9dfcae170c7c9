-- Both entries of a movement are inserted by one statement, and cancel each other out. A statement trigger sees all new
-- rows at once; it costs one small aggregate a statement, a deferred row trigger would cost a query a row.
CREATE FUNCTION ledger_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added
        GROUP BY movement_id
        HAVING count(*) <> 2
            OR count(DISTINCT currency) <> 1
            OR sum(CASE direction WHEN 'debit' THEN amount ELSE -amount END) <> 0
    ) THEN
        RAISE EXCEPTION 'the entries of a movement do not balance'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_balanced AFTER INSERT ON ledger_entries
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_must_balance();
