SELECT count(*), sum(helpful_votes), max(headline) FROM reviews WHERE is_published;
