SELECT count(*), sum(helpful_votes), max(headline) FROM reviews CROSS JOIN pg_sleep(0.02) AS throttle WHERE is_published;
