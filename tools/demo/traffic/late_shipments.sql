SELECT count(*), min(shipped_at) FROM shipments WHERE delivered_at IS NULL AND carrier = 'north';
