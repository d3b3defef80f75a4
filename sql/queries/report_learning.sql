/* optimizer_workflow: report, what was learned. $1 kinds, those with most outcomes first. */
SELECT jsonb_build_object(
    'kinds', jsonb_build_object(
        'total', (SELECT count(*) FROM optimizer.calibration),
        'rows', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                     'made_by', c.made_by, 'source_type', c.source_type, 'kind', left(c.kind, 100),
                     'outcomes', c.outcomes, 'inconclusive', c.inconclusive,
                     'stated', c.mean_stated_confidence, 'learned', c.learned_confidence,
                     'learned_low', c.learned_low, 'learned_high', c.learned_high,
                     'success_rate', c.success_rate, 'realisation_rate', c.realisation_rate,
                     'harm_rate', c.harm_rate, 'mean_accuracy', c.mean_accuracy,
                     'brier_stated', c.brier_stated, 'brier_shown', c.brier_shown)
                     ORDER BY c.outcomes DESC, c.inconclusive DESC, c.made_by, c.source_type, c.kind), '[]')
                 FROM (SELECT * FROM optimizer.calibration
                       ORDER BY outcomes DESC, inconclusive DESC, made_by, source_type, kind
                       LIMIT $1) AS c)),
    'reliability', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'outcomes', r.outcomes, 'said', r.mean_confidence, 'came', r.success_rate,
                        'came_low', r.rate_low, 'came_high', r.rate_high) ORDER BY r.confidence_from), '[]')
                    FROM optimizer.reliability r))::text
