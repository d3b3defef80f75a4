/* optimizer_workflow: one step of maintenance. $1: the step's name */
SELECT step, detail FROM optimizer.run_maintenance($1)
