/* optimizer_workflow: report, how often the verdict is wrong here. $1 trials */
SELECT jsonb_build_object('trials', c.trials, 'rate', c.false_verdict_rate, 'rate_low', c.rate_low,
                          'rate_high', c.rate_high)::text
FROM optimizer.self_check($1) AS c
