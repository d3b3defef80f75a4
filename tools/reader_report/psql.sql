-- psql's own statements: the \d family on several kinds of objects.
\d
\d+
\d users
\d+ orders
\d products
\d events
\d+ open_orders
\d users_pkey
\d orders_id_seq
\dt
\dt+
\dt tpch.*
\di
\di+ users*
\dv+
\ds+
\dm
\dn
\dn+
\df
\df+ pg_stat_statements*
\da
\du
\du+
\l
\l+
\dp
\dp users
\ddp
\dx
\dx+
\dT
\dT+ order_state
\dD
\dC
\do
\dO
\dc
\db+
\dP+
\dg
\dL
\dA
\dAc btree
\dF
\dRp
\dRs
\dew
\des
\dy
\drds
\dX
\sf now
\sv open_orders
