SELECT date_trunc('month', issued_on) AS month, sum(total_cents) FROM invoices GROUP BY 1 ORDER BY 1;
