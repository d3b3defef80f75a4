-- docs/reference.md, from the catalog: COMMENTs, pg_proc, pg_attribute, pg_settings. What reads badly there is a COMMENT to be improved.
-- Objects are put under a noun by their name; one that no rule knows lands under "Show", and one that only serves others under "Inner
-- functions". A comment's part after "Errors: " is shown by itself.
-- Trap: the columns of a function's result have no comments of their own. They get the one of the column of the same name in a relation,
-- of the same noun where there is one.
WITH noun (place, title, says, pattern) AS (VALUES
    (1, 'Observe', 'What ran, how often and how long.', '^(take_sample|ingest_|query_|sampl|recent_window|counters_since|last_sample|plan_query$|plans$|readings$|texts$|unread_|bucket_width)'),
    (2, 'Advise', 'Suggestions: the four inputs, and the advisors that fill them.', '(suggestions|_advice$|^advice$|^index_|^queries_of_|^workload_patterns$|^seen_index_usage$)'),
    (3, 'Decide', 'Recommendations: what is worth doing.', '(recommendations|^roi_score|^urgency_score|^dismiss|^reopen)'),
    (4, 'Record', 'What was done, and what else happened.', '(^record_|^set_implementation|^revert|^(optimization_)?implementations$|implementation_queries|looks_implemented|events|^seen_)'),
    (5, 'Measure', 'Did it help?', '(^measure_|measurements|optimization_results|optimization_summary|self_check)'),
    (6, 'Learn', 'How far each kind of advice can be trusted.', '(calibration|learned|reliability|predict_|performance_model)'),
    (7, 'Maintain', 'Keeping it going.', '(maintenance|^status$|restoring)'),
    (8, 'Show', 'For dashboards, pages and gateways.', '')
), inner_name AS (
    SELECT unnest('{bucket_width_seconds,confidence_line,counters_since_reset,drop_index_statement,index_action,index_behind_columns,index_fingerprint,is_same_setting_value,last_sample_at,list_literal,names_relation,normalise_sql,query_hash_list,query_summary,setting_context,setting_obstacle,is_setting_value,statement_fingerprint,unknown_forecast_half_width}'::text[]) AS name
), object AS (
    SELECT 'function' AS kind, p.oid, p.proname::text AS name,
           NOT has_function_privilege('tuning_operator', p.oid, 'EXECUTE') AND p.proname <> 'train_performance_model'
               AND p.proname !~ '^api_' OR p.proname IN (SELECT name FROM inner_name) AS is_inner,
           coalesce(obj_description(p.oid, 'pg_proc'), '') AS comment
    FROM pg_proc p
    WHERE p.pronamespace = 'optimizer'::regnamespace
    UNION ALL
    SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, c.oid, c.relname::text, false, coalesce(obj_description(c.oid, 'pg_class'), '')
    FROM pg_class c
    WHERE c.relnamespace = 'optimizer'::regnamespace AND c.relkind IN ('v', 'r')
), placed AS (
    SELECT o.*, (SELECT min(n.place) FROM noun n WHERE o.name ~ n.pattern AND (o.name !~ '^(api_|chart_|report_)' OR n.place = 8)) AS place,
           replace(split_part(o.comment, 'Errors: ', 1), '|', '\|') AS text, nullif(split_part(o.comment, 'Errors: ', 2), '') AS errors,
           lower(regexp_replace(o.kind || '-' || o.name, '[^a-z_-]', '', 'g')) AS anchor
    FROM object o
), field AS (
    SELECT a.attrelid, a.attnum, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
           coalesce(replace(col_description(a.attrelid, a.attnum), '|', '\|'), '') AS comment, o.place, o.kind
    FROM placed o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE o.kind <> 'function'
), argument AS (
    SELECT o.oid, o.place, p.ord, p.name, format_type(p.type, NULL) AS type, p.mode,
           -- Defaults belong to the last arguments.
           CASE WHEN p.mode = 'i' AND p.ord > f.pronargs - f.pronargdefaults
                THEN regexp_replace(pg_get_function_arg_default(o.oid, p.ord::integer), '^NULL::.*|::[a-z ]+$', '') END AS default_text
    FROM placed o JOIN pg_proc f ON f.oid = o.oid
    CROSS JOIN LATERAL (
        SELECT ord, name, type, coalesce(mode, 'i') AS mode
        FROM unnest(coalesce(f.proallargtypes, f.proargtypes::oid[]), f.proargnames, f.proargmodes::text[]) WITH ORDINALITY AS a (type, name, mode, ord)
    ) AS p
    WHERE o.kind = 'function' AND NOT o.is_inner
), said (function, name, text) AS (
    -- Columns of functions that no table or view has, or has in another sense.
    VALUES
        ('plan_query', 'planned', 'Whether the planner was asked'),
        ('plan_query', 'planned_as', 'Role that it was planned as'),
        ('plan_query', 'scans', 'Tables that are read, how, and by which index'),
        ('take_sample', 'statements_seen', 'Rows that pg_stat_statements has for this database'),
        ('take_sample', 'statements_changed', 'Those that ran since the last sample'),
        ('take_sample', 'buckets_written', 'Rows of query_metrics that were written'),
        ('take_sample', 'sample_ms', 'Time it took, ms'),
        ('generate_suggestions', 'suggestions', 'Suggestions of the built-in advisors that stand afterwards'),
        ('aggregate_recommendations', 'recommendation_count', 'Open recommendations'),
        ('aggregate_recommendations', 'source_types', 'Their sources'),
        ('aggregate_recommendations_for_query', 'recommendation_count', 'Open recommendations of the query'),
        ('aggregate_recommendations_for_query', 'source_types', 'Their sources'),
        ('', 'full_recommendation_text', 'What is to be done, not shortened'),
        ('', 'full_query', 'Text of the query, not shortened; of others only with pg_read_all_stats'),
        ('optimization_summary', 'open_recommendations', 'Recommendations that are open'),
        ('optimization_summary', 'total_roi_potential', 'Sum of their roi_score'),
        ('optimization_summary', 'total_expected_saving_ms_per_hour', 'Sum of what they are expected to save, ms per hour; one action counts once for each query'),
        ('optimization_summary', 'pending', 'Implementations that are still measured'),
        ('optimization_summary', 'implemented', 'Implementations in effect and measured to the end'),
        ('optimization_summary', 'reverted', 'Implementations that were taken back'),
        ('optimization_summary', 'failed', 'Implementations that could not be measured'),
        ('', 'improved', 'Verdicts improved'),
        ('', 'not_improved', 'Verdicts not_improved'),
        ('', 'regressed', 'Verdicts regressed'),
        ('optimization_summary', 'total_actual_improvement_percent', 'Sum of the plain improvements of changes in effect with a verdict that is not inconclusive, percent'),
        ('optimization_summary', 'seconds_saved_per_day', 'Time that changes in effect save, s per day, at the calls seen after them'),
        ('self_check', 'trials', 'Moments that were judged'),
        ('self_check', 'false_verdict_rate', 'Share that was said to be improved or regressed though nothing changed, 0 to 1'),
        ('self_check', 'message', 'The same as a sentence, or why nothing could be judged'),
        ('predict_improvement', 'model_version', 'Model that was asked; null where basis is not model'),
        ('predict_improvement', 'basis', 'model; kind: what came of such advice; stated: what its maker says'),
        ('train_performance_model', 'model_version', 'Its number; null when there is none'),
        ('train_performance_model', 'message', 'What came of it, as a sentence'),
        ('run_maintenance', 'ms', 'Time it took, ms'),
        ('status', 'item', 'What was looked at'),
        ('status', 'ok', 'Whether it works'),
        ('status', 'detail', 'What was found'),
        ('status', 'hint', 'What to type; null where nothing is to be done')
), line AS (
    SELECT 0 AS place, 0 AS part, '' AS name, ord AS n, text
    FROM unnest(ARRAY['# Reference', '',
        'Every function, view, table, column and setting, for looking something up. Generated from the catalog by',
        '`WRITE_DOCS=1 bash pg_test/scenarios/docs.sh` and compared by that test; what `\df+` and `\d+` show is the same.',
        'How the parts work together: [how-it-decides.md](how-it-decides.md). Who may what: [roles.md](roles.md).', '',
        'Names carry their unit: `_ms` milliseconds, `_seconds` seconds, `_bytes` bytes, `_percent` percent (50 is half), `_score` and',
        '`confidence` 0 to 1, `_per_hour` by the hour that was observed. Arguments can be given by name (`max_rows => 5`). What a function may end in',
        'besides what stands with it: 42501 without the right to call it, 25006 for a write on a standby. An empty result is no error.', '']::text[]) WITH ORDINALITY AS t (text, ord)
    UNION ALL
    SELECT 0, 1, '', place, format('- [%s](#%s): %s', title, lower(title), says) || coalesce(E'\n  ' || links, '')
    FROM noun
    CROSS JOIN LATERAL (SELECT string_agg(format('[%s](#%s)', o.name || CASE o.kind WHEN 'function' THEN '()' ELSE '' END, o.anchor), ', '
                                          ORDER BY o.kind <> 'function', o.kind <> 'view', o.name COLLATE "C")
                        FROM placed o WHERE o.place = noun.place AND NOT o.is_inner) AS l (links)
    UNION ALL
    SELECT 0, 2, '', 1, E'- [Settings](#settings)\n- [Inner functions](#inner-functions)'
    UNION ALL
    SELECT place, 0, '', 1, format(E'\n## %s\n%s', title, says) FROM noun
    UNION ALL
    SELECT place, CASE kind WHEN 'function' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, name, 1,
           format(E'\n<a id="%s"></a>\n### %s `%s`\n%s', anchor, initcap(kind), CASE kind WHEN 'function'
                  THEN name || '(' || coalesce((SELECT string_agg(a.name || coalesce(' => ' || CASE a.default_text WHEN '' THEN 'NULL' ELSE a.default_text END, ''), ', ' ORDER BY a.ord)
                                                FROM argument a WHERE a.oid = placed.oid AND a.mode = 'i'), '') || ')' ELSE name END, text)
    FROM placed WHERE NOT is_inner
    UNION ALL
    SELECT o.place, 1, o.name, 2, E'\n| argument | type | default |\n|---|---|---|\n'
           || string_agg(format('| `%s` | %s | %s |', a.name, a.type, coalesce('`' || CASE a.default_text WHEN '' THEN 'NULL' ELSE a.default_text END || '`', '')), E'\n' ORDER BY a.ord)
    FROM placed o JOIN argument a USING (oid) WHERE a.mode = 'i' GROUP BY o.place, o.name, o.oid
    UNION ALL
    SELECT o.place, 1, o.name, 3, E'\n| result | type | |\n|---|---|---|\n'
           || string_agg(format('| `%s` | %s | %s |', a.name, a.type, coalesce((SELECT w.text FROM said w WHERE w.function IN (o.name, '') AND w.name = a.name ORDER BY w.function DESC LIMIT 1),
                                                                       known.comment, '')), E'\n' ORDER BY a.ord)
    FROM placed o JOIN argument a USING (oid)
    LEFT JOIN LATERAL (SELECT f.comment FROM field f WHERE f.comment <> ''
                           AND f.name = CASE a.name WHEN 'pre_metrics' THEN 'pre_optimization_stats' WHEN 'pre_snapshot' THEN 'pre_optimization_stats' WHEN 'post_metrics' THEN 'post_optimization_stats'
                                                    WHEN 'implemented_at' THEN 'implementation_timestamp' WHEN 'impl_id' THEN 'implementation_id' WHEN 'rec_id' THEN 'recommendation_id' WHEN 'estimated_improvement' THEN 'estimated_improvement_percent'
                                                    WHEN 'forecast_improvement' THEN 'forecast_improvement_percent' WHEN 'confidence' THEN 'confidence_score' ELSE a.name END
                           AND f.place <> 8
                       ORDER BY f.place <> o.place, f.kind <> 'table', abs(f.place - o.place), f.attrelid::regclass::text COLLATE "C" LIMIT 1) AS known ON true
    WHERE a.mode IN ('t', 'o') GROUP BY o.place, o.name, o.oid
    UNION ALL
    SELECT o.place, 1, o.name, 3, format(E'\nReturns %s.', format_type(p.prorettype, NULL))
    FROM placed o JOIN pg_proc p ON p.oid = o.oid
    WHERE o.kind = 'function' AND NOT o.is_inner AND NOT EXISTS (SELECT FROM argument a WHERE a.oid = o.oid AND a.mode IN ('t', 'o'))
    UNION ALL
    SELECT place, 1, name, 4, E'\nErrors: ' || errors FROM placed WHERE errors IS NOT NULL AND NOT is_inner
    UNION ALL
    SELECT o.place, CASE o.kind WHEN 'view' THEN 2 ELSE 3 END, o.name, 2, E'\n| column | type | |\n|---|---|---|\n'
           || string_agg(format('| `%s` | %s%s | %s |', f.name, f.type, CASE WHEN f.attnotnull AND o.kind = 'table' THEN ', not null' ELSE '' END, f.comment), E'\n' ORDER BY f.attnum)
    FROM placed o JOIN field f ON f.attrelid = o.oid GROUP BY o.place, o.kind, o.name, o.oid
    UNION ALL
    SELECT 90, 0, '', 1, E'\n## Settings\n`postgresql.conf`, `ALTER SYSTEM` or, where it says superuser, `SET`. Without the preload they exist once a session has run `LOAD ''optimizer_workflow''`.\n\n| setting | default | from, to | changed by | |\n|---|---|---|---|---|'
    UNION ALL
    SELECT 90, 1, s.name, 1, format('| `%s` | %s | %s | %s | %s |', s.name,
           coalesce(nullif(CASE WHEN s.vartype IN ('integer', 'real') THEN optimizer.setting_with_unit(s.boot_val, coalesce(s.unit, '')) ELSE s.boot_val END, ''), 'empty'),
           CASE WHEN s.vartype IN ('integer', 'real')
                THEN optimizer.setting_with_unit(s.min_val, coalesce(s.unit, '')) || ' to ' || optimizer.setting_with_unit(s.max_val, coalesce(s.unit, '')) ELSE '' END,
           CASE s.context WHEN 'sighup' THEN 'reload' ELSE s.context END, concat_ws(' ', s.short_desc, nullif(s.extra_desc, '')))
    FROM pg_settings s WHERE s.name LIKE 'optimizer\_workflow.%'
    UNION ALL
    SELECT 91, 0, '', 1, E'\n## Inner functions\nWhat the functions and views above are made of. They may change without notice.\n\n| function | |\n|---|---|'
    UNION ALL
    SELECT 91, 1, name, 1, format('| `%s(%s)` | %s |', name, replace(pg_get_function_identity_arguments(oid), '|', '\|'), text)
    FROM placed WHERE is_inner
)
SELECT text FROM line ORDER BY place, part, name COLLATE "C", n, text COLLATE "C";
