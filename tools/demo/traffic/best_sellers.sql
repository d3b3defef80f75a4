\set first random(1, 490000)
SELECT product_id, sum(quantity) FROM order_items WHERE order_id BETWEEN :first AND :first + 5000 GROUP BY product_id ORDER BY 2 DESC LIMIT 10;
