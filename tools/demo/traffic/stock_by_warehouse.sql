SELECT warehouse_id, sum(units) FROM stock GROUP BY warehouse_id;
