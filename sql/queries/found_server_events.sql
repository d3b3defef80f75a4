/* optimizer_workflow: one thing that happened to the server. $1 after when, $2 when, $3 type, $4 action,
   $5 value before, $6 after, $7 detail */
WITH found AS (
    SELECT $2::timestamptz AS occurred_at, $1::timestamptz AS occurred_after, 'look' AS noticed_by,
           $3::text AS event_type, $4::text AS action, NULL::text AS actor, NULL::oid AS relation_id,
           NULL::text AS relation_name, NULL::oid AS object_id, NULL::text AS object_name,
           NULL::text AS setting_name, NULL::text AS setting_scope, NULL::text AS database_name,
           NULL::text AS role_name, $5::text AS old_value, $6::text AS new_value,
           NULL::text AS definition, NULL::bigint AS implementation_id, $7::text AS detail
)
