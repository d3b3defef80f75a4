\set product random(1, 4000)
SELECT rating, headline, helpful_votes FROM reviews WHERE product_id = :product AND is_published ORDER BY id DESC LIMIT 5;
