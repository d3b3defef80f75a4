SELECT id, subject, opened_at FROM tickets WHERE status = 'open' ORDER BY opened_at DESC LIMIT 20;
