/* optimizer_workflow: report, the state of the extension and its settings. $1 characters of a sentence. */
SELECT jsonb_build_object(
    'status', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'item', s.item, 'ok', s.ok, 'detail', left(s.detail, $1 + 1), 'hint', left(s.hint, $1 + 1))), '[]')
               FROM optimizer.status() AS s),
    'settings', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                     'name', p.name, 'value', left(current_setting(p.name), $1 + 1),
                     'is_default', p.setting IS NOT DISTINCT FROM p.boot_val,
                     'description', p.short_desc) ORDER BY p.name), '[]')
                 FROM pg_settings p
                 WHERE p.name LIKE 'optimizer\_workflow.%'))::text
