/* optimizer_workflow: what is known of each kind; writes only what differs, returns those kinds */
INSERT INTO optimizer.learned_kinds AS k
    (made_by, source_type, kind, outcomes, inconclusive, outcome_weight, success_weight,
     harm_weight, realisation_rate, forecast_half_width_percent)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[],
                     $6::float8[], $7::float8[], $8::float8[], $9::float8[],
                     $10::float8[])
ON CONFLICT (made_by, source_type, kind) DO UPDATE SET
    outcomes = excluded.outcomes,
    inconclusive = excluded.inconclusive,
    outcome_weight = excluded.outcome_weight,
    success_weight = excluded.success_weight,
    harm_weight = excluded.harm_weight,
    realisation_rate = excluded.realisation_rate,
    forecast_half_width_percent = excluded.forecast_half_width_percent,
    updated_at = now()
WHERE (k.outcomes, k.inconclusive, k.outcome_weight, k.success_weight, k.harm_weight,
       k.realisation_rate, k.forecast_half_width_percent)
      IS DISTINCT FROM
      (excluded.outcomes, excluded.inconclusive, excluded.outcome_weight, excluded.success_weight,
       excluded.harm_weight, excluded.realisation_rate, excluded.forecast_half_width_percent)
RETURNING made_by, source_type, kind
