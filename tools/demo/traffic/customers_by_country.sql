SELECT country, count(*) FROM customers GROUP BY country ORDER BY count(*) DESC;
